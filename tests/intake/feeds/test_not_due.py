"""What is not to be booked, or not yet: asked for again where time may change it, and never a silent difference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations.errors import Retryable
from ledger.models import Entry
from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.intake.feeds import taking
from portal.intake.feeds.models import FedRecord, HintedRecord
from portal.intake.models import Delivery, Verdict
from portal.postings import work
from portal.postings.models import Posting, Revision
from portal.postings.states import State
from tests.intake.feeds.fed_source import Shelf
from tests.intake.feeds.passes import followed, last, later, nobody, read
from tests.postings.fake_books import Books

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ID = "bill-1"
pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def told(source: Connection, shelf: Shelf, status: str = "done", **more: str) -> Delivery:
    """The record is like this now, and was read."""
    shelf.put(ID, NINE, status=status, **more)
    read(source)
    return last()


def asked_at() -> timedelta | None:
    """In how long it is asked for again."""
    again_at = FedRecord.objects.get().again_at
    return None if again_at is None else round_(again_at - timezone.now())


def round_(length: timedelta) -> timedelta:
    return timedelta(minutes=round(length / timedelta(minutes=1)))


def test_what_is_not_due_yet_is_asked_for_again_ever_more_rarely(source: Connection, shelf: Shelf) -> None:
    told(source, shelf, "draft")
    shelf.asked.clear()
    waits = [timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=1)]
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for wait in waits:
            assert asked_at() == wait
            clock.shift(wait)
            assert taking.take_again(timezone.now(), nobody) == 1
            assert followed(source) == 1
    assert shelf.asked == [f"head bill {ID}"] * len(waits)
    assert (Delivery.objects.count(), last().verdict, HintedRecord.objects.count()) == (1, Verdict.SKIPPED, 0)


def test_it_is_booked_soon_after_it_is_due_though_no_feed_tells_it(source: Connection, shelf: Shelf) -> None:
    told(source, shelf, "draft")
    shelf.put(ID, NINE)
    assert later(minutes=61) == 1
    assert followed(source, minutes=62) == 1
    assert (last().verdict, Entry.objects.count()) == (Verdict.ACCEPTED, 1)
    assert (asked_at(), FedRecord.objects.get().tries) == (None, 0)


def test_a_setting_that_was_changed_counts_without_a_change_at_the_source(
    source: Connection, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(source, shelf, "draft")
    Delivery.objects.update(body=bytes(last().body).replace(b'"draft"', b'"done"'))
    assert later(minutes=61) == 1
    assert (last().verdict, Entry.objects.count()) == (Verdict.ACCEPTED, 1)


def test_it_is_asked_for_two_months_and_no_longer(source: Connection, shelf: Shelf) -> None:
    told(source, shelf, "draft")
    FedRecord.objects.update(tries=taking.MOST_TRIES)
    assert later(minutes=61) == 1
    assert asked_at() is None


def test_what_is_not_due_for_good_is_not_asked_for(source: Connection, shelf: Shelf) -> None:
    assert told(source, shelf, "old").verdict == Verdict.SKIPPED
    assert (asked_at(), later(days=9)) == (None, 0)


def test_asking_waits_while_the_source_is_down(source: Connection, shelf: Shelf) -> None:
    def down(_: str) -> None:
        raise Retryable("The source is down.")

    told(source, shelf, "draft")
    shelf.before = down
    later(minutes=61)
    followed(source, minutes=61)
    assert (HintedRecord.objects.get().problem, Delivery.objects.count()) == ("The source is down.", 1)


def test_webhooks_come_first(source: Connection, shelf: Shelf) -> None:
    told(source, shelf, "draft")
    later(minutes=61)
    now = timezone.now()
    HintedRecord.objects.create(connection=source, feed="bill", external_id="new", hinted_at=now, next_at=now)
    shelf.asked.clear()
    followed(source, minutes=62)
    assert shelf.asked == ["head bill new", f"head bill {ID}"]


@pytest.mark.parametrize("status", ["draft", "old"])
def test_what_is_in_the_books_and_not_due_any_more_is_put_before_a_person(
    source: Connection, shelf: Shelf, status: str
) -> None:
    told(source, shelf)
    kept = told(source, shelf, status)
    posting = Posting.objects.get()
    assert (kept.verdict, kept.transaction_id) == (Verdict.CONTESTED, posting.transaction_id)
    why = {"draft": "It is a draft.", "old": "It is from before the start."}[status]
    assert kept.reason == (
        f"{why} But it was taken as invoice P-000001 over 120.00 GBP, which is in the books as "
        f"{posting.external_number}. It stays as it is: void it, or correct it by hand."
    )
    assert Revision.objects.get().differences == [["stage", "approved", why]]
    (event,) = AuditEvent.objects.filter(verb="transaction.not_due_at_source")
    assert event.message == f"P-000001 is not to be booked any more by what its source says: {why}"
    told(source, shelf, status, note="touched")
    assert AuditEvent.objects.filter(verb="transaction.not_due_at_source").count() == 1


def test_what_was_not_sent_yet_stays_on_its_way(outside: Connection, shelf: Shelf, books: Books) -> None:
    told(outside, shelf)
    kept = told(outside, shelf, "draft")
    assert kept.verdict == Verdict.CONTESTED
    assert "which waits to be sent to the books" in kept.reason
    work.run(Posting.objects.get().pk)
    assert (Posting.objects.get().state, books.count()) == (State.POSTED, 1)
    assert told(outside, shelf).verdict == Verdict.REPEATED


def test_what_was_withdrawn_is_only_skipped(outside: Connection, shelf: Shelf, books: Books) -> None:
    told(outside, shelf)
    told(outside, shelf, "cancelled")
    assert told(outside, shelf, "draft").verdict == Verdict.SKIPPED
    assert Revision.objects.count() == 0
