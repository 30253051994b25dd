"""What a request to the pages or the control interface says. Everything here raises `BadRequest`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request

from integrations.documents import Kind
from integrations.exact import from_json
from integrations.icompleat.standin.companies import DEFAULT_TOKEN_HEADER, Target
from integrations.icompleat.standin.kinds import KINDS
from integrations.icompleat.standin.world import World


class BadRequest(Exception):
    """A request that says nothing usable."""


def aim(world: World, company: str, kind: str, given: Mapping[str, Any]) -> None:
    """From now on send one kind, or all, to where the request says. Raises `BadRequest`, `Unknown`."""
    company_id = world.companies.one(company)["id"]
    header = given.get("token_header") or DEFAULT_TOKEN_HEADER
    target = Target(text_of(given, "url"), text_of(given, "token"), str(header))
    for one in kinds_of(kind):
        world.companies.aim(company_id, one, target)


def kinds_of(word: str) -> tuple[Kind, ...]:
    """One kind, or all four for `all`."""
    if word == "all":
        return KINDS
    if word not in KINDS:
        raise BadRequest(f"The kind must be all or one of {', '.join(KINDS)}.")
    return (Kind(word),)


def quantities_of(given: object) -> dict[int, Decimal]:
    """Quantities by line number from `[{"number": 1, "quantity": 3}]`."""
    lines = given if isinstance(given, list) else [None]
    found: dict[int, Decimal] = {}
    for line in lines:
        told = line if isinstance(line, dict) else {}
        number, quantity = told.get("number"), told.get("quantity")
        if type(number) is not int or not isinstance(quantity, int | Decimal) or isinstance(quantity, bool):
            raise BadRequest("lines must be a list of objects with number and quantity.")
        found[number] = Decimal(quantity)
    return found


def number_of(request: Request, name: str, default: int) -> int:
    """A whole number of the query."""
    try:
        value = int(request.args.get(name, default))
    except ValueError:
        value = -1
    if value < 0:
        raise BadRequest(f"{name} must be a whole number from 0.")
    return value


def body_of(request: Request) -> Mapping[str, Any]:
    """The body, a JSON object."""
    try:
        body = from_json(request.get_data().decode())
    except ValueError:
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise BadRequest("The body is not a JSON object.")
    return body


def text_of(given: Mapping[str, Any], name: str) -> str:
    """A text that may not be empty, without blanks around it."""
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise BadRequest(f"{name} is missing.")
    return value.strip()
