"""Documents to Tryton and back, by exact values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.documents import Document, IdempotencyKey, Kind, Supplier
from integrations.errors import Misconfigured, Rejected
from integrations.tryton import kinds, mapping, marks, names
from integrations.tryton.mapping import Named
from integrations.tryton.words import amount, day, like, moment, number, one_line
from tests.samples import KEY, sample, with_line

TAX = {"id": 2, "name": "T1", "description": "Standard rate", "type": "percentage", "childs": [], "active": 1,
       "parent": None, "group": None, "invoice_account": 73, "credit_note_account": 74}  # fmt: skip
ZERO = {**TAX, "id": 1, "name": "T0", "description": "Zero-rated"}
ACCOUNTS = {"5010": {"id": 136}, "7504": {"id": 137}}
NAMED = Named(company=1, party=2, address=3, currency=4, taxes={"T1": TAX, "T0": ZERO}, accounts=ACCOUNTS, control=67)


def draft(document: Document, named: Named = NAMED) -> dict[str, Any]:
    return mapping.values(document, named, key=KEY, reference="P-000007")


def lines(document: Document) -> list[tuple[Decimal, str]]:
    return [(one["quantity"], one["unit_price"]["decimal"]) for one in draft(document)["lines"][0][1]]


def taxes(document: Document, named: Named = NAMED) -> list[tuple[int, int, str, str]]:
    rows = draft(document, named)["taxes"][0][1]
    return [(one["tax"], one["account"], one["base"]["decimal"], one["amount"]["decimal"]) for one in rows]


@pytest.mark.parametrize(
    "quantity,price,net,sent",
    [
        ("2", "50.00", "100.00", (Decimal(2), "50.00")),
        ("20", "5", "100.00", (Decimal(20), "5")),
        ("0.125", "98.80", "12.35", (Decimal("0.125"), "98.80")),
        ("-1", "50.50", "-50.50", (Decimal(-1), "50.50")),
        (None, None, "-50.50", (Decimal(-1), "50.50")),
        (None, "50.50", "50.50", (Decimal(1), "50.50")),
        ("3", "0.3333", "1.00", (Decimal(1), "1.00")),
        ("3", "0.33333", "0.99999", (Decimal(1), "0.99999")),
        ("1.2345678901234", "100", "123.45678901234", (Decimal(1), "123.45678901234")),
        ("0", "0", "0.00", (Decimal(0), "0")),
        (None, None, "0.00", (Decimal(1), "0.00")),
    ],
)
def test_quantity_and_price_go_out_only_where_they_make_the_amount(
    quantity: str | None, price: str | None, net: str, sent: tuple[Decimal, str]
) -> None:
    given = {"quantity": quantity, "unit_price": price}
    changes: dict[str, Any] = {name: None if text is None else Decimal(text) for name, text in given.items()}
    assert lines(with_line(sample(), 0, net=Decimal(net), **changes))[0] == sent


def test_quantities_and_taxes_of_a_credit_note_are_negative() -> None:
    credit = sample(Kind.CREDIT_NOTE)
    assert lines(credit) == [(Decimal(-2), "50.00"), (Decimal(-1), "50.50")]
    assert taxes(credit) == [(2, 74, "-100.00", "-20.00"), (1, 74, "-50.50", "0.00")]


def test_taxes_are_grouped_by_code_and_sign() -> None:
    first = sample().lines[0]
    less = replace(first, net=Decimal(-40), tax=Decimal("-8.01"), gross=Decimal("-48.01"))
    document = sample(lines=(first, less, replace(first, tax=Decimal("19.99"))))
    assert taxes(document) == [(2, 73, "200.00", "39.99"), (2, 74, "-40", "-8.01")]


@pytest.mark.parametrize("changed", [{"childs": [7, 8]}, {"type": "none"}])
def test_a_tax_with_parts_is_left_to_tryton(changed: dict[str, Any]) -> None:
    named = replace(NAMED, taxes={"T1": {**TAX, **changed}, "T0": ZERO})
    assert [row[0] for row in taxes(sample(), named)] == [1]


def test_an_order_without_a_date_is_dated_when_it_was_made() -> None:
    made = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    told = draft(sample(Kind.PURCHASE_ORDER, date=None, created_at=made))
    assert (told["purchase_date"], told["invoice_method"]) == ("2026-11-20", "manual")
    with pytest.raises(Rejected) as caught:
        draft(sample(date=None, created_at=None))
    assert caught.value.field == "date"


def test_a_bill_without_a_due_date_has_none() -> None:
    assert draft(sample(due_date=None))["payment_term_date"] is None


# --- the mark --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("title", ["Venue hire", "", "odd [postroom invoice x] title", "two\nlines", "x" * 5000, "   "])
@pytest.mark.parametrize("kind", sorted(kinds.BOOKS))
def test_the_mark_is_read_back_whatever_the_title(kind: Kind, title: str) -> None:
    text = marks.description(sample(kind, title=title), key=KEY, reference="P-000007")
    assert marks.read(text) == ("P-000007", kind, KEY.value)
    assert "\n" not in text
    assert len(text) < 300


@pytest.mark.parametrize(
    "text", ["", "Venue hire", "[postroom invoice]", "P-1 [postroom sofa 8f14]", "P-1 [postroom invoice 8f14] copy"]
)
def test_what_is_not_ours_has_no_mark(text: str) -> None:
    assert marks.read(text) is None


def test_a_pattern_takes_no_letter_for_another() -> None:
    assert marks.pattern(Kind.CREDIT_NOTE, IdempotencyKey("a_b%c\\")) == r"%[postroom credit\_note a\_b\%c\\]"


# --- what a document names -------------------------------------------------------------------------------------------

CROWN = {"id": 2, "code": "CROWN01", "name": "Crown", "active": 1, "addresses": [{"id": 9, "active": 1, "invoice": 0}]}
TWIN = {**CROWN, "id": 3, "code": "77"}


def test_a_code_wins_over_a_name() -> None:
    found = names.party(Supplier(code="CROWN01", name="Somebody"), [TWIN, CROWN])
    assert found is not None
    assert found["id"] == 2


@pytest.mark.parametrize(
    "supplier,found,says",
    [
        (Supplier(code=None, name="Crown"), [CROWN, TWIN], "CROWN01, 77"),
        (Supplier(code="CROWN01", name="Crown"), [{**CROWN, "active": 0}], "not active"),
    ],
)
def test_a_supplier_that_is_not_clear_is_refused(supplier: Supplier, found: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(Rejected, match=says) as caught:
        names.party(supplier, found)
    assert caught.value.field == "supplier"


def test_nobody_found_is_nobody() -> None:
    assert names.party(Supplier(code="X", name="Y"), []) is None


def test_a_document_that_names_nobody_is_refused() -> None:
    with pytest.raises(Rejected):
        names.parties(Supplier(code=None, name=" \n"))


def test_the_address_for_invoices_comes_first() -> None:
    other = {"id": 10, "active": 1, "invoice": 1}
    gone = {"id": 8, "active": 0, "invoice": 1}
    assert names.address({**CROWN, "addresses": [gone, *CROWN["addresses"], other]}) == 10  # type: ignore[misc]
    assert names.address(CROWN) == 9
    with pytest.raises(Rejected, match="no address"):
        names.address({**CROWN, "addresses": [gone]})


@pytest.mark.parametrize(
    "found,says",
    [
        ([], "not known"),
        ([{**TAX, "active": 0}], "closed, not active"),
        ([{**TAX, "parent": 5}], "closed, not active"),
        ([{**TAX, "group": {"id": 1, "kind": "sale"}}], "for purchases"),
        ([TAX, {**TAX, "id": 9}], "2 times"),
    ],
)
def test_a_tax_that_is_not_clear_is_refused_by_line(found: list[dict[str, Any]], says: str) -> None:
    with pytest.raises(Rejected, match=says) as caught:
        names.taxes(sample(), [ZERO, *found])
    assert caught.value.message.startswith("Line 1: the tax T1 ")
    assert caught.value.field == "lines[0].tax_code"


def test_of_two_taxes_of_one_name_the_one_for_purchases_is_meant() -> None:
    sale = {**TAX, "id": 9, "group": {"id": 1, "kind": "sale"}}
    assert names.taxes(sample(), [ZERO, sale, TAX])["T1"]["id"] == 2


@pytest.mark.parametrize("changed", [{"closed": 1}, {"active": False}, {"type": None}])
def test_an_account_that_takes_no_postings_is_refused(changed: dict[str, Any]) -> None:
    account = {"id": 5, "code": "5010", "active": True, "closed": 0, "type": 3}
    with pytest.raises(Rejected, match="closed, not active"):
        names.accounts(sample(), [{**account, **changed}])


def test_a_line_without_a_code_is_a_matter_of_the_mapping() -> None:
    with pytest.raises(Misconfigured):
        names.accounts(with_line(sample(), 0, account_code=" "), [])


# --- and back --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state,number,booked",
    [("draft", None, False), ("validated", "1", False), ("posted", "1", True), ("paid", "1", True),
     ("cancelled", None, False), ("cancelled", "1", True), (None, "1", False)],
)  # fmt: skip
def test_what_counts_as_in_the_books(state: str | None, number: str | None, booked: bool) -> None:
    assert mapping.is_booked({"state": state, "number": number}, Kind.INVOICE) is booked


@pytest.mark.parametrize(
    "state,booked", [("quotation", False), ("confirmed", True), ("processing", True), ("done", True)]
)
def test_what_counts_as_an_order(state: str, booked: bool) -> None:
    assert mapping.is_booked({"state": state, "number": "1"}, Kind.PURCHASE_ORDER) is booked


def test_what_tryton_does_not_tell_is_none() -> None:
    told = mapping.posted({"id": 17, "state": "posted"}, Kind.INVOICE)
    assert (told.external_id, told.number) == ("17", "")
    assert {told.net, told.tax, told.gross, told.currency, told.date, told.supplier_code} == {None}


@pytest.mark.parametrize("value", [None, True, "x", {"decimal": "x"}, {"decimal": None}, {"decimal": "NaN"}, []])
def test_what_is_no_number_is_none(value: object) -> None:
    assert amount(value) is None


@pytest.mark.parametrize("value", [None, "2024-03-14", {"year": 2024}, {"year": 2024, "month": 13, "day": 1}])
def test_what_is_no_day_is_none(value: object) -> None:
    assert day(value) is None


def test_words_of_tryton() -> None:
    assert number(Decimal("1E+2")) == {"__class__": "Decimal", "decimal": "100"}
    assert day({"__class__": "date", "year": 2024, "month": 3, "day": 14}) == date(2024, 3, 14)
    assert one_line(" a\tb\nc ", 4) == "a b"
    assert like("50%_\\") == r"50\%\_\\"
    later = datetime.fromisoformat("2026-11-20T13:00:00.5+01:00")
    assert moment(later)["hour"] == 12
