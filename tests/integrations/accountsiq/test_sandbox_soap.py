"""The SOAP door of the stand-in: tokens, envelopes, and what it tells of reference data."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from integrations.accountsiq.standin.soap_door import READS
from integrations.accountsiq.standin.soap_door import WRITES as WRITING
from integrations.accountsiq.standin.tokens import CLIENT_ID
from tests.integrations.accountsiq.batches import (
    FIRST,
    INVOICE,
    batch,
    code,
    elements,
)
from tests.integrations.accountsiq.seen_books import SECRET, RestCaller, SeenBooks, Served, SoapCaller


def test_a_token_that_has_run_out_is_told_inside_the_answer(sandbox: Served, soap: SoapCaller) -> None:
    sandbox.control("tokens/expire", door="soap")
    answer = soap.call(INVOICE, batch())
    assert (answer.text("HasExpired"), answer.text("Status"), answer.beside("transactionID")) == (
        "true",
        "Failure",
        "-1",
    )
    assert sandbox.truth() == []
    inner = f"<clientId>{CLIENT_ID}</clientId><clientSecret>{SECRET}</clientSecret>"
    fresh = soap.call("TokenRefresh", f"{inner}<refreshToken>{soap.refresh}</refreshToken>")
    assert fresh.text("Result/RefreshToken") != soap.refresh
    soap.token = fresh.text("Result/AccessToken")
    assert soap.call(INVOICE, batch()).text("Result") == "PI004512"
    used = soap.call("TokenRefresh", f"{inner}<refreshToken>{soap.refresh}</refreshToken>")
    assert (used.text("Status"), used.text("Result/AccessToken")) == ("Failure", "")


def test_tokens_of_one_door_do_not_open_the_other(rest: RestCaller, soap: SoapCaller) -> None:
    soap.token, rest.token = rest.token, soap.token
    assert soap.call("GetCompanyInformation").text("HasExpired") == "true"
    assert rest.call("GET", "/Departments/GetDepartments")[0] == 401


def test_a_revoked_application_is_told_by_its_code(sandbox: Served, soap: SoapCaller) -> None:
    sandbox.control("application/revoke")
    revoked = "OAUTH_INTEGRATION_APPS_APPLICATION_IS_REVOKED"
    answer = soap.call("GetCompanyInformation")
    assert (code(answer), answer.text("HasExpired")) == (revoked, "false")
    inner = f"<clientId>{CLIENT_ID}</clientId><clientSecret>{SECRET}</clientSecret>"
    assert code(soap.call("TokenGet", inner)) == revoked


@pytest.mark.parametrize(
    ("client", "secret", "expected"),
    [
        ("", SECRET, "OAUTH_INTEGRATION_APPS_CLIENTID_IS_NULL_OR_EMPTY"),
        (CLIENT_ID, "wrong", "OAUTH_INTEGRATION_APPS_CLIENT_IS_INVALID"),
    ],
)
def test_a_wrong_client_gets_no_token(soap: SoapCaller, client: str, secret: str, expected: str) -> None:
    answer = soap.call("TokenGet", f"<clientId>{client}</clientId><clientSecret>{secret}</clientSecret>")
    assert (code(answer), answer.text("Result/AccessToken")) == (expected, "")


def test_another_entity_is_refused(soap: SoapCaller) -> None:
    assert code(soap.call("GetCompanyInformation", entity="OTHER")) == "ENTITY_DOES_NOT_EXIST"
    assert soap.call("GetEntitiesByToken", entity="").every("Result/WSEntity")[0]["EntityID"] == "NORTHGATE01"


def test_an_application_that_may_only_read_writes_nothing(
    sandbox: Served, soap: SoapCaller, soap_books: SeenBooks
) -> None:
    sandbox.options(read_only=True)
    assert code(soap.call(INVOICE, batch())) == "READ_ONLY"
    assert soap.call("GetCurrencies").text("Status") == "Success"
    assert soap_books.count() == 0


def test_what_the_service_cannot_read_is_a_fault(sandbox: Served, soap: SoapCaller, soap_books: SeenBooks) -> None:
    wrong: list[requests.Response] = [
        soap.raw("LaunchRocket"),
        soap.raw("GetSupplier", action="GetSupplierList"),
        soap.raw(INVOICE, batch({**FIRST, "NetAmount": "ten"})),
    ]
    headers = {"Content-Type": "text/xml", "SOAPAction": "x"}
    unreadable = (b"<", b"<a/>")
    wrong += [requests.post(sandbox.soap_url, data=body, headers=headers, timeout=30) for body in unreadable]
    assert [answer.status_code for answer in wrong] == [500] * 5
    assert all("<soap:Fault>" in answer.text for answer in wrong)
    assert requests.post(sandbox.soap_url, json={}, timeout=30).status_code == 415
    assert soap_books.count() == 0


def test_a_document_type_is_not_even_read(sandbox: Served, soap: SoapCaller) -> None:
    sent = soap.raw("GetCurrencyList").request
    assert isinstance(sent.body, bytes)
    body = b'<!DOCTYPE a [<!ENTITY b "c">]>' + sent.body
    answer = requests.post(sandbox.soap_url, data=body, headers=dict(sent.headers), timeout=30)
    assert (answer.status_code, "A document type is not taken." in answer.text) == (500, True)


def test_the_real_path_of_the_service_is_served_too(sandbox: Served, soap: SoapCaller) -> None:
    sandbox.soap_url = f"{sandbox.url}/system/dashboard/integration/integration_2_0.asmx"
    assert soap.call("GetCompanyInformation").text("Result/CompanyName") == "Northgate Training Ltd"


# --- reference data ------------------------------------------------------------------------------------------------


def test_the_company_is_told(soap: SoapCaller) -> None:
    told = soap.call("GetCompanyInformation")
    assert [told.text(f"Result/{name}") for name in ("CompanyName", "BaseCurrencyCode", "TaxRegistrationNumber")] == [
        "Northgate Training Ltd", "GBP", "GB987654321",
    ]  # fmt: skip


def test_suppliers_are_told_active_or_not(sandbox: Served, soap: SoapCaller) -> None:
    patch = {"active": False}
    requests.patch(f"{sandbox.url}/control/records/contact/METRO01", json=patch, timeout=30).raise_for_status()
    everyone = {one["Code"]: one for one in soap.call("GetSupplierList").every("Result/Supplier")}
    active = [one["Code"] for one in soap.call("GetActiveSupplierList").every("Result/Supplier")]
    assert set(everyone) - set(active) == {"METRO01"}
    assert everyone["METRO01"]["IsActive"] == "false"
    assert code(soap.call(INVOICE, batch(SupplierCode="METRO01"))) == "SUPPLIER_CODE_DOES_NOT_EXIST"
    crown = everyone["CROWN01"]
    assert [crown[name] for name in ("AccountID", "Name", "CurrencyCode", "CreditTermID", "DefaultGLAccountCode")] == [
        "5310", "Crown Conference Centre", "GBP", "30", "5010",
    ]  # fmt: skip


def test_suppliers_changed_since_a_moment_are_told(soap: SoapCaller) -> None:
    for since, count in (("2020-01-01T00:00:00", 4), ("2999-01-01T00:00:00", 0)):
        query = f"<query><Emails/><FromLastModifiedDateInUTC>{since}</FromLastModifiedDateInUTC></query>"
        assert len(soap.call("GetSuppliersBy", query).every("Result/Supplier")) == count


def test_a_supplier_is_made_from_defaults_and_changed_by_its_version(soap: SoapCaller) -> None:
    shell = soap.call("GetNewSupplierFromDefaults")
    assert (shell.text("Result/CurrencyCode"), shell.text("Result/Code")) == ("GBP", "")
    made = soap.call("UpdateSupplierGetBackSupplierCode", supplier(Code="NEW01", Name="New", create="true"))
    assert (made.text("Status"), made.text("Result")) == ("Created", "NEW01")
    again = soap.call("UpdateSupplierGetBackSupplierCode", supplier(Code="NEW01", Name="New", create="true"))
    assert code(again) == "ACCOUNT_CODE_ALREADY_IN_USE"
    stale = soap.call("UpdateSupplier", supplier(Code="NEW01", Name="Newer", RowVersionNumber="7"))
    assert (stale.text("Status"), code(stale)) == ("Conflicted", "OUTDATED_RECORD")
    soap.call("UpdateSupplier", supplier(Code="NEW01", Name="Newer", RowVersionNumber="1"))
    told = soap.call("GetSupplier", "<supplierCode>NEW01</supplierCode>")
    assert (told.text("Result/Name"), told.text("Result/RowVersionNumber")) == ("Newer", "2")
    lower = soap.call("UpdateSupplier", supplier(Code="new02", Name="New", create="true"))
    assert code(lower) == "ACCOUNT_CODE_MUST_BE_UPPER_CASE"


def test_codes_are_told_as_the_options_say(sandbox: Served, soap: SoapCaller) -> None:
    accounts = {one["Code"]: one for one in soap.call("GetChartOfAccounts").every("Result/WSChartOfAccountLine")}
    assert (accounts["5020"]["IsDepartmental"], accounts["7502"]["Description"]) == ("true", "Telephone")
    assert rates(soap, "GetTaxCodeList", "Tax", "Code", "Rate")["T1"] == "20"
    assert rates(soap, "GetCurrencies", "WSCurrency", "CurrencyCode", "ExchangeRate") == {
        "GBP": "1", "EUR": "0.8547008547", "USD": "0.8326394671",
    }  # fmt: skip
    sandbox.options(tax_rates_are="fraction", soap_rates_are="units_per_base")
    assert rates(soap, "GetTaxCodeList", "Tax", "Code", "Rate")["T5"] == "0.05"
    assert rates(soap, "GetCurrencies", "WSCurrency", "CurrencyCode", "ExchangeRate")["USD"] == "1.2010"


def test_bi_codes_combine_dimensions(soap: SoapCaller) -> None:
    departments = {one["DepartmentID"]: one for one in soap.call("GetDepartmentList").every("Result/Department")}
    assert departments["TRN-PM-2610"] == {
        "DepartmentID": "TRN-PM-2610", "Description": "Training Delivery, Project Management October",
        "AnalysisCode1": "TRN", "AnalysisCode2": "PM-2610", "IsActive": "true",
    }  # fmt: skip
    dimensions = soap.call("GetAnalysisDimensionSetup").every("Result/WSAnalysisDimension")
    assert [one["Code"] for one in dimensions] == ["DEPT", "COURSE"]
    one = soap.call("GetDepartmentById", "<departmentId>TRN</departmentId>")
    assert one.text("Result/Description") == "Training Delivery"


def test_periods_say_what_is_closed(sandbox: Served, soap: SoapCaller) -> None:
    sandbox.control("periods/close", date="2026-10-14")
    periods = {one["PeriodName"]: one for one in soap.call("GetPeriodList").every("Result/WSFinancialPeriodDTO")}
    assert [periods[name]["PurchasesLedgerClosed"] for name in ("Oct 2026", "Nov 2026", "Dec 2022")] == [
        "true", "false", "true",
    ]  # fmt: skip
    october = periods["Oct 2026"]
    assert (october["StartDate"], october["_EndDate"]) == ("2026-10-01T00:00:00", "2026-10-31T00:00:00")
    assert code(soap.call(INVOICE, batch())) == "DATE_IS_OUT_OF_RANGE"


def test_every_operation_that_reads_answers(soap: SoapCaller) -> None:
    soap.call(INVOICE, batch())
    given = (
        "<supplierCode>CROWN01</supplierCode><supplerCode>CROWN01</supplerCode><departmentId>TRN</departmentId>"
        "<currencyCode>USD</currencyCode><transactionID>90117</transactionID><transactionId>90117</transactionId>"
        "<query><ExternalReference>x</ExternalReference></query><masterType>Transaction</masterType>"
        "<masterID>90117</masterID><stockItemID>VENUE</stockItemID><externalReference>x</externalReference>"
        "<customerCode>HARB01</customerCode>"
    )
    failed = {name: code(soap.call(name, given)) for name in READS}
    told = {name: error for name, error in failed.items() if error != "SUCCESS"}
    assert told == {"GetDocument": "DOCUMENT_ID_DOES_NOT_EXIST", "GetOrder": "ORDER_ID_DOES_NOT_EXIST"}
    assert not set(READS) & set(WRITING)


def supplier(create: str = "false", **values: str) -> str:
    """A supplier on its way in."""
    return f"<supplier>{elements({**values})}</supplier><create>{create}</create>"


def rates(soap: SoapCaller, operation: str, each: str, name: str, rate: str) -> dict[str, Any]:
    """What each code is worth."""
    return {one[name]: one[rate] for one in soap.call(operation).every(f"Result/{each}")}
