"""Feeds are read to their end, each record once, whatever happens on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.errors import IntegrationError, Misconfigured, OutcomeUnknown, Retryable, Unauthorised
from ledger.models import Entry
from portal.connections.models import Connection, Status
from portal.intake.feeds import leases, setting_up, taking
from portal.intake.feeds.models import FedRecord, FeedReader
from portal.intake.feeds.reading import perform
from portal.intake.models import Delivery, Origin, Verdict
from portal.postings.due import Where
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.tenants.models import Company
from tests.intake.feeds.fed_source import Shelf

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def nobody(_: int, __: Where) -> None:
    """The ledger books at once: nobody has to be woken."""


def readers(connection: Connection) -> dict[str, FeedReader]:
    """Of a connection, by feed; made where they are missing."""
    setting_up.ensure(connection, timezone.now())
    return {one.feed: one for one in FeedReader.objects.filter(connection=connection)}


def read(connection: Connection, feed: str = "bill") -> FeedReader:
    """One pass of a feed, due now."""
    reader = readers(connection)[feed]
    FeedReader.objects.filter(pk=reader.pk).update(next_at=timezone.now())
    assert perform(reader.pk, nobody)
    reader.refresh_from_db()
    return reader


def booked() -> list[str]:
    """The numbers of the documents in the books, in the order of booking."""
    return list(Entry.objects.order_by("pk").values_list("document_number", flat=True))


def test_a_feed_is_read_to_its_end_and_every_record_booked_once(source: Connection, shelf: Shelf) -> None:
    for number in range(8):
        shelf.put(f"b{number}", NINE + timedelta(minutes=number))
    reader = read(source)
    assert booked() == [f"b{number}" for number in range(8)]
    assert (shelf.count("page"), shelf.count("whole")) == (3, 8)
    assert (reader.read, reader.taken, reader.read_through) == (8, 8, NINE + timedelta(minutes=7))
    assert (reader.since, reader.after, reader.problem, reader.lease_token) == (None, "", "", None)
    assert {one.origin for one in Delivery.objects.all()} == {Origin.FEED}
    assert set(Delivery.objects.values_list("verdict", flat=True)) == {Verdict.ACCEPTED}


def test_the_next_pass_reads_the_overlap_and_asks_for_nothing_that_is_known(source: Connection, shelf: Shelf) -> None:
    for number in range(4):
        shelf.put(f"b{number}", NINE + timedelta(minutes=30 * number))
    read(source)
    shelf.asked.clear()
    shelf.put("late", NINE + timedelta(minutes=31))
    reader = read(source)
    # The latest was 10:30, so it begins at 9:30: 9:30, 9:31, 10:00 and 10:30.
    assert (reader.read, reader.taken) == (4, 1)
    assert [one for one in shelf.asked if one.startswith("whole")] == ["whole bill late"]
    assert Delivery.objects.count() == 5


def test_a_record_that_changed_before_it_was_sent_is_revised(
    source: Connection, shelf: Shelf, company: Company
) -> None:
    shelf.put("b1", NINE, status="broken")
    read(source)
    assert Delivery.objects.get().verdict == Verdict.UNREADABLE
    shelf.put("b1", NINE)
    read(source)
    assert booked() == ["b1"]
    assert list(Delivery.objects.order_by("pk").values_list("verdict", flat=True)) == ["unreadable", "accepted"]


def test_a_record_that_changed_in_the_books_is_contested(source: Connection, shelf: Shelf) -> None:
    shelf.put("b1", NINE)
    read(source)
    shelf.put("b1", NINE, net="250.00")
    read(source)
    assert booked() == ["b1"]
    assert Delivery.objects.order_by("pk").last().verdict == Verdict.CONTESTED  # type: ignore[union-attr]


def test_drafts_are_skipped_and_taken_when_they_are_none_any_more(source: Connection, shelf: Shelf) -> None:
    shelf.put("b1", NINE, status="draft")
    read(source)
    kept = Delivery.objects.get()
    assert (kept.verdict, kept.reason, Transaction.objects.count()) == (Verdict.SKIPPED, "It is a draft.", 0)
    shelf.put("b1", NINE + timedelta(hours=2))
    read(source)
    assert booked() == ["b1"]


def test_rows_without_an_id_are_counted_and_stop_nothing(source: Connection, shelf: Shelf) -> None:
    shelf.put("", NINE)
    shelf.put("b1", NINE + timedelta(minutes=1))
    reader = read(source)
    assert (reader.read, reader.unreadable, booked()) == (1, 1, ["b1"])


def test_a_pass_that_breaks_off_goes_on_from_its_last_page(source: Connection, shelf: Shelf) -> None:
    for number in range(8):
        shelf.put(f"b{number}", NINE + timedelta(minutes=number))
    calls = iter(range(100))

    def breaks(what: str) -> None:
        if what.startswith("page") and next(calls) == 2:
            raise Retryable("The source is down.")

    shelf.before = breaks
    reader = read(source)
    assert (reader.read, reader.tries, reader.problem) == (6, 1, "The source is down.")
    assert reader.after
    assert reader.read_through is None
    assert timedelta(seconds=20) < reader.next_at - timezone.now() <= timedelta(seconds=30)
    shelf.before = lambda _: None
    reader = read(source)
    assert booked() == [f"b{number}" for number in range(8)]
    assert (shelf.count("page"), shelf.count("whole"), reader.read) == (4, 8, 8)


def test_what_of_a_broken_page_is_saved_is_not_asked_for_again(
    source: Connection, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.intake.feeds.reading.SAVED_AT_ONCE", 1)
    for number in range(3):
        shelf.put(f"b{number}", NINE + timedelta(minutes=number))

    def breaks(what: str) -> None:
        if what == "whole bill b2":
            raise OutcomeUnknown("It broke off.")

    shelf.before = breaks
    read(source)
    assert booked() == ["b0", "b1"]
    shelf.before = lambda _: None
    shelf.asked.clear()
    read(source)
    assert shelf.asked == ["page bill", "whole bill b2"]
    assert booked() == ["b0", "b1", "b2"]


def test_a_worker_that_dies_before_taking_loses_nothing(
    source: Connection, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise SystemExit

    shelf.put("b1", NINE)
    reader = readers(source)["bill"]
    with monkeypatch.context() as patched:
        patched.setattr("portal.intake.feeds.reading.take_delivery", dies)
        with pytest.raises(SystemExit):
            perform(reader.pk, nobody)
    assert (Delivery.objects.get().verdict, booked()) == (Verdict.RECEIVED, [])
    assert taking.take_left(timezone.now(), nobody) == 0
    later = timezone.now() + timedelta(minutes=3)
    assert taking.take_left(later, nobody) == 1
    assert booked() == ["b1"]
    assert perform(reader.pk, nobody) is False
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert leases.due(timezone.now()) == [reader.pk, readers(source)["slip"].pk]
        perform(reader.pk, nobody)
    assert booked() == ["b1"]


def test_whoever_was_taken_over_saves_nothing(source: Connection, shelf: Shelf) -> None:
    for number in range(4):
        shelf.put(f"b{number}", NINE + timedelta(minutes=number))
    reader = readers(source)["bill"]

    def taken_over(what: str) -> None:
        if what == "whole bill b1":
            FeedReader.objects.filter(pk=reader.pk).update(lease_token=None, lease_until=None)

    shelf.before = taken_over
    perform(reader.pk, nobody)
    assert (Delivery.objects.count(), FedRecord.objects.count(), booked()) == (0, 0, [])
    shelf.before = lambda _: None
    read(source)
    assert booked() == [f"b{number}" for number in range(4)]


def test_what_was_read_a_moment_too_early_is_not_saved_over_what_is_newer(source: Connection, shelf: Shelf) -> None:
    shelf.put("b1", NINE)

    def changes(what: str) -> None:
        if what == "whole bill b1":
            shelf.before = lambda _: None
            shelf.put("b1", NINE, net="70.00")
            read(source, "slip")
            record = FedRecord.objects.create(
                connection=source, feed="bill", external_id="b1", content_hash="newer", read_at=timezone.now()
            )
            assert record.delivery_id is None

    shelf.before = changes
    read(source)
    assert Delivery.objects.count() == 0
    read(source)
    assert Transaction.objects.get().content["net"] == "70.00"


def test_a_delivery_is_not_taken_when_its_record_was_read_again(source: Connection, shelf: Shelf) -> None:
    shelf.put("b1", NINE, status="draft")
    read(source)
    first = Delivery.objects.get()
    Delivery.objects.filter(pk=first.pk).update(
        verdict=Verdict.RECEIVED, body=bytes(first.body).replace(b"draft", b"done")
    )
    shelf.put("b1", NINE, net="70.00")
    read(source)
    taking.take(first.pk, nobody)
    first.refresh_from_db()
    assert (first.verdict, first.reason) == (Verdict.SUPERSEDED, taking.SUPERSEDED)
    assert Transaction.objects.get().content["net"] == "70.00"


def test_two_feeds_keep_their_own_places(source: Connection, shelf: Shelf) -> None:
    shelf.put("1", NINE)
    shelf.put("2", NINE + timedelta(hours=1), feed="slip")
    assert read(source).read_through == NINE
    assert read(source, "slip").read_through == NINE + timedelta(hours=1)
    assert booked() == ["1", "2"]


def test_what_is_still_open_is_read_by_itself_where_changes_do_not_show(source: Connection, shelf: Shelf) -> None:
    shelf.tells_changes = False
    shelf.put("b1", NINE - timedelta(days=90), status="draft")
    shelf.put("b2", NINE)
    setting_up.ensure(source, timezone.now())
    both = FeedReader.objects.filter(connection=source, feed="bill").order_by("still_open")
    assert [(one.still_open, one.every_seconds) for one in both] == [(False, 900), (True, 86_400)]
    # At first the usual reader finds all of it: the other one begins a day later.
    assert leases.due(timezone.now()) == list(
        FeedReader.objects.filter(still_open=False).order_by("next_at", "pk").values_list("pk", flat=True)
    )
    both.update(next_at=timezone.now())
    for one in both:
        perform(one.pk, nobody)
    assert [one.read for one in both.all()] == [2, 1]


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (Retryable("Too often.", retry_after=120, free=True), 120),
        (Retryable("Too often.", retry_after=86_400, free=True), 900),
        (OutcomeUnknown("It broke off."), 30),
        (Misconfigured("This user does not see bills.", field="bill"), 900),
        (RuntimeError("a bug"), 900),
    ],
)
def test_what_goes_wrong_is_said_and_tried_again(source: Connection, shelf: Shelf, error: Exception, wait: int) -> None:
    def fails(_: str) -> None:
        raise error

    shelf.before = fails
    with time_machine.travel(timezone.now(), tick=False):
        reader = read(source)
        assert reader.next_at == timezone.now() + timedelta(seconds=wait)
    said = error.message if isinstance(error, IntegrationError) else "An error on our side: RuntimeError."
    assert reader.problem.startswith(said)
    shelf.before = lambda _: None
    assert read(source).problem == ""


def test_a_refused_key_deauthorises_the_connection_and_nothing_is_read_until_it_is_linked_again(
    source: Connection, shelf: Shelf
) -> None:
    def refuses(_: str) -> None:
        raise Unauthorised("The key is not accepted.")

    shelf.put("b1", NINE)
    shelf.before = refuses
    reader = read(source)
    source.refresh_from_db()
    assert (source.status, reader.problem) == (Status.DEAUTHORISED, "The key is not accepted.")
    assert leases.due(timezone.now()) == []
    assert perform(reader.pk, nobody) is False
    Connection.objects.filter(pk=source.pk).update(status=Status.LINKED)
    shelf.before = lambda _: None
    read(source)
    assert booked() == ["b1"]


@pytest.mark.parametrize("why", ["paused", "not live", "closed"])
def test_nothing_is_read_while_the_connection_is_not_in_use(
    source: Connection, shelf: Shelf, company: Company, why: str
) -> None:
    shelf.put("b1", NINE)
    reader = readers(source)["bill"]
    now = timezone.now()
    if why == "paused":
        Connection.objects.filter(pk=source.pk).update(paused=True)
    else:
        values = {"live_at": None} if why == "not live" else {"closed_at": now}
        Company.objects.filter(pk=company.pk).update(**values)
    assert setting_up.ensure_all(now) == 0
    assert (leases.due(now), perform(reader.pk, nobody), shelf.asked) == ([], False, [])


def test_readers_are_made_once_for_a_connection_in_use(source: Connection, shelf: Shelf) -> None:
    assert [setting_up.ensure_all(timezone.now()) for _ in range(2)] == [1, 0]
    assert FeedReader.objects.count() == 2


def test_what_was_cancelled_before_it_was_taken_is_skipped(source: Connection, shelf: Shelf) -> None:
    shelf.put("b1", NINE, status="cancelled")
    read(source)
    assert (Delivery.objects.get().verdict, Transaction.objects.count()) == (Verdict.SKIPPED, 0)


def test_what_was_cancelled_in_the_books_is_put_before_a_person(source: Connection, shelf: Shelf) -> None:
    shelf.put("b1", NINE)
    read(source)
    shelf.put("b1", NINE, status="cancelled")
    read(source)
    last = Delivery.objects.latest("pk")
    assert (last.verdict, last.transaction_id) == (Verdict.CONTESTED, Transaction.objects.get().pk)
    assert Posting.objects.get().state == State.POSTED
    revision = Transaction.objects.get().revisions.get()
    assert revision.differences == [["stage", "approved", "deleted"]]


def test_a_page_costs_the_same_however_many_records_are_known(source: Connection, shelf: Shelf) -> None:
    for number in range(3):
        shelf.put(f"b{number}", NINE + timedelta(minutes=number))
    read(source)

    def cost() -> int:
        with CaptureQueriesContext(database) as seen:
            read(source)
        return len(seen)

    few = cost()
    FedRecord.objects.bulk_create(
        FedRecord(connection=source, feed="bill", external_id=f"old{n}", content_hash="x", read_at=NINE)
        for n in range(300)
    )
    assert cost() == few


def test_what_could_not_be_taken_is_taken_again_by_itself_ever_more_rarely(
    source: Connection, shelf: Shelf, company: Company
) -> None:
    books = Connection.objects.get(company=company, integration="ledger")
    Connection.objects.filter(pk=books.pk).update(status=Status.UNLINKED)
    shelf.put("b1", NINE)
    read(source)
    kept = Delivery.objects.get()
    assert (kept.verdict, booked()) == (Verdict.REFUSED, [])
    now = timezone.now()
    for wait in (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=1)):
        record = FedRecord.objects.get()
        assert record.again_at is not None
        assert abs(record.again_at - now - wait) < timedelta(seconds=5)
        assert taking.take_again(record.again_at - timedelta(seconds=1), nobody) == 0
        with time_machine.travel(record.again_at, tick=False):
            now = timezone.now()
            assert taking.take_again(now, nobody) == 1
    Connection.objects.filter(pk=books.pk).update(status=Status.LINKED)
    with time_machine.travel(now + timedelta(days=2), tick=False):
        assert taking.take_again(timezone.now(), nobody) == 1
        assert taking.take_again(timezone.now() + timedelta(days=9), nobody) == 0
    kept.refresh_from_db()
    assert (kept.verdict, booked()) == (Verdict.ACCEPTED, ["b1"])


def test_it_ends_some_day(source: Connection, shelf: Shelf) -> None:
    shelf.put("b1", NINE, status="broken")
    read(source)
    FedRecord.objects.update(tries=taking.MOST_TRIES, again_at=timezone.now())
    assert taking.take_again(timezone.now(), nobody) == 1
    assert FedRecord.objects.get().again_at is None
    assert Delivery.objects.get().verdict == Verdict.UNREADABLE


def test_what_changed_meanwhile_is_taken_as_it_is_now(source: Connection, shelf: Shelf) -> None:
    shelf.put("b1", NINE, status="broken")
    read(source)
    shelf.put("b1", NINE)
    read(source)
    assert taking.take_again(timezone.now() + timedelta(days=1), nobody) == 0
    assert list(Delivery.objects.order_by("pk").values_list("verdict", flat=True)) == ["unreadable", "accepted"]


def test_what_is_forgotten_is_not_taken_again(source: Connection, shelf: Shelf) -> None:
    shelf.put("b1", NINE, status="broken")
    read(source)
    Delivery.objects.update(body=b"")
    taking.take_again(timezone.now() + timedelta(days=1), nobody)
    assert Delivery.objects.get().reason == "The net amount is missing."
    assert FedRecord.objects.get().again_at is None


def test_a_record_is_read_under_the_settings_of_its_connection(source: Connection, shelf: Shelf) -> None:
    Connection.objects.filter(pk=source.pk).update(settings={"reads": "nothing"})
    shelf.put("b1", NINE)
    read(source)
    kept = Delivery.objects.get()
    assert (kept.verdict, kept.field, booked()) == (Verdict.REFUSED, "reads", [])
    Connection.objects.filter(pk=source.pk).update(settings={})
    assert taking.take_again(timezone.now() + timedelta(minutes=11), nobody) == 1
    assert booked() == ["b1"]


def test_whoever_was_taken_over_and_fails_says_nothing(source: Connection, shelf: Shelf) -> None:
    reader = readers(source)["bill"]

    def taken_over(_: str) -> None:
        FeedReader.objects.filter(pk=reader.pk).update(lease_token=None, lease_until=None)
        raise Retryable("The source is down.")

    shelf.before = taken_over
    assert perform(reader.pk, nobody)
    reader.refresh_from_db()
    assert (reader.problem, reader.tries) == ("", 0)
