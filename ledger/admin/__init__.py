"""The books for staff: entries to read, master data to keep, the balances as pages, and payments that
people record. No rule lives here."""

from __future__ import annotations

from ledger.admin.books import BooksAdmin
from ledger.admin.entries import EntryAdmin
from ledger.admin.master import (
    AccountAdmin,
    CurrencyAdmin,
    CustomerAdmin,
    DeliverySiteAdmin,
    DimensionAdmin,
    DimensionValueAdmin,
    SupplierAdmin,
    TaxCodeAdmin,
)

__all__ = [
    "AccountAdmin",
    "BooksAdmin",
    "CurrencyAdmin",
    "CustomerAdmin",
    "DeliverySiteAdmin",
    "DimensionAdmin",
    "DimensionValueAdmin",
    "EntryAdmin",
    "SupplierAdmin",
    "TaxCodeAdmin",
]
