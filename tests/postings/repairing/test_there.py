"""What is asked of the books, and what cannot be: beside the pages that show it."""

from __future__ import annotations

import pytest

from integrations.documents import Kind, Posted
from integrations.errors import Retryable
from portal.connections import onlookers
from portal.postings import repair
from portal.postings.models import Posting
from portal.postings.repair import (
    ANOTHER,
    ASKED,
    MARK_POSTED,
    REPAIRS,
    RETRY,
    SAME,
    VOID,
    CannotVerify,
    mark_posted,
)
from portal.postings.repairing import there
from portal.postings.repairing.lines import lines_of
from portal.postings.repairing.offers import NAMES, offered, why_not
from portal.postings.repairing.there import look
from portal.postings.repairing.threeway import Verdict, rows
from portal.postings.states import State
from portal.postings.twins.verdicts import TOO_MUCH, TWIN
from tests.admin.world import in_state
from tests.factories import (
    SALES_AS_THEY_COME,
    DemoConnectionFactory,
    LedgerConnectionFactory,
    StaffFactory,
    a_document,
    accepted,
)
from tests.samples import sale

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
NAME = "Demo Books"


@pytest.mark.parametrize("state", State)
def test_what_is_offered_is_what_the_service_does_and_all_else_says_why_not(state: State) -> None:
    posting = in_state(DemoConnectionFactory.create(), state)
    possible = {name for name in set(NAMES) - set(ASKED) if state in REPAIRS[name]}
    _offers(posting, possible)


@pytest.mark.parametrize(("asked", "more"), [(TWIN, {SAME, ANOTHER}), (TOO_MUCH, {ANOTHER})])
def test_what_somebody_is_asked_can_be_answered(asked: str, more: set[str]) -> None:
    posting = in_state(DemoConnectionFactory.create(), State.HELD)
    posting.reason_field = asked
    _offers(posting, {RETRY, MARK_POSTED, VOID} | more)


def _offers(posting: Posting, possible: set[str]) -> None:
    assert set(offered(posting)) == possible
    for name in NAMES:
        said = why_not(posting, name)
        assert bool(said) == (name not in possible)
        assert not said or said.endswith(".")


@pytest.mark.parametrize("kind", [Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE, Kind.PAYMENT, Kind.REFUND])
def test_lines_of_what_is_sold_are_told_as_the_document_has_them(kind: Kind) -> None:
    posting = accepted(LedgerConnectionFactory.create(mapping=SALES_AS_THEY_COME), sale(kind)).posting
    told = lines_of(posting)
    assert {number: (one.account_code, one.net) for number, one in told.items()} == {
        line.number: (line.account_code, line.net) for line in sale(kind).lines
    }


def test_too_many_who_wait_is_a_reason_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    posting = in_state(DemoConnectionFactory.create(), State.POSTED)
    monkeypatch.setattr(onlookers, "MOST_OF_ONE", 0)
    assert look(posting, NAME).problem.startswith("Too many pages wait for an answer at this moment.")


def test_what_a_system_calls_by_its_id_is_verified_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    posting = in_state(DemoConnectionFactory.create(), State.HELD)
    monkeypatch.setattr(repair, "found_there", lambda _: (Posted(external_id="guid-1", number=""),))
    said = mark_posted(posting, number="guid-1", by=StaffFactory.create(), why="Seen there.")
    posting.refresh_from_db()
    assert said.startswith("Verified")
    assert (posting.state, posting.external_id) == (State.POSTED, "guid-1")


def test_who_wants_it_verified_is_told_when_nobody_could_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(_posting: Posting) -> tuple[Posted, ...]:
        raise Retryable("It is down.")

    monkeypatch.setattr(repair, "found_there", down)
    posting = in_state(DemoConnectionFactory.create(), State.HELD)
    with pytest.raises(CannotVerify, match=r"It is down\."):
        mark_posted(posting, number="7", by=StaffFactory.create(), why="Seen.", even_unverified=False)
    posting.refresh_from_db()
    assert posting.state == State.HELD


def test_nobody_is_asked_about_what_cannot_be_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Posting] = []

    def found_there(posting: Posting) -> tuple[()]:
        asked.append(posting)
        return ()

    monkeypatch.setattr(repair, "found_there", found_there)
    posting = in_state(DemoConnectionFactory.create(), State.POSTED)
    with pytest.raises(repair.CannotRepair):
        mark_posted(posting, number="7", by=StaffFactory.create(), why="Seen.")
    assert asked == []


def test_another_number_there_than_ours_is_not_as_we_say(monkeypatch: pytest.MonkeyPatch) -> None:
    posting = in_state(DemoConnectionFactory.create(), State.POSTED)
    monkeypatch.setattr(there, "found_there", lambda _: (Posted(external_id="other", number="B-9"),))
    now = look(posting, NAME)
    assert not now.is_as_said
    assert now.sentence == f"Demo Books holds it as B-9 now, and not as {posting.external_number}."


def test_what_the_books_do_not_tell_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    posting = in_state(DemoConnectionFactory.create(), State.POSTED)
    same = Posted(external_id=posting.external_id or "", number=posting.external_number, currency="gbp")
    monkeypatch.setattr(there, "found_there", lambda _: (same,))
    found = {row.field: row.verdict for row in rows(posting, look(posting, NAME))}
    assert found.pop("currency") is Verdict.AGREES
    assert set(found.values()) == {Verdict.NOT_TOLD}


def test_a_day_that_the_source_did_not_give_is_the_books_own() -> None:
    posting = accepted(LedgerConnectionFactory.create(), a_document(kind=Kind.PURCHASE_ORDER, date=None)).posting
    assert posting.state == State.POSTED, posting.reason
    found = {row.field: row for row in rows(posting)}
    assert (found["date"].came_in, found["date"].verdict) == ("", Verdict.OWN)
    assert found["date"].theirs == "15 Mar 2026"


def test_what_was_never_sent_has_nothing_in_the_middle() -> None:
    posting = accepted(DemoConnectionFactory.create()).posting
    assert {row.sent for row in rows(posting)} == {""}
    assert {row.verdict for row in rows(posting)} == {Verdict.NOT_THERE}
