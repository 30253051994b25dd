"""List what documents made in the books, newest numbers first, without a scan of older ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ledger.models import Books, Entry, EntryKind, Series

PAGE = 500
# An entry is dated before it waits for its number, so numbers run in the order of time but for the length of that wait.
SLACK = timedelta(hours=1)


def entries_since(books: Books, since: datetime) -> Iterator[Entry]:
    """Every entry and memo posted at or after `since` (aware UTC), with its party; reversals are no documents, nor is
    what a person recorded.

    Pages of 500 by the unique index of the numbers: no cursor stays open and no older entry is read.
    """
    for series in Series:
        for page in pages_since(books, series, since):
            yield from (entry for entry in page if entry.posted_at >= since and _is_of_a_document(entry))


def pages_since(books: Books, series: Series, since: datetime) -> Iterator[list[Entry]]:
    """The pages of a series that may hold what was posted at or after `since`; there are older entries among them."""
    for page in _pages(books, series):
        yield page
        if all(entry.posted_at < since - SLACK for entry in page):
            break


def _is_of_a_document(entry: Entry) -> bool:
    return entry.kind != EntryKind.REVERSAL and not entry.is_by_hand


def _pages(books: Books, series: Series) -> Iterator[list[Entry]]:
    entries = (
        Entry.objects.select_related("supplier", "customer").filter(books=books, series=series).order_by("-sequence")
    )
    page = list(entries[:PAGE])
    while page:
        yield page
        page = list(entries.filter(sequence__lt=page[-1].sequence)[:PAGE])
