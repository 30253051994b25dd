"""A lookup that may miss it found nothing: a trusted, young key is sent again; all else waits for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations.errors import OutcomeUnknown, Retryable
from portal.connections.models import Connection
from portal.postings import work
from portal.postings.models import Attempt, Posting
from portal.postings.trusted_key import TOO_OLD
from tests.connections.runs import kept_run
from tests.factories import accepted
from tests.postings.fake_books import Books, FakeBooks

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
KEY_SECONDS = 7200
Clock = time_machine.Traveller


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    """Frozen time that a test moves."""
    with time_machine.travel(START, tick=False) as coordinates:
        yield coordinates


@pytest.fixture(autouse=True)
def lagging(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system with keys that live for two hours, and a lookup that may miss a document."""
    can = replace(FakeBooks.can, lookup_complete=False, key_seconds=KEY_SECONDS)
    monkeypatch.setattr(FakeBooks, "can", can)


@pytest.fixture
def trusted(connection: Connection) -> Connection:
    """The connection, after a passed conformance run."""
    kept_run(connection, START - timedelta(days=3))
    return connection


def break_off() -> None:
    raise OutcomeUnknown("No answer came in time.")


def slow_down() -> None:
    raise Retryable("Slow down.", retry_after=1, free=True)


def lost(connection: Connection, books: Books) -> Posting:
    """A posting whose answer is lost; it is in the books, where the lookup does not see it."""
    books.after_booking = break_off
    posting = accepted(connection).posting
    work.run(posting.pk)
    books.after_booking = None
    books.documents.clear()
    return posting


def step(posting: Posting, clock: Clock) -> str:
    """Let the time come at which it is due, and do what is due then."""
    posting.refresh_from_db()
    assert posting.next_attempt_at is not None
    clock.move_to(max(posting.next_attempt_at, timezone.now()))
    work.run(posting.pk)
    posting.refresh_from_db()
    return posting.state


def missed_twice(posting: Posting, clock: Clock) -> str:
    assert step(posting, clock) == "unknown"
    return step(posting, clock)


def test_a_trusted_young_key_is_sent_again_in_the_same_generation(
    trusted: Connection, books: Books, clock: Clock
) -> None:
    posting = lost(trusted, books)
    assert missed_twice(posting, clock) == "ready"
    assert (posting.generation, posting.may_exist) == (1, True)
    assert "key" in posting.reason
    assert step(posting, clock) == "posted"
    assert books.sent_keys == [str(posting.idempotency_key)] * 2
    assert (posting.differences, posting.reason) == ([], "")


def test_a_system_that_repeats_errors_gets_the_same_key_as_well(
    trusted: Connection, books: Books, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new generation would be a new document: absence is not proven here."""
    monkeypatch.setattr(FakeBooks, "can", replace(FakeBooks.can, repeats_errors=True))
    posting = lost(trusted, books)
    assert missed_twice(posting, clock) == "ready"
    assert posting.generation == 1


def untrusted(connection: Connection) -> None:
    kept_run(connection, START, trusted=False)


def too_long_ago(connection: Connection) -> None:
    connection.conformances.update(ended_at=START - timedelta(days=180, seconds=1))


def elsewhere(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(settings={"base_url": "https://live.example"})


@pytest.mark.parametrize("spoil", [untrusted, too_long_ago, elsewhere])
def test_without_trust_a_person_decides(
    trusted: Connection, books: Books, clock: Clock, spoil: Callable[[Connection], None]
) -> None:
    spoil(trusted)
    posting = lost(trusted, books)
    assert missed_twice(posting, clock) == "held"
    assert len(books.sent_keys) == 1


def test_without_a_run_a_person_decides(connection: Connection, books: Books, clock: Clock) -> None:
    assert missed_twice(lost(connection, books), clock) == "held"


def test_a_key_past_half_its_life_is_not_sent_again(trusted: Connection, books: Books, clock: Clock) -> None:
    posting = lost(trusted, books)
    assert step(posting, clock) == "unknown"
    clock.shift(KEY_SECONDS / 2)
    assert step(posting, clock) == "held"
    assert len(books.sent_keys) == 1


def test_an_operation_that_the_vendor_has_not_ended_is_never_sent_again(
    trusted: Connection, books: Books, clock: Clock
) -> None:
    posting = lost(trusted, books)
    Posting.objects.filter(pk=posting.pk).update(operation="push-17")
    assert missed_twice(posting, clock) == "held"


def test_a_key_that_grew_old_while_it_waited_is_looked_up_and_not_sent(
    trusted: Connection, books: Books, clock: Clock
) -> None:
    """A pause, a breaker, a limit: hours may lie between the decision and the bytes."""
    posting = lost(trusted, books)
    assert missed_twice(posting, clock) == "ready"
    clock.shift(KEY_SECONDS)
    assert step(posting, clock) == "unknown"
    assert (posting.reason, posting.misses) == (TOO_OLD, 0)
    assert missed_twice(posting, clock) == "held"
    assert len(books.sent_keys) == 1
    purposes = Attempt.objects.filter(posting=posting).order_by("number").values_list("purpose", flat=True)
    assert list(purposes) == ["send", "lookup", "lookup", "lookup", "lookup"]


def test_what_a_restore_left_ready_is_looked_up_whatever_its_key(
    trusted: Connection, books: Books, clock: Clock
) -> None:
    """The marks of a restore say nothing of two misses, so the key is not asked."""
    posting = lost(trusted, books)
    assert missed_twice(posting, clock) == "ready"
    Posting.objects.filter(pk=posting.pk).update(misses=0)
    assert step(posting, clock) == "unknown"
    assert len(books.sent_keys) == 1


def test_a_rate_limit_meanwhile_changes_nothing(trusted: Connection, books: Books, clock: Clock) -> None:
    posting = lost(trusted, books)
    assert missed_twice(posting, clock) == "ready"
    books.before_booking = slow_down
    assert step(posting, clock) == "ready"
    books.before_booking = None
    assert step(posting, clock) == "posted"
    assert set(books.sent_keys) == {str(posting.idempotency_key)}


def test_a_complete_lookup_proves_absence_as_before(
    trusted: Connection, books: Books, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeBooks, "can", replace(FakeBooks.can, lookup_complete=True, repeats_errors=True))
    posting = lost(trusted, books)
    assert missed_twice(posting, clock) == "ready"
    assert (posting.generation, posting.may_exist) == (2, False)


def test_one_that_only_ever_breaks_ends_with_a_person(trusted: Connection, books: Books, clock: Clock) -> None:
    """Each time it is sent under the same key, until the key is too old to be relied on."""
    posting = lost(trusted, books)
    books.after_booking = break_off
    for _ in range(60):
        books.documents.clear()
        if step(posting, clock) == "held":
            break
    assert posting.state == "held"
    assert set(books.sent_keys) == {str(posting.idempotency_key)}
    assert 2 <= len(books.sent_keys) <= 12
