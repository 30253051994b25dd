"""On which day a document is booked, and whether that day is still open."""

from __future__ import annotations

from datetime import UTC, date

from integrations.documents import Document
from integrations.errors import Rejected
from ledger.models import Books


def booking_date(document: Document) -> date:
    """The document's own date, else the day (UTC) on which it was created. Raises `Rejected` without either."""
    if document.date is not None:
        return document.date
    if document.created_at is not None:
        return document.created_at.astimezone(UTC).date()
    raise Rejected("The document has neither a date nor a time of creation, so it cannot be booked.", field="date")


def check_open(books: Books, day: date) -> None:
    """Raises `Rejected` if `day` lies in a closed period of `books`."""
    if books.closed_through is not None and day <= books.closed_through:
        raise Rejected(
            f"{spoken(day)} is in a closed period: the books of {books.name} are closed through "
            f"{spoken(books.closed_through)}.",
            field="date",
        )


def spoken(day: date) -> str:
    """A day as people read it: 20 Nov 2026."""
    return f"{day.day} {day:%b %Y}"
