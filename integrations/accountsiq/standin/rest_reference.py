"""Reference data at the REST door: contacts, nominal accounts, departments and currency rates."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from integrations.accountsiq.standin.furniture import BASE, COMPANY_ID, SUPPLIER
from integrations.accountsiq.standin.ledger import CREDITS, entries
from integrations.accountsiq.standin.memory import CodeTaken, Records, Row
from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.accountsiq.standin.rest_asked import Asked, Body, amount, found, required, unwrapped

_TEN_PLACES: Final = Decimal("1.0000000000")
_RATES_SINCE: Final = "2026-01-01"
# Members of a contact, and what the books call them.
_PARTS: Final = {
    "Title": "title", "FirstName": "first_name", "LastName": "last_name", "EmailAddress": "email",
    "Address": "address_1", "PostCode": "postcode", "PhoneNumber": "phone", "Notes": "notes", "IsMainContact": "main",
}  # fmt: skip


def contacts(asked: Asked) -> object:
    """All contacts, suppliers and customers alike."""
    asked.check_company()
    return [_contact(row) for row in asked.records.every("contact")]


def contact(asked: Asked) -> object:
    """One contact."""
    return _contact(asked.row("contact", "ContactId"))


def save_client_contact(asked: Asked) -> object:
    """A contact of the company."""
    given = unwrapped(asked.body, "ClientContact")
    asked.check_company(given.get("ClientAccountId", ""))
    return _contact(_saved_contact(asked.records, given))


def save_contact(asked: Asked) -> object:
    """A contact without saying of which company."""
    return _contact(_saved_contact(asked.records, unwrapped(asked.body, "Contact")))


def delete_contact(asked: Asked) -> object:
    """Forget one that no document names."""
    row = asked.row("contact", "ContactId")
    if next(entries(asked.records.database, "contact = ?", (row.id,)), None):
        raise Refusal(Why.ALREADY_POSTED, f"Contact {row.id} has transactions and stays.", "ContactId")
    asked.records.remove(row)
    return {"ContactId": row.id, "Deleted": True}


def _saved_contact(records: Records, given: Body) -> Row:
    required(given, "ContactType", "LastName")
    name = " ".join(filter(None, (str(given.get("FirstName") or ""), str(given["LastName"]))))
    body = {part: given[member] for member, part in _PARTS.items() if member in given}
    body["type"] = str(given["ContactType"])
    if given.get("ContactId"):
        row = found(records, "contact", given["ContactId"], "ContactId")
        return records.change(row, {**row.body, **body}, name=name, active=given.get("Active") is not False)
    code = str(given.get("InternalID") or "")
    if code != code.upper():
        raise Refusal(Why.CODE_NOT_UPPER, f"InternalID {code} is not in upper case.", "InternalID")
    try:
        return records.add("contact", {"currency": BASE, **body}, code=code, name=name)
    except CodeTaken:
        raise Refusal(Why.CODE_TAKEN, f"InternalID {code} is in use.", "InternalID") from None


def _contact(row: Row) -> dict[str, Any]:
    body = row.body
    return {
        "ContactId": row.id,
        "ClientAccountId": COMPANY_ID,
        "ContactType": body.get("type", SUPPLIER),
        "Title": body.get("title", ""),
        "FirstName": body.get("first_name", ""),
        "LastName": body.get("last_name") or row.name,
        "EmailAddress": body.get("email", ""),
        "PhoneNumber": body.get("phone", ""),
        "Address": ", ".join(filter(None, (body.get(part) for part in ("address_1", "address_2", "city")))),
        "PostCode": body.get("postcode", ""),
        "Notes": body.get("notes", ""),
        "IsMainContact": bool(body.get("main", False)),
        "InternalID": row.code,
        "CurrencyCode": body.get("currency", BASE),
        "Active": row.active,
    }


def nominal_accounts(asked: Asked) -> object:
    """The chart of accounts."""
    asked.check_company()
    return [
        {
            "NominalAccountId": row.id,
            "Code": row.code,
            "Name": row.name,
            "AccountType": row.body["type"],
            "Active": row.active,
        }
        for row in asked.records.every("account")
    ]


def nominal_balance(asked: Asked) -> object:
    """What the documents of some months came to on one account, in base currency. Months are told as 2026-10."""
    asked.check_company()
    account = asked.row("account", "NominalAccountId")
    first, last = asked.params.get("FromPeriod", ""), asked.params.get("ToPeriod", "") or "9"
    balance = Decimal(0)
    for entry in entries(asked.records.database):
        if first <= entry["day"] and entry["day"][: len(last)] <= last:
            sign = -1 if (entry["sort"] in CREDITS) != entry["sort"].startswith("S") else 1
            of_account = (line["net"] for line in entry["lines"] if line["account"] == account.code)
            balance += sign * sum(of_account, Decimal(0)) * entry["rate"]
    return {"NominalAccountId": account.id, "Balance": balance.quantize(Decimal("0.01")), "Currency": BASE}


def departments(asked: Asked) -> object:
    """The departments, of one location if one is asked for."""
    location = asked.params.get("LocationId", "")
    rows = asked.records.every("department")
    return [_department(row) for row in rows if not location or location == str(row.body["location"])]


def save_department(asked: Asked) -> object:
    """A new department, or a change of the one whose id is given."""
    given = unwrapped(asked.body, "Department")
    required(given, "DepartmentName")
    body = {"location": given.get("LocationId") or 1, "parent": given.get("ParentId")}
    name = str(given["DepartmentName"])
    if given.get("DepartmentId"):
        row = found(asked.records, "department", given["DepartmentId"], "DepartmentId")
        is_active = given.get("Active") is not False
        return _department(asked.records.change(row, {**row.body, **body}, name=name, active=is_active))
    required(given, "DepartmentCode")
    code = str(given["DepartmentCode"])
    try:
        return _department(asked.records.add("department", {"analysis": [code], **body}, code=code, name=name))
    except CodeTaken:
        raise Refusal(Why.CODE_TAKEN, f"DepartmentCode {code} is in use.", "DepartmentCode") from None


def _department(row: Row) -> dict[str, Any]:
    return {
        "DepartmentId": row.id,
        "DepartmentName": row.name,
        "DepartmentCode": row.code,
        "ParentId": row.body.get("parent"),
        "LocationId": row.body.get("location", 1),
        "Active": row.active,
    }


def currency_rates(asked: Asked) -> object:
    """The rates of one currency, the newest first, or of all of them."""
    wanted = asked.params.get("CurrencyCode", "")
    rows = [row for row in asked.records.every("currency") if not wanted or row.code == wanted]
    return [_rate(asked, row) for row in rows]


def save_currency_rate(asked: Asked) -> object:
    """The rate from now on."""
    given = unwrapped(asked.body, "CurrencyRate")
    required(given, "CurrencyCode", "Rate")
    rate, code = amount(given, "Rate"), str(given["CurrencyCode"])
    row = asked.records.coded("currency", code)
    if row is None:
        raise Refusal(Why.CURRENCY_UNKNOWN, f"Currency {code} not found", "CurrencyCode")
    if rate <= 0 or (code == BASE and rate != 1):
        raise Refusal(Why.RATE_WRONG, f"The rate of {code} cannot be {rate}.", "Rate")
    units = rate if asked.options.word("rest_rates_are") == "units_per_base" else Decimal(1) / rate
    changed = {**row.body, "units": units, "since": str(given.get("Date") or _RATES_SINCE)}
    return _rate(asked, asked.records.change(row, changed))


def _rate(asked: Asked, row: Row) -> dict[str, Any]:
    units = Decimal(row.body["units"])
    counts_units = asked.options.word("rest_rates_are") == "units_per_base"
    rate = units if counts_units else (1 / units).quantize(_TEN_PLACES)
    return {"CurrencyCode": row.code, "Rate": rate, "Date": row.body.get("since", _RATES_SINCE)}
