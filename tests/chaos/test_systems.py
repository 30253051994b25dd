"""The books of every stand-in are read past its connector, as the checker wants them; and the pace has its order."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import responses

from tests.chaos import pace
from tests.chaos.systems import SYSTEMS

URL = "http://127.0.0.1:1/there"
KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
ENTRY: dict[str, Any] = {
    "id": "90117", "number": "PI004512", "kind": "bill", "external_key": KEY, "reference": "P-000001", "net": 100.5,
    "tax": 20.1, "gross": 120.6, "currency": "GBP", "date": "2026-10-18", "booked_at": "2026-11-20T12:00:00.000+00:00",
}  # fmt: skip
ORDER = {**ENTRY, "id": "1187", "number": "PO000001", "kind": "purchase_order", "booked_at": None}


def _as_text(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "net": "100.5", "tax": "20.1", "gross": "120.6"}


def _tells(documents: list[dict[str, Any]]) -> None:
    responses.get(f"{URL}/truth", json={"documents": documents})


@responses.activate
def test_accountsiq_tells_what_is_booked_over_soap(tmp_path: Path) -> None:
    _tells([ENTRY, ORDER])
    order = {name: value for name, value in _as_text(ORDER).items() if name != "booked_at"}
    assert SYSTEMS["accountsiq-soap"].books(URL, tmp_path) == [_as_text(ENTRY), order]


@responses.activate
def test_over_rest_a_document_has_the_id_that_rest_tells(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "accountsiq.sqlite3")) as books, books:
        books.execute("CREATE TABLE record (kind TEXT, id INTEGER, body TEXT)")
        rows = [("invoice", 48211, json.dumps({"entry": 90117})), ("contact", 5310, json.dumps({"entry": 1}))]
        books.executemany("INSERT INTO record VALUES (?, ?, ?)", rows)
    _tells([ENTRY])
    assert SYSTEMS["accountsiq-rest"].books(URL, tmp_path) == [{**_as_text(ENTRY), "id": "48211"}]


@pytest.mark.parametrize(
    "texts",
    [
        {"note": f"P-000001 {KEY} Delivery INV000001", "descriptions": ["What was delivered"]},
        {"note": "", "descriptions": ["Something else", f"What was delivered [P-000001 {KEY}]"]},
    ],
)
@responses.activate
def test_codats_documents_are_known_by_their_note_or_their_lines(texts: dict[str, Any], tmp_path: Path) -> None:
    bill = {"id": "b-1", "company": "c-1", "number": "S-1", "reference": "S-1", "gross": 120.6, **texts}
    _tells([bill])
    marked = {**bill, "gross": "120.6", "external_key": KEY, "reference": "P-000001"}
    assert SYSTEMS["codat"].books(URL, tmp_path) == [marked]


@responses.activate
def test_a_document_that_is_not_ours_has_no_key(tmp_path: Path) -> None:
    _tells([{"id": "b-1", "note": "", "descriptions": ["Typed by somebody"], "reference": "S-1"}])
    (found,) = SYSTEMS["codat"].books(URL, tmp_path)
    assert (found["external_key"], found["reference"]) == ("", "")


@responses.activate
def test_a_push_that_is_not_booked_yet_is_on_its_way() -> None:
    responses.get(f"{URL}/control/state", json={"open": {"push": 2, "pull": 1, "delivery": 3}})
    assert [SYSTEMS[name].on_its_way(URL) for name in ("codat", "accountsiq-soap")] == [2, 0]


def test_only_the_demo_system_proves_absence() -> None:
    assert [name for name, system in SYSTEMS.items() if system.proves_absence] == ["demo"]


@pytest.mark.parametrize("hurry", [lambda: None, pace.slow_down])
@pytest.mark.parametrize(
    ("name", "length"),
    [("QUIET", 5), ("SEND_WITHIN", 60.0), ("ATTEMPT", 60.0), ("TOKEN_WAIT", 60.0), ("TOKEN_LEASE", 1.0)],
)
def test_a_pace_that_is_not_the_engines_is_refused(
    name: str, length: float, hurry: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for known in ("LEASE", "SEND_WITHIN", "ATTEMPT", "TOKEN_LEASE", "TOKEN_WAIT", "HELD_UP", "ALL_FROZEN", "FROZEN"):
        monkeypatch.setattr(pace, known, getattr(pace, known))
    hurry()
    pace.check()
    monkeypatch.setattr(pace, name, length)
    with pytest.raises(ValueError, match="order of the lengths"):
        pace.check()
