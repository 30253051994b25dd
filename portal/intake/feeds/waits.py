"""What of the feeds waits for a person: one that could not be read for hours, although its user sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.urls import reverse

from portal.events.waits import Found, Wait, register
from portal.intake.feeds.asking import fed_sources, readable
from portal.intake.feeds.models import FeedReader

STOPPED: Final = "feed.stopped"
AFTER: Final = timedelta(hours=3)
MOST_AT_ONCE: Final = 500


def register_waits() -> None:
    """Let this kind be watched."""
    register(
        Wait(
            kind=STOPPED,
            one="feed that could not be read for three hours",
            many="feeds that could not be read for three hours",
            advice="Its page says why. Mend that, then press Read now.",
            list_path=lambda: reverse("admin:intake_feedreader_changelist"),
            begins=_begins,
            still=_still,
        )
    )


def stopped(now: datetime) -> list[FeedReader]:
    """The readers of connections in use that have a problem and have not come to an end for three hours before `now`
    (aware UTC). What the roles of the user hide is no problem of theirs: the connection's page says so."""
    return [one for one in _with_a_problem(now) if one.feed not in _hidden(one)]


def _with_a_problem(now: datetime) -> QuerySet[FeedReader]:
    long_ago = Q(ended_at__lte=now - AFTER) | Q(ended_at=None, began_at__lte=now - AFTER)
    never_begun = Q(ended_at=None, began_at=None)
    rows = FeedReader.objects.filter(readable(now, prefix="connection__"), long_ago | never_begun).exclude(problem="")
    return rows.select_related("connection__company").defer("connection__secrets").order_by("pk")


def _hidden(reader: FeedReader) -> Iterable[str]:
    return fed_sources()[reader.connection.integration].hidden(reader.connection.told)


def _begins(now: datetime, known: frozenset[str]) -> Iterator[Found]:
    for one in [reader for reader in stopped(now) if str(reader.pk) not in known][:MOST_AT_ONCE]:
        path = reverse("admin:intake_feedreader_change", args=[one.pk])
        title = f"{one} of {one.connection}"
        yield Found(subject_id=str(one.pk), title=title, path=path, since=one.ended_at or one.began_at or now)


def _still(now: datetime, known: frozenset[str]) -> Iterable[str]:
    return [str(one.pk) for one in stopped(now) if str(one.pk) in known]
