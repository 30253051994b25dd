"""A company that is linked to another accounting system: what was written into the old one is never written again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone

from integrations.errors import OutcomeUnknown, Rejected, Unauthorised
from portal.connections.models import AnswerPolicy, Connection, Status
from portal.connections.relink import CannotLink, relink
from portal.postings import work
from portal.postings.answer import decide
from portal.postings.content import document_of
from portal.postings.models import Posting, Transaction
from portal.postings.repair import CannotRepair, retry
from portal.postings.states import State
from portal.postings.sweep import sweep
from tests.factories import DemoConnectionFactory, StaffFactory, a_document, accepted
from tests.postings.fake_books import Books

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

Way = Callable[[Connection, Books], Posting]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def staff() -> AbstractBaseUser:
    user: AbstractBaseUser = StaffFactory.create()
    return user


def in_the_books(connection: Connection, books: Books) -> Posting:
    posting = accepted(connection, a_document()).posting
    work.run(posting.pk)
    return posting


def booked_with_a_lost_answer(connection: Connection, books: Books) -> Posting:
    def lose() -> None:
        raise OutcomeUnknown("The answer was lost.")

    books.after_booking = lose
    posting = in_the_books(connection, books)
    books.after_booking = None
    return posting


def held_after_sending(connection: Connection, books: Books) -> Posting:
    def break_down() -> None:
        raise ZeroDivisionError

    books.after_booking = break_down
    posting = in_the_books(connection, books)
    books.after_booking = None
    return posting


WAYS: dict[State, Way] = {
    State.POSTED: in_the_books,
    State.UNKNOWN: booked_with_a_lost_answer,
    State.HELD: held_after_sending,
}


def linked_elsewhere(old: Connection) -> Connection:
    """The company leaves the old system and is linked to another."""
    Connection.objects.filter(pk=old.pk).update(status=Status.UNLINKED)
    new: Connection = DemoConnectionFactory.create(company=old.company, integration="fake", settings={}, secrets={})
    return new


def work_for(clock: time_machine.Traveller, minutes: int) -> None:
    for _ in range(minutes * 4):
        sweep()
        clock.shift(15)


@pytest.mark.parametrize("state", WAYS)
def test_what_may_be_in_the_old_books_never_reaches_the_new_ones(
    connection: Connection, books: Books, clock: time_machine.Traveller, staff: AbstractBaseUser, state: State
) -> None:
    posting = WAYS[state](connection, books)
    posting.refresh_from_db()
    assert posting.state == state
    told = decide(posting.pk, AnswerPolicy.CONFIRMED)
    new = linked_elsewhere(connection)
    again = accepted(new, document_of(posting))
    assert (again.posting.pk, again.posting.connection_id) == (posting.pk, connection.pk)
    assert decide(posting.pk, AnswerPolicy.CONFIRMED) == told
    try:
        retry(posting, by=staff, why="again")
    except CannotRepair:
        assert state is not State.HELD
    work_for(clock, 30)
    assert (books.count(), Posting.objects.count(), Transaction.objects.count()) == (1, 1, 1)
    assert len(books.sent_keys) == 1
    posting.refresh_from_db()
    assert posting.state == state


def test_changed_content_after_the_change_of_system_is_contested(connection: Connection, books: Books) -> None:
    posting = in_the_books(connection, books)
    new = linked_elsewhere(connection)
    changed = a_document(external_id=posting.transaction.external_id, supplier_reference="SI-2")
    assert accepted(new, changed).taken == "contested"
    assert (books.count(), Posting.objects.count()) == (1, 1)


def test_linked_again_the_same_connection_finds_what_it_sent(
    connection: Connection, books: Books, clock: time_machine.Traveller
) -> None:
    """Its credentials were revoked in mid-flow: the lost answer is looked up once it is linked again."""
    posting = booked_with_a_lost_answer(connection, books)

    def refuse() -> None:
        raise Unauthorised("The token was revoked.")

    books.at_lookup = refuse
    work_for(clock, 3)
    connection.refresh_from_db()
    assert connection.status == Status.DEAUTHORISED
    books.at_lookup = None
    work_for(clock, 3)
    assert len(books.sent_keys) == 1
    relink(connection, who="sam", why="new token")
    work_for(clock, 120)
    posting.refresh_from_db()
    assert (posting.state, books.count(), len(books.sent_keys)) == (State.POSTED, 1, 1)


def test_one_that_was_unlinked_for_good_is_not_linked_again(connection: Connection) -> None:
    linked_elsewhere(connection)
    with pytest.raises(CannotLink):
        relink(connection, who="sam", why="back again")


def test_two_systems_are_never_linked_at_once(connection: Connection) -> None:
    with pytest.raises(IntegrityError), atomic():
        DemoConnectionFactory.create(company=connection.company)


def test_what_was_refused_before_is_not_sent_to_anybody_behind_our_back(
    connection: Connection, books: Books, clock: time_machine.Traveller
) -> None:
    """Its posting belongs to the old connection. Sent again it waits there, in front of staff, and is not doubled."""

    def refuse() -> None:
        raise Rejected("Account 9999 is unknown.")

    books.before_booking = refuse
    posting = in_the_books(connection, books)
    books.before_booking = None
    new = linked_elsewhere(connection)
    assert accepted(new, document_of(posting)).posting.pk == posting.pk
    work_for(clock, 30)
    assert (books.count(), Posting.objects.count()) == (0, 1)
