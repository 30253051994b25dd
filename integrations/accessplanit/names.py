"""What accessplanit calls its modules and properties, and what a customer may say instead.

The names of invoices and their items are seen in the vendor's own client. Those of transactions, allocations and
credit notes are not public: they are guesses by likeness until field discovery has shown the real ones (README).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from integrations.documents import Kind
from integrations.errors import Misconfigured
from integrations.feeds import Feed

INVOICE: Final = "invoice"
TRANSACTION: Final = "transaction"
CREDIT_NOTE: Final = "credit_note"
ITEM: Final = "item"
ALLOCATION: Final = "allocation"
CREDIT_NOTE_ITEM: Final = "credit_note_item"

FEEDS: Final = (
    Feed(name=INVOICE, label="Invoices", kinds=frozenset({Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE})),
    Feed(name=TRANSACTION, label="Payments and refunds", kinds=frozenset({Kind.PAYMENT, Kind.REFUND})),
    Feed(name=CREDIT_NOTE, label="Credit notes", kinds=frozenset({Kind.SALES_CREDIT_NOTE})),
)
FEED_NAMES: Final = tuple(feed.name for feed in FEEDS)
FEED_OF: Final[Mapping[str, str]] = {
    INVOICE: INVOICE,
    ITEM: INVOICE,
    TRANSACTION: TRANSACTION,
    ALLOCATION: TRANSACTION,
    CREDIT_NOTE: CREDIT_NOTE,
    CREDIT_NOTE_ITEM: CREDIT_NOTE,
}
"""The feed to which the records of a module belong."""

MODULES: Final[Mapping[str, str]] = {
    INVOICE: "Invoice",
    ITEM: "InvoiceItem",
    TRANSACTION: "Transaction",
    ALLOCATION: "TransactionInvoice",
    CREDIT_NOTE: "CreditNote",
    CREDIT_NOTE_ITEM: "",
}
FIELDS: Final[Mapping[str, str]] = {
    "invoice.date": "DateCreated",
    "invoice.made": "DateCreated",
    "invoice.updated": "",
    "transaction.date": "DateCreated",
    "transaction.made": "DateCreated",
    "transaction.updated": "",
    "transaction.amount": "Amount",
    "transaction.method": "TransactionMethod",
    "transaction.reference": "Reference",
    "transaction.invoice": "InvoiceID",
    "transaction.currency": "CurrencyCode",
    "transaction.type": "",
    "allocation.transaction": "TransactionID",
    "allocation.invoice": "InvoiceID",
    "allocation.amount": "Amount",
    "credit_note.date": "DateCreated",
    "credit_note.made": "DateCreated",
    "credit_note.updated": "",
    "credit_note.number": "Reference",
    "credit_note.amount": "Amount",
    "credit_note.tax": "Tax",
    "credit_note_item.credit_note": "CreditNoteID",
}
_NEEDED_MODULES: Final = frozenset({INVOICE, ITEM})
NEEDED_FIELDS: Final = frozenset(
    {
        "invoice.date",
        "invoice.made",
        "transaction.date",
        "transaction.made",
        "transaction.amount",
        "transaction.reference",
        "allocation.transaction",
        "allocation.invoice",
        "allocation.amount",
        "credit_note.date",
        "credit_note.made",
        "credit_note.amount",
        "credit_note_item.credit_note",
    }
)
GUESSED_UPDATED: Final = "DateUpdated"
"""The moment of a change in version 1; taken for version 2 where a survey finds it there."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def modules(text: str) -> Mapping[str, str]:
    """The module names, with the lines of the setting over them. Raises `Misconfigured`."""
    return _named(text, MODULES, _NEEDED_MODULES, setting="modules")


def fields(text: str) -> Mapping[str, str]:
    """The property names, likewise."""
    return _named(text, FIELDS, NEEDED_FIELDS, setting="fields")


def _named(text: str, known: Mapping[str, str], needed: frozenset[str], *, setting: str) -> Mapping[str, str]:
    found = dict(known)
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = (part.strip() for part in line.partition("="))
        if name not in known or not equals:
            message = f"The line {line[:40]} is not understood. Write name = value; names are {', '.join(known)}."
            raise Misconfigured(message, field=setting)
        if value and not _NAME.fullmatch(value):
            message = f"{value[:40]} cannot be a name at accessplanit: letters, digits and underscores only."
            raise Misconfigured(message, field=setting)
        if not value and name in needed:
            message = f"The line {name} needs a name: nothing can be read without it. Enter one, or leave the line out."
            raise Misconfigured(message, field=setting)
        found[name] = value
    return found
