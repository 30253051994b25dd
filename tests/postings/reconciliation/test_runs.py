"""Runs: what they leave alone, what they ask once more, how they end, and whose turn it is."""

from __future__ import annotations

import tracemalloc
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.documents import Posted
from integrations.errors import Misconfigured, Retryable, Unauthorised
from portal.connections.models import Connection, Status
from portal.postings.models import Difference, ListedDocument, Posting, ReconciliationRun
from portal.postings.reconciliation import comparing, leases, listing, run
from portal.postings.reconciliation.leases import CannotReconcile, TakenOver, abandon_dead, take
from portal.postings.reconciliation.listing import our_key
from portal.postings.reconciliation.models import RunState
from tests.factories import DemoConnectionFactory, SourceConnectionFactory, a_document, accepted
from tests.postings.fake_books import Books
from tests.postings.reconciliation.listing_books import ListingBooks
from tests.postings.reconciliation.played import HOUR, aged, found, key_of, posted, put, reconciled

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def raising(error: Exception) -> Callable[..., None]:
    def act(*_: object) -> None:
        raise error

    return act


def waiting(connection: Connection) -> ReconciliationRun:
    return run.ask_now(connection)


# --- no false alarm ---------------------------------------------------------------------------------------------------


def test_a_document_that_is_listed_twice_is_no_double(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted(fake)
    monkeypatch.setattr(ListingBooks, "times", 3)
    made = reconciled(fake)
    assert (made.read, made.compared, made.agreeing, found()) == (3, 1, 1, set())


def test_the_listing_is_read_from_a_day_before_the_window(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[datetime] = []
    monkeypatch.setattr(ListingBooks, "at_listing", asked.append)
    made = reconciled(fake, days=3)
    assert asked == [made.since - timedelta(days=1)]
    assert made.until - made.since == timedelta(days=3)


@pytest.mark.parametrize(
    "ago,missing",
    [(timedelta(minutes=9), 0), (timedelta(minutes=11), 1), (timedelta(days=6.9), 1), (timedelta(days=7.1), 0)],
)
def test_missing_is_said_inside_the_window_and_outside_the_margin(
    fake: Connection, books: Books, ago: timedelta, missing: int
) -> None:
    posting = posted(fake, ago=ago)
    del books.documents[key_of(posting)]
    assert reconciled(fake).missing == missing


def test_before_missing_is_said_the_key_is_looked_up_once(fake: Connection, books: Books) -> None:
    """The listing does not reach back to when it was written: it was settled much later."""
    posting = posted(fake)
    with patch.object(ListingBooks, "written_since", lambda *_: iter(())):
        made = reconciled(fake)
    assert (made.missing, made.agreeing, books.lookups) == (0, 1, 1)
    del books.documents[key_of(posting)]
    assert (reconciled(fake).missing, books.lookups) == (1, 2)
    assert (reconciled(fake).missing, books.lookups) == (1, 2)


def test_an_extra_that_is_gone_when_it_is_looked_up_is_not_said(fake: Connection, books: Books) -> None:
    key = str(uuid.uuid4())
    books.book(a_document(), key)
    books.at_lookup = books.documents.clear
    made = reconciled(fake)
    assert (made.extra, books.lookups, found()) == (0, 1, set())


def test_what_moves_between_listing_and_lookup_is_judged_as_it_is_then(fake: Connection, books: Books) -> None:
    posting = put(accepted(fake).posting, "held")
    books.book(a_document(), key_of(posting))

    def retried() -> None:
        put(posting, "unknown")

    books.at_lookup = retried
    made = reconciled(fake)
    assert (made.left, found()) == (1, set())


@pytest.mark.parametrize("state", ["ready", "sending", "awaiting", "unknown", "checking"])
def test_what_is_under_way_waits_for_the_next_run(fake: Connection, books: Books, state: str) -> None:
    posting = put(accepted(fake).posting, state)
    for _ in range(2):
        books.book(a_document(), key_of(posting))
    made = reconciled(fake)
    assert (made.left, made.compared, books.lookups, found()) == (1, 0, 0, set())


def test_what_was_posted_a_moment_ago_waits_for_the_next_run(fake: Connection, books: Books) -> None:
    posting = posted(fake, ago=timedelta(minutes=5))
    books.book(a_document(), key_of(posting))
    assert (reconciled(fake).left, found()) == (1, set())
    aged(posting, HOUR)
    assert reconciled(fake).double == 1


def test_another_companys_postings_in_the_same_books_are_its_own_affair(fake: Connection, books: Books) -> None:
    other = DemoConnectionFactory.create(integration="fake", settings={}, secrets={})
    posted(other)
    held = put(accepted(other).posting, "held")
    books.book(a_document(), key_of(held))
    made = reconciled(fake)
    assert (made.read, made.compared, found()) == (2, 0, set())


def test_what_an_unlinked_predecessor_left_open_is_ours(fake: Connection, books: Books) -> None:
    fine, held = posted(fake), put(accepted(fake).posting, "held")
    books.book(a_document(), key_of(held))
    Connection.objects.filter(pk=fake.pk).update(status=Status.UNLINKED)
    successor = DemoConnectionFactory.create(company=fake.company, integration="fake", settings={}, secrets={})
    reconciled(successor)
    assert found() == {("extra", key_of(held))}
    assert fine.state == "posted"


@pytest.mark.parametrize(
    "text,is_ours",
    [
        ("8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11", True),
        ("8F14E45F-CEEA-467F-9F0D-0C2B5A1D7C11", True),
        ("8f14e45fceea467f9f0d0c2b5a1d7c11", False),
        ("{8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11}", False),
        ("8f14e45f-ceea-167f-9f0d-0c2b5a1d7c11", False),
        ("P-000001", False),
        ("", False),
    ],
)
def test_whose_key_it_is(text: str, is_ours: bool) -> None:
    assert (our_key(text) is not None) is is_ours


# --- the same difference is the same row ------------------------------------------------------------------------------


def test_a_difference_that_becomes_another_is_resolved_and_said_anew(fake: Connection, books: Books) -> None:
    posting = posted(fake)
    kept = books.documents.pop(key_of(posting))
    reconciled(fake)
    books.documents[key_of(posting)] = kept
    books.book(a_document(), key_of(posting))
    made = reconciled(fake)
    assert (made.double, found(), found("resolved")) == (
        1,
        {("double", key_of(posting))},
        {("missing", key_of(posting))},
    )
    first = Difference.objects.get(kind="missing")
    assert (first.closed_by, first.closed_why) == (None, "It is another difference now: double.")


def test_a_difference_older_than_the_window_is_looked_up_by_its_key(fake: Connection, books: Books) -> None:
    posting = posted(fake)
    kept = books.documents.pop(key_of(posting))
    reconciled(fake)
    aged(posting, timedelta(days=30))
    again = reconciled(fake)
    assert (again.missing, again.resolved, len(found())) == (1, 0, 1)
    with patch.object(ListingBooks, "written_since", lambda *_: iter(())):
        books.documents[key_of(posting)] = kept
        assert reconciled(fake).resolved == 1
    assert found() == set()


def test_a_difference_that_comes_back_is_a_new_one(fake: Connection, books: Books) -> None:
    posting = posted(fake)
    for _ in range(2):
        kept = books.documents.pop(key_of(posting))
        reconciled(fake)
        books.documents[key_of(posting)] = kept
        reconciled(fake)
    assert Difference.objects.filter(kind="missing", state="resolved").count() == 2


def test_more_than_can_be_looked_up_in_one_run_are_said_by_the_next(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "MOST_LOOKED_UP", 2)
    for posting in [posted(fake) for _ in range(5)]:
        del books.documents[key_of(posting)]
    seen = [(one.missing, one.left) for one in (reconciled(fake) for _ in range(3))]
    assert seen == [(2, 3), (4, 1), (5, 0)]


def test_many_that_are_missing_are_found_page_by_page(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "BATCH", 2)
    at = timezone.now() - HOUR
    for posting in [posted(fake) for _ in range(5)]:
        Posting.objects.filter(pk=posting.pk).update(posted_at=at)
    books.documents.clear()
    assert (reconciled(fake).missing, len(found())) == (5, 5)


def test_a_system_that_cannot_be_searched_says_it_by_its_listing_alone(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ListingBooks, "can", replace(ListingBooks.can, lookup=False))
    posting = posted(fake)
    kept = books.documents.pop(key_of(posting))
    for _ in range(2):
        made = reconciled(fake)
        assert (made.missing, made.resolved, found()) == (1, 0, {("missing", key_of(posting))})
    books.documents[key_of(posting)] = kept
    made = reconciled(fake)
    assert (made.resolved, books.lookups, found()) == (1, 0, set())


# --- how it ends ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [Retryable("It does not answer."), Misconfigured("There is no such company.", field="company_id")]
)
def test_a_system_that_cannot_be_read_is_no_alarm(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch, error: Misconfigured | Retryable
) -> None:
    posted(fake)
    monkeypatch.setattr(ListingBooks, "at_listing", raising(error))
    made = reconciled(fake)
    assert (made.state, made.error, made.compared, found()) == ("unread", error.message, 0, set())
    assert (made.lease_token, ListedDocument.objects.count()) == (None, 0)


def test_credentials_that_are_refused_stop_the_connection(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ListingBooks, "at_listing", raising(Unauthorised("The token is not accepted.")))
    assert reconciled(fake).state == "unread"
    fake.refresh_from_db()
    assert fake.status == Status.DEAUTHORISED


def test_a_bug_of_ours_ends_the_run_and_says_so(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ListingBooks, "at_listing", raising(ZeroDivisionError()))
    made = reconciled(fake)
    assert (made.state, made.error) == ("failed", "An error on our side: ZeroDivisionError. The log has the details.")


def test_a_lookup_that_fails_half_way_resolves_nothing(fake: Connection, books: Books) -> None:
    first, second = posted(fake), posted(fake)
    del books.documents[key_of(first)]
    reconciled(fake)
    del books.documents[key_of(second)]
    books.at_lookup = raising(Retryable("It does not answer."))
    made = reconciled(fake)
    assert (made.state, made.resolved, found()) == ("unread", 0, {("missing", key_of(first))})


# --- whose turn it is -------------------------------------------------------------------------------------------------


def test_one_run_per_connection_at_a_time(fake: Connection, books: Books) -> None:
    made = waiting(fake)
    with pytest.raises(CannotReconcile, match="waiting or running already"):
        waiting(fake)
    assert take(made.pk) is not None
    assert take(made.pk) is None
    run.perform(made.pk)
    with pytest.raises(CannotReconcile, match="waiting or running already"):
        waiting(fake)
    made.refresh_from_db()
    assert made.state == "running"


@pytest.mark.parametrize(
    "changes,why",
    [
        ({"status": Status.DEAUTHORISED}, "Deauthorised: it cannot be read"),
        ({"paused": True}, "is paused"),
        ({"integration": "gone"}, "No accounting system gone is installed"),
    ],
)
def test_what_cannot_be_read_is_refused(fake: Connection, books: Books, changes: dict[str, object], why: str) -> None:
    Connection.objects.filter(pk=fake.pk).update(**changes)
    fake.refresh_from_db()
    with pytest.raises(CannotReconcile, match=why):
        waiting(fake)


def test_what_cannot_list_and_what_is_a_source_is_refused(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CannotReconcile, match="is a source"):
        waiting(SourceConnectionFactory.create())
    monkeypatch.setattr(ListingBooks, "can", replace(ListingBooks.can, lists=False))
    with pytest.raises(CannotReconcile, match="Fake books cannot list"):
        waiting(fake)


@pytest.mark.parametrize(
    "changes", [{"paused": True}, {"status": Status.UNLINKED}, {"open_until": timezone.now() + HOUR}]
)
def test_what_was_stopped_while_it_waited_is_not_asked(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    monkeypatch.setattr(ListingBooks, "at_listing", raising(AssertionError("it was asked")))
    made = waiting(fake)
    Connection.objects.filter(pk=fake.pk).update(**changes)
    run.perform(made.pk)
    made.refresh_from_db()
    assert made.state == "unread"
    assert made.error


def test_a_pause_in_the_middle_stops_the_reading(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted(fake)
    monkeypatch.setattr(leases, "KEPT_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(ListingBooks, "at_listing", lambda _: Connection.objects.filter(pk=fake.pk).update(paused=True))
    made = reconciled(fake)
    assert (made.state, made.error) == ("unread", leases.STOPPED)


def test_the_progress_is_written_while_it_reads(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        posted(fake)
    monkeypatch.setattr(leases, "KEPT_EVERY_SECONDS", 0.0)
    seen: list[int] = []
    monkeypatch.setattr(ListingBooks, "at_listing", lambda _: seen.append(ReconciliationRun.objects.get().read))
    reconciled(fake)
    assert seen == [0, 1, 2]


def test_a_dead_workers_run_is_abandoned_and_the_next_begins_afresh(fake: Connection, books: Books) -> None:
    made = waiting(fake)
    lease = take(made.pk)
    assert lease is not None
    ListedDocument.objects.create(run=made, key=uuid.uuid4(), external_id="1")
    assert abandon_dead(timezone.now()) == 0
    assert abandon_dead(timezone.now() + leases.LEASE + HOUR) == 1
    made.refresh_from_db()
    assert (made.state, made.lease_token, ListedDocument.objects.count()) == ("abandoned", None, 0)
    assert reconciled(fake).state == "finished"
    lease.kept_at -= HOUR.total_seconds()
    with pytest.raises(TakenOver):
        lease.keep()
    assert lease.end(RunState.FINISHED) is False
    made.refresh_from_db()
    assert made.state == "abandoned"


# --- size -------------------------------------------------------------------------------------------------------------


def test_memory_stays_flat_and_queries_go_by_batches(
    fake: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "BATCH", 100)
    monkeypatch.setattr(comparing, "BATCH", 100)
    monkeypatch.setattr(comparing, "is_anothers", lambda *_: True)

    def measured(documents: int) -> tuple[int, int]:
        books.documents = {
            str(uuid.uuid4()): [Posted(external_id=str(n), number=f"F-{n}", gross=Decimal(n))] for n in range(documents)
        }
        with CaptureQueriesContext(database) as asked:
            assert reconciled(fake).read == documents
        tracemalloc.start()
        reconciled(fake)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak, len(asked)

    measured(100)
    (few, queries), (many, more) = measured(200), measured(1800)
    assert more - queries <= 16 * 8
    assert many < few + 700_000  # psycopg remembers the text of the last hundred statements, and no more
