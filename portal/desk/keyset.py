"""Pages of any list by position: a page costs the same wherever it is, and nothing is counted over the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.http import Http404, QueryDict

M = TypeVar("M", bound=Model)

PAGE_SIZE: Final = 50
LARGEST_KEY: Final = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Cut(Generic[M]):
    """Some rows in the order shown; `before` and `after` are the keys to page on from, None at an end."""

    rows: list[M]
    before: int | None
    after: int | None


def cut(
    rows: QuerySet[M], query: QueryDict, *, order: Sequence[str] = ("pk",), descending: bool = False,
    within: QuerySet[M] | None = None,
) -> Cut[M]:  # fmt: skip
    """One page of `rows` by the columns of `order` (the last one unique), from `?after=` or `?before=`.

    A cursor outside `within` (else `rows`) gives an empty page. Raises `Http404` for what is no key.
    """
    before, after = _key(query.get("before", "")), _key(query.get("after", ""))
    cursor, backwards = (before, True) if before is not None else (after, False)
    falling = descending != backwards
    ordered = rows.order_by(*[f"-{name}" if falling else name for name in order])
    if cursor is not None:
        ordered = beyond(ordered, cursor, order, falling=falling, within=rows if within is None else within)
    found = list(ordered[: PAGE_SIZE + 1])
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if backwards:
        found.reverse()
    ahead = more if backwards else cursor is not None
    behind = True if backwards else more
    return Cut(
        rows=found, before=found[0].pk if found and ahead else None, after=found[-1].pk if found and behind else None
    )


def beyond(rows: QuerySet[M], cursor: int, order: Sequence[str], *, falling: bool, within: QuerySet[M]) -> QuerySet[M]:
    """The rows that come after the one with the key `cursor`."""
    place = within.filter(pk=cursor).order_by().values_list(*order).first()
    if place is None:
        return rows.none()
    test = "lt" if falling else "gt"
    later = Q()
    for index, name in enumerate(order):
        same: dict[str, Any] = dict(zip(order[:index], place, strict=False))
        later |= Q(**same, **{f"{name}__{test}": place[index]})
    # Said once more for the first column alone: the database can begin there instead of reading from the start.
    return rows.filter(**{f"{order[0]}__{test}e": place[0]}).filter(later)


def _key(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or int(text) > LARGEST_KEY:
        raise Http404("There is no such page.")
    return int(text)
