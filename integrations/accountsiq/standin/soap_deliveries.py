"""Deliveries of orders, and stock items, at the SOAP door."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.accountsiq.standin.envelope import Array, Element, child, children, number, text, whole
from integrations.accountsiq.standin.memory import Row
from integrations.accountsiq.standin.refusals import Refusal, Why
from integrations.accountsiq.standin.soap_asked import Asked, Operation, Outcome
from integrations.accountsiq.standin.soap_orders import order_for


def _new_delivery(asked: Asked) -> Outcome:
    line = child(asked.element, "line")
    open_quantity = (number(line, "OrderedQuantity") or Decimal(0)) - (number(line, "DeliveredQuantity") or Decimal(0))
    told = {"DeliveryItemID": 0, "OrderID": whole(line, "OrderID"), "OrderItemID": whole(line, "OrderItemID"),
            "DeliveryReference": "", "StockItemID": text(line, "StockItemID"), "DeliveredQuantity": open_quantity,
            "InvoicedQuantity": Decimal(0)}  # fmt: skip
    return Outcome(result=told)


def _deliver(asked: Asked) -> Outcome:
    given = child(asked.element, "order")
    row = order_for(asked, whole(given, "OrderID"), text(given, "RowVersionNumber"))
    lines = [dict(line) for line in row.body["lines"]]
    for delivered in children(asked.element, "lines", "DeliveryLine"):
        _add_delivered(lines, delivered)
    is_full = all(line["DeliveredQuantity"] >= line["OrderedQuantity"] for line in lines)
    status = "FullyDelivered" if is_full else "PartiallyDelivered"
    asked.records.change(row, {**row.body, "lines": lines, "status": status})
    return Outcome()


def _add_delivered(lines: list[dict[str, Any]], delivered: Element) -> None:
    item = whole(delivered, "OrderItemID")
    line = next((one for one in lines if one["OrderItemID"] == item), None)
    if line is None:
        raise Refusal(Why.ORDER_ITEM_UNKNOWN, f"The order has no item {item}.")
    quantity = number(delivered, "DeliveredQuantity") or Decimal(0)
    if quantity <= 0 or line["DeliveredQuantity"] + quantity > line["OrderedQuantity"]:
        raise Refusal(Why.QUANTITY_WRONG, f"The quantity {quantity} of item {item} cannot be delivered.")
    line["DeliveredQuantity"] += quantity


def _stock(asked: Asked) -> Outcome:
    return Outcome(result=Array("StockItem", [_item(row) for row in asked.records.every("stock")]))


def _one_item(asked: Asked) -> Outcome:
    code = text(asked.element, "stockItemID") or ""
    row = asked.records.coded("stock", code)
    if row is None:
        raise Refusal(Why.STOCK_UNKNOWN, f"The stock item {code} does not exist.")
    return Outcome(result=_item(row))


def _item(row: Row) -> dict[str, Any]:
    account = row.body["account"]
    return {"StockItemID": row.code, "Description": row.name, "ItemPrice": row.body["price"],
            "OpeningStockGLAccountCode": account, "DefaultPurchasesGLAccountCode": account,
            "Active": row.active}  # fmt: skip


OPERATIONS: Final[Mapping[str, Operation]] = {
    "GetNewDeliveryLine": _new_delivery,
    "GetStockItemList": _stock,
    "GetActiveStockItemList": _stock,
    "GetStockItem": _one_item,
}
WRITES: Final[Mapping[str, Operation]] = {"DeliverOrderLines": _deliver}
