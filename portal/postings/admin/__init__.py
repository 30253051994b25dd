"""Postings and transactions for staff."""

from __future__ import annotations

from portal.postings.admin.postings import PostingAdmin
from portal.postings.admin.transactions import TransactionAdmin

__all__ = ["PostingAdmin", "TransactionAdmin"]
