"""What the demo shows, and when it is content."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from portal.operations.demo.icompleat import Approved
from portal.operations.demo.outcome import Told, for_scripts, surprises, table, write_at_once
from portal.operations.demo.seed import Login, Seeded, SeededCompany, SeededEndpoint

COMPANY = SeededCompany("Northgate Training Ltd", "8d4b", "ledger", (SeededEndpoint("all", "/webhooks/x/1/", "prm_1"),))
POSTED = Approved("1", "INV000123", "invoice", Decimal("1378.44"), "GBP", 200, "JNL-000001", "", 8)
REFUSAL = "400: Line 2: account code 9999 is not in the chart."
REFUSED = replace(POSTED, id="7", number="INV000126", status=400, journal_number="", reason=REFUSAL)
NUMBERS = tuple(replace(POSTED, id=str(n), journal_number=f"JNL-{n:06}") for n in range(1, 7))


def told(*approved: Approved) -> list[Told]:
    return [Told(COMPANY, approved)]


def test_the_table() -> None:
    assert list(table(told(POSTED, replace(REFUSED, milliseconds=None)))) == [
        "Company                 Document   Kind            Gross  Answer  Journal number  ms",
        "----------------------  ---------  -------  ------------  ------  --------------  --",
        "Northgate Training Ltd  INV000123  Invoice  1,378.44 GBP     200  JNL-000001       8",
        "Northgate Training Ltd  INV000126  Invoice  1,378.44 GBP     400  none",
        f"    {REFUSAL}",
    ]


def test_six_numbers_and_one_refusal_are_expected() -> None:
    assert surprises(told(*NUMBERS, REFUSED)) == []


@pytest.mark.parametrize(
    ("approved", "sentence"),
    [
        (NUMBERS, "one refusal (400) that names account 9999 was expected. Refused: none."),
        ((*NUMBERS[:5], REFUSED), "5 different journal numbers were answered, 6 were expected."),
        ((*NUMBERS[:5], NUMBERS[4], REFUSED), "5 different journal numbers were answered, 6 were expected."),
        ((*NUMBERS, replace(REFUSED, status=500)), "Refused: INV000126: 500 400: Line 2: account code 9999"),
        ((*NUMBERS, replace(REFUSED, reason="400: no")), "Refused: INV000126: 400 400: no."),
        ((*NUMBERS, REFUSED, REFUSED), "one refusal (400) that names account 9999 was expected."),
        ((*NUMBERS, replace(NUMBERS[0], journal_number="JNL-000007")), "7 different journal numbers"),
    ],
)
def test_anything_else_is_said(approved: tuple[Approved, ...], sentence: str) -> None:
    found = " ".join(surprises(told(*approved)))
    assert found.startswith("Northgate Training Ltd: ")
    assert sentence in found


def test_what_scripts_are_told(tmp_path: Path) -> None:
    seeded = Seeded((COMPANY,), Login("staff", "s"), Login("customer", "c"))
    path = tmp_path / "out.json"
    write_at_once(path, for_scripts("http://127.0.0.1:8000", "http://127.0.0.1:8001", seeded))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["out.json"]
    assert json.loads(path.read_text()) == {
        "portal_url": "http://127.0.0.1:8000",
        "sandbox_url": "http://127.0.0.1:8001",
        "staff": {"username": "staff", "password": "s"},
        "customer": {"username": "customer", "password": "c"},
        "endpoints": [
            {
                "company": "Northgate Training Ltd",
                "icompleat_company_id": "8d4b",
                "accounting": "ledger",
                "kind": "all",
                "url": "http://127.0.0.1:8000/webhooks/x/1/",
                "token_header": "x-api-compleat-token",
                "token": "prm_1",
            }
        ],
    }
