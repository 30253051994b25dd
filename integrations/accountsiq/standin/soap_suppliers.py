"""Suppliers and customers at the SOAP door: listed whole, told one by one; suppliers are made and changed, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from integrations.accountsiq.standin.envelope import Array, child, flag, text, texts
from integrations.accountsiq.standin.furniture import BASE, CREDITORS, CUSTOMER, DEBTORS, SUPPLIER
from integrations.accountsiq.standin.memory import CodeTaken, Row
from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.accountsiq.standin.soap_asked import (
    LONGEST_CODE,
    Asked,
    Operation,
    Outcome,
    contact,
    moment,
    supplier,
    upper,
)

# Elements of a supplier in the order of the contract, and what the books call them.
_PARTS: Final = {
    "DefaultTaxCode": "default_tax", "CreditTermID": "credit_term", "CurrencyCode": "currency",
    "Address1": "address_1", "Address2": "address_2", "City": "city", "County_State": "county", "Country": "country",
    "PostCode": "postcode", "Phone": "phone", "Email": "email", "Contact": "contact", "VATRegistrationNumber": "vat",
    "DefaultGLAccountCode": "default_account", "DepartmentID": "department",
    "InternationalBankAccountNumber": "iban", "BankSortCode": "sort_code", "BankCode": "bank_code",
    "BankSwiftCode": "swift",
}  # fmt: skip
_BEFORE_STATE: Final = ("DepartmentID", "InternationalBankAccountNumber", "BankSortCode", "BankCode", "BankSwiftCode")


def _suppliers(asked: Asked, *, active_only: bool = False) -> Outcome:
    rows = (row for row in asked.records.every("contact") if row.body.get("type") == SUPPLIER)
    return Outcome(result=Array("Supplier", (_supplier(row) for row in rows if row.active or not active_only)))


def _customers(asked: Asked, *, active_only: bool = False) -> Outcome:
    rows = (row for row in asked.records.every("contact") if row.body.get("type") == CUSTOMER)
    return Outcome(result=Array("Customer", (_customer(row) for row in rows if row.active or not active_only)))


def _one_customer(asked: Asked) -> Outcome:
    return Outcome(result=_customer(contact(asked.records, text(asked.element, "customerCode"), CUSTOMER)))


def _customer(row: Row) -> dict[str, Any]:
    return {**_supplier(row), "LedgerType": "Sales", "ControlGLAccountCode": DEBTORS}


def _suppliers_by(asked: Asked) -> Outcome:
    query = child(asked.element, "query")
    since, emails = moment(query, "FromLastModifiedDateInUTC") or "", set(texts(query, "Emails"))
    rows = (row for row in asked.records.every("contact") if row.body.get("type") == SUPPLIER)
    fitting = (row for row in rows if row.modified_at >= since and (not emails or row.body.get("email") in emails))
    return Outcome(result=Array("Supplier", (_supplier(row) for row in fitting)))


def _one_supplier(asked: Asked) -> Outcome:
    return Outcome(result=_supplier(supplier(asked.records, text(asked.element, "supplierCode"))))


def _new_supplier(_: Asked) -> Outcome:
    """A shell with the defaults; the code is for the sender to give."""
    told = {"AccountID": 0, "Code": "", "Name": "", "GroupID": "GENERAL", "DefaultTaxCode": "T1", "AreaID": "UK",
            "BankAccountCode": "1200", "CountryCode": "GB", "CreditTermID": "30", "CurrencyCode": BASE,
            "PaymentMethodID": "BACS", "ControlGLAccountCode": CREDITORS, "IsActive": True, "Hold": 0}  # fmt: skip
    return Outcome(result=told)


def _update_supplier(asked: Asked) -> Outcome:
    given = child(asked.element, "supplier")
    code = upper(text(given, "Code"), "Code", Why.CONTACT_MISSING, Why.CODE_NOT_UPPER)
    name = text(given, "Name")
    if not name:
        raise Refusal(Why.NAME_MISSING, "The name of the supplier is null.")
    currency = text(given, "CurrencyCode") or BASE
    if asked.records.coded("currency", currency) is None:
        raise Refusal(Why.CURRENCY_UNKNOWN, f"The currency {currency} does not exist.")
    told = {part: value for element, part in _PARTS.items() if (value := text(given, element)) is not None}
    body = {"type": SUPPLIER, **told, "currency": currency, "country_code": text(given, "CountryCode") or "GB"}
    if flag(asked.element, "create"):
        return _created_supplier(asked, code, name, body)
    row = supplier(asked.records, code)
    if text(given, "RowVersionNumber") != str(row.version):
        raise Refusal(Why.OUTDATED, f"The supplier {code} was changed since it was read.")
    is_active = text(given, "IsActive") != "false"
    asked.records.change(row, {**row.body, **body}, name=name, active=is_active)
    return Outcome(result=code)


def _created_supplier(asked: Asked, code: str, name: str, body: Mapping[str, Any]) -> Outcome:
    if len(code) > LONGEST_CODE:
        raise Refusal(Why.REFERENCE_TOO_LONG, f"The code {code} is longer than {LONGEST_CODE} characters.")
    try:
        asked.records.add("contact", body, code=code, name=name)
    except CodeTaken:
        raise Refusal(Why.CODE_TAKEN, f"The account code {code} is already in use.") from None
    return Outcome(result=code, status="Created")


def _supplier(row: Row) -> dict[str, Any]:
    parts = {name: row.body.get(part) or None for name, part in _PARTS.items()}
    after = {name: parts.pop(name) for name in _BEFORE_STATE}
    return {
        "AccountID": row.id,
        "LedgerType": "Purchases",
        "Code": row.code or str(row.id),
        "CountryCode": row.body.get("country_code") or None,
        "Name": row.name,
        **parts,
        "ControlGLAccountCode": CREDITORS,
        "IsActive": row.active,
        "Hold": 0,
        **after,
        "RowVersionNumber": str(row.version),
    }


OPERATIONS: Final[Mapping[str, Operation]] = {
    "GetActiveSupplierList": lambda asked: _suppliers(asked, active_only=True),
    "GetSupplierList": _suppliers,
    "GetSuppliersBy": _suppliers_by,
    "GetSupplier": _one_supplier,
    "GetNewSupplierFromDefaults": _new_supplier,
    "GetActiveCustomerList": lambda asked: _customers(asked, active_only=True),
    "GetCustomerList": _customers,
    "GetCustomer": _one_customer,
}
WRITES: Final[Mapping[str, Operation]] = {
    "UpdateSupplier": _update_supplier,
    "UpdateSupplierGetBackSupplierCode": _update_supplier,
}
