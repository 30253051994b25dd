"""How amounts, quantities and times are written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal.notation import amount_text, bare_amount, day_text, moment_in_full, moment_text, quantity_text


@pytest.mark.parametrize(
    "amount,currency,text",
    [
        ("0", "GBP", "0.00"),
        ("1234.5", "GBP", "1,234.50"),
        ("1234567.89", "EUR", "1,234,567.89"),
        ("-1234.5", "GBP", "\N{MINUS SIGN}1,234.50"),
        ("1200.00", "JPY", "1,200"),
        ("1200.50", "JPY", "1,200.5"),
        ("1.5", "KWD", "1.500"),
        ("0.0375", "GBP", "0.0375"),
        ("922337203685477.5807", "GBP", "922,337,203,685,477.5807"),
        ("12.3", "???", "12.30"),
        ("12.3", "", "12.30"),
        ("1E+3", "GBP", "1,000.00"),
    ],
)
def test_amounts(amount: str, currency: str, text: str) -> None:
    assert amount_text(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    "amount,currency,text", [("-1234.5", "GBP", "-1234.50"), ("1200.00", "JPY", "1200"), ("0.0375", "GBP", "0.0375")]
)
def test_amounts_for_machines(amount: str, currency: str, text: str) -> None:
    assert bare_amount(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    "quantity,text", [("30", "30"), ("30.00", "30"), ("1.50", "1.5"), ("1200", "1,200"), ("0", "0")]
)
def test_quantities(quantity: str, text: str) -> None:
    assert quantity_text(Decimal(quantity)) == text


def test_days_have_no_leading_nought() -> None:
    assert day_text(date(2026, 11, 5)) == "5 Nov 2026"


@pytest.mark.parametrize(
    "zone,short,full",
    [
        ("Europe/London", "1 Jul 2026 00:30", "1 Jul 2026 00:30:05 BST (Europe/London)"),
        ("America/New_York", "30 Jun 2026 19:30", "30 Jun 2026 19:30:05 EDT (America/New_York)"),
        ("Nowhere/Land", "30 Jun 2026 23:30", "30 Jun 2026 23:30:05 UTC (UTC)"),
        ("../etc/passwd", "30 Jun 2026 23:30", "30 Jun 2026 23:30:05 UTC (UTC)"),
        ("", "30 Jun 2026 23:30", "30 Jun 2026 23:30:05 UTC (UTC)"),
    ],
)
def test_moments(zone: str, short: str, full: str) -> None:
    at = datetime(2026, 6, 30, 23, 30, 5, tzinfo=UTC)
    assert (moment_text(at, zone), moment_in_full(at, zone)) == (short, full)
