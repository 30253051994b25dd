"""What kinds of documents Demo Books keeps, and what each is to suppliers and customers. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Collection(NamedTuple):
    """A kind of document, how its numbers begin, whether it adds to what its party is owed or owes, or takes away
    from that, and who the party is."""

    kind: str
    prefix: str
    owed: int
    party: str = "supplier"
    is_money: bool = False


COLLECTIONS: Final[Mapping[str, Collection]] = {
    "bills": Collection("bill", "BILL", 1),
    "credit-notes": Collection("credit_note", "CN", -1),
    "purchase-orders": Collection("purchase_order", "PO", 0),
    "sales-invoices": Collection("sales_invoice", "INV", 1, "customer"),
    "sales-credit-notes": Collection("sales_credit_note", "SCN", -1, "customer"),
    "payments": Collection("payment", "PAY", -1, "customer", is_money=True),
    "refunds": Collection("refund", "REF", 1, "customer", is_money=True),
}
BY_KIND: Final[Mapping[str, Collection]] = {one.kind: one for one in COLLECTIONS.values()}
# What documents of a kind may go to.
SETTLES: Final[Mapping[str, frozenset[str]]] = {
    "payment": frozenset({"sales_invoice"}),
    "sales_credit_note": frozenset({"sales_invoice"}),
    "refund": frozenset({"sales_credit_note", "payment", "sales_invoice"}),
}


def takes_back(kind: str, other: str) -> bool:
    """Whether a document of one kind takes back what was settled of the other, instead of settling it."""
    return kind == "refund" and other == "sales_invoice"
