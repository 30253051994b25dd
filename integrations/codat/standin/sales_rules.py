"""The push models of sales on each platform, as data; `rules.py` has those of purchases, and the form of both.

After the models in the accounting document of 26 April 2023, told in our own words. QuickBooks Online and NetSuite take
sales of items only. That Xero, NetSuite and Sage 50 word the sum of a payment's links differently is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations.codat.standin.rules import ANY_LINE, MONEY, NOTE_TOTALS, TRACKING, XERO_LINE, Model, lines

_CUSTOMER: Final[Model] = {"customerRef": "Object*", "customerRef.id": "String*"}
_CUSTOMER_GUID: Final[Model] = {"customerRef": "Object*", "customerRef.id": "String* guid"}
_CUSTOMER_EIGHT: Final[Model] = {"customerRef": "Object*", "customerRef.id": "String* max=8"}
_ITEM_LINE: Final = lines(
    description="String max=4000", quantity="Number*", unitAmount="Number*", taxAmount="Number", itemRef="Object*",
    itemRef__id="String*", taxRateRef="Object*", taxRateRef__id="String*", **TRACKING,
)  # fmt: skip
_SAGE_LINE: Final = lines(
    accountRef="Object*", accountRef__id="String*", taxRateRef="Object*", taxRateRef__id="String*", **TRACKING
)
_FREEAGENT_LINE: Final = lines(
    description="String*", quantity="Number", unitAmount="Number", taxAmount="Number", accountRef="Object",
    accountRef__id="String*",
)  # fmt: skip

_INVOICES: Final[Mapping[str, Model]] = {
    "gbol": {"issueDate": "DateTime*", "dueDate": "DateTime*", **MONEY, **_CUSTOMER_GUID,
             "invoiceNumber": "String max=255", "status": "String* Draft|Submitted", **XERO_LINE,
             "lineItems.taxAmount": "Number*"},
    "qhyg": {"dueDate": "DateTime*", "currency": "String*", "currencyRate": "Number", **_CUSTOMER, "note": "String",
             "status": "String* Submitted", **_ITEM_LINE},
    "hbql": {**_CUSTOMER_EIGHT, "note": "String max=60", "invoiceNumber": "String*", "currency": "String*",
             "status": "String Submitted", **_SAGE_LINE},
    "fbrh": {**_CUSTOMER, "issueDate": "DateTime*", "dueDate": "DateTime", "currency": "String",
             "status": "String* Draft|Submitted", **_FREEAGENT_LINE},
    "akxx": {**_CUSTOMER, "issueDate": "DateTime*", "dueDate": "DateTime", "currency": "String", "note": "String",
             "status": "String* Submitted", **_ITEM_LINE},
    "mqjo": {"issueDate": "DateTime*", "dueDate": "DateTime*", "invoiceNumber": "String*", **_CUSTOMER, **MONEY,
             "note": "String", "status": "String* Draft|Submitted", "amountDue": "Number", **NOTE_TOTALS, **ANY_LINE},
}  # fmt: skip
_NOTES: Final[Mapping[str, Model]] = {
    "gbol": {"issueDate": "DateTime*", **MONEY, **_CUSTOMER_GUID, "totalAmount": "Number* positive",
             "creditNoteNumber": "String max=225", "status": "String* Draft|Submitted", **XERO_LINE},
    "qhyg": {"issueDate": "DateTime", "currency": "String*", "currencyRate": "Number", **_CUSTOMER, "note": "String",
             "creditNoteNumber": "String", "status": "String* Submitted", **_ITEM_LINE},
    "hbql": {**_CUSTOMER_EIGHT, "note": "String max=60", "creditNoteNumber": "String*", "status": "String Submitted",
             **_SAGE_LINE},
    "fbrh": {**_CUSTOMER, "issueDate": "DateTime*", **MONEY, "subTotal": "Number", "totalAmount": "Number",
             **lines(description="String*", quantity="Number*", unitAmount="Number", subTotal="Number",
                     taxAmount="Number")},
    "akxx": {**_CUSTOMER, "issueDate": "DateTime*", "currency": "String", "note": "String",
             "status": "String* Submitted", **_ITEM_LINE},
    "mqjo": {"issueDate": "DateTime*", "creditNoteNumber": "String*", **_CUSTOMER, **MONEY, "note": "String",
             "status": "String* Draft|Submitted", "remainingCredit": "Number", **NOTE_TOTALS, **ANY_LINE},
}  # fmt: skip


def _links(types: str = "") -> Model:
    """The lines of a payment, which say what it settles."""
    return {
        "lines": "Array*", "lines.amount": "Number*", "lines.links": "Array*", "lines.links.id": "String*",
        "lines.links.amount": "Number*", "lines.links.type": f"String* {types}".strip(),
    }  # fmt: skip


_PAYMENTS: Final[Mapping[str, Model]] = {
    "gbol": {**_CUSTOMER_GUID, "accountRef": "Object*", "accountRef.id": "String* guid",
             "totalAmount": "Number* positive", "date": "DateTime*", "reference": "String", "currencyRate": "Number",
             "currency": "String*", **_links("Invoice|CreditNote|Payment")},
    "qhyg": {**_CUSTOMER, "accountRef": "Object", "accountRef.id": "String*", "totalAmount": "Number*",
             "currency": "String", "date": "DateTime*", "note": "String",
             **_links("Invoice|CreditNote|PaymentOnAccount")},
    "hbql": {"accountRef": "Object*", "accountRef.id": "String* max=8", **_CUSTOMER_EIGHT, "totalAmount": "Number*",
             "reference": "String max=30", "date": "DateTime*", "note": "String max=60",
             **_links("Invoice|PaymentOnAccount|Refund|CreditNote|Payment")},
    "fbrh": {"accountRef": "Object*", "accountRef.id": "String*", "date": "DateTime*", "totalAmount": "Number*",
             "currency": "String*", "currencyRate": "Number*", **_links("Invoice|CreditNote|Other"),
             "lines": "Array* single"},
    "akxx": {**_CUSTOMER, "accountRef": "Object", "accountRef.id": "String*", "totalAmount": "Number* positive",
             "date": "DateTime*", "currency": "String", "note": "String", "reference": "String location",
             **_links("Invoice|CreditNote|PaymentOnAccount")},
    "mqjo": {**_CUSTOMER, "customerRef.companyName": "String*", "accountRef": "Object*", "accountRef.id": "String*",
             "totalAmount": "Number*", **MONEY, "date": "DateTime*", "note": "String", "reference": "String*",
             **_links(), "lines.allocatedOnDate": "DateTime*"},
}  # fmt: skip
_ADDRESS: Final[Model] = {
    f"addresses.{name}": "String" for name in ("line1", "city", "region", "country", "postalCode")
}
_PERSON: Final[Model] = {
    "customerName": "String*", "emailAddress": "String", "phone": "String", "taxNumber": "String",
    "addresses": "Array", **_ADDRESS,
}  # fmt: skip
_CUSTOMERS: Final[Mapping[str, Model]] = {
    "gbol": {**_PERSON, "status": "String Active|InActive", "addresses.type": "String* Billing|Delivery"},
    "qhyg": {**_PERSON, "status": "String* Active|Archived", "addresses.type": "String Billing|Delivery",
             "defaultCurrency": "String"},
    "hbql": {"id": "String* max=8", **_PERSON, "customerName": "String* max=60", "status": "String Active|Archived",
             "defaultCurrency": "String", "addresses.countryCode": "String*", "addresses.line1": "String*",
             "addresses.type": "String Delivery|Unknown"},
    "fbrh": {**_PERSON, "contactName": "String*", "status": "String* Active|Archived", "addresses.line1": "String*"},
    "akxx": {**_PERSON, "status": "String* Active|Archived", "defaultCurrency": "String",
             "addresses.type": "String* Billing|Delivery|Unknown", "addresses.country": "String*"},
    "mqjo": {**_PERSON, "contactName": "String", "status": "String* Active|Archived", "defaultCurrency": "String",
             "addresses.type": "String Billing|Delivery|Unknown"},
}  # fmt: skip

SALES_MODELS: Final[Mapping[tuple[str, str], Model]] = {
    (platform, data_type): model
    for data_type, models in {
        "invoices": _INVOICES,
        "creditNotes": _NOTES,
        "payments": _PAYMENTS,
        "customers": _CUSTOMERS,
    }.items()
    for platform, model in models.items()
}
