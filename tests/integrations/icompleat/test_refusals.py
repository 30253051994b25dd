"""What cannot be booked: each refusal names the member and says in one sentence what is wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.content import from_json, to_json
from integrations.documents import Kind
from integrations.errors import Malformed
from integrations.icompleat.connector import ICompleat
from integrations.icompleat.samples import NAMES
from tests.integrations.icompleat.bodies import (
    COMPANY,
    EVERYTHING,
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
AMOUNT = "Lines[2].Net.Local.Value"
NOT_A_NUMBER = "must be a number, or text of plain digits such as 1234.50."


def refused(body: Any, kind: Kind | None = None, **expected: Any) -> Malformed:
    with pytest.raises(Malformed) as caught:
        parse(body, taking(kind, **expected))
    return caught.value


# --- the wrapping -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body, field, message",
    [
        ({}, "Id", "The transaction has no Id."),
        ({"Transaction": []}, "Transaction", "Transaction must be an object."),
        ({"Transaction": "INV1"}, "Transaction", "Transaction must be an object."),
        ({"Transaction": {}}, "Id", "The transaction has no Id."),
        (
            {"Transactions": []},
            "Transactions",
            "Transactions holds 0 transactions, but exactly one is taken at a time.",
        ),
        (
            {"Transactions": [simple(), simple()]},
            "Transactions",
            "Transactions holds 2 transactions, but exactly one is taken at a time.",
        ),
        ({"Transactions": {}}, "Transactions", "Transactions must be a list."),
        ({"Transactions": [7]}, "Transactions[0]", "Transactions[0] must be an object."),
    ],
)
def test_wrapping(body: Any, field: str, message: str) -> None:
    refusal = refused(body)
    assert (refusal.field, refusal.message) == (field, message)


# --- the header -------------------------------------------------------------------------------------------------------

KNOWN = "known are INV, ORD, CRD, CRN, REC, GRN, RCT."
EVERY_KIND = f"This endpoint takes every kind and needs a Type that says which; {KNOWN}"
ID_RULE = "Id must be a GUID, or at least an id of up to 64 characters without blanks."


@pytest.mark.parametrize("value", ["", "  ", "a b", "x" * 65, "é", 12, True, ["x"], {"Value": "x"}])
def test_id(value: Any) -> None:
    refusal = refused(simple(Id=value))
    assert (refusal.field, refusal.message) == ("Id", ID_RULE)


@pytest.mark.parametrize(
    "word, endpoint, message",
    [
        (
            "ORD",
            Kind.INVOICE,
            "This endpoint takes invoices, but Type is ORD: send purchase orders to their own endpoint.",
        ),
        (
            "CRD",
            Kind.RECEIPT,
            "This endpoint takes receipts, but Type is CRD: send credit notes to their own endpoint.",
        ),
        (
            "rec",
            Kind.PURCHASE_ORDER,
            "This endpoint takes purchase orders, but Type is REC: send receipts to their own endpoint.",
        ),
        (
            "PRC",
            Kind.INVOICE,
            f"Type PRC is not known. This endpoint takes invoices; {KNOWN}",
        ),
        (
            "PRC",
            None,
            f"Type PRC is not known. {EVERY_KIND}",
        ),
        (
            None,
            None,
            f"Type is missing. {EVERY_KIND}",
        ),
        (
            "INV",
            Kind.SALES_INVOICE,
            "This endpoint takes sales invoices, but Type is INV: send invoices to their own endpoint.",
        ),
    ],
)
def test_kind(word: str | None, endpoint: Kind | None, message: str) -> None:
    refusal = refused(simple(Type=word), endpoint)
    assert (refusal.field, refusal.message) == ("Type", message)


@pytest.mark.parametrize("company", ["3c1f0a52-7d0e-4b6c-9a35-51f6c2d8e704", "another", 17])
def test_another_company(company: Any) -> None:
    refusal = refused(simple(Company={"Id": company, "Name": "Other"}))
    assert refusal.field == "Company.Id"
    assert refusal.message == f"The transaction belongs to company {company}, but this endpoint is another company's."


def test_a_company_against_an_endpoint_that_knows_none() -> None:
    assert refused(simple(Company={"Id": COMPANY}), company="").field == "Company.Id"


@pytest.mark.parametrize(
    "status, words",
    [
        ("PEND", "awaiting approval (status PEND)"),
        ("del", "deleted (status DEL)"),
        ("DEN", "denied (status DEN)"),
        ("SAV", "saved, but not submitted (status SAV)"),
    ],
)
def test_only_approved_transactions_are_booked(status: str, words: str) -> None:
    refusal = refused(simple(Status=status))
    assert refusal.field == "Status"
    assert refusal.message == f"The transaction is {words}: only approved transactions are booked."


@pytest.mark.parametrize("members", [{"Supplier": None}, {"Supplier": {"Code": "A1"}}, {"Supplier": {"Name": " "}}])
def test_a_supplier_without_a_name(members: dict[str, Any]) -> None:
    refusal = refused(simple(**members))
    assert (refusal.field, refusal.message) == ("Supplier.Name", "The transaction names no supplier.")


@pytest.mark.parametrize(
    "change, field, what",
    [
        (put("References", "INV1"), "References", "must be an object."),
        (put("References", ["INV1"]), "References", "must be an object."),
        (put("References.Identifier", {"x": 1}), "References.Identifier", "must be text."),
        (put("References.Identifier", True), "References.Identifier", "must be text."),
        (
            put("References.Supplier", "9" * 101),
            "References.Supplier",
            "has 101 characters, but at most 100 can be kept.",
        ),
        (put("References.PurchaseOrder", [1]), "References.PurchaseOrder", "must be text."),
        (put("Dates", "2026-10-20"), "Dates", "must be an object."),
        (put("Company", COMPANY), "Company", "must be an object."),
        (put("Supplier.Name", "x" * 201), "Supplier.Name", "has 201 characters, but at most 200 can be kept."),
        (put("Supplier.Name", False), "Supplier.Name", "must be text."),
        (put("Supplier", ["x"]), "Supplier", "must be text."),
        (put("Title", {}), "Title", "must be text."),
        (put("Status", ["APPR"]), "Status", "must be text."),
        (put("Type", {"Code": "INV"}), "Type", "must be text."),
        (put("Analysis", {}), "Analysis", "must be a list."),
        (put("Analysis", ["x"]), "Analysis[0]", "must be an object."),
        (put("Analysis", [{"Name": "Project", "Value": ["x"]}]), "Analysis[0].Value", "must be text."),
        (put("Analysis", [{"Name": "Project", "Value": {"Code": {}}}]), "Analysis[0].Value.Code", "must be text."),
        (
            put("Analysis", [coded("Project", "x" * 101)]),
            "Analysis[0].Value.Code",
            "has 101 characters, but at most 100 can be kept.",
        ),
        (
            put("Analysis", [{"Value": {"Code": "A1"}}]),
            "Analysis[0].Name",
            "is missing, so nobody can tell what its value means.",
        ),
        (put("Lines", "none"), "Lines", "must be a list."),
        (put("Lines", [1]), "Lines[0]", "must be an object."),
        (put("Lines.0.Description", ["x"]), "Lines[0].Description", "must be text."),
        (put("Lines.0.Code", "x" * 101), "Lines[0].Code", "has 101 characters, but at most 100 can be kept."),
        (put("Lines.0.Net", [1]), "Lines[0].Net", NOT_A_NUMBER),
        (put("Lines.0.Net.Local", [1]), "Lines[0].Net.Local", NOT_A_NUMBER),
        (put("Lines.0.Quantity", "a dozen"), "Lines[0].Quantity", NOT_A_NUMBER),
        (put("Lines.0.Quantity", 10**14), "Lines[0].Quantity", "is larger than any amount that is booked here."),
        (put("Lines.0.UnitCost", {"Local": {"Value": "1e3"}}), "Lines[0].UnitCost.Local.Value", NOT_A_NUMBER),
    ],
)
def test_members_of_the_wrong_shape(change: Any, field: str, what: str) -> None:
    body = simple()
    change(body)
    refusal = refused(body)
    assert (refusal.field, refusal.message) == (field, f"{field} {what}")


# --- lines and amounts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lines", [..., None, []])
def test_no_lines(lines: Any) -> None:
    refusal = refused(transaction("invoice", put("Lines", lines)))
    assert (refusal.field, refusal.message) == ("Lines", "The transaction has no lines.")


def test_too_many_lines() -> None:
    refusal = refused(simple(Lines=[line()] * 5_001))
    assert (refusal.field, refusal.message) == ("Lines", "Lines holds 5,001 lines, but at most 5,000 are taken.")


@pytest.mark.parametrize(
    "written",
    [
        "1_000",
        "1_0.5",
        "١٠٠",
        "１００",
        "1e3",
        "1E+2",
        "",
        " ",
        " 100",
        "100 ",
        "100\n",
        "1,000.00",
        "100,50",
        "£100",
        "+100",
        ".5",
        "5.",
        "--5",
        "0x10",
        "NaN",
        "Infinity",
        "-",
        "1" * 31,
        "0." + "1" * 31,
        True,
        False,
        [],
        [100],
    ],
)
def test_what_is_no_amount(written: Any) -> None:
    refusal = refused(transaction("invoice", put("Lines.2.Net.Local.Value", written)))
    assert (refusal.field, refusal.message) == (AMOUNT, f"{AMOUNT} {NOT_A_NUMBER}")


@pytest.mark.parametrize("value", [D("NaN"), D("Infinity"), D("-Infinity"), 1.5, float("nan")])
def test_what_json_cannot_say_is_refused_all_the_same(value: Any) -> None:
    with pytest.raises(Malformed) as caught:
        ICompleat().parse(simple(Lines=[line(value)]), EVERYTHING)
    assert caught.value.field == "Lines[0].Net.Local.Value"


@pytest.mark.parametrize("value", [D("1.00001"), "0.00001", D("153.00000000000000000000000000000000001")])
def test_more_than_four_decimals(value: Any) -> None:
    refusal = refused(transaction("invoice", put("Lines.2.Net.Local.Value", value)))
    assert refusal.field == AMOUNT
    assert refusal.message == f"{AMOUNT} has more than four decimals, which no amount of money has."


@pytest.mark.parametrize("value", [10**13 + 1, -(10**13) - 1, D("10000000000000.01"), "9" * 20, 10**39])
def test_more_than_ten_million_millions(value: Any) -> None:
    refusal = refused(transaction("invoice", put("Lines.2.Net.Local.Value", value)))
    assert refusal.field == AMOUNT
    assert refusal.message == f"{AMOUNT} is larger than any amount that is booked here."


def test_lines_that_add_up_to_more_than_can_be_booked() -> None:
    refusal = refused(simple(Lines=[line(10**13, 0, 10**13)] * 2))
    assert (refusal.field, "larger than any amount" in refusal.message) == ("Net", True)


@pytest.mark.parametrize(
    "given_members, message, field",
    [
        ({}, "Line 7 has no net amount.", "Lines[0].Net"),
        ({"Net": money(1)}, "Line 7 has no VAT amount in GBP.", "Lines[0].Vat"),
        ({"Gross": money(1)}, "Line 7 has no net amount in GBP.", "Lines[0].Net"),
        ({"Net": {"Local": None}}, "Line 7 has no net amount.", "Lines[0].Net.Local.Value"),
        ({"Net": {"Base": {"Value": 1}}}, "Line 7 has no net amount.", "Lines[0].Net.Local.Value"),
    ],
)
def test_lines_without_amounts(given_members: dict[str, Any], message: str, field: str) -> None:
    body = simple(Lines=[{"Number": 7, **given_members}])
    if "Base" in str(given_members):
        body["Lines"][0] |= {"Vat": {"Base": {"Value": 0}}}
    refusal = refused(body)
    assert (refusal.message, refusal.field) == (message, field)


@pytest.mark.parametrize("gross", [D("119.98"), D("120.02"), -120, 0])
def test_a_line_that_does_not_add_up(gross: Any) -> None:
    refusal = refused(simple(Lines=[line(), line(gross=gross, Number=2)]))
    shown = str(gross)
    assert refusal.field == "Lines[1].Gross.Local.Value"
    assert refusal.message == f"Line 2 states a gross amount of {shown}, but net and VAT add up to 120."


@pytest.mark.parametrize("missing", ["Net", "Vat", "Gross"])
@pytest.mark.parametrize("how", [..., None, {"Local": None}, {"Local": {"Value": None}}])
def test_totals_come_all_three_or_not_at_all(missing: str, how: Any) -> None:
    word = {"Net": "net", "Vat": "VAT", "Gross": "gross"}[missing]
    refusal = refused(transaction("invoice", put(missing, how)))
    assert refusal.field == (missing if how in (..., None) else f"{missing}.Local.Value")
    assert refusal.message == f"The transaction states totals in GBP, but no {word} amount: give all three or none."


@pytest.mark.parametrize(
    "totals, field, message",
    [
        ((D("100.03"), D("19.97"), 120), "Net.Local.Value", "The net amount is 100.03, but the lines add up to 100."),
        ((100, D("20.03"), D("120.03")), "Vat.Local.Value", "The VAT amount is 20.03, but the lines add up to 20."),
        (
            (100, 20, D("120.02")),
            "Gross.Local.Value",
            "The transaction states a gross amount of 120.02, but net and VAT add up to 120.",
        ),
        ((-100, -20, -120), "Net.Local.Value", "The net amount is -100, but the lines add up to 100."),
    ],
)
def test_totals_that_disagree_with_the_lines(totals: tuple[Any, ...], field: str, message: str) -> None:
    stated = {name: money(value) for name, value in zip(("Net", "Vat", "Gross"), totals, strict=True)}
    refusal = refused(simple(**stated, Lines=[line(50, 10, 60), line(50, 10, 60)]))
    assert (refusal.field, refusal.message) == (field, message)


def test_a_whole_penny_is_no_rounding_in_dinars() -> None:
    refusal = refused(simple(Lines=[line(gross=D("120.01"))]), base_currency="KWD")
    assert refusal.field == "Lines[0].Gross.Local.Value"


# --- currency and coding ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["XXX", "BTC", "HRK", "GB", "Pounds", "XAU", "12"])
def test_unknown_currency(code: str) -> None:
    refusal = refused(simple(Analysis=[coded("Project", "P1"), coded("Currency Code", code)]))
    assert refusal.field == "Analysis[1].Value.Code"
    assert refusal.message == f"The currency {code} is not an active ISO 4217 code."


@pytest.mark.parametrize("name", ["Currency Code", "Account Code", "Tax Code"])
def test_two_codes_of_one_field(name: str) -> None:
    refusal = refused(simple(Analysis=[coded(name, "GBP"), coded(name.replace(" ", ""), "EUR")]))
    assert refusal.field == "Analysis[1].Value.Code"
    assert refusal.message == f"{name.replace(' ', '')} is both GBP and EUR."


def test_a_line_in_another_currency() -> None:
    body = simple(Analysis=[coded("Currency Code", "GBP")], Lines=[line(Analysis=[coded("Currency Code", "EUR")])])
    refusal = refused(body)
    assert (refusal.field, refusal.message) == ("Lines[0].Analysis[0].Value.Code", "Currency Code is both GBP and EUR.")


@pytest.mark.parametrize("word", ["INV", "CRD", "ORD"])
def test_foreign_currency_needs_base_amounts(word: str) -> None:
    refusal = refused(simple(Type=word, Analysis=[coded("Currency Code", "USD")]))
    assert refusal.field == "Gross.Base"
    assert refusal.message == "The transaction is in USD, but its amounts in GBP are missing (Base)."


def test_base_amounts_of_some_lines_are_not_enough() -> None:
    complete = {"Net": money(100, 80), "Vat": money(20, 16), "Gross": money(120, 96)}
    refusal = refused(simple(Analysis=[coded("Currency Code", "USD")], Lines=[complete, line()]))
    assert refusal.field == "Gross.Base"


@pytest.mark.parametrize(
    "change, field, message",
    [
        (
            put("Net.Base", None),
            "Net.Base.Value",
            "The transaction states totals in GBP, but no net amount: give all three or none.",
        ),
        (
            put("Gross.Base.Value", 1113),
            "Gross.Base.Value",
            "The transaction states a gross amount of 1113, but net and VAT add up to 1113.45.",
        ),
        (
            both(put("Net.Base.Value", 1200), put("Gross.Base.Value", 1200)),
            "Net.Base.Value",
            "The net amount is 1200, but the lines add up to 1113.45.",
        ),
        (put("Lines.0.Net.Base.Value", "8_0"), "Lines[0].Net.Base.Value", f"Lines[0].Net.Base.Value {NOT_A_NUMBER}"),
        (
            both(put("Lines.0.Net.Base", None), put("Lines.0.Vat.Base", None)),
            "Lines[0].Net.Base.Value",
            "Line 1 has no net amount in GBP.",
        ),
    ],
)
def test_base_amounts_obey_the_same_rules(change: Any, field: str, message: str) -> None:
    refusal = refused(transaction("invoice-usd", change))
    assert (refusal.field, refusal.message) == (field, message)


def test_a_foreign_transaction_that_hides_its_currency() -> None:
    """Without its Currency Code it would be booked as 1337.25 pounds."""
    hidden = both(put("Analysis", []), *(put(f"{name}.Local.Display", "") for name in ("Net", "Vat", "Gross")))
    refusal = refused(transaction("invoice-usd", hidden))
    assert refusal.field == "Gross.Base"
    assert refusal.message == (
        "The transaction seems to be in GBP, the company's own currency, but its Base and Local amounts differ: "
        "is the Currency Code missing?"
    )


# --- nothing else is ever raised --------------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text(max_size=20)
    | st.sampled_from(["INV", "GBP", "1.5", "2026-10-20", COMPANY])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Local", "Base", "Value", "Code", "Name", "name", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every member and item."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way for key, inner in items for way in ((*path, key), *places(inner, (*path, key)))]


def says_something(refusal: Malformed) -> None:
    assert refusal.field
    assert refusal.message.endswith((".", "?"))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_mutated_sample_is_a_document_or_malformed(data: st.DataObject) -> None:
    body = transaction(data.draw(st.sampled_from(NAMES)))
    for _ in range(data.draw(st.integers(1, 3))):
        *steps, last = data.draw(st.sampled_from(places(body)))
        inner: Any = body
        for step in steps:
            inner = inner[step]
        inner[last] = data.draw(VALUES)
    kind = data.draw(st.sampled_from([None, *ICompleat.kinds]))
    try:
        document = ICompleat().parse(body, taking(kind))
    except Malformed as refusal:
        says_something(refusal)
    else:
        assert from_json(to_json(document)) == document


@given(st.dictionaries(st.sampled_from(["Id", "Transaction", "Transactions", "Lines", "Type", "id"]), VALUES))
def test_anything_without_a_supplier_is_malformed(body: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        ICompleat().parse(body, EVERYTHING)
