"""Documents over REST: what goes out in each mode, what is made of what came back, and what is refused before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.accountsiq.connector import AccountsIQ
from integrations.accountsiq.rest import codes, mapping, records
from integrations.accountsiq.rest.codes import Known, Named, Tax
from integrations.accountsiq.rest.mapping import FORMS
from integrations.accountsiq.rest.terms import RestTerms, rest_terms
from integrations.accountsiq.settings import completed
from integrations.documents import Company, Dimension, Document, Kind, Posted, Supplier
from integrations.errors import IntegrationError, Misconfigured, OutcomeUnknown, Rejected
from integrations.reference import Record, RecordKind
from tests.integrations.accountsiq.rest_script import (
    ACCOUNTS,
    CONTACTS,
    account,
    booked,
    department,
    link,
    looked_up,
    paged,
)
from tests.samples import KEY, REFERENCE, in_dollars, sample, with_line
from tests.scripted import Answer, ScriptedServer, json_answer

DIMENSIONS = (("Department", "TRN", 12), ("Department", "ADM", 13), ("Cost type", "X", 4))
KNOWN = Known(
    supplier=Named(5310, "CROWN01"),
    accounts={"5010": Named(501, "5010"), "7504": Named(750, "7504"), "7506": Named("a-guid", "7506")},
    taxes={"T1": Tax("T1", Decimal(20)), "T0": Tax(7, None)},
    dimensions={(name.lower(), code): Named(number, code) for name, code, number in DIMENSIONS},
)
EMPTY = json_answer([])
SAVED = {"InvoiceId": 17, "TransactionNumber": "PI004512", "IsPosted": True}


def terms(**settings: str) -> RestTerms:
    return rest_terms(completed({"company_ref": "1042", **settings}))


def payload(document: Document, **settings: str) -> dict[str, Any]:
    return mapping.payload(document, KNOWN, terms(**settings), key=KEY, reference=REFERENCE)


def post(*answers: Answer, document: Document | None = None, **settings: str) -> Posted:
    """Post over a script that begins where the codes are known."""
    known = [json_answer(CONTACTS), json_answer(ACCOUNTS)]
    first, *rest = answers
    with ScriptedServer(first, *(known if rest else ()), *rest) as server:
        return AccountsIQ(link(server.url, **settings)).post(document or sample(), key=KEY, reference=REFERENCE)


def refused(*answers: Answer, document: Document | None = None, **settings: str) -> IntegrationError:
    with pytest.raises(IntegrationError) as caught:
        post(*answers, document=document, **settings)
    return caught.value


# --- what goes out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document,settings,members",
    [
        (sample(), {}, {"InvoiceNumber": KEY.value, "Narrative": "P-000001 SI-48213 Venue hire, March cohort"}),
        (sample(), {"number_field": "supplier"},
         {"InvoiceNumber": "SI-48213", "Narrative": f"{KEY.value} P-000001"}),
        (sample(supplier_reference=" "), {"number_field": "supplier"}, {"InvoiceNumber": "INV000123"}),
        (sample(supplier_reference="SI\n 1 \x07"), {"number_field": "supplier"}, {"InvoiceNumber": "SI 1"}),
        (sample(title="x" * 600), {}, {"Narrative": "P-000001 SI-48213 " + "x" * 482}),
        (sample(Kind.CREDIT_NOTE, title="Credit for the venue of the March cohort"), {},
         {"CreditNoteNumber": KEY.value, "Reference": "P-000001 SI-48213 Credit for the venue of the Marc"}),
        (sample(Kind.CREDIT_NOTE), {"number_field": "supplier"},
         {"CreditNoteNumber": "SI-48213", "Reference": f"{KEY.value} P-000001"}),
        (sample(Kind.CREDIT_NOTE), {}, {"Currency": "GBP", "CreditorId": 5310}),
        (in_dollars(), {"currency_field": "CurrencyCode"}, {"CurrencyCode": "USD"}),
        (sample(), {"document_type_ids": "invoice=12"}, {"DocumentHeaderTypeId": 12}),
        (sample(), {"company_ref": "A-7"}, {"ClientAccountId": "A-7"}),
    ],
)  # fmt: skip
def test_where_numbers_and_references_go(document: Document, settings: dict[str, str], members: dict[str, Any]) -> None:
    sent = payload(document, **settings)
    assert {name: sent.get(name) for name in members} == members


@pytest.mark.parametrize(
    "document,settings,absent",
    [
        (sample(), {}, "Currency"),
        (sample(due_date=None), {}, "DueDate"),
        (sample(order_number="  "), {}, "PurchaseOrder_List"),
        (sample(), {"document_type_ids": ""}, "DocumentHeaderTypeId"),
        (sample(), {}, "CreditorId"),
    ],
)
def test_what_is_not_known_is_left_out(document: Document, settings: dict[str, str], absent: str) -> None:
    assert absent not in payload(document, **settings)


DEPARTMENT = Dimension(name="department ", code="TRN")


@pytest.mark.parametrize(
    "changes,document_changes,members",
    [
        ({"description": " \n"}, {}, {"Description": "Line 2", "Quantity": 1, "UnitPrice": Decimal("50.50")}),
        ({"quantity": Decimal(3), "unit_price": Decimal("16.83")}, {}, {"Quantity": 1, "UnitPrice": Decimal("50.50")}),
        ({"quantity": Decimal(2), "unit_price": Decimal("25.25")}, {},
         {"Quantity": 2, "UnitPrice": Decimal("25.25"), "NetAmount": Decimal("50.50"), "TaxAmount": Decimal("0.00")}),
        ({"account_code": "7506"}, {}, {"NominalAccountId": "a-guid", "TaxCategoryId": 7}),
        ({"dimensions": (DEPARTMENT, Dimension(name="Project", code="?"))}, {}, {"DepartmentId": 12}),
        ({}, {"dimensions": (DEPARTMENT, Dimension(name="Cost type", code="X"))},
         {"DepartmentId": 12, "CostTypeId": 4}),
        ({"dimensions": (DEPARTMENT,)}, {"dimensions": (Dimension(name="Department", code="ADM"),)},
         {"DepartmentId": 12}),
    ],
)  # fmt: skip
def test_how_a_line_is_written(
    changes: dict[str, Any], document_changes: dict[str, Any], members: dict[str, Any]
) -> None:
    line = payload(with_line(sample(**document_changes), 1, **changes))["InvoiceLine_List"][1]
    assert {name: line.get(name) for name in members} == members
    assert "TaxRate" not in line, "the rate of T0 is not known"


def test_a_department_is_looked_up_and_sent() -> None:
    document = with_line(sample(), 0, dimensions=(Dimension(name="Department", code="C1"),))
    plays = [EMPTY, json_answer(CONTACTS), json_answer(ACCOUNTS), json_answer([department("12")]), json_answer(SAVED)]
    with ScriptedServer(*plays, json_answer(booked(document, "17"))) as server:
        AccountsIQ(link(server.url)).post(document, key=KEY, reference=REFERENCE)
    assert server.asked[3].path == "/Departments/GetDepartments"
    first, second = server.asked[4].json()["Invoice"]["InvoiceLine_List"]
    assert (first["DepartmentId"], "DepartmentId" in second) == (12, False)


def test_tax_codes_are_read_where_the_connection_names_a_call() -> None:
    taxes = [
        {"TaxCategoryId": 9, "Code": "T1", "Name": "Standard", "Rate": "20.00"},
        {"TaxCategoryId": 8, "Code": "T0", "Name": "Zero", "Rate": 0, "Active": True},
    ]
    plays = [EMPTY, json_answer(CONTACTS), json_answer(ACCOUNTS), json_answer(taxes), json_answer(SAVED)]
    with ScriptedServer(*plays, json_answer(booked(sample(), "17"))) as server:
        system = AccountsIQ(link(server.url, endpoints="tax_codes.list GET /TaxCentre/GetTaxCodes", tax_codes=""))
        system.post(sample(), key=KEY, reference=REFERENCE)
    assert server.asked[3].path == "/TaxCentre/GetTaxCodes?ClientAccountId=1042"
    lines = server.asked[4].json()["Invoice"]["InvoiceLine_List"]
    assert [(one["TaxCategoryId"], one["TaxRate"]) for one in lines] == [(9, 20), (8, 0)]


# --- what is there already -------------------------------------------------------------------------------------------


def row(**changes: Any) -> dict[str, Any]:
    return {**booked(sample(), "17"), **changes}


def test_what_is_there_already_is_told_and_not_written_again() -> None:
    told = post(json_answer([row()]))
    assert told == Posted(
        external_id="17",
        number="PI004512",
        supplier_code="CROWN01",
        net=Decimal("150.50"),
        tax=Decimal("20.00"),
        gross=Decimal("170.50"),
        currency="GBP",
        date=date(2024, 3, 14),
    )


def test_two_with_our_key_are_for_a_person() -> None:
    error = refused(json_answer([row(), row(InvoiceId=18)]))
    assert type(error) is OutcomeUnknown


def test_a_draft_is_no_booked_document_and_is_not_written_again() -> None:
    with ScriptedServer(json_answer([row(IsPosted=False)])) as server:
        assert AccountsIQ(link(server.url)).find(sample(), key=KEY) == ()
    error = refused(json_answer([row(IsPosted=False)]))
    assert type(error) is Rejected
    assert "draft" in error.message


def test_a_document_that_was_only_kept_is_not_told_as_booked() -> None:
    error = refused(EMPTY, json_answer(SAVED), json_answer(row(IsPosted=False)))
    assert (type(error), "has not posted it" in error.message) == (OutcomeUnknown, True)


def test_a_document_that_is_gone_after_it_was_saved_leaves_the_outcome_open() -> None:
    gone = {"Errors": [{"Code": "InvoiceNotFound", "Message": "Invoice 17 not found"}]}
    assert type(refused(EMPTY, json_answer(SAVED), json_answer(gone, status=404))) is OutcomeUnknown


TAKEN = json_answer({"Errors": [{"Code": "NumberInUse", "Message": "It is there."}]}, status=400)


def test_a_number_that_is_taken_by_our_own_document_is_ours() -> None:
    """The first try came in a moment after it was looked up."""
    assert post(EMPTY, TAKEN, json_answer([row()])).external_id == "17"


def test_a_number_that_is_taken_by_somebody_else_is_refused() -> None:
    error = refused(EMPTY, TAKEN, json_answer([row(InvoiceNumber="SI-48213", Narrative="by hand")]),
                    number_field="supplier")  # fmt: skip
    assert (type(error), error.message) == (Rejected, "It is there.")


@pytest.mark.parametrize(
    "settings,changes,is_found",
    [
        ({}, {}, True),
        ({}, {"InvoiceNumber": KEY.value.upper()}, True),
        ({}, {"InvoiceNumber": "SI-48213", "Narrative": KEY.value}, False),
        ({"number_field": "supplier"}, {"InvoiceNumber": "SI-48213", "Narrative": f"{KEY.value} P-000001"}, True),
        ({"number_field": "supplier"}, {"InvoiceNumber": "SI-48213", "Narrative": "P-000001"}, False),
        ({"number_field": "supplier"}, {"InvoiceNumber": "SI-48213"}, False),
    ],
)
def test_what_was_found_by_its_number_counts_if_it_carries_our_key(
    settings: dict[str, str], changes: dict[str, Any], is_found: bool
) -> None:
    with ScriptedServer(json_answer([row(**changes)])) as server:
        found = AccountsIQ(link(server.url, **settings)).find(sample(), key=KEY)
    assert [one.external_id for one in found] == ["17"] * is_found


def test_a_lookup_by_the_suppliers_number_asks_for_that() -> None:
    with ScriptedServer(EMPTY) as server:
        AccountsIQ(link(server.url, number_field="supplier")).find(sample(), key=KEY)
    assert server.asked[0].path == "/InvoiceCentre/GetInvoiceByNumber?InvoiceNumber=SI-48213&ClientAccountId=1042"


# --- codes -----------------------------------------------------------------------------------------------------------


def supplier(code: str, name: str, **changes: Any) -> Record:
    return Record(kind=RecordKind.SUPPLIER, code=code, name=name, external_id=f"1{len(code)}", **changes)


@pytest.mark.parametrize(
    "code,name,message",
    [
        ("CROWN09", "Crown", "AccountsIQ does not know the supplier CROWN09. Mend it there, then send again."),
        (None, "Nobody Ltd", "AccountsIQ does not know the supplier Nobody Ltd. Mend it there, then send again."),
        (None, "Twice Ltd", "AccountsIQ has more than one supplier Twice Ltd. Give it a code."),
        ("OLD", "Old", "AccountsIQ has the supplier OLD out of use. Mend it there, then send again."),
    ],
)
def test_a_supplier_that_is_not_just_one_is_refused(code: str | None, name: str, message: str) -> None:
    known = [
        supplier("CROWN01", "Crown"), supplier("A", "Twice Ltd"), supplier("B", "TWICE ltd"),
        supplier("OLD", "Old", is_active=False),
    ]  # fmt: skip
    with pytest.raises(Rejected) as caught:
        codes.supplier(sample(party=Supplier(code=code, name=name)), known)
    assert (caught.value.message, caught.value.field) == (message, "supplier")


def test_a_supplier_is_found_by_code_or_else_by_name() -> None:
    known = [supplier("OLD", "Crown", is_active=False), supplier("CROWN01", "Crown"), supplier("METRO", "Metro")]
    for code, name in (("CROWN01", "Another name"), (None, " crown ")):
        assert codes.supplier(sample(party=Supplier(code=code, name=name)), known) == Named(17, "CROWN01")


@pytest.mark.parametrize(
    "active,message",
    [
        (None, "AccountsIQ does not know the account 7504 of line 2. Correct it, or add it there."),
        (False, "The account 7504 of line 2 is out of use in AccountsIQ. Choose another one."),
    ],
)
def test_an_account_that_cannot_be_used_is_refused_by_code_and_line(active: bool | None, message: str) -> None:
    others = [one for one in ACCOUNTS if one["Code"] != "7504"]
    old = [] if active is None else [{**account("750"), "Code": "7504", "Active": active}]
    error = refused_by_codes([*others, *old])
    assert (type(error), error.message, error.field) == (Rejected, message, "account_code")


def test_of_two_accounts_with_one_code_the_one_in_use_counts() -> None:
    used, unused = {**account("1"), "Code": "5010"}, {**account("2"), "Code": "5010", "Active": False}
    of_line = replace(sample(), lines=sample().lines[:1])
    for rows in ([used, unused], [unused, used]):
        found = codes.accounts(of_line, map(records.told(records.ACCOUNTS), rows))
        assert found == {"5010": Named(1, "5010")}


def refused_by_codes(accounts: list[Any]) -> IntegrationError:
    with (
        ScriptedServer(EMPTY, json_answer(CONTACTS), json_answer(accounts)) as server,
        pytest.raises(Rejected) as found,
    ):
        AccountsIQ(link(server.url)).post(sample(), key=KEY, reference=REFERENCE)
    return found.value


# --- refused before anything is asked --------------------------------------------------------------------------------


def test_what_is_objected_to_is_not_sent_and_the_first_is_told() -> None:
    bare = with_line(with_line(sample(), 0, description="x" * 501), 1, account_code=None, tax_code="T77")
    system = AccountsIQ(link("http://127.0.0.1:9"))
    assert [one.field for one in system.objections(bare)] == ["description", "defaults.account_code", "tax_code"]
    with pytest.raises(Rejected) as caught:
        system.post(bare, key=KEY, reference=REFERENCE)
    assert type(caught.value) is Rejected
    assert caught.value.field == "description"
    assert caught.value.message == (
        "The description of line 1 has 501 characters, and AccountsIQ takes 500. Shorten it. "
        "There are 2 more objections."
    )


def test_a_number_that_is_too_long_matters_where_it_is_sent() -> None:
    long = sample(supplier_reference="9" * 51)
    told = {
        style: [one.field for one in AccountsIQ(link("http://127.0.0.1:9", number_field=style)).objections(long)]
        for style in ("key", "supplier")
    }
    assert told == {"key": [], "supplier": ["supplier_reference"]}


def test_what_a_setting_mends_is_told_as_a_setting() -> None:
    system = AccountsIQ(link("http://127.0.0.1:9", currency_field=""))
    with pytest.raises(Misconfigured) as caught:
        system.post(in_dollars(), key=KEY, reference=REFERENCE)
    assert caught.value.field == "currency_field"
    with pytest.raises(Misconfigured) as caught:
        system.post(with_line(sample(), 0, tax_code=None), key=KEY, reference=REFERENCE)
    assert caught.value.field == "defaults.tax_code"


def test_a_preview_shows_the_whole_document_and_writes_nothing() -> None:
    with ScriptedServer(EMPTY, json_answer(CONTACTS), json_answer(ACCOUNTS)) as server:
        preview = AccountsIQ(link(server.url)).preview(sample(), key=KEY, reference=REFERENCE)
    (held,) = preview.requests
    assert (held.method, held.url) == ("POST", f"{server.url}/InvoiceCentre/SaveInvoice")
    assert '"InvoiceTotal": 170.50' in held.body
    assert held.headers["Authorization"] == "***"


# --- what comes back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told,expected",
    [
        ({"JournalNumber": "J1", "TransactionNumber": "T1"}, {"number": "J1"}),
        ({"TransactionNumber": " ", "InternalNumber": "I1"}, {"number": "I1"}),
        ({"TransactionNumber": None, "TransactionId": 5}, {"number": "5"}),
        ({"TransactionNumber": None, "DocumentId": 90117}, {"number": "90117"}),
        ({"TransactionNumber": None}, {"number": "17"}),
        ({"InvoiceTotal": "170.50", "TotalValue": "150.5"}, {"gross": Decimal("170.50"), "net": Decimal("150.5")}),
        ({"InvoiceTotal": "a lot", "TotalValue": True}, {"gross": None, "net": None, "tax": None}),
        ({"InvoiceLine_List": [{"TaxAmount": "1.00"}, {"TaxAmount": 2}]}, {"tax": Decimal(3)}),
        ({"InvoiceLine_List": [{"TaxAmount": "1.00"}, {}]}, {"tax": Decimal("20.00")}),
        ({"InvoiceDate": "31/03/2024"}, {"date": None}),
        ({"InvoiceDate": "2024-03-31"}, {"date": date(2024, 3, 31)}),
        ({"Currency": None}, {"currency": None}),
        ({"Currency": None, "CurrrencyCode": "USD"}, {"currency": "USD"}),
        ({"Supplier_List": []}, {"supplier_code": None}),
        ({"Supplier_List": "CROWN01"}, {"supplier_code": None}),
    ],
)
def test_what_is_told_is_read_and_the_rest_is_not_made_up(told: dict[str, Any], expected: dict[str, Any]) -> None:
    posted = mapping.posted(row(**told), FORMS[Kind.INVOICE])
    assert {name: getattr(posted, name) for name in expected} == expected


def test_the_number_may_stand_in_the_answer_to_the_save_alone() -> None:
    assert post(EMPTY, json_answer(SAVED), json_answer(row(TransactionNumber=None))).number == "PI004512"


@pytest.mark.parametrize(
    "told,expected",
    [
        ({}, Company(external_id="1042", name="", base_currency="GBP")),
        (
            {"ClientAccountName": "Northgate", "ClientAccountVatNumber": "GB1", "BaseCurrencyCode": "EUR"},
            Company(external_id="1042", name="Northgate", base_currency="EUR", registration="GB1"),
        ),
        (
            {"ClientAccountShortName": "NORTH", "ClientAccountEnquiryId": "A-7"},
            Company(external_id="A-7", name="NORTH", base_currency="GBP"),
        ),
    ],
)
def test_the_company_is_told(told: dict[str, Any], expected: Company) -> None:
    assert mapping.company({"ClientAccountEnquiryId": 1042, **told}, "GBP") == expected


# --- reference data --------------------------------------------------------------------------------------------------


def read(kind: RecordKind, *answers: object, **settings: str) -> list[Record]:
    with ScriptedServer(*map(json_answer, answers)) as server:
        return list(AccountsIQ(link(server.url, **settings)).records(kind))


def test_suppliers_are_the_contacts_of_one_type() -> None:
    rows = [
        {"ContactId": 1, "ContactType": "Supplier", "LastName": "Crown", "InternalID": "CROWN01", "Active": False},
        {"ContactId": 2, "ContactType": "Customer", "LastName": "Riverside", "InternalID": "RIVER01"},
        {
            "ContactId": 3, "ContactType": "supplier", "FirstName": "Ann", "LastName": "Lee", "InternalID": "",
            "EmailAddress": "ann@lee.example", "PhoneNumber": "0113", "Address": "1 High Street\nLeeds",
            "PostCode": "LS1", "VatNumber": "GB1", "CurrencyCode": "GBP",
        },
        {"ContactId": 4, "LastName": "Nobody"},
    ]  # fmt: skip
    details = {
        "tax_number": "GB1", "email": "ann@lee.example", "phone": "0113", "address": "1 High Street Leeds",
        "postcode": "LS1", "currency": "GBP",
    }  # fmt: skip
    assert read(RecordKind.SUPPLIER, rows) == [
        Record(kind=RecordKind.SUPPLIER, code="CROWN01", name="Crown", external_id="1", is_active=False),
        Record(kind=RecordKind.SUPPLIER, code="3", name="Ann Lee", external_id="3", details=details),
    ]


def test_tax_codes_come_from_the_table_of_the_connection() -> None:
    found = read(RecordKind.TAX, tax_codes="T1;Standard rate;20.00\nT5;Reduced rate;5")
    assert [(one.code, one.name, one.external_id, one.details) for one in found] == [
        ("T1", "Standard rate", "T1", {"rate": "20"}),
        ("T5", "Reduced rate", "T5", {"rate": "5"}),
    ]


@pytest.mark.parametrize("counts,rate", [("foreign", "1.17"), ("base", "0.8547008547")])
def test_currencies_are_those_of_the_connection_with_their_latest_rates(counts: str, rate: str) -> None:
    euro = [
        {"CurrencyCode": "EUR", "Rate": "1.1700", "Date": "2026-11-01"},
        {"CurrencyCode": "EUR", "Rate": "1.1500", "Date": "2026-10-01"},
    ]
    found = read(RecordKind.CURRENCY, euro, [], currencies="GBP,EUR,USD", rate_counts=counts)
    assert [(one.code, one.external_id, one.details) for one in found] == [
        ("GBP", "GBP", {"rate": "1", "is_base": "yes"}),
        ("EUR", "EUR", {"rate": rate}),
        ("USD", "USD", {}),
    ]


@pytest.mark.parametrize("told", [None, {"surprise": "xyzzy"}, {"Items": None}, "17"])
def test_rates_that_cannot_be_read_are_no_missing_rates(told: object) -> None:
    with pytest.raises(IntegrationError):
        read(RecordKind.CURRENCY, told, currencies="GBP,EUR")


def test_a_currency_without_a_rate_there_is_told_without_one() -> None:
    missing = {"Errors": [{"Code": "CurrencyNotFound", "Message": "Currency EUR not found"}]}
    assert [one.details for one in read(RecordKind.CURRENCY, missing, currencies="GBP,EUR")][1] == {}


def test_departments_and_cost_types_are_two_dimensions() -> None:
    types = [{"ClientCostTypeId": 1, "CostType": "Course", "CostTypeCode": "PM", "Active": False}]
    found = read(RecordKind.DIMENSION, [department("1")], types)
    assert [(one.external_id, one.dimension, one.code, one.name, one.is_active) for one in found] == [
        ("1", "Department", "C1", "Something", True),
        ("cost-type-1", "Cost type", "PM", "Course", False),
    ]


def test_a_cost_type_goes_out_by_its_own_id() -> None:
    document = with_line(sample(), 0, dimensions=(Dimension(name="Cost type", code="PM"),))
    cost_type = records.told(records.COST_TYPES)({"ClientCostTypeId": 4, "CostType": "Course", "CostTypeCode": "PM"})
    found = codes.dimension(document, "Cost type", [cost_type])
    assert found == {("cost type", "PM"): Named(4, "PM")}


def test_a_department_that_is_not_known_is_refused_by_code_and_line() -> None:
    document = with_line(sample(), 1, dimensions=(Dimension(name="Department", code="NO"),))
    with pytest.raises(Rejected) as caught:
        codes.dimension(document, "Department", [])
    assert caught.value.message == (
        "AccountsIQ does not know the department NO of line 2. Correct it, or add it there."
    )


def test_the_pages_of_a_lookup_are_all_read() -> None:
    steps = looked_up("Invoice", (1, 1))
    with ScriptedServer(*(one.play() for one in steps)) as server:
        found = AccountsIQ(link(server.url)).find(sample(), key=KEY)
    assert [one.external_id for one in found] == ["1", "2"]
    assert len(paged("/x", (1, 1), account)) == 2


def test_credit_notes_are_told_by_their_own_members() -> None:
    note = replace(sample(Kind.CREDIT_NOTE), gross=Decimal("62.50"), net=Decimal("60.50"))
    told = mapping.posted(booked(note, "17", "CreditNote"), FORMS[Kind.CREDIT_NOTE])
    assert (told.external_id, told.net, told.tax, told.gross) == ("17", note.net, Decimal("2.00"), note.gross)
