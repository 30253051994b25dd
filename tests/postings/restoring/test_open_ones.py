"""After a restore nothing that was open is believed: it is looked up, and written at most once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations.errors import Rejected
from portal.connections.models import AnswerPolicy, Connection
from portal.postings import work
from portal.postings.answer import decide
from portal.postings.content import document_of
from portal.postings.models import Attempt, Posting
from portal.postings.repair import retry
from portal.postings.restoring.open_ones import RESTORED, distrust, open_counts
from portal.postings.states import FINAL, Actor, State
from portal.postings.sweep import sweep
from tests.admin.world import in_state
from tests.factories import LedgerConnectionFactory, StaffFactory, a_document, a_line, accepted
from tests.postings.fake_books import Books, FakeBooks

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

QUIET = timedelta(seconds=FakeBooks.can.quiet_seconds)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def fresh(posting: Posting) -> Posting:
    return Posting.objects.select_related("transaction", "connection__company").get(pk=posting.pk)


def booked_since(posting: Posting, books: Books) -> None:
    """What the backup does not know: the accounting system holds it."""
    books.book(document_of(fresh(posting)), str(posting.idempotency_key))


def run_for(clock: time_machine.Traveller, minutes: int) -> None:
    """Workers, for some minutes."""
    for _ in range(minutes * 6):
        sweep()
        clock.shift(10)


@pytest.mark.parametrize("state", list(State))
def test_what_becomes_of_each_state(connection: Connection, state: State) -> None:
    posting = in_state(connection, state)
    now = timezone.now()
    touched = distrust(now)
    after = fresh(posting)
    if state in FINAL:
        assert (after.state, touched) == (state, Counter())
        return
    looked_up = state not in (State.HELD, State.REJECTED, State.WITHDRAWN)
    assert after.state == (State.UNKNOWN if looked_up else state)
    assert (after.may_exist, after.misses, after.lease_token) == (True, 0, None)
    if state is State.HELD and posting.may_exist:  # as it has to be already
        assert touched == Counter()
        return
    assert (touched, after.quiet_until) == (Counter({state: 1}), now + QUIET)
    if looked_up:
        assert (after.next_attempt_at, after.reason, after.tries, after.crashes) == (now + QUIET, RESTORED, 0, 0)
        last = after.transitions.last()
        expected = (State.READY if state is State.READY else state, State.UNKNOWN, Actor.RESTORE)
        assert last is not None
        assert state is State.UNKNOWN or (last.before, last.after, last.who) == expected
    else:
        assert after.reason == posting.reason


def test_a_second_time_there_is_nothing_to_do(connection: Connection) -> None:
    for state in State:
        in_state(connection, state)
    expected = Counter(["ready", "sending", "awaiting", "unknown", "checking", "rejected", "withdrawn"])
    assert open_counts(timezone.now()) == expected
    assert distrust(timezone.now()) == expected
    before = list(Posting.objects.order_by("pk").values())
    assert open_counts(timezone.now()) == distrust(timezone.now()) == Counter()
    assert list(Posting.objects.order_by("pk").values()) == before


def test_an_open_attempt_is_closed(connection: Connection) -> None:
    posting = in_state(connection, State.SENDING)
    attempt = Attempt.objects.create(posting=posting, number=1, purpose="send", started_at=timezone.now())
    distrust(timezone.now())
    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.message) == ("Died", "The backup was made in the middle of it.")


def test_many_in_batches(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.postings.restoring.open_ones.BATCH", 3)
    for _ in range(8):
        accepted(connection, a_document())
    assert distrust(timezone.now()) == Counter({"ready": 8})
    assert set(Posting.objects.values_list("state", flat=True)) == {"unknown"}


def test_what_our_own_books_hold_was_restored_with_them(connection: Connection) -> None:
    ledger = LedgerConnectionFactory.create()
    refused = accepted(ledger, a_document(lines=(a_line(account_code="9999"),))).posting
    kept = accepted(connection, kept=True).posting
    Posting.objects.filter(pk=kept.pk).update(may_exist=False)
    assert distrust(timezone.now()) == Counter()
    assert fresh(refused).may_exist is False


def test_one_that_was_booked_since_is_found_and_one_that_was_not_is_sent_once(
    connection: Connection, books: Books, clock: time_machine.Traveller
) -> None:
    there, absent = accepted(connection, a_document()).posting, accepted(connection, a_document()).posting
    booked_since(there, books)
    distrust(timezone.now())
    sweep()
    assert books.lookups == 0
    run_for(clock, 4)
    assert [fresh(one).state for one in (there, absent)] == ["posted", "posted"]
    assert fresh(there).external_number == "FAKE-1"
    assert books.sent_keys == [str(absent.idempotency_key)]
    assert books.count() == 2


def test_a_commit_that_comes_late_is_waited_for(
    connection: Connection, books: Books, clock: time_machine.Traveller
) -> None:
    """Sent in the last second before the loss; the system books it while the restore is done already."""
    posting = accepted(connection, a_document()).posting
    distrust(timezone.now())
    clock.shift(QUIET.total_seconds() - 1)
    sweep()
    booked_since(posting, books)
    run_for(clock, 4)
    assert (fresh(posting).state, books.count(), books.sent_keys) == ("posted", 1, [])


def refused(connection: Connection, books: Books) -> Posting:
    def refuse() -> None:
        raise Rejected("Account 9999 is unknown.")

    books.before_booking = refuse
    posting = accepted(connection).posting
    work.run(posting.pk)
    books.before_booking = None
    books.sent_keys.clear()
    assert fresh(posting).state == "rejected"
    return posting


def withdrawn(connection: Connection, books: Books) -> Posting:
    posting = accepted(connection).posting
    assert decide(posting.pk, AnswerPolicy.STRICT).status == 503
    return posting


def by_staff(posting: Posting) -> None:
    retry(fresh(posting), by=StaffFactory.create(), why="mended")


def by_the_source(posting: Posting) -> None:
    whole = fresh(posting)
    accepted(whole.connection, document_of(whole))


@pytest.mark.parametrize("again", [by_staff, by_the_source])
@pytest.mark.parametrize("refusal", [refused, withdrawn])
@pytest.mark.parametrize("booked", [True, False])
def test_what_was_refused_then_is_looked_up_before_it_is_sent_again(
    connection: Connection,
    books: Books,
    clock: time_machine.Traveller,
    again: Callable[[Posting], None],
    refusal: Callable[[Connection, Books], Posting],
    booked: bool,
) -> None:
    """It may have been sent again and booked since the backup. It is not posted by itself: that was not asked for."""
    posting = refusal(connection, books)
    if booked:
        booked_since(posting, books)
    distrust(timezone.now())
    run_for(clock, 3)
    assert (fresh(posting).state, books.lookups) == (refusal.__name__.replace("refused", "rejected"), 0)
    again(posting)
    run_for(clock, 4)
    assert (fresh(posting).state, books.count(), len(books.sent_keys)) == ("posted", 1, 0 if booked else 1)
    if booked:
        assert posting.transitions.filter(before="ready", after="unknown", who=Actor.WORKER).count() == 1


def test_what_was_held_unsent_is_looked_up_when_staff_retry(
    connection: Connection, books: Books, clock: time_machine.Traveller
) -> None:
    posting = in_state(connection, State.HELD)
    Posting.objects.filter(pk=posting.pk).update(may_exist=False, attempt_count=1)
    booked_since(posting, books)
    distrust(timezone.now())
    by_staff(posting)
    run_for(clock, 3)
    assert (fresh(posting).state, books.count(), books.sent_keys) == ("posted", 1, [])


def test_an_operation_that_was_under_way_is_never_sent_again_by_itself(
    connection: Connection, books: Books, clock: time_machine.Traveller
) -> None:
    """Its outcome in the vendor's queue may come at any time: absence cannot be proven."""
    posting = in_state(connection, State.AWAITING)
    Posting.objects.filter(pk=posting.pk).update(operation="push-1")
    distrust(timezone.now())
    run_for(clock, 10)
    assert (fresh(posting).state, books.sent_keys) == ("held", [])
