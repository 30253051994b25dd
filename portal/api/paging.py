"""Two ways through a list.

Bounded lists have numbered pages and an exact total, as Codat's have. Logs and records, of which there may be a
million, are read from a cursor: nothing is counted, and page ten thousand costs what the first one does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from django.core.validators import RegexValidator
from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request

from portal.api.errors import WRONG_QUERY, ApiError
from portal.api.strict import Query, Text, Whole

PAGE_SIZE: Final = 100
LARGEST_PAGE_SIZE: Final = 2_000
LARGEST_PAGE: Final = 1_000_000
LIMIT: Final = 100
LARGEST_LIMIT: Final = 1_000
LARGEST_ID: Final = 2**63 - 1
NO_CURSOR: Final = "It must be what an answer gave as next, asked for with the same filters and order."
NO_KEY: Final = "It must be what an answer gave as next."
T = TypeVar("T")
M = TypeVar("M", bound=Model)


class Pages(Query):
    """Numbered pages."""

    page = Whole(least=1, most=LARGEST_PAGE, default=1, help_text="Which page, from 1.")
    pageSize = Whole(  # noqa: N815 - the parameter's name
        least=1, most=LARGEST_PAGE_SIZE, default=PAGE_SIZE, help_text="How many results on a page."
    )


class Cursor(Query):
    """From a cursor on."""

    limit = Whole(least=1, most=LARGEST_LIMIT, default=LIMIT, help_text="How many results at once.")
    after = Text(required=False, min_length=1, max_length=40, help_text="What the answer before gave as `next`.")


class KeyCursor(Query):
    """From a key on, the newest first."""

    limit = Whole(least=1, most=LARGEST_LIMIT, default=LIMIT, help_text="How many results at most.")
    after = Text(
        required=False, validators=[RegexValidator(r"\A[0-9]{1,18}(-[0-9]{1,18})?\Z", NO_KEY)],
        help_text="What the answer before gave as `next`.",
    )  # fmt: skip


class Href(serializers.Serializer[Any]):
    """Where a page is."""

    href = serializers.CharField(help_text="The address, from the root of the server.")


class Links(serializers.Serializer[Any]):
    """The pages around this one."""

    current = Href()
    next = Href(required=False)
    previous = Href(required=False)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`self` is no name that a class body could give."""
        return {"self": Href(), **super().get_fields()}


class NumberedPage(serializers.Serializer[Any]):
    """A page of a bounded list. Subclasses have `results`."""

    pageNumber = serializers.IntegerField(min_value=1)  # noqa: N815
    pageSize = serializers.IntegerField(min_value=1)  # noqa: N815
    totalResults = serializers.IntegerField(min_value=0, help_text="On all pages, after filtering.")  # noqa: N815
    _links = Links()


class CursorPage(serializers.Serializer[Any]):
    """A part of a long list. Subclasses have `results`."""

    next = serializers.CharField(
        allow_null=True, help_text="Pass it as `after` for what comes next; null at the end of the list."
    )


def numbered(
    request: Request,
    rows: QuerySet[M] | Sequence[T],
    shown: Callable[[Any], Any],
    query: Any,
    *,
    total: int | None = None,
) -> dict[str, Any]:
    """One page of rows in their order; `total` where it is known. Past the end it is empty."""
    page, size = query["page"], query["pageSize"]
    found = list(rows[(page - 1) * size : page * size])
    if total is None:
        total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    links = {"self": _href(request, None, size), "current": _href(request, page, size)}
    if page * size < total:
        links["next"] = _href(request, page + 1, size)
    if page > 1:
        links["previous"] = _href(request, page - 1, size)
    return {
        "results": [shown(row) for row in found],
        "pageNumber": page,
        "pageSize": size,
        "totalResults": total,
        "_links": links,
    }


def from_cursor(
    rows: QuerySet[M],
    shown: Callable[[list[M]], list[Any]],
    query: Any,
    order: Sequence[str],
    *,
    falling: bool = False,
    within: QuerySet[M] | None = None,
) -> dict[str, Any]:
    """The rows after the one that the cursor names, by `order`, whose last column tells any two rows apart.

    The cursor's row is one of `within`, where a row may leave `rows` between two pages. Raises `ApiError` 400 for a
    cursor that these rows do not have.
    """
    limit, sign = query["limit"], "-" if falling else ""
    if "after" in query:
        known = rows if within is None else within
        rows = rows.filter(_beyond(known, query["after"], order, falling=falling))
    found = list(rows.order_by(*(sign + name for name in order))[: limit + 1])
    page, more = found[:limit], len(found) > limit
    return {"results": shown(page), "next": str(page[-1].pk) if more else None}


def place_of(query: Any) -> tuple[int, int] | None:
    """Two keys of a cursor, the second one 0 where there is none; None at the start of the list."""
    first, _, second = query.get("after", "").partition("-")
    return (int(first), int(second or 0)) if first else None


def cursor_of(place: tuple[int, int] | None) -> str | None:
    """The cursor that names a place."""
    return None if place is None else f"{place[0]}-{place[1]}" if place[1] else str(place[0])


def _beyond(rows: QuerySet[Any], cursor: str, order: Sequence[str], *, falling: bool) -> Q:
    """What comes later than the cursor's row, column by column, said in the way that an index can follow."""
    place = _place(rows, cursor, order)
    test = "lt" if falling else "gt"
    later = Q()
    for index, name in enumerate(order):
        same: dict[str, Any] = dict(zip(order[:index], place, strict=False))
        later |= Q(**same, **{f"{name}__{test}": place[index]})
    return Q(**{f"{order[0]}__{test}e": place[0]}) & later


def _place(rows: QuerySet[Any], cursor: str, order: Sequence[str]) -> tuple[Any, ...]:
    is_key = cursor.isascii() and cursor.isdigit() and len(cursor) <= 19 and int(cursor) <= LARGEST_ID
    place = rows.order_by().filter(pk=int(cursor)).values_list(*order).first() if is_key else None
    if place is None:
        raise ApiError(400, WRONG_QUERY, details=[("after", NO_CURSOR)])
    return tuple(place)


def _href(request: Request, page: int | None, size: int) -> dict[str, str]:
    """The same request for another page; without a page it is the list itself."""
    if page is None:
        return {"href": request.path}
    query = request.query_params.copy()
    query["page"], query["pageSize"] = str(page), str(size)
    return {"href": f"{request.path}?{query.urlencode()}"}
