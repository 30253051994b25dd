"""The only writers of the ledger, and its readers.

A person's edits of master data (accounts, tax codes, parties, the closed period) go through the admin.
"""

from __future__ import annotations

from ledger.services.balances import (
    CustomerBalance,
    SupplierBalance,
    TrialBalance,
    TrialRow,
    customer_balances,
    supplier_balances,
    trial_balance,
)
from ledger.services.by_hand import ByHand, record_payment
from ledger.services.lookup import entry_by_key
from ledger.services.memos import keep_memo
from ledger.services.opening import open_books
from ledger.services.parties import UnknownParties
from ledger.services.posting import post_document
from ledger.services.reversing import reverse

__all__ = [
    "ByHand",
    "CustomerBalance",
    "SupplierBalance",
    "TrialBalance",
    "TrialRow",
    "UnknownParties",
    "customer_balances",
    "entry_by_key",
    "keep_memo",
    "open_books",
    "post_document",
    "record_payment",
    "reverse",
    "supplier_balances",
    "trial_balance",
]
