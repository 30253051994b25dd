"""What must hold of the engine after every step: checked against the tables and the vendor's books."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from django.db import connection as database

from integrations.content import content_hash
from portal.postings.accept import Acceptance, Taken
from portal.postings.models import Attempt, NumberSeries, Posting, Purpose, Transition
from portal.postings.states import FINAL, LEASED, TRANSITIONS, UNDER_WAY, Actor, State
from tests.postings.clumsy_books import Booking, ClumsyVendor


@dataclass
class Told:
    """What the source knows of one transaction, by what we answered."""

    content: str = ""
    number: str = ""
    is_refused: bool = False


@dataclass
class Model:
    """What is remembered beside the database: answers, accepted content, and where each posting stood at last."""

    told: dict[int, Told] = field(default_factory=lambda: defaultdict(Told))
    finals: dict[int, str] = field(default_factory=dict)

    def accepted(self, acceptance: Acceptance) -> None:
        """A delivery was committed: sent again, it may be booked; contested content never counts."""
        told = self.told[acceptance.posting.pk]
        if acceptance.taken is not Taken.CONTESTED:
            told.is_refused = False
        if acceptance.taken in (Taken.NEW, Taken.REVISED):
            told.content = acceptance.posting.transaction.content_hash

    def answered(self, posting_id: int, status: int, number: str) -> None:
        """The source was told a number, or that it failed."""
        told = self.told[posting_id]
        if status == 200:
            assert number
            assert told.number in ("", number), "two answers for one transaction contradict each other"
            told.number = number
        told.is_refused = status != 200


@dataclass(frozen=True)
class Seen:
    """One posting with its history."""

    posting: Posting
    attempts: list[Attempt]
    transitions: list[Transition]
    bookings: list[Booking]
    visible: list[Booking]

    @property
    def state(self) -> State:
        return State(self.posting.state)


def check(model: Model, vendor: ClumsyVendor) -> list[Seen]:
    """Every promise, for every posting. Returns what was seen."""
    if database.vendor == "postgresql":
        _ask_the_deferred_triggers()
    everything = _read(vendor)
    _numbers_have_no_gap(everything)
    keys = {str(seen.posting.idempotency_key) for seen in everything}
    assert {booking.key for booking in vendor.bookings} <= keys, "a document in the books that nobody accepted"
    for seen in everything:
        _never_booked_twice(seen)
        _history_is_whole(seen)
        _lease_and_attempts_agree(seen)
        _answers_hold(seen, model.told[seen.posting.pk])
        _final_stays_final(seen, model)
    return everything


def _ask_the_deferred_triggers() -> None:
    with database.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _read(vendor: ClumsyVendor) -> list[Seen]:
    attempts, transitions = defaultdict(list), defaultdict(list)
    for attempt in Attempt.objects.order_by("pk"):
        attempts[attempt.posting_id].append(attempt)
    for transition in Transition.objects.order_by("pk"):
        transitions[transition.posting_id].append(transition)
    return [
        Seen(
            posting,
            attempts[posting.pk],
            transitions[posting.pk],
            vendor.of(posting.idempotency_key),
            vendor.visible(posting.idempotency_key),
        )
        for posting in Posting.objects.select_related("transaction").order_by("pk")
    ]


def _numbers_have_no_gap(everything: list[Seen]) -> None:
    numbers: dict[object, list[str]] = defaultdict(list)
    for seen in everything:
        numbers[seen.posting.transaction.company_id].append(seen.posting.transaction.number)
    for company, last in NumberSeries.objects.values_list("pk", "last"):
        assert sorted(numbers.pop(company, [])) == [f"P-{n:06d}" for n in range(1, last + 1)]
    assert not numbers


def _never_booked_twice(seen: Seen) -> None:
    assert len(seen.bookings) <= 1, "one posting stands twice in the books"
    for booking in seen.bookings:
        assert booking.reference == seen.posting.transaction.number
        assert content_hash(booking.sent) == seen.posting.transaction.content_hash, "another content was sent"
    if seen.state is State.POSTED and seen.transitions[-1].who != Actor.STAFF:
        (booking,) = seen.visible
        assert seen.posting.external_id == booking.posted.external_id
        assert bool(seen.posting.differences) == (booking.posted.gross != booking.sent.gross)


def _history_is_whole(seen: Seen) -> None:
    rows = seen.transitions
    assert (rows[0].before, rows[0].after, rows[0].who) == ("", State.READY, Actor.INTAKE)
    assert rows[-1].after == seen.state
    for one, next_one in pairwise(rows):
        assert one.after == next_one.before
        assert one.at <= next_one.at
        assert next_one.who in TRANSITIONS[State(next_one.before), State(next_one.after)]


def _lease_and_attempts_agree(seen: Seen) -> None:
    posting, is_leased = seen.posting, seen.state in LEASED
    assert (posting.lease_token is not None, posting.lease_until is not None) == (is_leased, is_leased)
    assert [attempt.number for attempt in seen.attempts] == list(range(1, posting.attempt_count + 1))
    assert sum(attempt.purpose == Purpose.SEND for attempt in seen.attempts) == posting.attempts_made
    under_way = [attempt for attempt in seen.attempts if attempt.ended_at is None and attempt.purpose != Purpose.POLL]
    assert [attempt.lease_token for attempt in under_way] == [posting.lease_token] * is_leased
    assert all(attempt.outcome for attempt in seen.attempts if attempt.ended_at)
    waits = posting.next_attempt_at is not None
    assert waits or seen.state not in (State.READY, State.UNKNOWN, State.AWAITING), "nobody would ever look at it"
    assert posting.reason or seen.state not in (State.REJECTED, State.HELD, State.WITHDRAWN, State.VOID)


def _answers_hold(seen: Seen, told: Told) -> None:
    """Law 1: no document appears after a failure was answered. Law 2: a number is kept, and what it stands for too."""
    transaction = seen.posting.transaction
    assert transaction.content_hash == told.content, "the content that counts is not the last one that was taken"
    assert told.number in ("", transaction.answered_number), "an answered number changed"
    if told.is_refused and seen.state is not State.VOID:
        assert not seen.bookings, "a document stands in the books that was answered as failed"
        assert seen.state in (State.REJECTED, State.WITHDRAWN, State.HELD)
    if transaction.answered_number:
        assert seen.state is not State.WITHDRAWN, "a document with an answered number was dropped"


def _final_stays_final(seen: Seen, model: Model) -> None:
    before = model.finals.get(seen.posting.pk)
    assert before in (None, seen.state)
    if seen.state in FINAL:
        model.finals[seen.posting.pk] = seen.state


def check_at_rest(everything: list[Seen]) -> None:
    """Nothing waits for nobody: each one is in the books, closed, withdrawn unanswered, or in front of a person."""
    for seen in everything:
        assert seen.state not in UNDER_WAY, f"{seen.posting} never comes to rest: {seen.posting.reason}"
