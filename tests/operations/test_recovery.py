"""The demo with faults: what it tells, and when it is content with what is in the books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from integrations.documents import Kind
from portal.operations.demo.recovery import Fate, opening, table, wrong
from portal.postings.states import State
from tests.operations.running import environment, manage
from tests.servers import free_port

POSTED = Fate(
    document="INV000123",
    kind=Kind.INVOICE,
    gross="1,378.44 GBP",
    answered="P-000003",
    portal_number="P-000003",
    books_number="BILL-000001",
    state=State.POSTED,
    reason="",
    kept=False,
    key="k1",
    disturbed_by=("429", "reset_after_commit"),
)
REFUSED = replace(
    POSTED, document="INV000126", answered="", portal_number="P-000007", books_number="", state=State.REJECTED,
    reason="Account code 9999 on line 2 is not in the chart of accounts.", key="k7", disturbed_by=(),
)  # fmt: skip
KEPT = replace(POSTED, kind=Kind.RECEIPT, books_number="MEM-000001", kept=True, key="k2")
UNDER_WAY = replace(POSTED, books_number="", state=State.UNKNOWN, reason="Not found yet.")


def document(key: str, number: str) -> Mapping[str, Any]:
    return {"external_key": key, "number": number}


BILL = document("k1", "BILL-000001")


def test_the_table_shows_all_numbers_and_what_was_in_the_way() -> None:
    assert list(table([POSTED, REFUSED])) == [
        "Document   Kind     Gross         Answered  Portal    Demo Books   State     Disturbed by",
        "---------  -------  ------------  --------  --------  -----------  --------  -----------------------",
        "INV000123  Invoice  1,378.44 GBP  P-000003  P-000003  BILL-000001  Posted    429, reset_after_commit",
        "INV000126  Invoice  1,378.44 GBP  refused   P-000007  none         Rejected  nothing",
    ]


def test_each_document_once_and_nothing_refused_is_as_it_should_be() -> None:
    assert list(wrong([POSTED, KEPT, REFUSED], [BILL, document("somebody else's", "BILL-000002")])) == []


@pytest.mark.parametrize(
    "fate,booked,sentence",
    [
        (POSTED, [], "INV000123 (P-000003) is in Demo Books as nothing, expected was BILL-000001."),
        (
            POSTED,
            [BILL, document("k1", "BILL-000002")],
            "INV000123 (P-000003) is in Demo Books as BILL-000001, BILL-000002, expected was BILL-000001.",
        ),
        (POSTED, [document("k1", "BILL-000009")], "is in Demo Books as BILL-000009, expected was BILL-000001."),
        (REFUSED, [document("k7", "BILL-000002")], "is in Demo Books as BILL-000002, expected was nothing."),
        (KEPT, [document("k2", "PO-000001")], "is in Demo Books as PO-000001, expected was nothing."),
        (UNDER_WAY, [], "INV000123 (P-000003) is unknown. Not found yet."),
        (replace(UNDER_WAY, state=State.HELD, reason="Two were found."), [], "is held. Two were found."),
        (replace(REFUSED, reason="The supplier is closed."), [], "is rejected. The supplier is closed."),
    ],
)
def test_anything_else_is_said(fate: Fate, booked: list[Mapping[str, Any]], sentence: str) -> None:
    found = list(wrong([fate], booked))
    assert len(found) == 1
    assert found[0].endswith(sentence)


def test_it_tells_who_is_still_on_the_way_and_where_to_watch() -> None:
    report = {"spec": "mild", "seed": 7, "disturbed": [{}, {}]}
    urls = {"portal_url": "http://127.0.0.1:8000", "books_url": "http://127.0.0.1:8001/demo"}
    lines = list(opening(report, [POSTED, UNDER_WAY], **urls))
    assert lines[0] == "Demo Books is disturbed: mild, seed 7; 2 requests were hit so far."
    assert "Watch them recover      http://127.0.0.1:8000/admin/postings/posting/?state=under-way" in lines
    assert "  INV000123  P-000003  Unknown. Not found yet." in lines
    assert list(opening(report, [POSTED, REFUSED], **urls))[-1] == "Everything is final already."


def test_a_disturbed_run_ends_with_each_document_in_the_books_once(tmp_path: Path) -> None:
    """The second write of this seed is booked, and its answer is a 500."""
    faults = ("--faults", "500_after_commit=0.2", "--seed", "67")
    ports = ("--port", str(free_port()), "--sandbox-port", str(free_port()))
    done = manage("demo", "--once", *faults, *ports, env=environment(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Demo Books is disturbed: 500_after_commit=0.2, seed 67; 1 requests were hit so far." in done.stdout
    hit = [line.split() for line in done.stdout.splitlines() if line.endswith("500_after_commit")]
    assert [(row[1], row[-2]) for row in hit] == [("Invoice", "Posted")]
    assert "Each document is in Demo Books exactly once" in done.stdout


def test_a_plan_that_cannot_be_read_starts_nothing(tmp_path: Path) -> None:
    refused = manage("demo", "--faults", "earthquake", env=environment(tmp_path))
    assert refused.returncode == 2
    assert "earthquake is unknown here" in refused.stderr
    assert not (tmp_path / "postroom.sqlite3").exists()
