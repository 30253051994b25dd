"""The way of a raised transaction: to the source by the engine, back by a delivery, and into the books once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations.documents import Document, Kind, Stage
from integrations.errors import OutcomeUnknown, Rejected, Retryable
from integrations.standing import Standing
from portal.connections.models import Connection
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.postings.sweep import sweep
from portal.postings.work import run
from portal.raising import following
from portal.raising.following import follow_due
from portal.raising.linking import link
from portal.raising.models import Raised
from portal.raising.statuses import WHERE, Status, reason_of, status_of
from portal.tenants.models import Company
from tests.factories import a_document, accepted
from tests.raising.asking import a_wanted_line, raised, wanted
from tests.raising.fake_source import SLUG, FakeSource, Trays

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def read(one: Raised) -> Raised:
    fresh: Raised = Raised.objects.select_related("posting__connection", "posting__transaction").get(pk=one.pk)
    assert [status for status, where in WHERE.items() if Raised.objects.filter(where, pk=one.pk)] == [status_of(fresh)]
    return fresh


def sent(company: Company, key: str = "order-1") -> Raised:
    (one,) = raised(company, wanted(key))
    run(one.posting_id)
    return read(one)


def delivered(books: Connection, one: Raised, kind: Kind = Kind.PURCHASE_ORDER) -> Transaction:
    """What the source delivers on approval, accepted for the books as intake does it."""
    document = back(one.posting.external_id or "", kind)
    return accepted(books, document).posting.transaction


def back(external_id: str, kind: Kind = Kind.PURCHASE_ORDER) -> Document:
    return a_document(source=SLUG, kind=kind, external_id=external_id.lower(), number="PO000001")


def test_the_engine_raises_it_as_a_draft_with_our_number(company: Company, source: Connection, trays: Trays) -> None:
    one = sent(company)
    assert (one.posting.state, one.posting.external_id, one.posting.external_number) == (
        State.POSTED, "AAAA-0001", "REQ0001",
    )  # fmt: skip
    (document,) = trays.documents.values()
    assert (document.stage, document.number, trays.references) == (Stage.DRAFT, "order-1", ["P-000001"])
    assert status_of(one) is Status.AT_SOURCE


def test_what_the_source_refuses_is_told_with_its_words(company: Company, source: Connection, trays: Trays) -> None:
    def refuse() -> None:
        raise Rejected("The layout is not known.", field="LayoutId")

    trays.before_taking = refuse
    one = sent(company)
    assert (status_of(one), reason_of(one)) == (Status.REFUSED, "The layout is not known.")


def test_an_unknown_outcome_is_looked_up_and_found(company: Company, source: Connection, trays: Trays) -> None:
    def break_off() -> None:
        raise OutcomeUnknown("The connection broke.")

    trays.after_taking = break_off
    with time_machine.travel(timezone.now(), tick=True) as clock:
        one = sent(company)
        assert (one.posting.state, status_of(one)) == (State.UNKNOWN, Status.ON_ITS_WAY)
        clock.shift(60)
        sweep()
    one = read(one)
    assert (one.posting.state, one.posting.external_id, len(trays.documents)) == (State.POSTED, "AAAA-0001", 1)


def test_an_unknown_outcome_that_is_not_found_is_never_sent_again_but_held(
    company: Company, source: Connection, trays: Trays
) -> None:
    def break_off() -> None:
        raise OutcomeUnknown("The connection broke.")

    trays.after_taking, trays.hides = break_off, True
    with time_machine.travel(timezone.now(), tick=True) as clock:
        one = sent(company)
        for _ in range(6):
            clock.shift(120)
            sweep()
    one = read(one)
    assert (status_of(one), len(trays.documents)) == (Status.HELD, 1)
    assert "It is not known whether it was booked" in reason_of(one)


def test_what_comes_back_goes_to_the_books_and_is_linked(
    company: Company, source: Connection, books: Connection
) -> None:
    one = sent(company)
    transaction = delivered(books, one)
    assert link(Raised.objects.all()) == 1
    assert link(Raised.objects.all()) == 0
    one = read(one)
    assert (one.came_back, status_of(one), one.next_look_at) == (transaction, Status.CAME_BACK, None)
    assert one.came_back_at == one.ended_at == one.stage_seen_at
    assert (one.stage_there, one.number_there) == ("approved", "PO000001")
    ways = Posting.objects.order_by("pk").values_list("transaction__source", "connection__integration")
    assert list(ways) == [("upload", SLUG), (SLUG, "ledger")]


@pytest.mark.parametrize("by", ["the job", "a reading"])
def test_it_may_come_back_before_our_own_answer_was_read(
    company: Company, source: Connection, books: Connection, trays: Trays, by: str
) -> None:
    """The source delivers while our request is under way: nobody knows the id yet."""
    seen: list[int] = []

    def deliver() -> None:
        accepted(books, back("AAAA-0001"))
        seen.append(link(Raised.objects.all()))

    trays.after_taking = deliver
    one = sent(company)
    assert (seen, one.came_back) == ([0], None)
    if by == "the job":
        follow_due()
    else:
        assert link(Raised.objects.filter(company=company)) == 1
    assert status_of(read(one)) is Status.CAME_BACK
    assert trays.asked == []


@pytest.mark.parametrize("what", ["another kind", "another source", "another company", "another id"])
def test_only_the_very_transaction_is_linked(
    company: Company, source: Connection, books: Connection, what: str
) -> None:
    from tests.factories import LedgerConnectionFactory

    one = sent(company)
    into = LedgerConnectionFactory.create() if what == "another company" else books
    document = {
        "another kind": back("AAAA-0001", Kind.RECEIPT),
        "another source": a_document(source="icompleat", kind=Kind.PURCHASE_ORDER, external_id="aaaa-0001"),
        "another company": back("AAAA-0001"),
        "another id": back("AAAA-0002"),
    }[what]
    accepted(into, document, kept=what == "another kind")
    assert link(Raised.objects.all()) == 0
    assert read(one).came_back is None


# --- following -----------------------------------------------------------------------------------------------------


def standing(stage: Stage, word: str, number: str = "REQ0001") -> Standing:
    return Standing(external_id="aaaa-0001", stage=stage, word=word, number=number)


def test_it_is_asked_for_less_and_less_often_until_it_was_denied(
    company: Company, source: Connection, trays: Trays
) -> None:
    from portal.events.models import AuditEvent

    trays.standings["AAAA-0001"] = standing(Stage.SUBMITTED, "PEND")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        one = sent(company)
        assert follow_due() == 0
        waits = []
        for minutes in (5, 15, 60, 1440, 1440):
            clock.shift(timedelta(minutes=minutes, seconds=-1))
            waits.append(follow_due())
            clock.shift(1)
            waits.append(follow_due())
        assert waits == [0, 1] * 5
        one = read(one)
        assert (one.stage_there, one.word_there, one.stage_seen_at, one.looks, one.number_there) == (
            "submitted", "PEND", timezone.now(), 5, "REQ0001",
        )  # fmt: skip
        trays.standings["AAAA-0001"] = standing(Stage.DENIED, "DEN")
        clock.shift(timedelta(days=1))
        assert follow_due() == 1
        one = read(one)
        assert (status_of(one), one.next_look_at, one.ended_at) == (Status.DENIED, None, timezone.now())
        clock.shift(timedelta(days=2))
        assert follow_due() == 0
    event = AuditEvent.objects.get(verb="raised.denied")
    assert (event.message, event.company_id, event.tenant_id, event.subject_id) == (
        "order-1 (REQ0001) was denied in Fake source.", company.pk, company.tenant_id, str(one.pk),
    )  # fmt: skip


def test_what_the_source_lost_is_deleted_once_that_is_certain(
    company: Company, source: Connection, trays: Trays
) -> None:
    from integrations.errors import Missing

    trays.standings["AAAA-0001"] = Missing("There is none.")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        one = sent(company)
        follow_due()
        seen = []
        for minutes in (5, 15, 60):
            clock.shift(timedelta(minutes=minutes))
            follow_due()
            seen.append((status_of(read(one)), reason_of(read(one))))
    gone = "The source does not know it any more."
    assert seen == [(Status.AT_SOURCE, gone), (Status.AT_SOURCE, gone), (Status.DELETED, gone)]


def test_a_source_that_cannot_be_reached_is_asked_once_and_the_others_are_asked(
    company: Company, source: Connection, trays: Trays
) -> None:
    from tests.factories import CompanyFactory
    from tests.raising.conftest import link_source

    other = CompanyFactory.create()
    link_source(other)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first, second, third = sent(company), sent(company, "order-2"), sent(other)
        trays.standings = {
            "AAAA-0001": Retryable("It is away."),
            "AAAA-0002": Retryable("It is away."),
            "AAAA-0003": standing(Stage.DRAFT, "SAV", "REQ0003"),
        }
        follow_due()
        clock.shift(timedelta(minutes=5))
        assert follow_due() == 2
        assert sorted(trays.asked) == ["AAAA-0001", "AAAA-0003"]
        assert (read(first).problem, read(first).looks, read(second).problem) == ("It is away.", 0, "")
        assert read(first).next_look_at == timezone.now() + timedelta(minutes=15)
        assert (read(third).stage_there, read(third).problem) == ("draft", "")


def test_after_thirty_days_it_is_left_alone_and_linked_nevertheless(
    company: Company, source: Connection, books: Connection, trays: Trays
) -> None:
    trays.standings["AAAA-0001"] = standing(Stage.DRAFT, "SAV")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        one = sent(company)
        follow_due()
        clock.shift(timedelta(days=30))
        assert follow_due() == 0
        one = read(one)
        assert (status_of(one), one.problem, one.ended_at) == (Status.AT_SOURCE, following.TOO_LONG, timezone.now())
        delivered(books, one)
        follow_due()
        assert (status_of(read(one)), read(one).problem) == (Status.CAME_BACK, "")


def test_what_staff_closed_and_what_was_not_sent_is_never_asked_for(
    company: Company, source: Connection, trays: Trays
) -> None:
    from portal.postings.repair import void
    from tests.factories import StaffFactory

    trays.before_taking = lambda: (_ for _ in ()).throw(Rejected("No."))
    closed, refused = sent(company), sent(company, "order-2")
    void(closed.posting, by=StaffFactory.create(), why="A mistake.")
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert follow_due() == 0
    assert (status_of(read(closed)), read(closed).ended_at is not None) == (Status.CLOSED, True)
    assert (status_of(read(refused)), read(refused).ended_at) == (Status.REFUSED, None)


def test_a_paused_connection_is_not_asked(company: Company, source: Connection, trays: Trays) -> None:
    trays.standings["AAAA-0001"] = standing(Stage.DRAFT, "SAV")
    sent(company)
    follow_due()
    Connection.objects.filter(pk=source.pk).update(paused=True)
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert follow_due() == 0
        Connection.objects.filter(pk=source.pk).update(paused=False)
        assert follow_due() == 1


def test_a_source_that_tells_nothing_is_only_waited_for(
    company: Company, source: Connection, trays: Trays, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integrations.metadata import Offers

    monkeypatch.setattr(FakeSource, "offers", Offers())
    one = sent(company)
    follow_due()
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        assert follow_due() == 0
    assert (trays.asked, read(one).problem, read(one).looks) == ([], "", 1)


def test_an_amount_that_the_source_holds_differently_is_shown(
    company: Company, source: Connection, trays: Trays
) -> None:
    (one,) = raised(company, wanted(lines=(a_wanted_line(), a_wanted_line())))
    run(one.posting_id)
    assert read(one).posting.differences == []


def test_one_delivery_is_what_came_back_of_one(company: Company, source: Connection, books: Connection) -> None:
    one, other = sent(company), sent(company, "order-2")
    transaction = delivered(books, one)
    Raised.objects.filter(pk=other.pk).update(
        came_back=transaction, came_back_at=timezone.now(), ended_at=timezone.now()
    )
    assert (link(Raised.objects.all()), read(one).came_back) == (0, None)
