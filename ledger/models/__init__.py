"""The ledger's tables. Entries and their lines are written by `ledger.services` alone and never change afterwards,
but for two columns of a sales invoice (`EntryChange`)."""

from __future__ import annotations

from ledger.models.allocations import EntryAllocation
from ledger.models.attachments import Attachment
from ledger.models.books import Account, AccountType, Books, Counter, Role, Series, TaxCode
from ledger.models.changes import EntryChange
from ledger.models.entries import Entry, EntryKind, EntryLine, MemoLine
from ledger.models.final import EntryIsFinal
from ledger.models.master import Currency, Customer, DeliverySite, Dimension, DimensionValue, Supplier

__all__ = [
    "Account",
    "AccountType",
    "Attachment",
    "Books",
    "Counter",
    "Currency",
    "Customer",
    "DeliverySite",
    "Dimension",
    "DimensionValue",
    "Entry",
    "EntryAllocation",
    "EntryChange",
    "EntryIsFinal",
    "EntryKind",
    "EntryLine",
    "MemoLine",
    "Role",
    "Series",
    "Supplier",
    "TaxCode",
]
