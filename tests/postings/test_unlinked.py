"""What waits for a connection that was unlinked is held for a person, and nothing of it is ever sent or lost."""

from __future__ import annotations

from typing import Any

import pytest

from portal.connections.access.linked import unlink
from portal.connections.models import Connection, Status
from portal.postings import unlinked
from portal.postings.answer import decide
from portal.postings.claim import claim
from portal.postings.models import Posting, Transition
from portal.postings.repair import void
from portal.postings.states import State
from portal.postings.unlinked import hold_unlinked, waiting
from tests.admin.world import in_state
from tests.factories import DemoConnectionFactory, StaffFactory, a_document, accepted

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def connection() -> Connection:
    connection: Connection = DemoConnectionFactory.create()
    return connection


def its(connection: Connection) -> Any:
    return Connection.objects.filter(pk=connection.pk)


def made(connection: Connection, state: State) -> Posting:
    return in_state(connection, state, a_document())


def ended(connection: Connection) -> None:
    unlink(connection, who="owner", why="Another system.")


def now(posting: Posting) -> Posting:
    return Posting.objects.get(pk=posting.pk)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (State.READY, "It was never sent, so it is not in the books."),
        (State.UNKNOWN, "Look there before anything else."),
        (State.AWAITING, "Look there before anything else."),
    ],
)
def test_what_waited_is_held_with_its_reason(connection: Connection, state: State, says: str) -> None:
    posting = made(connection, state)
    ended(connection)
    user = StaffFactory.create()
    assert hold_unlinked(its(connection), user=user) == 1
    held = now(posting)
    assert (held.state, held.next_attempt_at) == (State.HELD, None)
    assert held.reason.startswith("Its connection to Demo Books was unlinked")
    assert held.reason.endswith(says)
    last = Transition.objects.filter(posting=posting).order_by("-id")[0]
    assert (last.after, last.user, last.why) == (State.HELD, user, held.reason)


@pytest.mark.parametrize("state", [State.SENDING, State.CHECKING, State.POSTED, State.REJECTED, State.WITHDRAWN])
def test_what_a_worker_holds_or_what_rests_stays_as_it_is(connection: Connection, state: State) -> None:
    posting = made(connection, state)
    ended(connection)
    assert hold_unlinked() == 0
    assert now(posting).state == state


@pytest.mark.parametrize("status", [Status.LINKED, Status.DEAUTHORISED, Status.PENDING_AUTH])
def test_nothing_is_held_while_the_connection_is_not_unlinked(connection: Connection, status: Status) -> None:
    posting = made(connection, State.READY)
    its(connection).update(status=status)
    assert hold_unlinked() == 0
    assert now(posting).state == State.READY


def test_what_is_held_can_be_closed_and_its_number_stays_explained(connection: Connection) -> None:
    posting = made(connection, State.READY)
    ended(connection)
    hold_unlinked()
    void(now(posting), by=StaffFactory.create(), why="Entered by hand.")
    assert (now(posting).state, now(posting).reason) == (State.VOID, "Entered by hand.")


def test_a_number_that_was_answered_is_answered_still(connection: Connection) -> None:
    """Law 2: it was ours, and it is until a person has decided."""
    posting = accepted(connection).posting
    number = decide(posting.pk, "confirmed").number
    ended(connection)
    hold_unlinked()
    assert (decide(posting.pk, "confirmed").status, decide(posting.pk, "confirmed").number) == (200, number)


def test_the_same_document_again_after_another_system_was_linked_books_nothing_twice(connection: Connection) -> None:
    document = a_document()
    posting = accepted(connection, document).posting
    ended(connection)
    hold_unlinked()
    other = DemoConnectionFactory.create(company=connection.company)
    again = accepted(other, document)
    assert (again.posting_id, again.state) == (posting.pk, State.HELD)
    assert claim(posting.pk) is None


def test_who_moved_it_first_keeps_it(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is read, then another process takes it, then it is held: the guard sees that."""
    posting = made(connection, State.READY)
    ended(connection)
    whole = unlinked._hold

    def late(found: Posting, user: Any) -> bool:
        Posting.objects.filter(pk=found.pk).update(attempt_count=7)
        return whole(found, user)

    monkeypatch.setattr(unlinked, "_hold", late)
    assert hold_unlinked() == 0
    assert now(posting).state == State.READY


def test_it_goes_on_where_it_ended_and_in_batches(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlinked, "BATCH", 2)
    for _ in range(5):
        made(connection, State.READY)
    ended(connection)
    assert hold_unlinked(seconds=-1) == 1
    assert hold_unlinked() == 4
    assert hold_unlinked() == 0


def test_what_waits_is_counted_up_to_a_bound(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(unlinked, "COUNTED", 2)
    for state in (State.READY, State.READY, State.READY, State.UNKNOWN, State.SENDING, State.HELD, State.POSTED):
        made(connection, state)
    with django_assert_num_queries(4):
        found = waiting(its(connection))
    assert (found.never_sent, found.may_exist, found.need_a_person, found.is_any) == ("2+", "2", "1", True)


def test_nothing_waits_for_a_fresh_connection(connection: Connection) -> None:
    found = waiting(its(connection))
    assert (found.never_sent, found.may_exist, found.need_a_person, found.is_any) == ("", "", "", False)
