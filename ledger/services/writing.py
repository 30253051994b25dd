"""Write one entry with its lines: the number, the rows, and what happens when the key is there already."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import IntegrityError
from django.db.models import F
from django.db.transaction import atomic

from integrations.errors import Misconfigured
from ledger.models import Books, Counter, Entry, EntryLine, MemoLine, Series
from ledger.services.lookup import entry_by_key

LONGEST_KEY = 200


def once(books: Books, key: str, write: Callable[[], Entry]) -> Entry:
    """The entry with this key: the one that is there, else what `write` makes, all of it or nothing.

    Two writers with one key: the unique constraint stops the second, its number goes back, and it gets the first's
    entry.
    """
    if not key or len(key) > LONGEST_KEY:
        raise ValueError(f"An idempotency key has 1 to {LONGEST_KEY} characters, not {len(key)}.")
    existing = entry_by_key(books, key)
    if existing is not None:
        return existing
    try:
        with atomic():
            return write()
    except IntegrityError:
        existing = entry_by_key(books, key)
        if existing is None:
            raise
        return existing


def write_entry(entry: Entry, lines: Sequence[EntryLine], memo_lines: Sequence[MemoLine]) -> Entry:
    """Number the entry and insert it with its lines. Call it as the last step: the number's row stays locked until the
    transaction ends, and a rollback gives the number back."""
    entry.sequence = next_in(entry.books, Series(entry.series))
    entry.number = f"{entry.series}-{entry.sequence:06d}"
    entry.line_count, entry.memo_count = len(lines), len(memo_lines)
    entry.save()
    for line in lines:
        line.entry = entry
    for memo_line in memo_lines:
        memo_line.entry = entry
    EntryLine.objects.bulk_create(lines)
    MemoLine.objects.bulk_create(memo_lines)
    return entry


def next_in(books: Books, series: Series) -> int:
    """The next number of the series, from 1. Raises `Misconfigured` if the books were not opened by `open_books`."""
    counter = Counter.objects.filter(books=books, series=series)
    if not counter.update(last=F("last") + 1):
        raise Misconfigured(f"The books of {books.name} have no number series {series}.", field="books")
    return counter.values_list("last", flat=True).get()
