"""Reference data over SOAP: what AccountsIQ tells, and what of it is passed on."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from integrations.accountsiq.connector import AccountsIQ
from integrations.accountsiq.soap.transport import Soap20
from integrations.accountsiq.transport import Period
from integrations.documents import Company
from integrations.errors import Retryable
from integrations.reference import Record, RecordKind
from tests.integrations.accountsiq.soap_script import Given, elements, good, link
from tests.scripted import Answer, ScriptedServer


def read(kind: RecordKind, *plays: Answer, rate_counts: str = "") -> list[Record]:
    with ScriptedServer(*plays) as server:
        return list(AccountsIQ(link(server.url, settings={"rate_counts": rate_counts})).records(kind))


def listed(operation: str, row: str, *values: dict[str, object]) -> Answer:
    return good(operation, "".join(f"<{row}>{elements(one)}</{row}>" for one in values))


TERMS = listed(
    "GetCreditTermList",
    "CreditTerm",
    {"Code": "1", "Description": "30 Days", "CreditDays": 30, "EndOfMonth": "false"},
    {"Code": "2", "Description": "End of month", "CreditDays": 30, "EndOfMonth": "true"},
)
CROWN = {
    "AccountID": 7, "LedgerType": "Purchases", "Code": "CROWN01", "CountryCode": "GB", "Name": "Crown &amp; Co",
    "DefaultTaxCode": "T1", "CreditTermID": "1", "CurrencyCode": "GBP", "CreationDate": "2024-03-27T15:55:51",
    "Address1": "12 Castle Street", "Address2": "Floor 2", "City": "York", "County_State": "Yorkshire",
    "Country": "United Kingdom", "PostCode": "YO1 9RN", "Phone": "01904 1", "Email": "a@crown.example",
    "VATRegistrationNumber": "GB123456789", "DefaultGLAccountCode": "5010", "IsActive": "true", "Hold": 0,
    "CreditLimit": "44", "DepartmentID": "TRN", "InternationalBankAccountNumber": "GB29NWBK60161331926819",
    "BankSortCode": "60-16-13", "RowVersionNumber": "etHg5",
}  # fmt: skip


def test_a_supplier_comes_with_all_that_has_a_name_of_ours() -> None:
    plain = {"AccountID": 8, "Code": "OLD01", "Name": "", "CreditTermID": "2", "CountryCode": "Eire",
             "CurrencyCode": "Pound", "IsActive": "false"}  # fmt: skip
    assert read(RecordKind.SUPPLIER, TERMS, listed("GetSupplierList", "Supplier", CROWN, plain)) == [
        Record(
            kind=RecordKind.SUPPLIER,
            code="CROWN01",
            name="Crown & Co",
            external_id="7",
            details={
                "tax_number": "GB123456789", "email": "a@crown.example", "phone": "01904 1", "currency": "GBP",
                "address": "12 Castle Street, Floor 2, York, Yorkshire, YO1 9RN, United Kingdom",
                "address_1": "12 Castle Street", "address_2": "Floor 2", "city": "York", "region": "Yorkshire",
                "postcode": "YO1 9RN", "country": "United Kingdom", "country_code": "GB",
                "payment_terms": "30 Days", "payment_days": "30", "bank_account": "GB29NWBK60161331926819",
                "bank_sort_code": "60-16-13", "default_account": "5010", "default_tax": "T1",
                "default_department": "TRN",
            },
        ),
        Record(
            kind=RecordKind.SUPPLIER, code="OLD01", name="OLD01", external_id="8", is_active=False,
            details={"payment_terms": "End of month"},
        ),
    ]  # fmt: skip


def test_accounts_that_only_the_system_posts_to_are_none() -> None:
    told = listed(
        "GetChartOfAccounts",
        "WSChartOfAccountLine",
        {"Code": "5010", "Description": "Venue hire", "AccountType": "Posting", "IsActive": "true", "GLGroup": "x"},
        {"Code": "2100", "Description": "Creditors", "AccountType": "Control", "IsActive": "true"},
        {"Code": "9", "Description": "Old", "AccountType": "", "IsActive": "false"},
    )
    assert read(RecordKind.ACCOUNT, told) == [
        Record(kind=RecordKind.ACCOUNT, code="5010", name="Venue hire", external_id="5010",
               details={"type": "Posting"}),
        Record(kind=RecordKind.ACCOUNT, code="9", name="Old", external_id="9", is_active=False),
    ]  # fmt: skip


@pytest.mark.parametrize("rate,told", [("20.00", "20"), ("0.2", "20"), ("0.175", "17.5"), ("0", "0"), ("", None)])
def test_rates_of_tax_are_per_cent_whatever_the_system_counts_in(rate: str, told: str | None) -> None:
    answer = listed("GetTaxCodeList", "Tax", {"ID": 2, "Code": "T1", "Description": "Standard", "Rate": rate})
    (found,) = read(RecordKind.TAX, answer)
    assert (found.code, found.name, found.external_id, found.details.get("rate")) == ("T1", "Standard", "2", told)


@pytest.mark.parametrize("counts,rate,told", [("foreign", "1.2010", "1.201"), ("base", "0.8", "1.25"), ("", "0", None)])
def test_rates_of_currencies_are_units_for_one_of_the_base(counts: str, rate: str, told: str | None) -> None:
    answer = listed(
        "GetCurrencies",
        "WSCurrency",
        {"CurrencyID": 1, "CurrencyCode": "GBP", "IsBaseCurrency": "true", "ExchangeRate": "7",
         "LastModifiedDate": "2026-11-20T00:00:00", "Description": "Pound"},
        {"CurrencyID": 2, "CurrencyCode": "USD", "IsBaseCurrency": "false", "ExchangeRate": rate},
    )  # fmt: skip
    base, dollar = read(RecordKind.CURRENCY, answer, rate_counts=counts)
    assert base == Record(
        kind=RecordKind.CURRENCY, code="GBP", name="Pound", external_id="1", details={"rate": "1", "is_base": "yes"}
    )
    assert (dollar.code, dollar.name, dict(dollar.details)) == ("USD", "USD", {"rate": told} if told else {})


def test_departments_come_before_the_codes_that_they_are_combined_of() -> None:
    departments = listed(
        "GetDepartmentList",
        "Department",
        {"DepartmentID": "TRN", "Description": "Training", "AnalysisCode1": "T", "IsActive": "true"},
        {"DepartmentID": "OLD", "Description": "Old", "IsActive": "false"},
    )
    codes = "<WSAnalysisDimensionCode><Code>FA</Code><Description>First aid</Description></WSAnalysisDimensionCode>"
    setup = good(
        "GetAnalysisDimensionSetup",
        f"<WSAnalysisDimension><Code>2</Code><Description>Course</Description><DimensionCodes>{codes}"
        "</DimensionCodes></WSAnalysisDimension><WSAnalysisDimension><Code>1</Code><Description>Department"
        f"</Description><DimensionCodes>{codes}</DimensionCodes></WSAnalysisDimension>"
        "<WSAnalysisDimension><Code>3</Code></WSAnalysisDimension>",
    )
    kind = RecordKind.DIMENSION
    assert read(kind, departments, setup) == [
        Record(kind=kind, code="TRN", name="Training", external_id="TRN", dimension="Department"),
        Record(kind=kind, code="OLD", name="Old", external_id="OLD", dimension="Department", is_active=False),
        Record(kind=kind, code="FA", name="First aid", external_id="analysis:2:FA", dimension="Course"),
        Record(kind=kind, code="FA", name="First aid", external_id="analysis:1:FA", dimension="Department (analysis)"),
    ]


def test_a_kind_that_has_no_list_is_none() -> None:
    assert RecordKind.DELIVERY_SITE not in Soap20.can.reads
    assert read(RecordKind.DELIVERY_SITE) == []


# --- company and periods ---------------------------------------------------------------------------------------------


def test_periods_are_closed_for_a_ledger_or_with_their_year() -> None:
    days = {"StartDate": "2024-01-01T00:00:00", "EndDate": "2024-01-31T00:00:00"}
    answer = listed(
        "GetPeriodList",
        "WSFinancialPeriodDTO",
        {"_PeriodName": "x", "PeriodName": "Jan", **days, "PurchasesLedgerClosed": "true"},
        {"PeriodName": "Feb", **days, "PurchasesLedgerClosed": "false", "SalesLedgerClosed": "true"},
        {"PeriodName": "Mar", **days, "PurchasesLedgerClosed": "false", "FinancialYearClosed": "true"},
        {"PeriodName": "No days"},
    )
    with ScriptedServer(answer) as server:
        found = Soap20(link(server.url), Given()).periods()
    start, end = dt.date(2024, 1, 1), dt.date(2024, 1, 31)
    assert found == tuple(
        Period(name=name, starts_on=start, ends_on=end, is_closed=purchases, is_closed_for_sales=sales)
        for name, purchases, sales in (("Jan", True, False), ("Feb", False, True), ("Mar", True, True))
    )


def test_the_company_is_told_by_its_entity() -> None:
    told = elements({"CompanyName": "Northgate", "BaseCurrencyCode": "EUR", "TaxRegistrationNumber": "IE1"})
    with ScriptedServer(good("GetCompanyInformation", told)) as server:
        found = Soap20(link(server.url), Given()).company()
    assert found == Company(external_id="NORTHGATE01", name="Northgate", base_currency="EUR", registration="IE1")


@pytest.mark.parametrize(
    "result", [None, "<CompanyName>Northgate</CompanyName>", "<BaseCurrencyCode>EUR</BaseCurrencyCode>"]
)
def test_a_greeting_without_the_company_is_none(result: str | None) -> None:
    with ScriptedServer(good("GetCompanyInformation", result)) as server, pytest.raises(Retryable):
        Soap20(link(server.url), Given()).company()


def test_a_list_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.accountsiq.soap.client._MOST_PAGES", 3)
    page = listed("GetTransactionsBy", "WSTransactionSummary", {"TransactionID": 1})
    with ScriptedServer(page, page, page) as server, pytest.raises(Retryable, match="more pages"):
        list(Soap20(link(server.url), Given()).written_since(dt.datetime.now(dt.UTC)))


def test_the_decimals_of_a_rate_are_exact() -> None:
    answer = listed("GetTaxCodeList", "Tax", {"ID": 1, "Code": "X", "Rate": "0.1234567890123456789"})
    (found,) = read(RecordKind.TAX, answer)
    assert Decimal(found.details["rate"]) == Decimal("12.34567890123456789")
