"""Notice what begins to wait for a person and what waits no more. Asked once a minute; it costs the work nothing."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from django.db.models import Count, QuerySet

from portal.events.models import Matter
from portal.events.waits import Found, Wait, waits

logger = logging.getLogger(__name__)

# Past this many of a kind nobody reads each line; the mails say that there are more. No company may take all the room.
MOST_OPEN: Final = 10_000
MOST_OF_ONE: Final = 500
TITLE_LENGTH: Final = 300


def notice(now: datetime) -> list[str]:
    """Ask every kind. Returns the kinds whose question failed: one that fails keeps no other from being asked."""
    return [wait.kind for wait in waits() if not _notice(wait, now)]


def open_matters(kind: str | None = None) -> QuerySet[Matter]:
    """What waits now, of one kind or of all."""
    rows = Matter.objects.filter(settled_at__isnull=True)
    return rows if kind is None else rows.filter(kind=kind)


def open_by_company(kind: str) -> Counter[UUID | None]:
    """How many of a kind are open, by company; None: of no customer."""
    rows = open_matters(kind).order_by().values_list("company_id").annotate(count=Count("pk"))
    return Counter(dict(rows))


def write(kind: str, found: Iterable[Found], now: datetime) -> None:
    """Open a matter for each; one that is open already stays as it is."""
    rows = [
        Matter(
            kind=kind, subject_id=one.subject_id, title=one_line(one.title), path=one.path, since=one.since,
            noticed_at=now, tenant_id=one.tenant_id, company_id=one.company_id, desk_path=one.desk_path,
            desk_title=one_line(one.desk_title),
        )
        for one in found
    ]  # fmt: skip
    Matter.objects.bulk_create(rows, ignore_conflicts=True)


def one_line(text: str) -> str:
    """Without line breaks, and short enough to be kept."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else f"{line[: TITLE_LENGTH - 1]}…"


def _notice(wait: Wait, now: datetime) -> bool:
    try:
        known = frozenset(open_matters(wait.kind).values_list("subject_id", flat=True))
        _settle(wait, known, now)
        found = _with_room(wait.kind, wait.begins(now, known))
        write(wait.kind, islice(found, max(MOST_OPEN - len(known), 0)), now)
    except Exception:
        logger.exception("alerts: whether something waits (%s) could not be asked.", wait.kind)
        return False
    return True


def _settle(wait: Wait, known: frozenset[str], now: datetime) -> None:
    gone = known - frozenset(wait.still(now, known)) if known else frozenset()
    if gone:
        open_matters(wait.kind).filter(subject_id__in=gone).update(settled_at=now)


def _with_room(kind: str, found: Iterable[Found]) -> Iterator[Found]:
    """Without what is too much of one company: nobody else's matters are crowded out."""
    taken: Counter[UUID | None] | None = None
    for one in found:
        if one.company_id is not None:
            taken = open_by_company(kind) if taken is None else taken
            if taken[one.company_id] >= MOST_OF_ONE:
                continue
            taken[one.company_id] += 1
        yield one
