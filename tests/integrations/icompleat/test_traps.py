"""The vendor's quirks, one by one: what is tolerated, and what becomes of it."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.base import Expected
from integrations.content import content_hash
from integrations.documents import Dimension, Kind, Supplier
from integrations.icompleat.connector import ICompleat
from tests.integrations.icompleat.bodies import (
    COMPANY,
    both,
    coded,
    line,
    money,
    parse,
    put,
    simple,
    taking,
    transaction,
)

D = Decimal


# --- kind -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word, kind",
    [
        ("INV", Kind.INVOICE),
        ("ORD", Kind.PURCHASE_ORDER),
        ("CRD", Kind.CREDIT_NOTE),
        ("CRN", Kind.CREDIT_NOTE),
        ("REC", Kind.RECEIPT),
        ("GRN", Kind.RECEIPT),
        ("RCT", Kind.RECEIPT),
        (" inv ", Kind.INVOICE),
    ],
)
def test_type_words(word: str, kind: Kind) -> None:
    assert parse(simple(Type=word)).kind is kind
    assert parse(simple(Type=word), taking(kind)).kind is kind


@pytest.mark.parametrize("word", [None, "", "PRC", "goods"])
def test_a_receipts_endpoint_takes_unknown_and_missing_types(word: str | None) -> None:
    assert parse(simple(Type=word), taking(Kind.RECEIPT)).kind is Kind.RECEIPT


# --- identity ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "5b1c2f0a-6b1f-4f63-9c0a-0c8f5e0c1a11",
        "5B1C2F0A-6B1F-4F63-9C0A-0C8F5E0C1A11",
        "{5B1C2F0A-6B1F-4F63-9C0A-0C8F5E0C1A11}",
        "5b1c2f0a6b1f4f639c0a0c8f5e0c1a11",
        "  5b1c2f0a-6B1F-4f63-9c0a-0c8f5e0c1a11\n",
    ],
)
def test_one_guid_is_one_identity_however_it_is_written(written: str) -> None:
    document = parse(simple(Id=written))
    assert (document.external_id, document.identity) == ("5b1c2f0a-6b1f-4f63-9c0a-0c8f5e0c1a11",) * 2


def test_an_id_that_is_no_guid_is_kept_in_lower_case() -> None:
    assert parse(simple(Id="TX-000A")).identity == "tx-000a"


def test_receipts_of_one_order_are_told_apart_by_what_and_when() -> None:
    first = parse(simple(Type="REC", Dates={"Delivery": "2026-10-20"}))
    again = parse(simple(Type="GRN", Dates={"Delivery": "2026-10-20T00:00:00"}, LastUpdatedGuid="x", Title="New"))
    later = parse(simple(Type="REC", Dates={"Delivery": "2026-10-21"}))
    fewer = parse(simple(Type="REC", Dates={"Delivery": "2026-10-20"}, Lines=[line(50, 10, 60)]))
    assert first.identity == f"{first.external_id}:{content_hash(first)}"
    assert again.identity == first.identity
    assert len({first.identity, later.identity, fewer.identity}) == 3


@pytest.mark.parametrize("stamp", [{"LastUpdatedGuid": "other"}, {"MatchingStatusDetail": {"MatchStatus": "MCH"}}])
def test_the_stamps_of_the_source_are_no_content(stamp: dict[str, Any]) -> None:
    assert content_hash(parse(simple(**stamp))) == content_hash(parse(simple()))


# --- company and status -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [COMPANY.upper(), COMPANY, f"{{{COMPANY}}}"])
@pytest.mark.parametrize("ours", [COMPANY.upper(), COMPANY])
def test_the_company_is_compared_without_case(written: str, ours: str) -> None:
    assert parse(simple(Company={"Id": written, "Name": "X"}), taking(None, company=ours)).kind is Kind.INVOICE


@pytest.mark.parametrize("company", [..., None, {}, {"Id": None, "Name": "Northgate Training Ltd"}])
def test_no_company_is_no_other_company(company: Any) -> None:
    assert parse(transaction("invoice", put("Company", company))).number == "INV000123"


@pytest.mark.parametrize("status", ["APPR", "appr", "POSTED", "", None])
def test_approved_and_unknown_statuses_pass(status: str | None) -> None:
    assert parse(simple(Status=status)).gross == 120


# --- supplier and texts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members, supplier",
    [
        ({"Supplier": {"Code": "A1", "Name": "Ada"}}, Supplier(code="A1", name="Ada")),
        ({"Supplier": {"Code": 4711, "Name": "Ada"}}, Supplier(code="4711", name="Ada")),
        ({"Supplier": {"Code": "  ", "Name": " Ada "}}, Supplier(code=None, name="Ada")),
        ({"Supplier": None, "SupplierName": "Ada"}, Supplier(code=None, name="Ada")),
        ({"Supplier": {"Code": "A1"}, "SupplierName": "Ada"}, Supplier(code="A1", name="Ada")),
        ({"Supplier": "Ada"}, Supplier(code=None, name="Ada")),
    ],
)
def test_the_supplier_is_an_object_or_a_name(members: dict[str, Any], supplier: Supplier) -> None:
    assert parse(simple(**members)).party == supplier


def test_references_are_trimmed_and_may_be_missing_or_null() -> None:
    given = parse(simple(References={"Identifier": " INV1 ", "PurchaseOrder": None, "Supplier": 9931}))
    assert (given.number, given.order_number, given.supplier_reference) == ("INV1", "", "9931")
    none = parse(simple(References=None))
    assert (none.number, none.order_number, none.supplier_reference) == ("", "", "")


def test_control_characters_become_blanks_and_other_letters_stay_as_they_are() -> None:
    decomposed = "Cafe\u0301 \u2013 Zürich 東京 🎓"
    document = parse(simple(Title=f"a\r\nb\tc\u0085d\u2028e\u007f {decomposed}", Lines=[line(Description="x\n\ny\n")]))
    assert document.title == f"a b c d e  {decomposed}"
    assert document.lines[0].description == "x y"


def test_a_non_breaking_blank_inside_a_name_stays() -> None:
    assert parse(simple(SupplierName="x", Supplier={"Name": "Crown\u00a0Centre"})).party.name == "Crown\u00a0Centre"


# --- dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written, expected",
    [
        ("2020-09-01T16:00:41.090Z", datetime(2020, 9, 1, 16, 0, 41, 90000, tzinfo=UTC)),
        ("2017-10-11T12:57:29.1", datetime(2017, 10, 11, 12, 57, 29, 100000, tzinfo=UTC)),
        ("2018-08-08T11:43:01.5753381Z", datetime(2018, 8, 8, 11, 43, 1, 575338, tzinfo=UTC)),
        ("2019-08-24", datetime(2019, 8, 24, tzinfo=UTC)),
        ("2019-08-24T23:30:00+02:00", datetime(2019, 8, 24, 21, 30, tzinfo=UTC)),
        ("2019-08-24T00:30:00-05:00", datetime(2019, 8, 24, 5, 30, tzinfo=UTC)),
        (" 2019-08-24 ", datetime(2019, 8, 24, tzinfo=UTC)),
        ("9999-12-31T23:59:59-05:00", None),
        ("0001-01-01T00:00:00", None),
        ("2019-08-24 11:43:01", datetime(2019, 8, 24, 11, 43, 1, tzinfo=UTC)),
        ("2019-08-24x11:43:01", None),
        ("2019-08-24T", None),
        ("24/08/2019", None),
        ("20190824", None),
        ("2019-W34-6", None),
        ("2019-02-30", None),
        ("soon", None),
        ("", None),
        (None, None),
        (20190824, None),
    ],
)
def test_instants(written: Any, expected: datetime | None) -> None:
    created = parse(simple(Dates={"Created": written})).created_at
    assert created == expected
    assert created is None or created.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "written, expected",
    [
        ("2024-03-14T00:00:00.000Z", date(2024, 3, 14)),
        ("2024-03-14T00:00:00+13:00", date(2024, 3, 14)),
        ("2024-03-14T23:59:59.9999999-11:00", date(2024, 3, 14)),
        ("2024-03-14T00:00:00", date(2024, 3, 14)),
        ("2024-03-14", date(2024, 3, 14)),
        ("9999-12-31T23:59:59-05:00", date(9999, 12, 31)),
        ("0001-01-01T00:00:00Z", None),
        ("2024-02-30T00:00:00Z", None),
        ("2024-03-14 or so", None),
        ("٢٠٢٤-٠٣-١٤", None),
        (None, None),
        (True, None),
    ],
)
@pytest.mark.parametrize(
    "member, field", [("Invoice", "date"), ("PaymentDue", "due_date"), ("Delivery", "delivery_date")]
)
def test_business_dates_are_the_day_that_was_written(
    member: str, field: str, written: Any, expected: date | None
) -> None:
    assert getattr(parse(simple(Dates={member: written})), field) == expected


def test_the_zone_of_the_machine_plays_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        document = parse(simple(Dates={"Created": "2026-03-29T01:30:00", "Invoice": "2026-03-29T01:30:00"}))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (document.created_at, document.date) == (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), date(2026, 3, 29))


def test_no_dates_at_all() -> None:
    document = parse(simple())
    assert (document.date, document.due_date, document.delivery_date, document.created_at) == (None,) * 4


def test_a_receipt_is_of_the_day_of_delivery_and_nothing_else_is() -> None:
    dates = {"Delivery": "2026-10-20"}
    assert parse(simple(Type="REC", Dates=dates)).date == date(2026, 10, 20)
    assert parse(simple(Type="ORD", Dates=dates)).date is None
    assert parse(simple(Type="REC", Dates={**dates, "Invoice": "2026-10-22"})).date == date(2026, 10, 22)


# --- lines and amounts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantity", [None, ...])
def test_quantity_may_be_null_or_missing(quantity: Any) -> None:
    (only,) = parse(transaction("invoice-minimal", put("Lines.0.Quantity", quantity))).lines
    assert (only.quantity, only.unit_price, only.net) == (None, D(30), D(30))


def test_quantity_times_price_need_not_be_the_net() -> None:
    (only,) = parse(simple(Lines=[line(Quantity=3, UnitCost={"Local": {"Value": D("33.333")}})])).lines
    assert (only.quantity, only.unit_price, only.net) == (D(3), D("33.333"), D(100))


def test_quantity_and_price_have_up_to_ten_decimals_and_are_rounded_beyond() -> None:
    lines = [
        line(Quantity=D("0.1234567891"), UnitCost=D("3.3333333333")),
        line(Quantity=D("0.12345678912"), UnitCost=D("3.33333333333333333335")),
    ]
    exact, rounded = parse(simple(Lines=lines)).lines
    assert (exact.quantity, exact.unit_price) == (D("0.1234567891"), D("3.3333333333"))
    assert (rounded.quantity, rounded.unit_price) == (D("0.1234567891"), D("3.3333333333"))


@pytest.mark.parametrize(
    "amount",
    [
        {"Local": {"Display": "£100.00", "Value": 100}},
        {"Local": {"Value": D("100.0000")}},
        {"Local": {"Value": "100"}},
        {"Local": {"Value": "100.00"}},
        {"local": {"value": 100}},
        {"Local": 100},
        {"Value": 100},
        100,
        D("100.00"),
        "100.0",
    ],
)
def test_an_amount_in_every_dress(amount: Any) -> None:
    document = parse(simple(Lines=[line(Net=amount)]))
    assert (document.lines[0].net, document.net, document.lines[0].base_net) == (D(100), D(100), None)


def test_an_exponent_and_a_negative_zero_come_out_plain() -> None:
    body = simple(Lines=[line(D("1E+2"), D("-0.0"), 100, Quantity=D("1e1"))])
    (only,) = ICompleat().parse(body, Expected(company_id=COMPANY, base_currency="GBP")).lines
    assert [str(value) for value in (only.net, only.tax, only.quantity)] == ["100", "0", "10"]


@pytest.mark.parametrize("missing", ["Net", "Vat", "Gross"])
def test_two_amounts_of_a_line_give_the_third(missing: str) -> None:
    body = simple()
    del body["Lines"][0][missing]
    (only,) = parse(body).lines
    assert (only.net, only.tax, only.gross) == (D(100), D(20), D(120))


@pytest.mark.parametrize("gross", ["119.99", "120", "120.01"])
def test_a_line_may_be_a_penny_out_and_is_taken_as_stated(gross: str) -> None:
    document = parse(simple(Lines=[line(gross=D(gross))]))
    assert (document.lines[0].gross, document.gross) == (D(gross), D(gross))


@pytest.mark.parametrize("tax", ["19.98", "20.00", "20.02"])
def test_totals_may_be_a_penny_per_line_out_and_are_taken_as_stated(tax: str) -> None:
    totals = {"Net": money(100), "Vat": money(D(tax)), "Gross": money(100 + D(tax))}
    document = parse(simple(**totals, Lines=[line(50, 10, 60), line(50, 10, 60)]))
    assert (document.net, document.tax, document.gross) == (D(100), D(tax), 100 + D(tax))


def test_without_totals_the_lines_are_added_up() -> None:
    document = parse(simple(Lines=[line(), line(D("0.10"), D("0.02"), D("0.12")), line(-50, -10, -60)]))
    assert (document.net, document.tax, document.gross) == (D("50.10"), D("10.02"), D("60.12"))


def test_the_yen_has_no_smaller_coin() -> None:
    body = simple(Lines=[line(gross=121)])
    assert parse(body, taking(None, base_currency="JPY")).gross == 121


def test_a_receipt_may_come_without_amounts() -> None:
    bare = {"Description": "Chairs", "Quantity": 12}
    document = parse(simple(Type="REC", Lines=[bare]))
    assert (document.lines[0].quantity, document.lines[0].net, document.gross) == (D(12), D(0), D(0))


@pytest.mark.parametrize(
    "numbers, expected",
    [
        ([1, 2, 3], [1, 2, 3]),
        ([30, 10, 20], [30, 10, 20]),
        ([1, 1, 2], [1, 2, 3]),
        ([1, None, 2], [1, 2, 3]),
        ([0, 1, 2], [1, 2, 3]),
        ([-1, 1, 2], [1, 2, 3]),
        (["1", 2, 3], [1, 2, 3]),
        ([10**9, 1, 2], [1, 2, 3]),
        ([True, 2, 3], [1, 2, 3]),
    ],
)
def test_line_numbers_are_kept_where_each_names_one_line(numbers: list[Any], expected: list[int]) -> None:
    assert [one.number for one in parse(simple(Lines=[line(Number=each) for each in numbers])).lines] == expected


def test_five_thousand_lines() -> None:
    assert parse(simple(Lines=[line()] * 5_000)).gross == 600_000


# --- currency ---------------------------------------------------------------------------------------------------------


def foreign(**members: Any) -> dict[str, Any]:
    """100 + 20 in another currency, 80 + 16 in pounds."""
    amounts = {"Net": money(100, 80, "x"), "Vat": money(20, 16, "x"), "Gross": money(120, 96, "x")}
    return simple(Lines=[amounts], **members)


@pytest.mark.parametrize("name", ["Currency Code", "CurrencyCode", "currency code", " CURRENCY  CODE "])
def test_the_currency_comes_from_the_analysis(name: str) -> None:
    assert parse(foreign(Analysis=[coded(name, "usd")])).currency == "USD"


def test_a_currency_on_the_lines_counts_too() -> None:
    body = foreign()
    body["Lines"][0]["Analysis"] = [coded("Currency Code", "EUR")]
    document = parse(body)
    assert (document.currency, document.lines[0].dimensions) == ("EUR", ())


@pytest.mark.parametrize(
    "display, base, expected",
    [
        ("£120.00", "EUR", "GBP"),
        ("€120.00", "GBP", "EUR"),
        ("120,00 €", "GBP", "EUR"),
        ("$120.00", "GBP", "USD"),
        ("$120.00", "AUD", "AUD"),
        ("-$120.00", "CAD", "CAD"),
        ("£120.00", "GIP", "GIP"),
        ("CHF 120.00", "GBP", "CHF"),
        ("120.00", "NOK", "NOK"),
        ("zł120.00", "PLN", "PLN"),
    ],
)
def test_without_a_code_the_sign_decides_else_the_companys_own(display: str, base: str, expected: str) -> None:
    own = expected == base
    totals = {name: money(value, value if own else 1) for name, value in (("Net", 100), ("Vat", 20), ("Gross", 120))}
    totals["Gross"]["Local"]["Display"] = display
    if not own:
        totals["Gross"]["Base"]["Value"] = 2
    assert parse(simple(**totals), taking(None, base_currency=base)).currency == expected


def test_the_code_outweighs_the_sign() -> None:
    assert parse(foreign(Analysis=[coded("Currency Code", "CAD")])).currency == "CAD"


def test_nothing_said_is_the_companys_own_currency() -> None:
    assert parse(simple(), taking(None, base_currency="NOK")).currency == "NOK"


def test_base_amounts_come_from_the_header_or_are_added_up() -> None:
    from_lines = parse(foreign(Analysis=[coded("Currency Code", "USD")]))
    assert (from_lines.base_net, from_lines.base_tax, from_lines.base_gross) == (D(80), D(16), D(96))
    assert (from_lines.lines[0].base_net, from_lines.lines[0].base_tax) == (D(80), D(16))
    header = {"Net": money(100, 80), "Vat": money(20, 16), "Gross": money(120, 96)}
    from_header = parse(simple(Analysis=[coded("Currency Code", "USD")], **header))
    assert (from_header.base_net, from_header.base_tax, from_header.base_gross) == (D(80), D(16), D(96))
    assert (from_header.lines[0].base_net, from_header.lines[0].base_tax) == (None, None)


def test_a_foreign_receipt_books_nothing_and_needs_no_base() -> None:
    document = parse(simple(Type="REC", Analysis=[coded("Currency Code", "USD")]))
    assert (document.currency, document.base_gross) == ("USD", None)


# --- coding -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Account Code", "AccountCode", "account code", "ACCOUNT\u00a0CODE"])
def test_field_names_are_compared_without_case_and_blanks(name: str) -> None:
    assert parse(simple(Analysis=[coded(name, "5010")])).lines[0].account_code == "5010"


def test_the_line_outweighs_the_header_and_the_header_stands_for_the_rest() -> None:
    lines = [line(Analysis=[coded("Account Code", "7504"), coded("Tax Code", "T0")]), line(Analysis=None), line()]
    document = parse(simple(Analysis=[coded("Account Code", "5010"), coded("Tax Code", "T1")], Lines=lines))
    assert [one.account_code for one in document.lines] == ["7504", "5010", "5010"]
    assert [one.tax_code for one in document.lines] == ["T0", "T1", "T1"]
    assert document.dimensions == ()


def test_a_null_on_the_line_leaves_the_header_to_decide() -> None:
    lines = [line(Analysis=[{"Name": "Account Code", "Value": None}, coded("Tax Code", "")])]
    (only,) = parse(simple(Analysis=[coded("Account Code", "5010"), coded("Tax Code", "T1")], Lines=lines)).lines
    assert (only.account_code, only.tax_code) == ("5010", "T1")


@pytest.mark.parametrize("analysis", [..., None, []])
def test_no_analysis_at_all(analysis: Any) -> None:
    body = transaction(
        "invoice", both(put("Analysis", analysis), *(put(f"Lines.{i}.Analysis", analysis) for i in range(3)))
    )
    document = parse(body)
    assert (document.currency, document.dimensions) == ("GBP", ())
    assert {(one.account_code, one.tax_code, one.dimensions) for one in document.lines} == {(None, None, ())}


@pytest.mark.parametrize(
    "value, expected",
    [
        ({"Code": "TRN", "Name": "Training"}, ("TRN", "Training")),
        ({"Code": "TRN"}, ("TRN", "")),
        ({"Code": None, "Name": "Free words"}, ("Free words", "Free words")),
        ({"Code": 12}, ("12", "")),
        ("2026-10-20", ("2026-10-20", "")),
        (42, ("42", "")),
        (D("1.50"), ("1.50", "")),
        (True, ("true", "")),
        (False, ("false", "")),
    ],
)
def test_values_of_every_shape_become_dimensions(value: Any, expected: tuple[str, str]) -> None:
    entry = {"Name": "Project", "Value": value}
    document = parse(simple(Analysis=[entry], Lines=[line(Analysis=[entry])]))
    dimension = Dimension(name="Project", code=expected[0], label=expected[1])
    assert (document.dimensions, document.lines[0].dimensions) == ((dimension,), (dimension,))


@pytest.mark.parametrize("value", [None, "", "  ", {}, {"Code": None, "Name": None}, {"Code": ""}])
def test_empty_values_are_left_out(value: Any) -> None:
    assert parse(simple(Analysis=[{"Name": "Project", "Value": value}, {"Name": None, "Value": None}])).dimensions == ()


# --- the sign of a credit note ----------------------------------------------------------------------------------------


def negated(value: Any) -> Any:
    """Every amount with the other sign, quantities and prices left alone."""
    if isinstance(value, dict):
        return {
            name: -member
            if name == "Value" and isinstance(member, int | D)
            else member
            if name == "UnitCost"
            else negated(member)
            for name, member in value.items()
        }
    return [negated(item) for item in value] if isinstance(value, list) else value


def test_a_negative_credit_note_is_the_positive_one() -> None:
    positive = parse(transaction("credit-note"))
    assert parse(negated(transaction("credit-note"))) == positive
    assert positive.gross == D("38.16")


def test_a_discount_line_keeps_its_relative_sign() -> None:
    lines = [line(-100, -20, -120, Quantity=-4, UnitCost=25), line(10, 2, 12, Quantity=1, UnitCost=10)]
    document = parse(simple(Type="CRD", Lines=lines))
    goods, discount = document.lines
    assert (document.net, document.tax, document.gross) == (D(90), D(18), D(108))
    assert (goods.net, goods.quantity, goods.unit_price) == (D(100), D(4), D(25))
    assert (discount.net, discount.quantity, discount.unit_price) == (D(-10), D(1), D(-10))


@pytest.mark.parametrize(
    "quantity, price, expected",
    [
        (-4, 25, (D(4), D(25))),
        (4, -25, (D(4), D(25))),
        (4, 25, (D(4), D(25))),
        (-4, None, (D(4), None)),
        (None, -25, (None, D(25))),
        (None, 25, (None, D(25))),
        (None, None, (None, None)),
        (0, 25, (D(0), D(25))),
    ],
)
def test_quantity_or_price_turns_with_the_net(quantity: Any, price: Any, expected: tuple[Any, Any]) -> None:
    (only,) = parse(simple(Type="CRD", Lines=[line(-100, -20, -120, Quantity=quantity, UnitCost=price)])).lines
    assert (only.net, only.tax, only.gross) == (D(100), D(20), D(120))
    assert (only.quantity, only.unit_price) == expected


def test_base_amounts_turn_too() -> None:
    body = foreign(Type="CRD", Analysis=[coded("Currency Code", "USD")])
    document = parse(negated(body))
    assert document == parse(body)
    assert (document.base_gross, document.lines[0].base_net) == (D(96), D(80))


def test_a_credit_note_with_a_positive_total_is_left_alone() -> None:
    document = parse(simple(Type="CRD", Lines=[line(), line(-10, -2, -12)]))
    assert [one.net for one in document.lines] == [D(100), D(-10)]


@pytest.mark.parametrize("word", ["INV", "ORD", "REC"])
def test_nothing_else_is_turned_round(word: str) -> None:
    document = parse(simple(Type=word, Lines=[line(-100, -20, -120, Quantity=-1)]))
    assert (document.gross, document.lines[0].quantity) == (D(-120), D(-1))


def test_an_upper_case_delivery_is_the_same_document() -> None:
    upper = parse(transaction("invoice", lambda bare: bare.update(Id=bare["Id"].upper())))
    assert upper == parse(transaction("invoice"))
