"""Postings, transactions and reconciliations for staff."""

from __future__ import annotations

from portal.postings.admin.attachments import HandoverAdmin
from portal.postings.admin.differences import DifferenceAdmin
from portal.postings.admin.postings import PostingAdmin
from portal.postings.admin.reconciliations import ReconciledConnectionAdmin, ReconciliationRunAdmin
from portal.postings.admin.transactions import TransactionAdmin
from portal.postings.admin.void_numbers import VoidNumbersAdmin

__all__ = [
    "DifferenceAdmin",
    "HandoverAdmin",
    "PostingAdmin",
    "ReconciledConnectionAdmin",
    "ReconciliationRunAdmin",
    "TransactionAdmin",
    "VoidNumbersAdmin",
]
