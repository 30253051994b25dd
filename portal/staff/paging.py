"""Pages of long lists without counting the whole table."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

from django.core import paginator
from django.db.models import QuerySet

CAP: Final = 10_000

if TYPE_CHECKING:
    Paginator = paginator.Paginator[Any]
else:
    Paginator = paginator.Paginator


class CappedPaginator(Paginator):
    """Counts at most `CAP` rows. What lies beyond is reached by a filter or a search, as it is in practice anyway."""

    @cached_property
    def counted(self) -> int:
        """The number of rows, at most one more than the cap."""
        rows = cast("QuerySet[Any]", self.object_list)
        return rows[: CAP + 1].count()

    @cached_property
    def count(self) -> int:
        """The number of rows that can be paged through."""
        return min(self.counted, CAP)

    @property
    def said(self) -> str:
        """The count as people read it: `1,234`, or `10,000+`."""
        return f"{CAP:,}+" if self.counted > CAP else f"{self.counted:,}"


def at_most(queryset: QuerySet[Any], limit: int) -> tuple[int, str]:
    """Count up to `limit` rows: the number, and how it is said (`7`, or `50+`)."""
    found = queryset[: limit + 1].count()
    return min(found, limit), f"{limit}+" if found > limit else str(found)
