"""What a success writes on a posting, and what differs between the document and the books."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from integrations.documents import Document, Posted


def booked_fields(document: Document, posted: Posted) -> dict[str, Any]:
    """The columns of a posting that is in the books."""
    return {
        "external_id": posted.external_id,
        "external_number": posted.number,
        "booked": booked(posted),
        "differences": [list(row) for row in differing(document, posted)],
        "posted_at": timezone.now(),
        "may_exist": True,
        "error_class": "",
        "reason_field": "",
        "traceback": "",
    }


def booked(posted: Posted) -> dict[str, str]:
    """What the system says that it booked, as text; only what it told."""
    told = {
        "net": posted.net,
        "tax": posted.tax,
        "gross": posted.gross,
        "currency": posted.currency,
        "date": posted.date,
        "supplier_code": posted.supplier_code,
    }
    return {name: str(value) for name, value in told.items() if value is not None}


def differing(document: Document, posted: Posted) -> list[tuple[str, str, str]]:
    """(field, ours, theirs) for each of net, tax, gross, currency and date that the system tells and that differs."""
    pairs: list[tuple[str, Any, Any]] = [
        ("net", document.net, posted.net),
        ("tax", document.tax, posted.tax),
        ("gross", document.gross, posted.gross),
        ("currency", document.currency, posted.currency),
        ("date", document.date, posted.date),
    ]
    return [
        (name, str(ours), str(theirs))
        for name, ours, theirs in pairs
        if ours is not None and theirs is not None and ours != theirs
    ]
