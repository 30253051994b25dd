"""Is what stands there what we say? Pure functions over one key: our posting on one side, their documents on the other.

All amounts are in the document's currency. What the accounting system does not tell is never a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final

from portal.postings.reconciliation.models import DifferenceKind
from portal.postings.states import UNDER_WAY, State

Told = Mapping[str, str]
Detail = tuple[str, str, str]

# How a posting is named that staff marked as posted under a number: nothing with our key stands for it over there.
BY_HAND: Final = "marked:"
DOCUMENT: Final = "document"
FIELDS: Final = ("kind", "net", "tax", "gross", "currency", "date", "supplier_code")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What we say of one key. `booked` is what the system said when it was posted, `approved` what the document says:
    both as text by the names in `FIELDS`, without what is not known. `is_fresh` says that it was posted so lately that
    a listing may not have it right yet."""

    state: State
    external_id: str = ""
    number: str = ""
    booked: Told = field(default_factory=dict)
    approved: Told = field(default_factory=dict)
    is_fresh: bool = False

    @property
    def is_by_hand(self) -> bool:
        """Whether somebody typed the document in there: then nothing there carries our key."""
        return self.external_id.startswith(BY_HAND)


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference. `documents` is what stands there: the text of each document by name, with `external_id`."""

    kind: DifferenceKind
    details: tuple[Detail, ...]
    documents: tuple[Told, ...] = ()


def is_left(ours: Ours | None) -> bool:
    """Whether a difference proves nothing yet: a call may be under way, or it has only just been settled."""
    return ours is not None and (ours.state in UNDER_WAY or ours.is_fresh)


def judge(ours: Ours | None, theirs: Sequence[Told]) -> Finding | None:
    """What differs for one key; None when both sides agree. `theirs` are the documents there with this key.

    One document that comes twice counts once. `ours` is None for a key in our format that is no posting's.
    """
    documents = tuple(sorted({one["external_id"]: one for one in theirs}.values(), key=lambda one: one["external_id"]))
    if ours is None or ours.state is not State.POSTED:
        return _unclaimed(ours, documents)
    if not documents:
        return None if ours.is_by_hand else Finding(DifferenceKind.MISSING, ((DOCUMENT, _named(ours), ""),))
    if len(documents) > 1 or (ours.is_by_hand and documents[0].get("number", "") != ours.number):
        return _double(ours, documents)
    details = _differing(ours, documents[0])
    return Finding(DifferenceKind.DIFFERENT, details, documents) if details else None


def _unclaimed(ours: Ours | None, documents: tuple[Told, ...]) -> Finding | None:
    """Nothing of this key should stand there; two documents of one that may still be claimed are a double first."""
    if not documents:
        return None
    if len(documents) > 1 and ours is not None and ours.state is not State.VOID:
        return _double(ours, documents)
    return Finding(DifferenceKind.EXTRA, tuple((DOCUMENT, "", _called(one)) for one in documents), documents)


def _double(ours: Ours, documents: tuple[Told, ...]) -> Finding:
    details = tuple((DOCUMENT, _named(ours) if _is_ours(ours, one) else "", _called(one)) for one in documents)
    by_hand = ((DOCUMENT, _named(ours), ""),) if ours.is_by_hand else ()
    return Finding(DifferenceKind.DOUBLE, by_hand + details, documents)


def _differing(ours: Ours, document: Told) -> tuple[Detail, ...]:
    """What is neither what was booked nor what was approved. What was read back after posting is known already."""
    found: list[Detail] = []
    if not ours.is_by_hand and document["external_id"] != ours.external_id:
        found.append((DOCUMENT, _named(ours), _called(document)))
    for name in FIELDS:
        theirs, known = document.get(name), [side[name] for side in (ours.booked, ours.approved) if side.get(name)]
        if theirs and known and not any(same(name, one, theirs) for one in known):
            found.append((name, known[0], theirs))
    return tuple(found)


def same(name: str, one: str, other: str) -> bool:
    """Whether two texts mean the same value of a field: 30 is 30.00, gbp is GBP."""
    return COMPARED.get(name, str)(one) == COMPARED.get(name, str)(other)


def _amount(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


COMPARED: Final[Mapping[str, Callable[[str], object]]] = {
    "net": _amount,
    "tax": _amount,
    "gross": _amount,
    "currency": str.casefold,
    "supplier_code": str.casefold,
}


def _is_ours(ours: Ours, document: Told) -> bool:
    return document["external_id"] == ours.external_id


def _named(ours: Ours) -> str:
    return ours.number or ours.external_id.removeprefix(BY_HAND)


def _called(document: Told) -> str:
    """The number and the id there; one of the two where there is only one."""
    number, external_id = document.get("number", ""), document["external_id"]
    return f"{number} ({external_id})" if number and number != external_id else external_id
