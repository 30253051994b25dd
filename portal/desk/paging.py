"""Paging by position: a page costs the same wherever it is, and nothing is counted over the table.

A filter that no index answers, such as a kind that hardly ever comes, would read a whole log for one page. Such a page
looks through `LOOKED_THROUGH` transactions at most and says so; its next page looks further.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import QuerySet, Subquery
from django.http import Http404, QueryDict

from portal.postings.models import Transaction

PAGE_SIZE = 50
LOOKED_THROUGH: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some rows in the order shown; `before` and `after` are the cursors of the pages next to it, None at an end.

    `looked_through` is how many transactions were read for it where there are more to read, else 0.
    """

    rows: list[Transaction]
    before: UUID | None
    after: UUID | None
    looked_through: int = 0


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


@dataclass(frozen=True)
class _Edge:
    """The last row that a page looks at; there is more behind it."""

    pk: int
    public_id: UUID


def page(
    rows: QuerySet[Transaction],
    position: Position,
    *,
    within: QuerySet[Transaction],
    oldest_first: bool,
    among: QuerySet[Transaction] | None = None,
) -> Page:
    """One page of `rows` in the order of their arrival. A cursor outside `within` gives an empty page.

    With `among`, of which `rows` are some, only so many of those are looked through.
    """
    ascending = oldest_first != position.backwards
    order = "pk" if ascending else "-pk"
    edge = None if among is None else _edge(_from(among.order_by(order), position.cursor, within, ascending=ascending))
    if edge is not None:
        rows = rows.filter(pk__lte=edge.pk) if ascending else rows.filter(pk__gte=edge.pk)
    ordered = rows.order_by(order)
    found = list(_from(ordered, position.cursor, within, ascending=ascending)[: PAGE_SIZE + 1])
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    if position.backwards:
        found.reverse()
    return _page(found, position, more=more, edge=edge)


def _from(
    rows: QuerySet[Transaction], cursor: UUID | None, within: QuerySet[Transaction], *, ascending: bool
) -> QuerySet[Transaction]:
    if cursor is None:
        return rows
    place = Subquery(within.filter(public_id=cursor).order_by().values("pk")[:1])
    return rows.filter(pk__gt=place) if ascending else rows.filter(pk__lt=place)


def _edge(among: QuerySet[Transaction]) -> _Edge | None:
    """The index alone leads there, by keys; None where there are no more than may be looked through."""
    places = among.values("pk")[LOOKED_THROUGH - 1 : LOOKED_THROUGH + 1]
    found = Transaction.objects.filter(pk__in=places).order_by(*among.query.order_by)
    last = list(found.values_list("pk", "public_id"))
    return _Edge(*last[0]) if len(last) > 1 else None


def _page(found: list[Transaction], position: Position, *, more: bool, edge: _Edge | None) -> Page:
    ahead = more if position.backwards else position.cursor is not None
    behind = position.cursor is not None if position.backwards else more
    before = found[0].public_id if found and ahead else None
    after = found[-1].public_id if found and behind else None
    if edge is None or more:
        return Page(rows=found, before=before, after=after)
    further = {"before": edge.public_id} if position.backwards else {"after": edge.public_id}
    return Page(rows=found, looked_through=LOOKED_THROUGH, **{"before": before, "after": after, **further})
