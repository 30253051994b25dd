"""What workers do with feeds, for tests: one pass, one look at what is due again."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from django.utils import timezone

from portal.connections.models import Connection
from portal.intake.feeds import hints, setting_up, taking
from portal.intake.feeds.models import FeedReader
from portal.intake.feeds.reading import perform
from portal.intake.models import Delivery
from portal.postings.due import Where
from portal.postings.models import Posting
from portal.postings.taken_before import GONE


def nobody(_: int, __: Where) -> None:
    """Nobody is woken: the test runs what is due."""


def read(connection: Connection, feed: str = "bill", *, still_open: bool = False) -> FeedReader:
    """One pass of a feed, due now."""
    setting_up.ensure(connection, timezone.now())
    reader = FeedReader.objects.get(connection=connection, feed=feed, still_open=still_open)
    FeedReader.objects.filter(pk=reader.pk).update(next_at=timezone.now())
    assert perform(reader.pk, nobody)
    reader.refresh_from_db()
    return reader


def later(**length: float) -> int:
    """So much later: what is due again is taken again. Returns how many."""
    with time_machine.travel(timezone.now() + timedelta(**length), tick=False):
        return taking.take_again(timezone.now(), nobody)


def followed(connection: Connection, **length: float) -> int:
    """So much later: what is to be asked for is asked for. Returns how many."""
    with time_machine.travel(timezone.now() + timedelta(**length), tick=False):
        return hints.follow(str(connection.pk), nobody)


def last() -> Delivery:
    """What was read last."""
    return Delivery.objects.latest("pk")


def living() -> list[Posting]:
    """What is in the books, or on its way there."""
    return list(Posting.objects.exclude(state__in=sorted(GONE)).order_by("pk"))
