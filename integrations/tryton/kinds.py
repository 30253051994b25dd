"""Where documents of each kind live in Tryton, and how they get from a draft into the books. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from integrations.documents import Kind
from integrations.errors import Rejected

INVOICES: Final = "account.invoice"
ORDERS: Final = "purchase.purchase"
MOVES: Final = "account.move"
MONEY: Final = frozenset({Kind.PAYMENT, Kind.REFUND})
"""Customers' money: entries of the ledger, which have no invoice."""
CREDITS: Final = frozenset({Kind.CREDIT_NOTE, Kind.SALES_CREDIT_NOTE})
_TOTALS: Final = (
    "state", "number", "description", "untaxed_amount", "tax_amount", "total_amount", "currency.code", "party.code",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Book:
    """Where documents of a kind live: `way` is the button that each unfinished state needs, `done` are the states at
    its end, `fields` what we read.

    `lines` is the model of their lines, `of` the field by which those name their document.
    """

    model: str
    lines: str
    of: str
    line_fields: tuple[str, ...]
    way: Mapping[str, str]
    done: frozenset[str]
    day: str
    fields: tuple[str, ...]


_BILLS: Final = Book(
    INVOICES,
    "account.invoice.line",
    "invoice",
    ("amount", "taxes.name", "account.code"),
    {"draft": "post", "validated": "post"},
    frozenset({"posted", "paid"}),
    "invoice_date",
    (*_TOTALS, "invoice_date", "move.number", "move.date"),
)
_PURCHASES: Final = Book(
    ORDERS,
    "purchase.line",
    "purchase",
    ("amount", "taxes.name"),
    {"draft": "quote", "quotation": "confirm"},
    frozenset({"confirmed", "processing", "done"}),
    "purchase_date",
    (*_TOTALS, "purchase_date"),
)
_ENTRIES: Final = Book(
    MOVES,
    "account.move.line",
    "move",
    (),
    {"draft": "post"},
    frozenset({"posted"}),
    "date",
    (
        "state", "number", "description", "date", "origin", "create_date", "write_date", "company.currency.code",
        "lines.debit", "lines.credit", "lines.second_currency.code", "lines.amount_second_currency",
        "lines.description", "lines.account.code", "lines.account.type.receivable", "lines.party.code",
        "lines.party.name", "lines.invoice_payment.type", "lines.invoice_payment.number",
        "lines.invoice_payment.reference", "lines.invoice_payment.total_amount",
    ),
)  # fmt: skip
BOOKS: Final[Mapping[Kind, Book]] = {
    Kind.INVOICE: _BILLS,
    Kind.CREDIT_NOTE: _BILLS,
    Kind.PURCHASE_ORDER: _PURCHASES,
    Kind.SALES_INVOICE: _BILLS,
    Kind.SALES_CREDIT_NOTE: _BILLS,
    Kind.PAYMENT: _ENTRIES,
    Kind.REFUND: _ENTRIES,
}


def book(kind: Kind) -> Book:
    """Where documents of `kind` live. Raises `Rejected` for a kind that Tryton does not take."""
    if kind not in BOOKS:
        raise Rejected(f"Tryton does not take documents of the kind {kind.label.lower()}.", field="kind")
    return BOOKS[kind]


def sign(kind: Kind) -> int:
    """What our positive amounts are multiplied by: a credit note is an invoice below zero."""
    return -1 if kind in CREDITS else 1
