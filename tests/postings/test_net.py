"""The holes that the safety net must not have: each test stands for one way to lose or to double a posting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.utils import timezone

from integrations.errors import OutcomeUnknown, Rejected, Retryable, Unauthorised
from portal.connections.models import AnswerPolicy, Connection
from portal.postings import claim as claiming
from portal.postings import one_statement, work
from portal.postings.accept import Taken
from portal.postings.answer import decide
from portal.postings.claim import Claim, claim
from portal.postings.models import Posting
from portal.postings.repair import retry
from portal.postings.schedule import SEND_WITHIN_SECONDS
from portal.postings.states import State
from portal.postings.sweep import release_dead, sweep
from tests.factories import (
    StaffFactory,
    a_document,
    a_line,
    accepted,
)
from tests.postings.breaking import in_the_middle_of_accepting
from tests.postings.fake_books import Books, FakeBooks

pytestmark = [pytest.mark.engine]
START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def raising(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def the_claim_of(posting: Posting) -> Claim:
    claimed = claim(posting.pk)
    assert claimed is not None
    return claimed


def state_of(posting: Posting) -> str:
    posting.refresh_from_db()
    return posting.state


@pytest.mark.django_db
class TestALateCommit:
    """The vendor commits one second before its quiet period is over, whichever way the call was lost."""

    QUIET = 300

    @pytest.fixture(autouse=True)
    def patient(self, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(FakeBooks, "can", replace(FakeBooks.can, quiet_seconds=self.QUIET))

    def no_answer(self, posting: Posting, books: Books, clock: time_machine.Traveller) -> None:
        books.before_booking = raising(OutcomeUnknown("No answer came in time."))
        work.run(posting.pk)

    def a_dead_worker(self, posting: Posting, books: Books, clock: time_machine.Traveller) -> None:
        assert claim(posting.pk) is not None
        clock.shift(121)
        assert release_dead(timezone.now()) == 1

    def a_bug_and_an_eager_person(self, posting: Posting, books: Books, clock: time_machine.Traveller) -> None:
        books.before_booking = raising(ZeroDivisionError())
        work.run(posting.pk)
        assert state_of(posting) == State.HELD
        retry(posting, by=StaffFactory.create(), why="Again, please.")

    @pytest.mark.parametrize("lose", [no_answer, a_dead_worker, a_bug_and_an_eager_person])
    def test_is_found_and_not_doubled(
        self, connection: Connection, books: Books, clock: time_machine.Traveller, lose: Callable[..., None]
    ) -> None:
        document = a_document()
        posting = accepted(connection, document).posting
        lose(self, posting, books, clock)
        books.before_booking = None
        for _ in range(self.QUIET - 1):
            sweep()
            clock.shift(1)
        assert books.count() == 0
        books.book(document, str(posting.idempotency_key))
        for _ in range(10):
            sweep()
            clock.shift(10)
        assert (state_of(posting), books.count()) == (State.POSTED, 1)


@pytest.mark.django_db
class TestAFrozenWorker:
    """It comes back after its lease was lost and the posting is in another worker's hands."""

    def taken_by_another(self, posting: Posting, clock: time_machine.Traveller) -> Claim:
        """The lease runs out; whatever the state then asks for, the next worker has claimed it."""
        clock.shift(121)
        assert release_dead(timezone.now()) == 1
        while (claimed := claim(posting.pk)) is None:
            clock.shift(1)
        return claimed

    @pytest.mark.parametrize(
        "error",
        [Rejected("Account 9999 is unknown."), Retryable("Down."), OutcomeUnknown("No answer."), Unauthorised("No.")],
    )
    def test_that_sent_settles_nothing(
        self, connection: Connection, books: Books, clock: time_machine.Traveller, error: Exception
    ) -> None:
        posting = accepted(connection).posting
        others: list[Claim] = []

        def freeze() -> None:
            looked_up = self.taken_by_another(posting, clock)
            work._perform(looked_up)
            clock.shift(30)
            work.run(posting.pk)
            assert state_of(posting) == State.READY
            assert posting.next_attempt_at is not None
            clock.move_to(posting.next_attempt_at)
            others.append(the_claim_of(posting))
            raise error

        books.before_booking = freeze
        work.run(posting.pk)
        assert state_of(posting) == State.SENDING
        assert posting.lease_token == others[0].posting.lease_token

    def test_between_its_claim_and_the_call_sends_nothing(
        self, connection: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        posting = accepted(connection).posting

        def held_up(posting_id: int, **named: Any) -> Claim | None:
            claimed = claim(posting_id, **named)
            assert claimed is not None
            claimed.claimed_at -= SEND_WITHIN_SECONDS + 1
            return claimed

        with monkeypatch.context() as patched:
            patched.setattr(work, "claim", held_up)
            work.run(posting.pk)
        assert (state_of(posting), posting.may_exist, books.sent_keys) == (State.READY, False, [])
        work.run(posting.pk)
        assert (state_of(posting), books.count()) == (State.POSTED, 1)

    def test_that_looked_settles_nothing(
        self, connection: Connection, books: Books, clock: time_machine.Traveller
    ) -> None:
        posting = accepted(connection).posting
        books.before_booking = raising(OutcomeUnknown("No answer."))
        work.run(posting.pk)
        others: list[Claim] = []
        books.at_lookup = lambda: others.append(self.taken_by_another(posting, clock))
        clock.shift(20)
        work.run(posting.pk)
        assert state_of(posting) == State.CHECKING
        assert (posting.lease_token, posting.misses) == (others[0].posting.lease_token, 0)


@pytest.mark.django_db
class TestTheSameKeyEachTime:
    def test_whatever_happened_before(
        self, connection: Connection, books: Books, clock: time_machine.Traveller
    ) -> None:
        posting = accepted(connection).posting
        for error in (Retryable("Down."), Retryable("Slow down.", free=True), OutcomeUnknown("No answer.")):
            books.before_booking = raising(error)
            assert posting.next_attempt_at is not None
            clock.move_to(posting.next_attempt_at)
            work.run(posting.pk)
            posting.refresh_from_db()
        books.before_booking = None
        for _ in range(20):
            clock.shift(10)
            sweep()
        assert state_of(posting) == State.POSTED
        assert books.sent_keys == [str(posting.idempotency_key)] * 4

    def test_a_refusal_spends_it_in_the_header_and_keeps_it_on_the_document(
        self, connection: Connection, books: Books, clock: time_machine.Traveller
    ) -> None:
        posting = accepted(connection).posting
        books.before_booking = raising(Rejected("Account 9999 is unknown."))
        work.run(posting.pk)
        books.before_booking = None
        posting.refresh_from_db()
        retry(posting, by=StaffFactory.create(), why="The account was added.")
        work.run(posting.pk)
        assert list(books.documents) == [str(posting.idempotency_key)]


@pytest.mark.django_db
class TestTaking:
    def test_a_claim_never_sends_content_that_was_replaced_meanwhile(
        self, connection: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document, read = a_document(), claiming._read
        posting = accepted(connection, document).posting
        assert decide(posting.pk, AnswerPolicy.IMMEDIATE).status == 200
        line = a_line(net=Decimal("110.00"), tax=Decimal("22.00"), gross=Decimal("132.00"))
        dearer = replace(document, lines=(line,), net=line.net, tax=line.tax, gross=line.gross)

        def read_just_before_the_revision(posting_id: int) -> Posting | None:
            found = read(posting_id)
            assert accepted(connection, dearer).taken is Taken.REVISED
            return found

        with monkeypatch.context() as patched:
            patched.setattr(one_statement, "claim", lambda *_: None)
            patched.setattr(claiming, "_read", read_just_before_the_revision)
            work.run(posting.pk)
        work.run(posting.pk)
        assert state_of(posting) == State.POSTED
        assert posting.booked["gross"] == "132.00"

    def test_a_failure_in_the_middle_costs_no_number(self, connection: Connection) -> None:
        with in_the_middle_of_accepting(), pytest.raises(OperationalError):
            accepted(connection)
        assert accepted(connection).posting.transaction.number == "P-000001"
        accepted(connection, a_document())
        with in_the_middle_of_accepting(), pytest.raises(OperationalError):
            accepted(connection, a_document())
        assert accepted(connection, a_document()).posting.transaction.number == "P-000003"
