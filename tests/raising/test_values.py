"""Values as people write them: taken where they can be read in one way only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from integrations.documents import Kind
from portal.raising.members import HEADER_BY_NAME, LINE_BY_NAME
from portal.raising.values import Unreadable, from_json, from_text, number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", "12"), ("12.5", "12.5"), ("12,50", "12.50"), ("0.125", "0.125"), ("0,125", "0.125"), (".5", "0.5"),
        ("-3.00", "-3.00"), ("\N{MINUS SIGN}3,00", "-3.00"), ("+7", "7"), ("1234.50", "1234.50"),
        ("1,234.50", "1234.50"), ("1.234,50", "1234.50"), ("1 234,50", "1234.50"), ("1\u00a0234.5", "1234.5"),
        ("1'234.50", "1234.50"), ("1,234,567", "1234567"), ("1.234.567,8", "1234567.8"), ("1 234", "1234"),
        ("12.3450", "12.3450"), ("999999999999", "999999999999"),
    ],
)  # fmt: skip
def test_a_number_that_means_one_thing_is_read(text: str, value: str) -> None:
    assert str(number(text)) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,234", "“1,234” can be read as 1234 and as 1.234: write 1234 or 1.2340."),
        ("1.234", "“1.234” can be read as 1234 and as 1.234: write 1234 or 1.2340."),
        ("-12,345", "“-12,345” can be read as 12345 and as 12.345: write 12345 or 12.3450."),
        ("£12.50", "“£12.50” is no number: write it as 1234.50, without a currency."),
        ("12.50-", "“12.50-” is no number: write it as 1234.50, without a currency."),
        ("1,23,456", "“1,23,456” is no number: write it as 1234.50, without a currency."),
        ("1,234,5", "“1,234,5” is no number: write it as 1234.50, without a currency."),
        ("1e3", "“1e3” is no number: write it as 1234.50, without a currency."),
        ("1\n2", "“1\N{REPLACEMENT CHARACTER}2” is no number: write it as 1234.50, without a currency."),
        ("NaN", "“NaN” is no number: write it as 1234.50, without a currency."),
        ("١٢", "“١٢” is no number: write it as 1234.50, without a currency."),
        ("1000000000000", "“1000000000000” is too large: at most 12 digits stand before the decimal point."),
        ("0.12345", "“0.12345” has more than 4 decimals."),
        (f"1.{'0' * 35}1", f"“1.{'0' * 35}1” has more than 4 decimals."),
    ],
)
def test_a_number_that_means_two_things_or_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(Unreadable) as caught:
        number(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["20/11/2026", "2026-02-30", "2026-11-5", "20261120", "1999-12-31", "2100-01-01"])
def test_a_date_is_written_in_one_way(text: str) -> None:
    with pytest.raises(Unreadable):
        from_text(HEADER_BY_NAME["date"], text)
    assert from_text(HEADER_BY_NAME["date"], "2026-11-20") == date(2026, 11, 20)


def test_kinds_are_known_by_their_words() -> None:
    member = HEADER_BY_NAME["kind"]
    written = ("purchase_order", "Purchase order", "ORDER", "invoice", "credit-note")
    assert [from_text(member, text) for text in written] == [
        Kind.PURCHASE_ORDER, Kind.PURCHASE_ORDER, Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE,
    ]  # fmt: skip
    with pytest.raises(Unreadable, match="“receipt” is no kind"):
        from_text(member, "receipt")


def test_a_json_number_is_exact_and_never_true_or_a_list() -> None:
    member = LINE_BY_NAME["net"]
    assert [str(from_json(member, value)) for value in (3, Decimal("3.10"), "3.10", "-3")] == [
        "3",
        "3.10",
        "3.10",
        "-3",
    ]
    too_fine = Decimal("0.00001"), Decimal(f"1.{'0' * 35}1"), Decimal("1E-40")
    values: tuple[object, ...] = (True, [], {}, "3,10", "1 000", "", "1e3", 10**12, *too_fine)
    for value in values:
        with pytest.raises(Unreadable):
            from_json(member, value)


@pytest.mark.parametrize("text", ["line\nbreak", "nul\x00", "right\u202eto left", "zero\u200bwidth"])
def test_a_text_has_nothing_that_cannot_be_seen(text: str) -> None:
    with pytest.raises(Unreadable, match="cannot be printed"):
        from_json(HEADER_BY_NAME["title"], text)
    with pytest.raises(Unreadable, match="It has 201 characters; at most 200 are taken"):
        from_json(HEADER_BY_NAME["title"], "x" * 201)
