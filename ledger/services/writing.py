"""Write one entry with its lines: the number, the rows, and what happens when the key is there already."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import IntegrityError
from django.db.transaction import atomic, set_rollback

from integrations.errors import IntegrationError, Misconfigured
from ledger.models import Books, Entry, EntryAllocation, EntryLine, MemoLine, Series
from ledger.services.lookup import entry_by_key
from ledger.services.parties import Party
from ledger.services.statements import column_value, insert, insert_unless_there, rows

LONGEST_KEY = 200
TAKE_NUMBER = "UPDATE ledger_counter SET last = last + 1 WHERE books_id = %s AND series = %s RETURNING last"
GIVE_NUMBER_BACK = "UPDATE ledger_counter SET last = last - 1 WHERE books_id = %s AND series = %s"


def once(books: Books, key: str, write: Callable[[], Entry | None]) -> Entry:
    """The entry with this key: what `write` makes, all of it or nothing, or the one that is there.

    `write` gives None when the key is taken; the unique constraint says so, so nobody looks first. A document that is
    booked already is not judged anew: where `write` refuses it, the entry that is there is given as well.
    """
    if not key or len(key) > LONGEST_KEY:
        raise ValueError(f"An idempotency key has 1 to {LONGEST_KEY} characters, not {len(key)}.")
    try:
        written = write()
    except IntegrationError:
        existing = entry_by_key(books, key)
        if existing is None:
            raise
        return existing
    if written is not None:
        return written
    existing = entry_by_key(books, key)
    if existing is None:
        raise IntegrityError(f"An entry of the books of {books.name} repeats a number, not a key.")
    return existing


def write_for(
    party: Party | Callable[[], Party],
    entry: Entry,
    lines: Sequence[EntryLine],
    memos: Sequence[MemoLine],
    allocations: Sequence[EntryAllocation] = (),
) -> Entry | None:
    """`write_entry` for a party, or for one that is made on sight and is not made when the entry is not."""
    if isinstance(party, Party):
        entry.party = party
        return write_entry(entry, lines, memos, allocations)
    with atomic():
        entry.party = party()
        written = write_entry(entry, lines, memos, allocations)
        if written is None:
            set_rollback(True)
    return written


def write_entry(
    entry: Entry,
    lines: Sequence[EntryLine],
    memo_lines: Sequence[MemoLine],
    allocations: Sequence[EntryAllocation] = (),
) -> Entry | None:
    """Number the entry and insert it with its lines and allocations.

    None when its key is there already: then nothing is written.

    Call it as the last step: the number's row stays locked until the transaction ends, and a rollback gives the number
    back. Raises `Misconfigured`, with nothing written, if the books were not opened by `open_books`. There is no
    savepoint: an error of the database ends the caller's transaction, or the caller's own savepoint.
    """
    with atomic(savepoint=False):
        sequence = _next_in(entry.books, Series(entry.series))
        written = sequence is not None and _insert(entry, sequence, lines, memo_lines, allocations)
    if sequence is None:
        raise Misconfigured(f"The books of {entry.books.name} have no number series {entry.series}.", field="books")
    return entry if written else None


def _insert(
    entry: Entry,
    sequence: int,
    lines: Sequence[EntryLine],
    memo_lines: Sequence[MemoLine],
    allocations: Sequence[EntryAllocation],
) -> bool:
    entry.sequence = sequence
    entry.number = f"{entry.series}-{sequence:06d}"
    entry.line_count, entry.memo_count, entry.allocation_count = len(lines), len(memo_lines), len(allocations)
    if not insert_unless_there(entry):
        _give_back(entry)
        return False
    for belonging in (lines, memo_lines, allocations):
        for each in belonging:
            each.entry = entry
        insert(belonging)
    return True


def _next_in(books: Books, series: Series) -> int | None:
    """The next number of the series, from 1; None when the books have no such series."""
    taken = rows(TAKE_NUMBER, column_value(books), series.value)
    return int(taken[0][0]) if taken else None


def _give_back(entry: Entry) -> None:
    """Nobody has taken a number since: whoever takes one holds the row until the end of the transaction."""
    rows(GIVE_NUMBER_BACK, column_value(entry.books), entry.series)
