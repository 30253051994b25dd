"""When two payments look like one: pure functions over what both sides tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from integrations.documents import Allocation, Document, Settled

NEAR_DAYS: Final = 10
FAR: Final = 10**6


def is_like(document: Document, other: Settled) -> bool:
    """The same kind and currency, and everything that the document settles is settled there with the same amount.

    What the other one settles beside that does not matter: a bank transfer for three invoices is often entered on each
    of them on one side, and once on the other.
    """
    there = other.document
    if (there.kind, there.currency) != (document.kind, document.currency):
        return False
    found = {(one.posted_as, one.amount) for one in there.allocations}
    return all((one.posted_as, one.amount) in found for one in document.allocations)


def is_near(document: Document, other: Settled) -> bool:
    """Whether nobody needs to be asked: at most ten days apart, or with the same reference."""
    return days_apart(document, other) <= NEAR_DAYS or bool(references(document) & references(other.document))


def days_apart(document: Document, other: Settled) -> int:
    """Between the two days of business; very many where one has none."""
    ours, theirs = document.day, other.document.day
    return abs((ours - theirs).days) if isinstance(ours, date) and isinstance(theirs, date) else FAR


def references(document: Document) -> frozenset[str]:
    """What people wrote to know it by. A text without a digit is a word for many."""
    return frozenset(
        text for one in _texts(document) if any(map(str.isdigit, text := " ".join(one.casefold().split())))
    )


def whole(document: Document, other: Settled) -> bool:
    """Whether the other one settles nothing else."""
    return len(other.document.allocations) == len(document.allocations)


def part(document: Document) -> Allocation:
    """The first of what is settled."""
    return document.allocations[0]


def _texts(document: Document) -> Iterator[str]:
    yield from (line.description for line in document.lines)
