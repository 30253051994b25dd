"""From the body of a delivery, as `whole.py` made it, to our document: pure functions.

A body is `{"feed", "record", "items"}`, of a transaction `{"feed", "record", "allocations", "invoices"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.accessplanit import credit_notes, invoices, payments
from integrations.accessplanit.limits import MAX_ROWS
from integrations.accessplanit.names import CREDIT_NOTE, FEED_NAMES, INVOICE
from integrations.accessplanit.rows import Row
from integrations.accessplanit.terms import Reading
from integrations.base import Expected
from integrations.documents import Document
from integrations.errors import Malformed


def read(payload: Mapping[str, Any], reading: Reading, expected: Expected) -> Document:
    """One record as a document. Raises `NotDue`, and `Malformed` with the member's name and a plain sentence."""
    feed, record = payload.get("feed"), _record(payload)
    if feed == INVOICE:
        return invoices.read(record, rows(payload, "items"), reading, expected)
    if feed == CREDIT_NOTE:
        return credit_notes.read(record, rows(payload, "items"), reading, expected)
    if feed not in FEED_NAMES:
        message = f"The body does not say which feed it is from: feed must be one of {', '.join(FEED_NAMES)}."
        raise Malformed(message, field="feed")
    allocations = rows(payload, "allocations")
    return payments.read(record, allocations, rows(payload, "invoices"), reading, expected)


def rows(payload: Mapping[str, Any], name: str) -> list[Row]:
    """A list of records; none where it is missing. Raises `Malformed` for anything else, and beyond 5,000."""
    found = payload.get(name)
    found = [] if found is None else found
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise Malformed(f"{name} must be a list of records.", field=name)
    if len(found) > MAX_ROWS:
        raise Malformed(f"{name} has {len(found):,} records, but at most {MAX_ROWS:,} are taken.", field=name)
    return [Row(one) for one in found]


def _record(payload: Mapping[str, Any]) -> Row:
    record = payload.get("record")
    if not isinstance(record, Mapping):
        raise Malformed("The body has no record.", field="record")
    return Row(record)
