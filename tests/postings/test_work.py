"""What becomes of a posting: every outcome of a call, of a lookup, of a dead or frozen worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone

from integrations.documents import Document, Posted
from integrations.errors import (
    LeaseLost,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Retryable,
    Unauthorised,
)
from integrations.metadata import Limits
from portal.connections.limits import turn
from portal.connections.models import Connection, Status
from portal.events.models import AuditEvent
from portal.monotonic import since_boot
from portal.postings import schedule, work
from portal.postings.changes import change, fresh_lease
from portal.postings.claim import claim
from portal.postings.due import Where, in_mid_call
from portal.postings.maintenance import maintenance
from portal.postings.models import Attempt, Posting
from portal.postings.states import TRANSITIONS, Actor, IllegalTransition, State
from portal.postings.sweep import due_ids, release_dead, sweep
from tests.factories import a_document, accepted
from tests.postings.fake_books import Books, FakeBooks

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """Frozen time that a test moves."""
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


def raising(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def posting_of(connection: Connection) -> Posting:
    return accepted(connection).posting


def now_at(posting: Posting) -> tuple[str, float | None]:
    """The state, and the seconds until the next attempt."""
    posting.refresh_from_db()
    due = posting.next_attempt_at
    return posting.state, None if due is None else (due - timezone.now()).total_seconds()


class TestSending:
    def test_success_keeps_number_id_and_what_was_booked(self, connection: Connection, books: Books) -> None:
        posting = posting_of(connection)
        work.run(posting.pk)
        posting.refresh_from_db()
        assert (posting.state, posting.external_id, posting.external_number) == ("posted", "1", "FAKE-1")
        assert posting.booked["gross"] == "120.00"
        assert posting.differences == []
        assert books.references == ["P-000001"]
        assert books.sent_keys == [str(posting.idempotency_key)]
        assert (posting.lease_token, posting.next_attempt_at) == (None, None)
        assert [(t.before, t.after, t.who) for t in posting.transitions.all()] == [
            ("", "ready", "intake"), ("ready", "sending", "worker"), ("sending", "posted", "worker"),
        ]  # fmt: skip

    def test_what_the_books_say_otherwise_is_shown(
        self, connection: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document = a_document()
        posting = accepted(connection, document).posting
        original = books.book

        def dearer(document: Document, key: str) -> Posted:
            return replace(original(document, key), tax=Decimal("24.00"), gross=Decimal("124.00"))

        monkeypatch.setattr(books, "book", dearer)
        work.run(posting.pk)
        posting.refresh_from_db()
        assert posting.state == "posted"
        assert posting.differences == [["tax", "20.00", "24.00"], ["gross", "120.00", "124.00"]]

    def test_a_second_nudge_does_nothing(self, connection: Connection, books: Books) -> None:
        posting = posting_of(connection)
        for _ in range(3):
            work.run(posting.pk)
        assert (books.count(), Attempt.objects.count()) == (1, 1)

    def test_proof_that_nothing_happened_delays_and_counts(self, connection: Connection, books: Books) -> None:
        books.before_booking = raising(Retryable("No connection could be made."))
        posting = posting_of(connection)
        work.run(posting.pk)
        state, seconds = now_at(posting)
        assert state == "ready"
        assert seconds is not None
        assert 5 <= seconds <= 6
        assert (posting.tries, posting.may_exist, posting.reason) == (1, False, "No connection could be made.")

    def test_a_rate_limit_delays_and_uses_up_no_try(self, connection: Connection, books: Books) -> None:
        books.before_booking = raising(Retryable("Slow down.", retry_after=17, free=True))
        posting = posting_of(connection)
        work.run(posting.pk)
        assert now_at(posting) == ("ready", 17.0)
        assert posting.tries == 0

    def test_the_schedule_is_used_up_after_days_and_then_a_person_must_look(
        self, connection: Connection, books: Books, clock: time_machine.Traveller
    ) -> None:
        books.before_booking = raising(Retryable("The accounting system is down."))
        posting = posting_of(connection)
        tries = 0
        while now_at(posting)[0] == "ready":
            assert posting.next_attempt_at is not None
            clock.move_to(posting.next_attempt_at)
            work.run(posting.pk)
            tries += 1
        assert tries == 12
        assert timedelta(hours=75) < timezone.now() - START < timedelta(hours=92)
        assert posting.state == "held"
        assert "The accounting system is down." in posting.reason
        assert books.count() == 0

    @pytest.mark.parametrize(
        "error",
        [
            Rejected("Account 9999 is unknown.", field="lines[1].account_code"),
            Misconfigured("Line 1 has no tax code.", field="lines[1].account_code"),
        ],
    )
    def test_a_definite_refusal_waits_for_a_person_with_the_vendors_words(
        self, connection: Connection, books: Books, error: Rejected
    ) -> None:
        books.before_booking = raising(error)
        posting = posting_of(connection)
        work.run(posting.pk)
        assert now_at(posting) == ("rejected", None)
        assert (posting.reason, posting.reason_field) == (error.message, "lines[1].account_code")
        assert (posting.may_exist, posting.generation) == (False, 2)

    def test_lost_credentials_stop_the_connection_and_tell_once(self, connection: Connection, books: Books) -> None:
        books.before_booking = raising(Unauthorised("The token is not accepted."))
        first, second = posting_of(connection), accepted(connection, a_document()).posting
        work.run(first.pk)
        work.run(second.pk)
        connection.refresh_from_db()
        assert connection.status == Status.DEAUTHORISED
        assert (now_at(first)[0], now_at(second)[0]) == ("ready", "ready")
        assert second.attempt_count == 0
        assert AuditEvent.objects.filter(verb="connection.deauthorised").count() == 1
        assert due_ids(timezone.now()) == []

    def test_a_bug_is_held_with_its_traceback_and_may_be_in_the_books(
        self, connection: Connection, books: Books
    ) -> None:
        books.after_booking = raising(ZeroDivisionError("division by zero"))
        posting = posting_of(connection)
        work.run(posting.pk)
        assert now_at(posting) == ("held", None)
        assert "ZeroDivisionError" in posting.traceback
        assert "division" not in posting.reason
        assert posting.may_exist

    def test_the_id_of_another_document_is_held(
        self, connection: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = posting_of(connection), accepted(connection, a_document()).posting
        original = books.book
        monkeypatch.setattr(books, "book", lambda document, key: replace(original(document, key), external_id="7"))
        work.run(first.pk)
        work.run(second.pk)
        assert (now_at(first)[0], now_at(second)) == ("posted", ("held", None))
        assert "document 7" in second.reason
        assert second.may_exist

    def test_a_paused_connection_sends_nothing(self, connection: Connection, books: Books) -> None:
        posting = posting_of(connection)
        Connection.objects.update(paused=True)
        work.run(posting.pk)
        assert (now_at(posting)[0], books.sent_keys) == ("ready", [])


class TestTheUnknownOutcome:
    def test_said_yes_and_forgot_to_answer_is_found_and_never_sent_again(
        self, connection: Connection, books: Books, clock: time_machine.Traveller
    ) -> None:
        books.after_booking = raising(OutcomeUnknown("No answer came in time."))
        posting = posting_of(connection)
        work.run(posting.pk)
        assert now_at(posting) == ("unknown", 20.0)
        work.run(posting.pk)
        assert books.lookups == 0
        clock.shift(20)
        work.run(posting.pk)
        posting.refresh_from_db()
        assert (posting.state, posting.external_number) == ("posted", "FAKE-1")
        assert (books.count(), len(books.sent_keys), books.lookups) == (1, 1, 1)
        assert [a.purpose for a in posting.attempts.all()] == ["send", "lookup"]

    def test_two_misses_prove_absence_and_only_then_it_is_sent_again(
        self, connection: Connection, books: Books, clock: time_machine.Traveller
    ) -> None:
        books.before_booking = raising(OutcomeUnknown("The connection broke."))
        posting = posting_of(connection)
        work.run(posting.pk)
        books.before_booking = None
        clock.shift(20)
        work.run(posting.pk)
        assert now_at(posting) == ("unknown", 30.0)
        clock.shift(30)
        work.run(posting.pk)
        assert now_at(posting)[0] == "ready"
        assert not posting.may_exist
        clock.shift(6)
        work.run(posting.pk)
        assert now_at(posting)[0] == "posted"
        assert (books.count(), len(books.sent_keys), books.lookups) == (1, 2, 2)

    def test_a_system_that_only_ever_breaks_ends_with_a_person(
        self, connection: Connection, books: Books, clock: time_machine.Traveller
    ) -> None:
        books.before_booking = raising(OutcomeUnknown("A repeated 500."))
        posting = posting_of(connection)
        while now_at(posting)[0] != "held":
            assert posting.next_attempt_at is not None
            clock.move_to(max(posting.next_attempt_at, timezone.now()))
            Connection.objects.update(open_until=None)
            work.run(posting.pk)
        assert len(books.sent_keys) == 12
        assert "12 times" in posting.reason
        assert books.count() == 0

    def test_a_late_commit_is_seen_by_the_second_lookup(
        self, connection: Connection, books: Books, clock: time_machine.Traveller
    ) -> None:
        document = a_document()
        posting = accepted(connection, document).posting
        books.before_booking = raising(OutcomeUnknown("The connection broke."))
        work.run(posting.pk)
        clock.shift(20)
        work.run(posting.pk)
        books.book(document, str(posting.idempotency_key))
        clock.shift(30)
        work.run(posting.pk)
        assert now_at(posting)[0] == "posted"
        assert books.count() == 1

    def test_where_absence_cannot_be_proven_a_person_decides(
        self, connection: Connection, books: Books, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(FakeBooks, "can", replace(FakeBooks.can, lookup_complete=False))
        books.before_booking = raising(OutcomeUnknown("The connection broke."))
        posting = posting_of(connection)
        for seconds in (0, 20, 30):
            clock.shift(seconds)
            work.run(posting.pk)
        assert now_at(posting) == ("held", None)
        assert len(books.sent_keys) == 1

    def test_two_matches_or_another_amount_are_held(
        self, connection: Connection, books: Books, clock: time_machine.Traveller
    ) -> None:
        first, second = posting_of(connection), accepted(connection, a_document()).posting
        books.after_booking = raising(OutcomeUnknown("No answer came in time."))
        work.run(first.pk)
        work.run(second.pk)
        books.documents[str(first.idempotency_key)] *= 2
        only = books.documents[str(second.idempotency_key)]
        only[0] = replace(only[0], gross=Decimal("130.00"))
        clock.shift(20)
        work.run(first.pk)
        work.run(second.pk)
        assert (now_at(first)[0], now_at(second)[0]) == ("held", "held")
        assert "2 documents" in first.reason
        assert "130.00" in second.reason

    def test_a_failing_lookup_is_asked_again_and_nothing_is_sent(
        self, connection: Connection, books: Books, clock: time_machine.Traveller
    ) -> None:
        books.after_booking = raising(OutcomeUnknown("No answer came in time."))
        posting = posting_of(connection)
        work.run(posting.pk)
        books.at_lookup = raising(Retryable("Down."))
        clock.shift(20)
        work.run(posting.pk)
        state, seconds = now_at(posting)
        assert state == "unknown"
        assert seconds is not None
        assert 5 <= seconds <= 6
        assert (posting.may_exist, len(books.sent_keys)) == (True, 1)


class TestLeases:
    def test_a_dead_worker_leaves_an_unknown_outcome(self, connection: Connection, books: Books) -> None:
        posting = posting_of(connection)
        claimed = claim(posting.pk)
        assert claimed is not None
        assert release_dead(timezone.now() + timedelta(seconds=119)) == 0
        assert release_dead(timezone.now() + timedelta(seconds=121)) == 1
        posting.refresh_from_db()
        assert (posting.state, posting.crashes, posting.lease_token) == ("unknown", 1, None)
        assert posting.attempts.get().outcome == "Died"
        assert books.sent_keys == []

    def test_the_place_of_a_dead_worker_is_free_for_the_next(
        self, connection: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(FakeBooks, "limits", Limits(at_once=1))
        posting, lease = posting_of(connection), fresh_lease()
        dead = turn(connection.pk, FakeBooks, lease, in_mid_call)
        assert dead.__enter__() is not None
        assert claim(posting.pk, lease=lease) is not None
        with turn(connection.pk, FakeBooks, fresh_lease(), in_mid_call) as refused:
            assert refused is None
        assert release_dead(timezone.now() + timedelta(seconds=121)) == 1
        with turn(connection.pk, FakeBooks, fresh_lease(), in_mid_call) as granted:
            assert granted is not None
        dead.__exit__(None, None, None)

    def test_who_lost_the_lease_settles_nothing(self, connection: Connection, books: Books) -> None:
        posting = posting_of(connection)

        def frozen_for_long() -> None:
            assert release_dead(timezone.now() + timedelta(seconds=121)) == 1

        books.after_booking = frozen_for_long
        work.run(posting.pk)
        posting.refresh_from_db()
        assert (posting.state, posting.external_id) == ("unknown", None)
        assert posting.attempts.get().outcome == "Posted"

    def test_a_worker_that_was_frozen_before_sending_sends_nothing(self, connection: Connection) -> None:
        claimed = claim(posting_of(connection).pk)
        assert claimed is not None
        claimed.still_ours()
        claimed.clock = lambda: claimed.claimed_at + schedule.SEND_WITHIN_SECONDS + 1
        with pytest.raises(LeaseLost):
            claimed.still_ours()

    def test_three_crashes_hold_it(self, connection: Connection, books: Books, clock: time_machine.Traveller) -> None:
        posting = posting_of(connection)
        for _ in range(3):
            assert claim(posting.pk) is not None
            clock.shift(121)
            release_dead(timezone.now())
            clock.shift(schedule.RECHECK_SECONDS)
        assert claim(posting.pk) is None
        assert now_at(posting) == ("held", None)
        assert books.sent_keys == []

    def test_a_claim_excludes_every_other(self, connection: Connection) -> None:
        posting = posting_of(connection)
        assert claim(posting.pk) is not None
        assert claim(posting.pk) is None

    def test_the_sweep_runs_what_is_due_without_a_nudge(self, connection: Connection, books: Books) -> None:
        postings = [accepted(connection, a_document()).posting for _ in range(3)]
        assert sweep() == 3
        assert [now_at(posting)[0] for posting in postings] == ["posted"] * 3


class TestTheTable:
    def test_every_way_that_is_not_in_the_table_is_refused(self, connection: Connection) -> None:
        posting = posting_of(connection)
        for before in State:
            for after in State:
                for who in Actor:
                    posting.state = before
                    if who not in TRANSITIONS.get((before, after), frozenset()):
                        with pytest.raises(IllegalTransition):
                            change(posting, after, who=who)

    def test_nothing_leaves_posted_or_void(self) -> None:
        assert not [pair for pair in TRANSITIONS if pair[0] in (State.POSTED, State.VOID)]

    def test_a_stale_object_changes_nothing(self, connection: Connection) -> None:
        posting = posting_of(connection)
        with maintenance():
            Posting.objects.filter(pk=posting.pk).update(state="withdrawn")
        assert change(posting, State.WITHDRAWN, who=Actor.INTAKE) is False
        assert posting.transitions.count() == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_claims_time_begins_before_its_first_statement(connection: Connection, known: bool) -> None:
    """A worker that is held up after the commit, before it goes on, must find that its time is over."""
    posting, asked_at = posting_of(connection), list[float]()

    def watch(execute: Callable[..., object], *statement: object) -> object:
        asked_at.append(since_boot())
        return execute(*statement)

    with database.execute_wrapper(watch):
        claimed = claim(posting.pk, where=Where(connection.pk, connection.integration) if known else None)
    assert claimed is not None
    assert claimed.claimed_at <= asked_at[0]
