"""The comparison of one key, as a table of exact values."""

from __future__ import annotations

from typing import Any

import pytest

from portal.postings.reconciliation.compare import Ours, Told, is_left, judge
from portal.postings.states import State

BOOKED = {"net": "100.00", "tax": "20.00", "gross": "120.00", "currency": "GBP", "date": "2026-03-14"}
APPROVED = {**BOOKED, "kind": "invoice", "supplier_code": "CROWN01"}


def ours(state: State = State.POSTED, **changes: Any) -> Ours:
    given = {"external_id": "17", "number": "B-17", "booked": BOOKED, "approved": APPROVED, **changes}
    return Ours(state=state, **given)


def there(external_id: str = "17", **changes: str) -> dict[str, str]:
    return {"external_id": external_id, "number": f"B-{external_id}", **BOOKED, **changes}


def judged(mine: Ours | None, *theirs: Told) -> tuple[str, list[tuple[str, str, str]]] | None:
    finding = judge(mine, theirs)
    return None if finding is None else (finding.kind.value, list(finding.details))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"gross": "120"},
        {"currency": "gbp"},
        {"supplier_code": "crown01"},
        {"kind": "invoice"},
        {"number": "another number"},
        {"reference": "P-000001"},
    ],
)
def test_the_same_document_agrees(changes: dict[str, str]) -> None:
    assert judged(ours(), there(**changes)) is None


def test_what_is_not_told_is_no_difference() -> None:
    assert judged(ours(), {"external_id": "17"}) is None
    assert judged(ours(booked={}, approved={}), there()) is None


@pytest.mark.parametrize(
    "field,theirs,mine",
    [
        ("net", "100.01", "100.00"),
        ("tax", "-20.00", "20.00"),
        ("gross", "12000", "120.00"),
        ("gross", "a lot", "120.00"),
        ("currency", "EUR", "GBP"),
        ("date", "2026-03-15", "2026-03-14"),
        ("supplier_code", "OTHER01", "CROWN01"),
        ("kind", "credit_note", "invoice"),
    ],
)
def test_each_field_that_changed_is_named(field: str, theirs: str, mine: str) -> None:
    assert judged(ours(), there(**{field: theirs})) == ("different", [(field, mine, theirs)])


def test_what_was_read_back_after_posting_is_known_and_so_is_the_approved_value() -> None:
    moved = ours(booked={**BOOKED, "date": "2026-04-01"})
    assert judged(moved, there(date="2026-04-01")) is None
    assert judged(moved, there(date="2026-03-14")) is None
    assert judged(moved, there(date="2026-05-01")) == ("different", [("date", "2026-04-01", "2026-05-01")])


def test_another_id_under_our_key_is_different() -> None:
    assert judged(ours(), there("18")) == ("different", [("document", "B-17", "B-18 (18)")])


def test_nothing_there_is_missing_only_where_we_say_posted() -> None:
    assert judged(ours()) == ("missing", [("document", "B-17", "")])
    assert judged(ours(number="")) == ("missing", [("document", "17", "")])
    for state in set(State) - {State.POSTED}:
        assert judged(ours(state, external_id="")) is None
    assert judged(None) is None


@pytest.mark.parametrize("state", [State.HELD, State.REJECTED, State.WITHDRAWN, State.VOID])
def test_a_document_that_we_do_not_say_posted_is_extra(state: State) -> None:
    assert judged(ours(state, external_id=""), there()) == ("extra", [("document", "", "B-17 (17)")])


def test_a_key_that_is_no_postings_is_extra_with_all_its_documents() -> None:
    assert judged(None, there("18"), {"external_id": "17"}) == (
        "extra",
        [("document", "", "17"), ("document", "", "B-18 (18)")],
    )


def test_two_ids_are_a_double_and_one_id_twice_is_not() -> None:
    both = [("document", "B-17", "B-17 (17)"), ("document", "", "B-18 (18)")]
    assert judged(ours(), there("18"), there()) == ("double", both)
    assert judged(ours(), there(), there()) is None
    held = judged(ours(State.HELD, external_id="", number=""), there("18"), there())
    assert held == ("double", [("document", "", "B-17 (17)"), ("document", "", "B-18 (18)")])
    assert judged(ours(State.VOID, external_id=""), there("18"), there()) == (
        "extra",
        [("document", "", "B-17 (17)"), ("document", "", "B-18 (18)")],
    )


def test_what_somebody_typed_in_there_has_no_key_and_is_not_missing() -> None:
    by_hand = ours(external_id="marked:B-77", number="B-77", booked={})
    assert judged(by_hand) is None
    assert judged(by_hand, there("18", number="B-77")) is None
    assert judged(by_hand, there("18")) == ("double", [("document", "B-77", ""), ("document", "", "B-18 (18)")])


@pytest.mark.parametrize("state", list(State))
def test_under_way_or_fresh_is_left(state: State) -> None:
    under_way = {State.READY, State.SENDING, State.AWAITING, State.UNKNOWN, State.CHECKING}
    assert is_left(ours(state)) is (state in under_way)
    assert is_left(ours(state, is_fresh=True))
    assert not is_left(None)
