"""The names at accessplanit that a platform may have otherwise, for people who choose them from its lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations.accessplanit.names import (
    ALLOCATION,
    CREDIT_NOTE,
    CREDIT_NOTE_ITEM,
    FIELDS,
    INVOICE,
    ITEM,
    NEEDED_FIELDS,
    TRANSACTION,
)
from integrations.accessplanit.settings import DEFAULTS
from integrations.feeds import FieldName, Part

PARTS: Final = (
    Part(name=INVOICE, label="Invoices"),
    Part(name=ITEM, label="Lines of invoices"),
    Part(name=TRANSACTION, label="Payments and refunds"),
    Part(name=ALLOCATION, label="What payments settle"),
    Part(name=CREDIT_NOTE, label="Credit notes"),
    Part(name=CREDIT_NOTE_ITEM, label="Lines of credit notes"),
)
_LABELS: Final[Mapping[str, str]] = {
    "invoice.date": "Date of the invoice",
    "invoice.made": "Moment it was made",
    "invoice.updated": "Moment of its last change",
    "transaction.date": "Day the money came",
    "transaction.made": "Moment it was made",
    "transaction.updated": "Moment of its last change",
    "transaction.amount": "Amount",
    "transaction.method": "Method of payment",
    "transaction.reference": "Reference",
    "transaction.invoice": "Invoice that it settles",
    "transaction.currency": "Currency",
    "transaction.type": "Whether it is a refund",
    "allocation.transaction": "Payment",
    "allocation.invoice": "Invoice",
    "allocation.amount": "Amount",
    "credit_note.date": "Date of the credit note",
    "credit_note.made": "Moment it was made",
    "credit_note.updated": "Moment of its last change",
    "credit_note.number": "Number",
    "credit_note.amount": "Amount",
    "credit_note.tax": "Tax in the amount",
    "credit_note_item.credit_note": "Credit note that it belongs to",
}
# Seen in the vendor's own client (README).
_SEEN: Final = frozenset({"invoice.date", "invoice.made"})
_OF_INVOICES: Final = (
    FieldName(
        key="customer_code_field",
        label="Code of the customer",
        part=INVOICE,
        default=DEFAULTS["customer_code_field"],
        is_needed=True,
        setting="customer_code_field",
    ),
    FieldName(
        key="posted_number_field",
        label="Where the posted number is written",
        part=INVOICE,
        is_written=True,
        setting="posted_number_field",
    ),
)


def _line(key: str) -> FieldName:
    return FieldName(
        key=key,
        label=_LABELS[key],
        part=key.partition(".")[0],
        default=FIELDS[key],
        is_needed=key in NEEDED_FIELDS,
        is_guess=key not in _SEEN,
    )


FIELD_NAMES: Final = (*_OF_INVOICES, *map(_line, FIELDS))
