"""Purchase orders at the SOAP door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from integrations.accountsiq.standin.envelope import Array, Element, child, children, flag, number, text, whole
from integrations.accountsiq.standin.furniture import BASE, SUPPLIER
from integrations.accountsiq.standin.ledger import rate_of
from integrations.accountsiq.standin.memory import Row
from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.accountsiq.standin.soap_asked import (
    LONGEST_CODE,
    Asked,
    Operation,
    Outcome,
    day,
    midnight,
    moment,
    supplier,
    upper,
)

_LINE_TEXTS: Final = ("StockItemID", "StockItemDescription", "TaxCode", "LocationID", "Notes", "GLAccountCode",
                      "OpeningStockGLAccountCode", "DepartmentID")  # fmt: skip
_LINE_NUMBERS: Final = ("OrderedQuantity", "StockItemPrice", "ActualPrice", "TaxRate", "NetAmount", "TaxAmount",
                        "GrossAmount")  # fmt: skip
# The order of the contract.
_LINE: Final = ("StockItemID", "StockItemDescription", "OrderedQuantity", "DeliveredQuantity", "InvoicedQuantity",
                "StockItemPrice", "ActualPrice", "TaxCode", "TaxRate", "NetAmount", "TaxAmount", "GrossAmount",
                "LocationID", "Notes", "GLAccountCode", "OpeningStockGLAccountCode", "DepartmentID")  # fmt: skip


def _new(asked: Asked) -> Outcome:
    found = supplier(asked.records, text(asked.element, "supplierCode"))
    currency = found.body.get("currency", BASE)
    told = {"OrderID": 0, "AccountID": found.id, "CurrencyCode": currency, "AccountName": found.name, "Hold": 0,
            "ExchangeRate": rate_of(asked.records, currency), "Ledger": "Purchases",
            "Lines": Array("OrderLine", [])}  # fmt: skip
    return Outcome(result=told)


def _save(asked: Asked) -> Outcome:
    given = child(asked.element, "order")
    number_of = whole(given, "OrderID") or 0
    if flag(asked.element, "create"):
        if number_of:
            raise Refusal(Why.ORDER_UNKNOWN, "A new order has no OrderID.")
        row = _created(asked, given)
        return Outcome(status="Created", beside={"orderID": row.id})
    row = order_for(asked, number_of, text(given, "RowVersionNumber"))
    asked.records.change(row, {**row.body, **_body(asked, given)})
    return Outcome(beside={"orderID": row.id})


def _created(asked: Asked, given: Element | None) -> Row:
    called = text(given, "OrderNumber") or f"PO{asked.records.next('order_number'):06}"
    if asked.records.named("order", called):
        raise Refusal(Why.ORDER_NUMBER_USED, f"The order number {called} already exists.")
    return asked.records.add("order", {**_body(asked, given), "status": "Complete"}, name=called)


def _body(asked: Asked, given: Element | None) -> dict[str, Any]:
    contact = asked.records.one("contact", whole(given, "AccountID") or 0)
    if contact is None or contact.body.get("type") != SUPPLIER or not contact.active:
        raise Refusal(Why.CONTACT_UNKNOWN, f"The account {text(given, 'AccountID')} does not exist.")
    reference = text(given, "ExternalReference") or ""
    if len(reference) > LONGEST_CODE:
        raise Refusal(Why.REFERENCE_TOO_LONG, f"The external reference is longer than {LONGEST_CODE} characters.")
    currency = text(given, "CurrencyCode") or ""
    if asked.records.coded("currency", currency) is None:
        raise Refusal(Why.CURRENCY_UNKNOWN, f"The currency {currency or 'null'} does not exist.")
    ordered = children(given, "Lines", "OrderLine")
    if not ordered:
        raise Refusal(Why.NO_LINES, "The order has no lines.")
    delivery = moment(given, "DeliveryDate")
    return {
        "contact": contact.id, "contact_code": contact.code, "contact_name": contact.name, "currency": currency,
        "reference": reference, "day": day(given, "OrderDate").isoformat(), "delivery_day": (delivery or "")[:10],
        "rate": number(given, "ExchangeRate") or Decimal(1), "notes": text(given, "Notes") or "",
        "lines": [_line(asked, line) for line in ordered],
    }  # fmt: skip


def _line(asked: Asked, given: Element) -> dict[str, Any]:
    item = text(given, "StockItemID") or ""
    if asked.records.coded("stock", item) is None:
        raise Refusal(Why.STOCK_UNKNOWN, f"The stock item {item or 'null'} does not exist.")
    if not text(given, "OpeningStockGLAccountCode"):
        raise Refusal(Why.OPENING_ACCOUNT_MISSING, "OpeningStockGLAccountCode is null.")
    _check_codes(asked, given)
    texts = {name: text(given, name) or "" for name in _LINE_TEXTS}
    numbers = {name: number(given, name) or Decimal(0) for name in _LINE_NUMBERS}
    return {**texts, **numbers, "DeliveredQuantity": Decimal(0), "InvoicedQuantity": Decimal(0),
            "OrderItemID": whole(given, "OrderItemID") or asked.records.next("order_item")}  # fmt: skip


def _check_codes(asked: Asked, given: Element) -> None:
    account = upper(text(given, "GLAccountCode"), "GLAccountCode", Why.ACCOUNT_MISSING, Why.ACCOUNT_NOT_UPPER)
    tax = upper(text(given, "TaxCode"), "TaxCode", Why.TAX_MISSING, Why.TAX_NOT_UPPER)
    if asked.records.coded("account", account) is None:
        raise Refusal(Why.ACCOUNT_UNKNOWN, f"The GL account code {account} does not exist.")
    if asked.records.coded("tax", tax) is None:
        raise Refusal(Why.TAX_UNKNOWN, f"The tax code {tax} does not exist.")
    department = text(given, "DepartmentID")
    if department is not None and asked.records.coded("department", department) is None:
        raise Refusal(Why.DEPARTMENT_UNKNOWN, f"The department {department} does not exist.")


def order_for(asked: Asked, number_of: int | None, version: str | None) -> Row:
    """An order by its id, in the version that was read. Raises `Refusal`."""
    row = asked.records.one("order", number_of or 0)
    if row is None:
        raise Refusal(Why.ORDER_UNKNOWN, f"The order {number_of} does not exist.")
    if version is not None and version != str(row.version):
        raise Refusal(Why.OUTDATED, f"The order {row.name} was changed since it was read.")
    return row


# --- telling -------------------------------------------------------------------------------------------------------


def _one(asked: Asked) -> Outcome:
    return Outcome(result=_told(order_for(asked, whole(asked.element, "orderID"), None)))


def _by_reference(asked: Asked) -> Outcome:
    wanted = (text(asked.element, "externalReference") or "").casefold()
    contains = asked.options.word("reference_match") == "contains"
    rows = [
        row
        for row in asked.records.every("order")
        if (given := row.body["reference"].casefold()) == wanted or (contains and wanted in given)
    ]
    return _list(rows)


def _by_supplier(asked: Asked) -> Outcome:
    """The contract writes the argument so."""
    found = supplier(asked.records, text(asked.element, "supplerCode"))
    return _list(row for row in asked.records.every("order") if row.body["contact"] == found.id)


def _by(asked: Asked) -> Outcome:
    query, most = child(asked.element, "query"), asked.options.number("rows_per_call")
    skip, limit = whole(query, "Skip") or 0, min(whole(query, "Limit") or most, most)
    since = moment(query, "FromLastModifiedDateInUTC") or ""
    created = moment(query, "FromCreationDate") or ""
    rows = (row for row in asked.records.every("order") if row.modified_at >= max(since, created))
    return _list(islice(rows, skip, skip + limit))


def _list(rows: Iterable[Row]) -> Outcome:
    told = [_told(row) for row in rows]
    return Outcome(result=Array("Order", told) if told else None)


def _told(row: Row) -> dict[str, Any]:
    body, lines = row.body, row.body["lines"]
    net, tax = (sum((line[name] for line in lines), Decimal(0)) for name in ("NetAmount", "TaxAmount"))
    return {
        "OrderID": row.id,
        "AccountID": body["contact"],
        "CurrencyCode": body["currency"],
        "OrderNumber": row.name,
        "ExternalReference": body["reference"],
        "CreationDate": row.modified_at,
        "OrderDate": midnight(body["day"]),
        "DeliveryDate": midnight(body["delivery_day"]) if body["delivery_day"] else None,
        "Status": body["status"],
        "AccountName": body["contact_name"],
        "Notes": body["notes"],
        "ExchangeRate": body["rate"],
        "Hold": 0,
        "IsClosed": False,
        "Ledger": "Purchases",
        "RowVersionNumber": str(row.version),
        "Lines": Array("OrderLine", [_told_line(row.id, line) for line in lines]),
        "NetAmount": net,
        "TaxAmount": tax,
        "GrossAmount": net + tax,
    }


def _told_line(order: int, line: Mapping[str, Any]) -> dict[str, Any]:
    """A line; empty texts are left out."""
    parts = {name: None if line[name] == "" else line[name] for name in _LINE}
    return {"OrderItemID": line["OrderItemID"], "OrderID": order, **parts}


OPERATIONS: Final[Mapping[str, Operation]] = {
    "GetNewPurchasesOrder": _new,
    "GetOrder": _one,
    "GetOrdersByExternalReference": _by_reference,
    "GetOrdersBySupplierCode": _by_supplier,
    "GetOrdersBy": _by,
    "GetOrdersByPaged": _by,
}
WRITES: Final[Mapping[str, Operation]] = {
    "SaveOrder": _save,
    "SaveOrderGetBackOrderID": _save,
}
