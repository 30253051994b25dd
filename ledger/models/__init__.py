"""The ledger's tables. Entries and their lines are written by `ledger.services` alone and never change afterwards."""

from __future__ import annotations

from ledger.models.books import Account, AccountType, Books, Counter, Role, Series, Supplier, TaxCode
from ledger.models.entries import Entry, EntryKind, EntryLine, MemoLine
from ledger.models.final import EntryIsFinal

__all__ = [
    "Account",
    "AccountType",
    "Books",
    "Counter",
    "Entry",
    "EntryIsFinal",
    "EntryKind",
    "EntryLine",
    "MemoLine",
    "Role",
    "Series",
    "Supplier",
    "TaxCode",
]
