"""The push models of purchases, as data: paths with a type and its limits. `models.py` says how to read them.

They follow the documented models, told in our own words; of each only what the portal could come across is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Model = Mapping[str, str]


def lines(**members: str) -> Model:
    """Members of a line; a double underscore stands for a dot."""
    return {"lineItems": "Array*", **{f"lineItems.{name.replace('__', '.')}": of for name, of in members.items()}}


_SUPPLIER: Final[Model] = {"supplierRef": "Object*", "supplierRef.id": "String*"}
_SUPPLIER_GUID: Final[Model] = {"supplierRef": "Object*", "supplierRef.id": "String* guid"}
_SUPPLIER_EIGHT: Final[Model] = {"supplierRef": "Object*", "supplierRef.id": "String* max=8"}
MONEY: Final[Model] = {"currency": "String", "currencyRate": "Number"}
TRACKING: Final = {"trackingCategoryRefs": "Array", "trackingCategoryRefs__id": "String*"}
_PARTS: Final = {"accountRef": "Object", "accountRef__id": "String", "taxRateRef": "Object", "taxRateRef__id": "String"}
XERO_LINE: Final = lines(
    description="String* max=4000", quantity="Number*", unitAmount="Number*", discountAmount="Number",
    taxAmount="Number", totalAmount="Number", accountRef="Object*", accountRef__id="String* guid",
    taxRateRef="Object", taxRateRef__id="String", **{**TRACKING, "trackingCategoryRefs": "Array most=2"},
)  # fmt: skip
_QBO_LINE: Final = lines(
    description="String max=4000", quantity="Number*", unitAmount="Number*", taxAmount="Number", accountRef="Object",
    accountRef__id="String*", taxRateRef="Object*", taxRateRef__id="String*", **TRACKING,
)  # fmt: skip
_SAGE_LINE: Final = lines(
    description="String* max=60", taxAmount="Number*", totalAmount="Number*", accountRef="Object*",
    accountRef__id="String*", taxRateRef="Object*", taxRateRef__id="String*", **TRACKING,
)  # fmt: skip
FREEAGENT_LINE: Final[Model] = {
    **lines(
        description="String", taxAmount="Number", totalAmount="Number", accountRef="Object*", accountRef__id="String*"
    ),
    "lineItems": "Array* most=40",
}
_NETSUITE_LINE: Final = lines(
    description="String", quantity="Number", unitAmount="Number*", subTotal="Number", **_PARTS, tracking="Object",
    tracking__categoryRefs="Array", tracking__categoryRefs__id="String*",
)  # fmt: skip
_INTACCT_LINE: Final = lines(
    description="String", subTotal="Number*", quantity="Number", unitAmount="Number", taxAmount="Number",
    accountRef="Object*", accountRef__id="String*", taxRateRef="Object", taxRateRef__id="String", **TRACKING,
)  # fmt: skip
ANY_LINE: Final = lines(
    description="String", quantity="Number", unitAmount="Number", discountAmount="Number", subTotal="Number",
    taxAmount="Number", totalAmount="Number", **_PARTS, **TRACKING,
)  # fmt: skip
_DATES: Final[Model] = {"issueDate": "DateTime*", "dueDate": "DateTime*"}
_TOTALS: Final[Model] = {"subTotal": "Number", "taxAmount": "Number", "totalAmount": "Number"}
NOTE_TOTALS: Final[Model] = {"subTotal": "Number", "totalTaxAmount": "Number", "totalAmount": "Number"}
_SHIP_TO: Final[Model] = {"shipTo": "Object", "shipTo.address": "Object", "shipTo.contact": "Object"}

_BILLS: Final[Mapping[str, Model]] = {
    "gbol": {**_DATES, **MONEY, **_SUPPLIER_GUID, "reference": "String max=255", "status": "String* Open|Draft",
             **XERO_LINE},
    "qhyg": {"dueDate": "DateTime*", "issueDate": "DateTime", "currency": "String*", "currencyRate": "Number",
             **_SUPPLIER, "reference": "String max=21", "note": "String", **_TOTALS,
             "paymentAllocations": "Array forbidden", **_QBO_LINE},
    "hbql": {**_DATES, "currency": "String*", **_SUPPLIER_EIGHT, "reference": "String max=30",
             "note": "String max=60", "status": "String Open", **_SAGE_LINE},
    "fbrh": {**_DATES, **MONEY, **_SUPPLIER, "reference": "String*", "totalAmount": "Number*", "taxAmount": "Number*",
             **FREEAGENT_LINE},
    "akxx": {"issueDate": "DateTime", "dueDate": "DateTime", "currency": "String*", "currencyRate": "Number*",
             **_SUPPLIER, "reference": "String", "note": "String", "status": "String* Open", **_NETSUITE_LINE},
    "knfz": {"issueDate": "DateTime*", "dueDate": "DateTime", **MONEY, **_SUPPLIER, "reference": "String* max=100",
             "note": "String max=1000", "status": "String Open", **_INTACCT_LINE},
    "rwuv": {**_DATES, "currency": "String*", "currencyRate": "Number", **_SUPPLIER, "reference": "String*",
             "status": "String Open|Void", **ANY_LINE},
    "mqjo": {"issueDate": "DateTime*", "dueDate": "DateTime", **MONEY, **_SUPPLIER, "reference": "String",
             "note": "String", "status": "String* Open|Draft", **_TOTALS, **ANY_LINE},
}  # fmt: skip
_NOTES: Final[Mapping[str, Model]] = {
    "gbol": {"issueDate": "DateTime*", **MONEY, **_SUPPLIER_GUID, "totalAmount": "Number*",
             "billCreditNoteNumber": "String max=225", "status": "String* Draft|Submitted|Paid", **XERO_LINE,
             "lineItems.description": "String max=4000", "lineItems.totalAmount": "Number*"},
    "qhyg": {"issueDate": "DateTime", **MONEY, **_SUPPLIER, "billCreditNoteNumber": "String", "note": "String",
             "status": "String* Submitted|Paid", "paymentAllocations": "Array forbidden", **_QBO_LINE},
    "hbql": {"issueDate": "DateTime*", "currency": "String*", **_SUPPLIER_EIGHT, "billCreditNoteNumber": "String*",
             "note": "String max=60", "status": "String* Submitted", **_SAGE_LINE},
    "fbrh": {"issueDate": "DateTime*", "allocatedOnDate": "DateTime*", **MONEY, **_SUPPLIER,
             "billCreditNoteNumber": "String*", "totalAmount": "Number*", "totalTaxAmount": "Number*",
             **FREEAGENT_LINE},
    "akxx": {"issueDate": "DateTime*", "currency": "String*", **_SUPPLIER, "note": "String",
             "status": "String* Submitted", **_NETSUITE_LINE, "lineItems.unitAmount": "Number"},
    "knfz": {"issueDate": "DateTime*", **MONEY, **_SUPPLIER, "billCreditNoteNumber": "String",
             "note": "String max=1000", "status": "String Submitted", **_INTACCT_LINE},
    "mqjo": {"issueDate": "DateTime*", **MONEY, **_SUPPLIER, "billCreditNoteNumber": "String", "note": "String",
             "status": "String* Draft|Submitted", **NOTE_TOTALS, **ANY_LINE},
}  # fmt: skip
_ORDERS: Final[Mapping[str, Model]] = {
    "gbol": {"issueDate": "DateTime", "deliveryDate": "DateTime", "expectedDeliveryDate": "DateTime", **MONEY,
             **_SUPPLIER_GUID, "purchaseOrderNumber": "String", "note": "String max=500", **_SHIP_TO,
             "status": "String* Draft|Open|Closed", **XERO_LINE},
    "qhyg": {"issueDate": "DateTime", "expectedDeliveryDate": "DateTime", "deliveryDate": "DateTime", **MONEY,
             **_SUPPLIER, "purchaseOrderNumber": "String", "note": "String", **_SHIP_TO, "status": "String* Open",
             **_QBO_LINE},
    "akxx": {"issueDate": "DateTime*", "expectedDeliveryDate": "DateTime", "currency": "String*",
             "currencyRate": "Number*", **_SUPPLIER, "note": "String", "status": "String* Open",
             "shipTo": "Object forbidden", **ANY_LINE},
    "mqjo": {"issueDate": "DateTime*", "expectedDeliveryDate": "DateTime", **MONEY, **_SUPPLIER,
             "purchaseOrderNumber": "String", "note": "String", **_SHIP_TO, "status": "String* Draft|Open",
             **NOTE_TOTALS, **ANY_LINE},
}  # fmt: skip
_SUPPLIERS: Final[Mapping[str, Model]] = {
    key: {"supplierName": "String*", "emailAddress": "String", "phone": "String", "taxNumber": "String",
          "contactName": "String", "addresses": "Array", "defaultCurrency": "String",
          "status": "String Active|Archived"}
    for key in ("gbol", "qhyg", "fbrh", "akxx", "knfz", "mqjo")
} | {
    "hbql": {"id": "String* max=8", "supplierName": "String* max=60", "contactName": "String max=30",
             "emailAddress": "String", "phone": "String", "taxNumber": "String", "defaultCurrency": "String",
             "status": "String Active", "addresses": "Array most=1", "addresses.line1": "String*"},
}  # fmt: skip
_JOURNALS: Final[Mapping[str, Model]] = {
    key: {"description": "String", "postedOn": "DateTime*", "journalLines": "Array*",
          "journalLines.description": "String", "journalLines.netAmount": "Number*",
          "journalLines.currency": "String", "journalLines.accountRef": "Object*",
          "journalLines.accountRef.id": "String*"}
    for key in ("gbol", "qhyg", "hbql", "akxx", "knfz", "mqjo")
}  # fmt: skip
MODELS: Final[Mapping[tuple[str, str], Model]] = {
    (platform, data_type): model
    for data_type, models in {
        "bills": _BILLS,
        "billCreditNotes": _NOTES,
        "purchaseOrders": _ORDERS,
        "suppliers": _SUPPLIERS,
        "journalEntries": _JOURNALS,
    }.items()
    for platform, model in models.items()
}
