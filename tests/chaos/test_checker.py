"""The checker can fail: a small world that keeps every promise, and one broken promise for each rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.chaos.checker import check
from tests.chaos.inside.ticking import JOB
from tests.chaos.papers import Paper, Sent, Told
from tests.chaos.world import World

COMPANY = "c1"
COMPANIES: list[dict[str, Any]] = [{"company": COMPANY, "name": "Northgate", "books": "b1"}]
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EPOCH = AT.timestamp()


def _paper(*sent: Sent) -> Paper:
    return Paper("id-1", 0, "INV", "INV000001", "", [(Decimal(100), "5010"), (Decimal(110), "5010")][:1], list(sent))


def _taken(number: str = "BILL-1", began: float = EPOCH - 1) -> Sent:
    return Sent(0, began, began + 2, Told.TAKEN, 200, number)


def _failed(began: float) -> Sent:
    return Sent(0, began, began + 0.5, Told.FAILED, 400, "", "no")


def _steps(*states: tuple[str, str]) -> list[dict[str, Any]]:
    before, steps = "", []
    for after, who in states:
        steps.append({"before": before, "after": after, "who": who, "why": "", "at": AT})
        before = after
    return steps


POSTED = _steps(("ready", "intake"), ("sending", "worker"), ("posted", "worker"))
BILL: dict[str, Any] = {
    "id": "doc", "number": "BILL-1", "external_key": "key", "reference": "P-000001", "net": "100.00", "tax": "20.00",
    "gross": "120.00", "booked_at": AT.isoformat(), "company": "b1", "date": "2026-10-18",
}  # fmt: skip
POSTING: dict[str, Any] = {
    "id": 1, "state": "posted", "key": "key", "external_id": "doc", "external_number": "BILL-1", "reason": "",
    "may_exist": True, "attempts_made": 1, "differences": [], "leased": False, "transaction": 1, "identity": "id-1",
    "number": "P-000001", "answered_number": "BILL-1", "net": Decimal(100), "tax": Decimal(20), "gross": Decimal(120),
    "kind": "invoice", "revision": 1, "company": COMPANY, "date": date(2026, 10, 18),
}  # fmt: skip
REJECTED = {"state": "rejected", "reason": "no"}
TRANSACTION = {"id": 1, "identity": "id-1", "number": "P-000001", "company": COMPANY}
ATTEMPT = {"posting_id": 1, "number": 1, "purpose": "send", "started_at": AT, "ended_at": AT, "outcome": "Posted"}
KEPT = World(
    postings=[POSTING], transactions=[TRANSACTION], transitions={1: POSTED}, attempts={1: [ATTEMPT]}, deliveries=[],
    series={COMPANY: 1}, entries=[], books=[BILL],
)  # fmt: skip


ENTRY: dict[str, Any] = {
    **BILL, "net": Decimal(100), "tax": Decimal(20), "gross": Decimal(120), "series": "JNL", "sequence": 1,
}  # fmt: skip
SLOT: dict[str, Any] = {
    "job": JOB, "starts_at": AT, "finished_at": AT, "outcome": "done", "tries": 1, "expired": True,
}  # fmt: skip
ONCE = replace(KEPT, slots=[SLOT], ticks=[AT.isoformat()])


def _rules(world: World, *papers: Paper) -> set[str]:
    return {problem.rule for problem in check(world, list(papers), COMPANIES)}


def _with(posting: dict[str, Any], *states: tuple[str, str]) -> World:
    return replace(KEPT, postings=[{**POSTING, **posting}], transitions={1: _steps(*states)} if states else {1: POSTED})


def test_a_world_that_keeps_every_promise() -> None:
    assert _rules(KEPT, _paper(_taken())) == set()


@pytest.mark.parametrize(
    ("rule", "world"),
    [
        ("answered means kept", replace(KEPT, postings=[], books=[], transitions={}, transactions=[], series={})),
        ("answered means kept", _with({"state": "void"}, ("ready", "intake"), ("held", "worker"), ("void", "staff"))),
        ("what was told is kept", _with({"answered_number": ""})),
        ("never booked twice", replace(KEPT, books=[BILL, {**BILL, "id": "doc2"}])),
        ("posted means booked", replace(KEPT, books=[])),
        ("booked means posted", _with(REJECTED, ("ready", "intake"), ("rejected", "worker"))),
        ("only what was accepted is booked", replace(KEPT, books=[BILL, {**BILL, "external_key": "strange"}])),
        ("only what was accepted is booked", _with({"identity": "other"})),
        ("the same reference", replace(KEPT, books=[{**BILL, "reference": "P-000002"}])),
        ("the right document", _with({"external_id": "other"})),
        ("never a silent difference", replace(KEPT, books=[{**BILL, "tax": "20.01"}])),
        ("never a silent difference", _with({"differences": [["date", "a", "b"]]})),
        ("only what was sent", _with({"gross": Decimal(132)})),
        ("never a silent difference", replace(KEPT, books=[{**BILL, "date": "2026-11-01"}])),
        ("nobody else's books", replace(KEPT, books=[{**BILL, "company": "b2"}])),
        ("no gap, no repeat", replace(KEPT, books=[], entries=[{**ENTRY, "sequence": 2}])),
        ("every slot once", replace(ONCE, slots=[SLOT, SLOT])),
        ("every slot once", replace(ONCE, ticks=[AT.isoformat()] * 2)),
        ("every slot once", replace(ONCE, ticks=[])),
        ("every slot once", replace(ONCE, slots=[])),
        ("every slot ends", replace(ONCE, slots=[{**SLOT, "finished_at": None, "outcome": ""}])),
        ("no gap, no repeat", replace(KEPT, transactions=[{**TRANSACTION, "number": "P-000002"}])),
        ("no gap, no repeat", replace(KEPT, series={COMPANY: 2})),
        ("every change is recorded", replace(KEPT, transitions={1: POSTED[:2]})),
        ("every change is recorded", replace(KEPT, transitions={1: [POSTED[0], POSTED[2]]})),
        ("every change is legal", _with({}, ("ready", "intake"), ("sending", "sweep"), ("posted", "worker"))),
        ("everything comes to rest", _with({"state": "sending"}, ("ready", "intake"), ("sending", "worker"))),
        ("everything comes to rest", _with({"leased": True})),
        ("a person is told why", _with({"state": "held"}, ("ready", "intake"), ("held", "worker"))),
        ("every attempt is closed", replace(KEPT, attempts={1: [{**ATTEMPT, "ended_at": None}]})),
    ],
)  # fmt: skip
def test_a_broken_promise_in_the_rows_is_seen(rule: str, world: World) -> None:
    assert rule in _rules(world, _paper(_taken()))


@pytest.mark.parametrize(
    ("rule", "paper"),
    [
        ("answers never contradict", _paper(_taken(), _taken("P-000001"))),
        ("answers never contradict", _paper(_taken(), _failed(EPOCH + 9))),
        ("failed means not booked", _paper(_failed(EPOCH - 3), _taken(began=EPOCH + 1))),
        ("every paper is answered", _paper(Sent(0, EPOCH, EPOCH + 1))),
        ("only known answers", _paper(_taken(), Sent(0, EPOCH, EPOCH + 1, Told.LOST, 500))),
    ],
)
def test_a_broken_promise_in_the_answers_is_seen(rule: str, paper: Paper) -> None:
    assert rule in _rules(KEPT, paper)


def test_what_staff_let_go_on_may_be_booked_after_it_was_refused() -> None:
    paper = _paper(_failed(EPOCH - 3), _taken(began=EPOCH + 1))
    steps = _steps(("ready", "intake"), ("rejected", "worker"), ("ready", "staff"), ("posted", "worker"))
    world = replace(KEPT, transitions={1: steps})
    assert "failed means not booked" not in _rules(world, paper)


def _forged(*answers: tuple[int, str]) -> Paper:
    paper = _paper(_taken())
    paper.forged = [Sent(0, EPOCH, EPOCH + 1, Told.FAILED, status, "", text) for status, text in answers]
    return paper


@pytest.mark.parametrize("answers", [((200, "P-000001"),), ((401, "no"), (401, "not you"))])
def test_a_wrong_token_that_gets_in_or_learns_something_is_seen(answers: tuple[tuple[int, str], ...]) -> None:
    assert _rules(KEPT, _forged(*answers)) == {"a wrong token gets one answer"}


def test_a_wrong_token_that_is_refused_is_fine() -> None:
    assert _rules(KEPT, _forged((401, "no"), (401, "no"), (503, "later"), (0, ""))) == set()


def test_a_strange_paper_that_was_kept_is_seen() -> None:
    paper = _paper()
    paper.is_strange = True
    assert "a wrong token keeps nothing" in _rules(KEPT, paper)


def test_a_slot_that_was_run_once_is_fine() -> None:
    assert _rules(ONCE, _paper(_taken())) == set()


def test_a_moved_date_that_is_told_is_fine() -> None:
    moved = _with({"differences": [["date", "2026-10-18", "2026-11-01"]]})
    assert _rules(replace(moved, books=[{**BILL, "date": "2026-11-01"}]), _paper(_taken())) == set()


def test_a_delivery_that_a_restart_dropped_is_seen() -> None:
    calm = _paper(Sent(0, EPOCH - 9, EPOCH - 8), _taken())
    found = check(KEPT, [], COMPANIES, calm=[calm])
    assert {problem.rule for problem in found} == {"a restart in order drops nothing"}


def test_another_tenants_row_that_changed_is_seen() -> None:
    before = KEPT.of(COMPANY, "b1")
    assert check(KEPT, [_paper(_taken())], COMPANIES, before=before) == []
    for changed in (replace(KEPT, deliveries=[{"company": COMPANY}]), _with({"attempts_made": 2})):
        found = {problem.rule for problem in check(changed, [_paper(_taken())], COMPANIES, before=before)}
        assert found == {"other tenants are untouched"}


def test_what_was_sent_again_before_it_was_booked_may_be_booked() -> None:
    assert _rules(KEPT, _paper(_failed(EPOCH - 9), _taken())) == set()


def test_the_version_that_was_taken_last_is_the_one_that_counts() -> None:
    paper = _paper(_taken(), Sent(1, EPOCH + 5, EPOCH + 6, Told.TAKEN, 200, "BILL-1"))
    paper.versions.append((Decimal(110), "5010"))
    assert _rules(KEPT, paper) == {"what was taken counts"}


BY_HAND = _steps(
    ("ready", "intake"), ("sending", "worker"), ("unknown", "sweep"), ("checking", "worker"), ("held", "worker"),
    ("posted", "staff"),
)  # fmt: skip
MARKED = replace(KEPT, postings=[{**POSTING, "external_id": "marked:BILL-1"}], transitions={1: BY_HAND})


def test_what_nobody_decided_about_is_seen_where_a_person_must() -> None:
    held = _with({"state": "held", "reason": "Nobody knows."}, *((one["after"], one["who"]) for one in BY_HAND[:-1]))
    assert _rules(replace(held, books=[]), _paper(_taken())) == set()
    assert _rules(replace(held, books=[], is_resolved=True), _paper(_taken())) == {"a person decides"}


def test_a_number_that_a_person_gave_names_the_document_that_has_it() -> None:
    assert _rules(replace(MARKED, marked=frozenset({"key"}), is_resolved=True), _paper(_taken())) == set()


@pytest.mark.parametrize(
    ("rule", "world"),
    [
        # Nobody of the staff said so.
        ("the right document", MARKED),
        ("the right document", replace(MARKED, marked=frozenset({"key"}), books=[{**BILL, "number": "BILL-2"}])),
        ("posted means booked", replace(MARKED, marked=frozenset({"key"}), books=[])),
        ("never booked twice", replace(MARKED, marked=frozenset({"key"}), books=[BILL, {**BILL, "id": "late"}])),
    ],
)
def test_a_wrong_word_of_a_person_is_seen(rule: str, world: World) -> None:
    assert _rules(world, _paper(_taken())) >= {rule}


def test_a_memo_entry_lies_in_the_memo_books_of_its_company() -> None:
    memo = {**ENTRY, "company": "m1", "series": "MEM"}
    companies = [{**COMPANIES[0], "memo_books": "m1"}]
    kept = replace(KEPT, books=[], entries=[memo])
    paper = _paper(_taken())
    assert check(kept, [paper], companies) == []
    assert {one.rule for one in check(kept, [paper], COMPANIES)} == {"nobody else's books"}
    assert kept.of(COMPANY, "b1", "m1")["books"] == [memo]
