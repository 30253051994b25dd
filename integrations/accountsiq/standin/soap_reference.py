"""Reference data at the SOAP door: company, accounts, taxes, currencies, BI codes, terms, banks and periods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.accountsiq.standin.envelope import Array, child, text
from integrations.accountsiq.standin.furniture import BASE, COMPANY_ID, ENTITY
from integrations.accountsiq.standin.memory import Row
from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.accountsiq.standin.soap_asked import (
    Asked,
    Operation,
    Outcome,
    midnight,
    moment,
)

_TEN_PLACES: Final = Decimal("1.0000000000")


def _company(asked: Asked) -> Outcome:
    row = asked.records.one("company", COMPANY_ID)
    body: Mapping[str, Any] = row.body if row else {}
    told = {
        "CompanyName": row.name if row else "",
        "LocaleName": "en-GB",
        "BaseCurrencyCode": BASE,
        "Address": {"Line1": "4 Harbour Street", "Line2": "", "City": "Leeds", "County": "", "PostZipCode": "LS11 5PS",
                    "CountryState": body.get("ClientAccountCountry")},
        "AutoNumberingSettings": {"UseAutoPurchaseOrderNumbering": True},
        "PrecisionSettings": {"PricePrecisionDecimals": 4, "QuantityPrecisionDecimals": 4},
        "ApprovalSettings": {"IsPurchaseApprovalEnabled": False},
        "TaxRegistrationNumber": body.get("ClientAccountVatNumber"),
    }  # fmt: skip
    return Outcome(result=told)


def _entities(asked: Asked) -> Outcome:
    row = asked.records.one("company", COMPANY_ID)
    return Outcome(result=Array("WSEntity", [{"EntityID": ENTITY, "EntityName": row.name if row else ""}]))


def _chart(asked: Asked) -> Outcome:
    lines = (
        {
            "Code": row.code,
            "Description": row.name,
            "AccountType": row.body["type"],
            "IsDepartmental": row.body["departmental"],
            "BalanceSheetType": "BalanceSheet" if row.body["type"] in {"Bank", "Control"} else "ProfitAndLoss",
            "IsActive": row.active,
            "CurrencyCode": BASE,
        }
        for row in asked.records.every("account")
    )
    return Outcome(result=Array("WSChartOfAccountLine", lines))


def _account_pairs(asked: Asked) -> Outcome:
    rows = asked.records.every("account")
    return Outcome(result=Array("ArrayOfString", (Array("string", (row.code, row.name)) for row in rows)))


def _taxes(asked: Asked) -> Outcome:
    share = 1 if asked.options.word("tax_rates_are") == "percent" else 100
    taxes = (
        {
            "ID": str(row.id),
            "Code": row.code,
            "Description": row.name,
            "Rate": Decimal(row.body["rate"]) / share,
            "EUTrade": False,
            "ReverseCharge": False,
            "IsDefault": row.code == "T1",
            "IsStandardRate": row.code == "T1",
            "SalesTaxInclude": True,
            "PurchasesTaxInclude": True,
            "IsWithHoldingTax": False,
        }
        for row in asked.records.every("tax")
    )
    return Outcome(result=Array("Tax", taxes))


def _currencies(asked: Asked) -> Outcome:
    currencies = (
        {
            "CurrencyID": row.id,
            "CurrencyCode": row.code,
            "IsBaseCurrency": row.code == BASE,
            "ExchangeRate": _told_rate(asked, row),
            "Symbol": row.body.get("symbol"),
            "LastModifiedDate": row.modified_at,
            "Description": row.name,
        }
        for row in asked.records.every("currency")
    )
    return Outcome(result=Array("WSCurrency", currencies))


def _currency_codes(asked: Asked) -> Outcome:
    return Outcome(result=Array("string", [row.code for row in asked.records.every("currency")]))


def _currency_rate(asked: Asked) -> Outcome:
    code = text(asked.element, "currencyCode")
    row = asked.records.coded("currency", code or "")
    if row is None:
        raise Refusal(Why.CURRENCY_UNKNOWN, f"The currency {code} does not exist.")
    return Outcome(result=_told_rate(asked, row))


def _told_rate(asked: Asked, row: Row) -> Decimal:
    units = Decimal(row.body["units"])
    counts_units = asked.options.word("soap_rates_are") == "units_per_base"
    return units if counts_units or units == 1 else (1 / units).quantize(_TEN_PLACES)


def _departments(asked: Asked) -> Outcome:
    return _told_departments(asked.records.every("department"))


def _departments_by(asked: Asked) -> Outcome:
    since = moment(child(asked.element, "query"), "FromLastModifiedDateInUTC") or ""
    return _told_departments(row for row in asked.records.every("department") if row.modified_at >= since)


def _one_department(asked: Asked) -> Outcome:
    code = text(asked.element, "departmentId") or ""
    row = asked.records.coded("department", code)
    if row is None:
        raise Refusal(Why.DEPARTMENT_UNKNOWN, f"The department {code} does not exist.")
    return Outcome(result=_department(row))


def _told_departments(rows: Iterable[Row]) -> Outcome:
    return Outcome(result=Array("Department", (_department(row) for row in rows)))


def _department(row: Row) -> dict[str, Any]:
    analysis = {f"AnalysisCode{place}": code for place, code in enumerate(row.body["analysis"], start=1)}
    return {"DepartmentID": row.code, "Description": row.name, **analysis, "IsActive": row.active}


def _dimensions(asked: Asked) -> Outcome:
    dimensions = (
        {
            "Code": row.code,
            "Description": row.name,
            "DimensionCodes": Array(
                "WSAnalysisDimensionCode",
                [{"Code": code, "Description": name} for code, name in row.body["codes"].items()],
            ),
        }
        for row in asked.records.every("dimension")
    )
    return Outcome(result=Array("WSAnalysisDimension", dimensions))


def _credit_terms(asked: Asked) -> Outcome:
    terms = (
        {
            "ID": str(row.id),
            "Code": row.code,
            "Description": row.name,
            "CreditDays": row.body["days"],
            "EndOfMonth": row.body["end_of_month"],
        }
        for row in asked.records.every("credit_term")
    )
    return Outcome(result=Array("CreditTerm", terms))


def _banks(asked: Asked) -> Outcome:
    banks = (
        {
            "BankID": row.id,
            "Code": row.body.get("account", ""),
            "BankAccountCode": row.body.get("BankAccountNumber", ""),
            "Name": row.name,
            "CurrencyCode": row.body.get("currency", BASE),
        }
        for row in asked.records.every("bank")
    )
    return Outcome(result=Array("Bank", banks))


def _periods(asked: Asked) -> Outcome:
    """Each member twice, once with a line before its name, as the service has it."""
    return Outcome(result=Array("WSFinancialPeriodDTO", (_period(row) for row in asked.records.every("period"))))


def _period(row: Row) -> dict[str, Any]:
    body = row.body
    told = {
        "PeriodID": row.id,
        "PeriodNumber": body["number"],
        "PeriodName": body["name"],
        "FinancialYear": body["year"],
        "StartDate": midnight(body["starts_on"]),
        "EndDate": midnight(body["ends_on"]),
        "SalesLedgerClosed": body["sales"],
        "PurchasesLedgerClosed": body["purchases"],
        "GeneralLedgerClosed": body["general"],
        "FinancialYearClosed": body["year_closed"],
    }
    return {**{f"_{name}": value for name, value in told.items()}, **told}


OPERATIONS: Final[Mapping[str, Operation]] = {
    "GetCompanyInformation": _company,
    "GetEntitiesByToken": _entities,
    "GetChartOfAccounts": _chart,
    "GetGLAccountList": _account_pairs,
    "GetTaxCodeList": _taxes,
    "GetCurrencies": _currencies,
    "GetCurrencyList": _currency_codes,
    "GetCurrencyExchangeRate": _currency_rate,
    "GetDepartmentList": _departments,
    "GetDepartmentsBy": _departments_by,
    "GetDepartmentById": _one_department,
    "GetAnalysisDimensionSetup": _dimensions,
    "GetCreditTermList": _credit_terms,
    "GetBankList": _banks,
    "GetPeriodList": _periods,
}
