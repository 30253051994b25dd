"""How values look on staff pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from portal.staff.formats import age, copyable, indented, moment, money

STATIC = Path(__file__).parents[2] / "portal/desk/static/postroom"
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (Decimal("1234.5"), "GBP", "1,234.50 GBP"),
        (Decimal("-1234567.89"), "EUR", "−1,234,567.89 EUR"),
        (Decimal("1200"), "JPY", "1,200 JPY"),
        (Decimal("1.5"), "JPY", "1.5 JPY"),
        (Decimal("3"), "KWD", "3.000 KWD"),
        (Decimal("0.0045"), "GBP", "0.0045 GBP"),
        (Decimal("0.00"), "GBP", "0.00 GBP"),
        (Decimal("7"), "", "7.00"),
        (None, "GBP", "–"),
    ],
)
def test_money(amount: Decimal | None, currency: str, shown: str) -> None:
    assert money(amount, currency) == shown


def test_moments_are_utc_with_the_zone_on_hover() -> None:
    at = datetime(2026, 11, 5, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    assert moment(at) == (
        '<time datetime="2026-11-04T23:02:03+00:00" title="4 Nov 2026 23:02 UTC">4 Nov 2026 23:02</time>'
    )
    assert ">4 Nov 2026 23:02:03<" in moment(at, seconds=True)
    assert moment(None) == "–"


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=3, minutes=5), "3 h 5 min"),
        (timedelta(days=2, hours=4, minutes=59), "2 d 4 h"),
    ],
)
def test_age(passed: timedelta, shown: str) -> None:
    assert age(NOON - passed, NOON) == shown


def test_what_is_copied_is_escaped_and_named() -> None:
    text = copyable('P-1"><script>')
    assert 'data-copy="P-1&quot;&gt;&lt;script&gt;"' in text
    assert "<script>" not in text
    assert copyable("") == "–"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{}", "{}"),
        ("[]", "[]"),
        ('{"a":[1,{"b":null}]}', '{\n  "a": [\n    1,\n    {\n      "b": null\n    }\n  ]\n}'),
        ('{"a":"x: {y}, [z]"}', '{\n  "a": "x: {y}, [z]"\n}'),
        (r'{"a":"\"{"}', '{\n  "a": "\\"{"\n}'),
        ('{"n":1.10,"n":01e5}', '{\n  "n": 1.10,\n  "n": 01e5\n}'),
        ("[1 2]", "[1 2]"),
        ('["a"  "b"]', '["a"  "b"]'),
        ('{"open  end', '{"open  end'),
        ("  plain  text ", "  plain  text "),
        ("[" * 33 + "]" * 33, "[" * 33 + "]" * 33),
    ],
)
def test_json_is_indented_without_a_changed_value(text: str, shown: str) -> None:
    assert indented(text) == shown


def test_the_accent_is_the_one_of_the_customer_pages() -> None:
    """Django's sheet has an --accent of its own, so ours is written down a second time."""
    accents = [re.search(r"--accent: ([^;]+);", (STATIC / name).read_text()) for name in ("tokens.css", "admin.css")]
    assert [found is None for found in accents] == [False, False]
    assert len({found[1] for found in accents if found}) == 1
