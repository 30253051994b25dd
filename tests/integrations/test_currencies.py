from __future__ import annotations

from decimal import Decimal

import pytest

from integrations.currencies import MINOR_UNITS, smallest_unit


def test_codes_are_three_capitals() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isalpha() and code.isupper() for code in MINOR_UNITS)
    assert len(MINOR_UNITS) == 155
    assert {decimals: list(MINOR_UNITS.values()).count(decimals) for decimals in (0, 2, 3)} == {0: 16, 2: 132, 3: 7}


@pytest.mark.parametrize("code", ["GBP", "EUR", "USD", "CHF", "JPY", "KWD", "XCG", "ZWG", "SLE"])
def test_active(code: str) -> None:
    assert code in MINOR_UNITS


@pytest.mark.parametrize("code", ["HRK", "BGN", "ANG", "ZWL", "DEM", "XAU", "XXX", "XTS", "CLF", "gbp", ""])
def test_no_money(code: str) -> None:
    assert code not in MINOR_UNITS


@pytest.mark.parametrize("code, unit", [("GBP", "0.01"), ("JPY", "1"), ("KWD", "0.001"), ("???", "0.01")])
def test_smallest_unit(code: str, unit: str) -> None:
    assert smallest_unit(code) == Decimal(unit)
