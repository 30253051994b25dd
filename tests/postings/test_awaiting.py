"""A system that takes a document first and books it later: asked until it says, never sent again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations.documents import Awaiting, Document, IdempotencyKey, Posted
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected, Retryable, Unauthorised
from portal.connections.models import Connection, Status
from portal.postings import work
from portal.postings.claim import claim
from portal.postings.models import Posting
from portal.postings.sweep import due_ids
from tests.factories import accepted
from tests.postings.fake_books import Books, FakeBooks

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")
Told = Callable[[], Posted | Awaiting]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def told(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> dict[str, Told]:
    """What the system answers when it is asked for an operation."""
    answers: dict[str, Told] = {}

    def post(self: FakeBooks, document: Document, *, key: IdempotencyKey, reference: str) -> Awaiting:
        self.books.sent_keys.append(key.sent)
        return Awaiting(operation="op-1", ask_after_seconds=5)

    monkeypatch.setattr(FakeBooks, "can", replace(FakeBooks.can, awaits=True))
    monkeypatch.setattr(FakeBooks, "post", post)
    monkeypatch.setattr(FakeBooks, "poll", lambda *_, operation: answers[operation]())
    return answers


@pytest.fixture
def posting(connection: Connection, told: dict[str, Told]) -> Posting:
    """Taken by the system, not booked yet."""
    posting = accepted(connection).posting
    work.run(posting.pk)
    posting.refresh_from_db()
    assert (posting.state, posting.operation) == ("awaiting", "op-1")
    assert posting.next_attempt_at == START + timedelta(seconds=5)
    return posting


def ask(posting: Posting, clock: time_machine.Traveller) -> Posting:
    """Move to its time, and let a worker ask."""
    assert posting.next_attempt_at is not None
    clock.move_to(posting.next_attempt_at)
    work.run(posting.pk)
    posting.refresh_from_db()
    return posting


def raising(error: Exception) -> Told:
    def answer() -> Posted:
        raise error

    return answer


def test_it_is_asked_until_it_is_booked(
    posting: Posting, told: dict[str, Told], clock: time_machine.Traveller, books: Books
) -> None:
    told["op-1"] = lambda: Awaiting(operation="op-1", ask_after_seconds=10)
    assert ask(posting, clock).state == "awaiting"
    assert posting.next_attempt_at == timezone.now() + timedelta(seconds=10)
    told["op-1"] = lambda: Posted(external_id="b-1", number="BILL-1")
    assert ask(posting, clock).state == "posted"
    assert (posting.external_number, len(books.sent_keys)) == ("BILL-1", 1)
    assert [a.purpose for a in posting.attempts.all()] == ["send", "poll", "poll"]
    assert [(t.before, t.after) for t in posting.transitions.all()][-2:] == [
        ("sending", "awaiting"),
        ("awaiting", "posted"),
    ]


@pytest.mark.parametrize(
    "error,state",
    [
        (Rejected("Tax code T9 is unknown."), "rejected"),
        (OutcomeUnknown("The push timed out over there."), "unknown"),
        (Retryable("Down."), "awaiting"),
        (Unauthorised("Revoked."), "awaiting"),
        (ZeroDivisionError(), "awaiting"),
    ],
)
def test_what_became_of_it(
    posting: Posting,
    told: dict[str, Told],
    clock: time_machine.Traveller,
    books: Books,
    error: Exception,
    state: str,
) -> None:
    told["op-1"] = raising(error)
    assert ask(posting, clock).state == state
    assert len(books.sent_keys) == 1
    posting.connection.refresh_from_db()
    assert (posting.connection.status == Status.DEAUTHORISED) is isinstance(error, Unauthorised)


def test_only_one_worker_asks_at_a_time_and_a_dead_one_is_replaced(
    posting: Posting, told: dict[str, Told], clock: time_machine.Traveller
) -> None:
    clock.shift(5)
    assert claim(posting.pk) is not None
    assert claim(posting.pk) is None
    assert due_ids(timezone.now()) == []
    clock.shift(121)
    assert due_ids(timezone.now()) == [posting.pk]
    told["op-1"] = lambda: Posted(external_id="b-1", number="BILL-1")
    work.run(posting.pk)
    posting.refresh_from_db()
    assert posting.state == "posted"
    assert [a.outcome for a in posting.attempts.all()] == ["Awaiting", "Died", "Posted"]


def test_a_question_that_could_not_be_asked_says_nothing(
    posting: Posting, told: dict[str, Told], clock: time_machine.Traveller
) -> None:
    told["op-1"] = raising(Misconfigured("The address is redirected."))
    assert ask(posting, clock).state == "awaiting"


def test_an_operation_that_never_ends_is_looked_up_after_a_day(
    posting: Posting, told: dict[str, Told], clock: time_machine.Traveller, books: Books
) -> None:
    told["op-1"] = lambda: Awaiting(operation="op-1", ask_after_seconds=3600)
    while ask(posting, clock).state == "awaiting":
        assert timezone.now() - START < timedelta(hours=27)
    assert posting.state == "unknown"
    for _ in range(3):
        if posting.state == "unknown":
            ask(posting, clock)
    assert books.lookups == 2
    assert len(books.sent_keys) == 1
    assert posting.state == "held"


def test_after_the_vendor_ended_it_absence_can_be_proven(
    posting: Posting, told: dict[str, Told], clock: time_machine.Traveller, books: Books
) -> None:
    told["op-1"] = raising(OutcomeUnknown("The push timed out over there."))
    assert (ask(posting, clock).state, posting.operation) == ("unknown", "")
    for _ in range(2):
        ask(posting, clock)
    assert (posting.state, books.lookups) == ("ready", 2)


def test_who_asked_for_an_older_operation_settles_nothing(
    posting: Posting, told: dict[str, Told], clock: time_machine.Traveller
) -> None:
    def a_second_operation_meanwhile() -> Posted:
        Posting.objects.update(operation="op-2", next_attempt_at=timezone.now())
        raise Rejected("The first one failed.")

    told["op-1"] = a_second_operation_meanwhile
    assert ask(posting, clock).state == "awaiting"
    assert posting.operation == "op-2"


@pytest.mark.parametrize("late", [Rejected("It failed over there."), OutcomeUnknown("It took too long over there.")])
def test_who_was_replaced_while_it_asked_forgets_no_operation(
    posting: Posting, told: dict[str, Told], clock: time_machine.Traveller, late: Exception
) -> None:
    """Only whoever settles may say that the operation has ended: after that, a lookup that misses counts as proof."""

    def another_asks_meanwhile() -> Posted:
        clock.shift(121)
        assert claim(posting.pk) is not None
        raise late

    told["op-1"] = another_asks_meanwhile
    assert (ask(posting, clock).state, posting.operation) == ("awaiting", "op-1")
