"""One method of one route: who may call it, with what, and what it answers. Doors enforce it, the document tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from django.http.response import HttpResponseBase
from rest_framework import serializers
from rest_framework.request import Request

from portal.api.models import Scope
from portal.api.strict import Body, Query

if TYPE_CHECKING:
    from portal.api.doors import Door

P = ParamSpec("P")
D = TypeVar("D", bound="Door")
Method = Callable[Concatenate[D, Request, P], HttpResponseBase]


class Tag(StrEnum):
    """The chapters of the document, in its order."""

    INTEGRATIONS = "Integrations"
    COMPANIES = "Companies"
    CONNECTIONS = "Connections"
    SYNCS = "Syncs"
    DATA = "Reference data"
    TRANSACTIONS = "Transactions"
    PUSH = "Push"
    WEBHOOKS = "Webhooks"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a method of a door says of itself.

    `answer` is the shape of its success, None for one without a body; `errors` are the statuses that it may answer
    beside those that every operation has. `has_own_key`: the resource knows the header `Idempotency-Key` itself, and
    keeps what it means for ever; else the door answers for a day. `in_one_transaction`: what it does is whole or
    nothing, and committed together with the answer that is kept for its key; never where an outside system is asked.
    """

    id: str
    summary: str
    tag: Tag
    scope: Scope
    description: str = ""
    query: type[Query] = Query
    body: type[Body] | None = None
    reads_body: bool = True
    answer: type[serializers.Serializer[Any]] | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()
    request_example: Any = None
    example: Any = None
    has_own_key: bool = False
    in_one_transaction: bool = False
    path: Mapping[str, Any] = field(default_factory=dict)


def operation(told: Operation) -> Callable[[Method[D, P]], Method[D, P]]:
    """Make a method of a door an operation of the API."""

    def decorate(method: Method[D, P]) -> Method[D, P]:
        @wraps(method)
        def answered(door: D, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            return door.carry_out(told, request, lambda: method(door, request, *args, **kwargs))

        answered.operation = told  # type: ignore[attr-defined]
        return answered

    return decorate


def operation_of(door: type[Door] | Door, method: str) -> Operation | None:
    """What a door's method says of itself; None for one that is not there. HEAD is GET without a body."""
    name = "get" if method == "HEAD" else method.lower()
    told: Operation | None = getattr(getattr(door, name, None), "operation", None)
    return told
