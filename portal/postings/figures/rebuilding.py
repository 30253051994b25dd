"""Count everything anew, beside what is shown, in small transactions; then show that instead.

For days that were counted in another time zone of the tenant, or after something was changed in the log by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db.transaction import atomic
from django.utils import timezone

from portal.postings.figures.counting import count_batch, shown
from portal.postings.figures.models import Counting, DayFigures
from portal.postings.figures.settled import settled_before

BATCH: Final = 1_000


class Overtaken(Exception):
    """Somebody else began to count anew meanwhile."""


def rebuild(tell: Callable[[int], None], now: Callable[[], datetime] = timezone.now) -> int:
    """Read both logs from their beginning and take the place of what is shown. Returns how many rows were read.

    Until then the figures that are shown go on as they are. `tell` hears how many rows have been read. What another one
    that was broken off has left is deleted; raises `Overtaken` when that happens to this one.
    """
    shown()
    _forget_what_is_not_shown()
    mine, read, is_more = Counting.objects.create(), 0, True
    while is_more:
        done, is_more = count_batch(mine.pk, settled_before(now()))
        read += done
        tell(read)
    _show(mine)
    _forget_what_is_not_shown()
    return read


def _show(mine: Counting) -> None:
    """Each counting has its own mark, so whatever has come in meanwhile is counted behind this one's."""
    with atomic():
        list(Counting.objects.select_for_update().order_by("pk"))
        Counting.objects.filter(is_shown=True).update(is_shown=False)
        if not Counting.objects.filter(pk=mine.pk).update(is_shown=True):
            raise Overtaken("Somebody else began to count anew meanwhile; that one goes on.")


def _forget_what_is_not_shown() -> None:
    for old in Counting.objects.filter(is_shown=False):
        days = DayFigures.objects.filter(counting=old).order_by()
        while ids := list(days.values_list("pk", flat=True)[:BATCH]):
            DayFigures.objects.filter(pk__in=ids).delete()
        with atomic():
            # Whoever is still counting into it has the lock, and may have added a day since.
            list(Counting.objects.select_for_update().filter(pk=old.pk))
            old.delete()
