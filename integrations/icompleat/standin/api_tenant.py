"""What the API tells of a tenant: itself, its companies, users, layouts and analysis fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from integrations.documents import Kind
from integrations.icompleat.standin import people
from integrations.icompleat.standin.api_call import ApiCall
from integrations.icompleat.standin.layouts import JOURNAL_TYPES
from integrations.icompleat.standin.layouts import analysis_fields as fields_of
from integrations.icompleat.standin.layouts import layouts as layouts_of
from integrations.icompleat.standin.refusals import Code, Refused

_COUNTRY: Final = "GBR"


def tenant(call: ApiCall) -> dict[str, Any]:
    """The tenant, flat. Dates without a zone and with one digit of a second, as they were seen."""
    return {
        "Id": call.tenant["id"],
        "Name": call.tenant["name"],
        "Active": True,
        "AccountType": "DirectCustomer",
        "FreeTrialEndDate": None,
        "DateAdded": "2025-10-11T12:57:29.1",
        "BillingDayOfMonth": 7,
        "BillingMonthOfYear": 3,
        "LastPaymentDate": "2026-08-07T00:00:00",
        "NextPaymentDate": "2027-03-07T00:00:00",
        "CreditBalance": 0,
        "VatNumber": "",
        "RegisteredCountryCode": _COUNTRY,
        "ConfirmedNotVatRegistered": False,
        "LicensedUsers": 20,
        "PaymentFrequency": "Monthly",
        "OwesPayment": False,
        "InCreditControl": False,
        "CultureCode": "en-GB",
        "Modules": ["INVOICES", "ORDERS"],
    }


def shard(call: ApiCall) -> dict[str, Any]:
    """Where the tenant's data lives: here."""
    return {"Shard": {"Name": "sandbox", "ApiUrl": call.request.root_url}}


def companies(call: ApiCall) -> dict[str, Any]:
    """The tenant's companies, by id and name."""
    found = call.world.companies.all(call.tenant["id"])
    return {"Companies": [{"Id": each["id"], "Name": each["name"]} for each in found]}


def company(call: ApiCall) -> dict[str, Any]:
    """One company."""
    found = call.company()
    told = {"Id": found["id"], "Name": found["name"], "BaseCurrencyCode": found["base_currency"]}
    return {"Company": {**told, "VatNumber": "", "RegisteredCountryCode": _COUNTRY}}


def users(call: ApiCall) -> dict[str, Any]:
    """The users of a company, or of all companies."""
    one = call.optional_company()
    found = people.users(one) if one else call.world.companies.users(call.tenant["id"])
    return {"Count": len(found), "Users": found}


def user(call: ApiCall) -> dict[str, Any]:
    """One user."""
    wanted = call.user()
    found = [each for each in call.world.companies.users(call.tenant["id"]) if wanted and each["Id"] == wanted.id]
    if not found:
        raise Refused(Code.UNKNOWN_USER, "Invalid user id")
    return {"User": found[0]}


def layouts(call: ApiCall) -> Mapping[str, Any]:
    """The layouts for orders or invoices; all of them are on the first page."""
    company_id, wanted, page = call.company()["id"], call.value("type").upper(), call.page()
    if wanted not in JOURNAL_TYPES:
        raise Refused(Code.BAD_REQUEST, f"The transaction type must be {' or '.join(JOURNAL_TYPES)}.")
    found = layouts_of(company_id, wanted, call.world.fields.all(company_id))
    return {"TransactionLayouts": found if page == 1 else []}


def analysis_fields(call: ApiCall) -> Mapping[str, Any]:
    """The analysis fields of a company, or those on the layout of one transaction."""
    company_id, held = call.company()["id"], call.optional_transaction()
    is_wide = held is None or held.kind in (Kind.PURCHASE_ORDER, Kind.RECEIPT)
    return {"AnalysisFields": fields_of(company_id, of_orders=is_wide)}
