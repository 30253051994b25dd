"""Whose word counts: both sides as they are now, against what they were when they last agreed. A pure function."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Way(StrEnum):
    """What follows for one member."""

    NOTHING = "nothing"
    AGREED = "agreed"
    TO_BOOKS = "to_books"
    TO_SOURCE = "to_source"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Pair:
    """What the source and the books say of one member, as text."""

    source: str
    books: str


def judge(known: Pair, now: Pair) -> Way:
    """Who was changed since both were known is written into the other; where both were, differently, nobody is.

    So a change that comes back as our own echo is none, whatever is told twice, late or never changes nothing, and
    nothing older is written over anything newer.
    """
    if now.source == now.books:
        return Way.AGREED
    source_moved, books_moved = now.source != known.source, now.books != known.books
    if source_moved and books_moved:
        return Way.CONFLICT
    if source_moved:
        return Way.TO_BOOKS
    return Way.TO_SOURCE if books_moved else Way.NOTHING
