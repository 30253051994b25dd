"""Notice what was posted since the last look, by a mark for each connection: history is never looked through.

Whoever posts writes nothing here and waits for nothing. A row whose transaction was slow to commit may show up with a
time that is past already: the mark stays some minutes behind the clock, and what has its row already is left out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, QuerySet

from portal.connections.models import Connection, Side, Status
from portal.postings.attachments.models import Handover, HandoverMark
from portal.postings.attachments.sides import BY_HAND, offering, sources_of, taken_kinds, taking
from portal.postings.models import Posting
from portal.postings.states import State

BEHIND: Final = timedelta(minutes=5)
JUST_LINKED: Final = timedelta(minutes=10)
MOVED_AFTER: Final = timedelta(hours=1)
BATCH: Final = 200
MOST_BATCHES: Final = 25


def notice_posted(now: datetime) -> int:
    """Make a handover, due at once, of everything that was posted before `now` (aware UTC) and has files to hand over.

    Returns how many were made. Costs some statements, and some more for each connection with news.
    """
    _begin_to_look(now)
    news = list(_with_news())
    made = sum(_notice(connection, now) for connection in news)
    # Behind a mark that nobody moves, postings of other kinds and sources would pile up.
    quiet = HandoverMark.objects.filter(up_to__lt=now - MOVED_AFTER).exclude(connection__in=[one.pk for one in news])
    quiet.update(up_to=now - BEHIND)
    return made


def _able() -> QuerySet[Connection]:
    """Connections to systems that take files, of companies whose source offers them."""
    offers = Connection.objects.filter(company=OuterRef("company"), side=Side.SOURCE, integration__in=offering())
    rows = Connection.objects.filter(Exists(offers.exclude(status=Status.UNLINKED)), side=Side.ACCOUNTING)
    return rows.filter(integration__in=taking()).exclude(status=Status.UNLINKED).order_by("created_at")


def _begin_to_look(now: datetime) -> None:
    """A connection is looked at from the moment on at which both of its sides could: what lies before is left alone."""
    new = list(_able().filter(attachment_mark__isnull=True).defer("secrets"))
    sources = sources_of({one.company_id for one in new}) if new else {}
    marks = [
        HandoverMark(connection=one, up_to=_first(one, list(sources[one.company_id].values()), now))
        for one in new
        if one.company_id in sources
    ]
    HandoverMark.objects.bulk_create(marks, ignore_conflicts=True)


def _first(connection: Connection, sources: list[Connection], now: datetime) -> datetime:
    """Now; where it was linked a moment ago, that moment."""
    linked = max((one.linked_at for one in (connection, *sources) if one.linked_at), default=now)
    return linked if now - JUST_LINKED < linked <= now else now


def _with_news() -> QuerySet[Connection]:
    """Connections with a posting behind their mark that has no row yet. Each is asked by an index on the time."""
    news = _posted().filter(connection=OuterRef("pk"), posted_at__gte=OuterRef("attachment_mark__up_to"))
    return _able().filter(Exists(news)).select_related("attachment_mark")


def _notice(connection: Connection, now: datetime) -> int:
    mark, made = connection.attachment_mark, 0
    slugs = sorted(sources_of([connection.company_id]).get(connection.company_id, {}))
    for _ in range(MOST_BATCHES):
        found = _first_new(connection, mark.up_to, slugs)
        rows = [Handover(posting_id=pk, connection=connection, next_at=now, created_at=now) for pk, _ in found]
        Handover.objects.bulk_create(rows, ignore_conflicts=True)
        made += len(found)
        is_all = len(found) < BATCH
        _move(mark, min(now if is_all else found[-1][1], now - BEHIND), at_once=bool(found))
        if is_all:
            break
    return made


def _first_new(connection: Connection, since: datetime, slugs: list[str]) -> list[tuple[int, datetime]]:
    """Id and time of the oldest that have files to hand over, and no row yet."""
    kinds = sorted(taken_kinds(connection))
    rows = _posted().filter(connection=connection, posted_at__gte=since, kind__in=kinds, transaction__source__in=slugs)
    found = rows.order_by("posted_at", "pk").values_list("pk", "posted_at")[:BATCH]
    return [(pk, posted_at) for pk, posted_at in found if posted_at is not None]


def _posted() -> QuerySet[Posting]:
    rows = Posting.objects.filter(~Exists(Handover.objects.filter(posting=OuterRef("pk"))), state=State.POSTED)
    return rows.filter(kept=False).exclude(external_id__startswith=BY_HAND).order_by()


def _move(mark: HandoverMark, up_to: datetime, *, at_once: bool) -> None:
    """Forward only. What is no news to anybody moves it now and then."""
    if up_to > mark.up_to + (timedelta(0) if at_once else MOVED_AFTER):
        mark.up_to = up_to
        HandoverMark.objects.filter(pk=mark.pk, up_to__lt=up_to).update(up_to=up_to)
