"""What the outside system says later, or says oddly: operations that it works on, refusals, an id that is not ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, NoReturn

import pytest
import time_machine

from integrations.documents import Awaiting, Posted
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected, Retryable
from portal.connections.models import Connection
from portal.postings import work
from portal.postings.models import Posting
from portal.postings.repair import retry
from portal.postings.states import State
from portal.postings.sweep import sweep
from tests.factories import StaffFactory, a_document, accepted
from tests.postings.fake_books import Books, FakeBooks

pytestmark = [pytest.mark.engine]
START = datetime.fromisoformat("2026-11-20T12:00:00+00:00")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def act() -> NoReturn:
        raise error

    return act


def state_of(posting: Posting) -> str:
    posting.refresh_from_db()
    return posting.state


class Operations:
    """An accounting system that takes documents and books them later; `poll` is what it says when it is asked."""

    def __init__(self) -> None:
        self.started = 0
        self.poll: Callable[[], Posted | Awaiting] = lambda: Awaiting(operation=f"op-{self.started}")

    def post(self, *_: Any, **__: Any) -> Awaiting:
        self.started += 1
        return Awaiting(operation=f"op-{self.started}", ask_after_seconds=5)


@pytest.fixture
def operations(books: Books, monkeypatch: pytest.MonkeyPatch) -> Operations:
    made = Operations()
    monkeypatch.setattr(FakeBooks, "can", replace(FakeBooks.can, awaits=True))
    monkeypatch.setattr(FakeBooks, "post", made.post)
    monkeypatch.setattr(FakeBooks, "poll", lambda *_, **__: made.poll())
    return made


@pytest.mark.django_db
class TestAsking:
    def test_a_broken_setting_says_nothing_about_the_document(
        self, connection: Connection, operations: Operations, clock: time_machine.Traveller
    ) -> None:
        posting = accepted(connection).posting
        work.run(posting.pk)
        operations.poll = raising(Misconfigured("It redirects to another address.", field="base_url"))
        clock.shift(5)
        work.run(posting.pk)
        assert (state_of(posting), operations.started) == (State.AWAITING, 1)

    @pytest.mark.parametrize("answer", ["still under way", "no answer"])
    def test_an_operation_that_never_ends_comes_before_a_person(
        self, connection: Connection, books: Books, operations: Operations, clock: time_machine.Traveller, answer: str
    ) -> None:
        posting = accepted(connection).posting
        if answer == "no answer":
            operations.poll = raising(Retryable("Down."))
        work.run(posting.pk)
        books.at_lookup = raising(Retryable("Down."))
        for _ in range(20 * 24):
            clock.shift(3600)
            sweep()
        assert state_of(posting) == State.HELD

    @pytest.mark.parametrize("gives_up", ["after a bug of ours", "after a day"])
    def test_only_the_vendor_can_end_an_operation(
        self, connection: Connection, operations: Operations, clock: time_machine.Traveller, gives_up: str
    ) -> None:
        posting = accepted(connection).posting
        work.run(posting.pk)
        if gives_up == "after a bug of ours":
            operations.poll = raising(ZeroDivisionError())
        for _ in range(60):
            clock.shift(3600)
            sweep()
            if state_of(posting) == State.HELD:
                retry(posting, by=StaffFactory.create(), why="Again, please.")
        assert operations.started == 1

    def test_who_asked_about_an_older_operation_settles_nothing(
        self, connection: Connection, books: Books, clock: time_machine.Traveller, operations: Operations
    ) -> None:
        posting = accepted(connection).posting
        work.run(posting.pk)
        clock.shift(5)

        def freeze() -> Posted:
            clock.shift(121)
            operations.poll = raising(OutcomeUnknown("It took too long over there."))
            for _ in range(300):
                sweep()
                clock.shift(1)
                if operations.started == 2:
                    break
            assert (state_of(posting), posting.operation) == (State.AWAITING, "op-2")
            raise Rejected("Account 9999 is unknown.")

        operations.poll = freeze
        work.run(posting.pk)
        assert (state_of(posting), posting.operation) == (State.AWAITING, "op-2")


@pytest.mark.django_db
class TestTheVendorAnswers:
    def test_a_refusal_is_an_answer_that_closes_the_breaker(
        self, connection: Connection, books: Books, clock: time_machine.Traveller
    ) -> None:
        books.before_booking = raising(Retryable("Down."))
        first, *others = [accepted(connection, a_document()).posting for _ in range(6)]
        for posting in others:
            work.run(posting.pk)
        connection.refresh_from_db()
        assert connection.open_until is not None
        clock.move_to(connection.open_until)
        books.before_booking = raising(Rejected("Account 9999 is unknown."))
        work.run(first.pk)
        connection.refresh_from_db()
        assert (state_of(first), connection.open_until, connection.failures) == (State.REJECTED, None, 0)

    def test_with_the_id_of_another_document_and_a_person_looks(
        self, connection: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = [accepted(connection, a_document()).posting for _ in range(2)]
        work.run(first.pk)
        book = books.book
        monkeypatch.setattr(books, "book", lambda document, key: replace(book(document, key), external_id="1"))
        work.run(second.pk)
        assert (state_of(second), state_of(first)) == (State.HELD, State.POSTED)
