"""Paging by position: a page costs the same wherever it is, and nothing is counted over the table."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet, Subquery
from django.http import Http404, QueryDict

from portal.postings.models import Transaction

PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows in the order shown; `before` and `after` are the cursors of the pages next to it, None at an end."""

    rows: list[Transaction]
    before: UUID | None
    after: UUID | None


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a page begins: behind the row `after`, or ahead of the row `before`; at the start without either."""

    cursor: UUID | None = None
    backwards: bool = False

    @classmethod
    def read(cls, query: QueryDict) -> Position:
        """From `?after=` or `?before=`. Raises `Http404` for what is no id."""
        before, after = query.get("before", ""), query.get("after", "")
        try:
            return cls(cursor=UUID(before or after) if before or after else None, backwards=bool(before))
        except ValueError:
            raise Http404("There is no such page.") from None


def page(
    rows: QuerySet[Transaction],
    position: Position,
    *,
    within: QuerySet[Transaction],
    oldest_first: bool,
) -> Page:
    """One page of `rows` in the order of their arrival. A cursor outside `within` gives an empty page."""
    ascending = oldest_first != position.backwards
    ordered = rows.order_by("pk" if ascending else "-pk")
    found = list(_from(ordered, position.cursor, within, ascending=ascending)[: PAGE_SIZE + 1])
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if position.backwards:
        found.reverse()
    return _page(found, position, more=more)


def _from(
    rows: QuerySet[Transaction], cursor: UUID | None, within: QuerySet[Transaction], *, ascending: bool
) -> QuerySet[Transaction]:
    if cursor is None:
        return rows
    place = Subquery(within.filter(public_id=cursor).order_by().values("pk")[:1])
    return rows.filter(pk__gt=place) if ascending else rows.filter(pk__lt=place)


def _page(found: list[Transaction], position: Position, *, more: bool) -> Page:
    ahead = more if position.backwards else position.cursor is not None
    behind = position.cursor is not None if position.backwards else more
    return Page(
        rows=found,
        before=found[0].public_id if found and ahead else None,
        after=found[-1].public_id if found and behind else None,
    )
