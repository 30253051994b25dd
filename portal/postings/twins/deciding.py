"""Decide about a payment or a refund before it is sent: is it there already, because somebody entered it by hand?

The order of things makes it safe. Whoever writes says so first, in a pair whose ends are unique, and commits that. So
two that carry the same real payment in both directions see each other here, whichever of them is first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import System
from integrations.documents import Allocation, Document, Kind, Posted, Settled
from portal.connections.services import abilities
from portal.notation import amount_text, day_text
from portal.postings.models import Posting
from portal.postings.twins.ends import Ends, question_of
from portal.postings.twins.likeness import days_apart, is_like, is_near, part, whole
from portal.postings.twins.models import PairQuestion
from portal.postings.twins.standing import Stands, adopt, stands
from portal.postings.twins.verdicts import TOO_MUCH, TWIN, Ask, Go, There, Verdict, Wait

MAKES_ROOM_WITHIN: Final = timedelta(hours=1)
MONEY: Final = frozenset({Kind.PAYMENT, Kind.REFUND})
ALREADY: Final = "There already: somebody entered it by hand. Nothing was sent."
KNOWN: Final = "There already: it is the same as {their_id} there, which is known. Nothing was sent."
OURS: Final = "There already: it carries our key. Nothing was sent."
BEING_WRITTEN: Final = (
    "It looks like a {kind} that is on its way in the other direction. It waits for what becomes of it."
)
TAKEN: Final = "Somebody else decided about the same {kind} at this moment. It is looked at again."
THE_SAME: Final = "There is a {kind} of the same amount{when} there already ({number}). Is it the same one?"
TOO_LITTLE: Final = (
    "Of {what} only {room} {currency} is left there for a {kind} of {amount}. Was it entered there by hand?"
)
UNDONE: Final = "It was the same as {their_id} there, which was undone since. Send it all the same, or void it."
IN_PARTS: Final = (
    "Some of what it settles is settled there already, by {their_id}, and some is not. A person must look."
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the system said a moment ago: what is settled there, and how much of each can be settled still. With
    `is_whole` it told all of it, so that what is not among it was undone."""

    settled: Sequence[Settled] = ()
    room: Mapping[str, Decimal] = field(default_factory=dict)
    is_whole: bool = False


def is_looked_at(posting: Posting, document: Document) -> bool:
    """Whether anybody could have entered it there: money that goes to something."""
    return document.kind in MONEY and bool(document.allocations) and not posting.kept


def look(posting: Posting, connector: System, document: Document) -> Seen:
    """Ask the system, if it can be asked. Raises what `settlements_of` raises."""
    can = abilities(posting.connection)
    if can.tells_settlements_of:
        return Seen(connector.settlements_of(document), connector.room_for(document), is_whole=True)
    return Seen(connector.settlements_of(document)) if can.tells_settlements else Seen()


def decide(posting: Posting, document: Document, seen: Seen) -> Verdict:
    """What to do with a payment that is about to be sent. Call it inside `atomic`, in the transaction that settles the
    posting if it is not sent; if it is, commit before the first byte goes out."""
    try:
        with atomic():
            return _Case(Ends.of(posting), document, seen, question_of(posting)).verdict()
    except IntegrityError:
        return Wait(TAKEN.format(kind=document.kind.label.lower()))


@dataclass(frozen=True, slots=True)
class _Case:
    ends: Ends
    document: Document
    seen: Seen
    question: PairQuestion | None

    def verdict(self) -> Verdict:
        return self._known() or self._adopted() or self._too_much() or self._go()

    @property
    def kind(self) -> str:
        return self.document.kind.label.lower()

    # --- what is decided already -------------------------------------------------------------------------------------

    def _known(self) -> Verdict | None:
        told = [self._known_of(one) for one in self.document.allocations]
        ids = set(filter(None, told))
        if not ids:
            return None
        if len(ids) > 1 or None in told:
            return Ask(IN_PARTS.format(their_id=", ".join(sorted(ids))), TOO_MUCH)
        [their_id] = ids
        other = next((one for one in self.seen.settled if one.document.external_id == their_id), None)
        if other is None and self.seen.is_whole:
            keep_question(self.ends.posting, (), also=their_id)
            return Ask(UNDONE.format(their_id=their_id), TOO_MUCH)
        return There(self._posted(their_id, other), KNOWN.format(their_id=_called(other) if other else their_id))

    def _known_of(self, one: Allocation) -> str | None:
        """Which payment over there was found to be this one; a person may have said otherwise since."""
        pair = self.ends.adopted(one)
        their_id = self.ends.their_id(pair) if pair else None
        return None if self.question is not None and their_id in self.question.dismissed else their_id

    # --- what somebody entered there ---------------------------------------------------------------------------------

    def _adopted(self) -> Verdict | None:
        key = str(self.ends.posting.idempotency_key)
        if (own := next((one for one in self.seen.settled if one.key == key), None)) is not None:
            return There(self._posted(own.document.external_id, own), OURS)
        alike = (one for one in self.seen.settled if not one.key and is_like(self.document, one))
        free: list[Settled] = []
        is_busy = False
        for one in sorted(alike, key=self._order):
            match stands(self.ends, self.document, one, self.question):
                case Stands.ECHO:
                    return There(self._posted(one.document.external_id, one), KNOWN.format(their_id=_called(one)))
                case Stands.FREE:
                    free.append(one)
                case Stands.BUSY:
                    is_busy = True
        return self._chosen(free, is_busy=is_busy)

    def _order(self, one: Settled) -> tuple[int, datetime, str]:
        return days_apart(self.document, one), one.written_at, one.document.external_id

    def _chosen(self, free: Sequence[Settled], *, is_busy: bool) -> Verdict | None:
        near = [one for one in free if is_near(self.document, one)]
        if near:
            return self._adopt(near[0])
        if is_busy:
            return Wait(BEING_WRITTEN.format(kind=self.kind))
        return self._ask(free) if free else None

    def _adopt(self, one: Settled) -> Verdict:
        adopt(self.ends, self.document, one.document.external_id)
        return There(self._posted(one.document.external_id, one), ALREADY)

    def _ask(self, free: Sequence[Settled]) -> Verdict:
        keep_question(self.ends.posting, free)
        first = free[0].document
        when = f" from {day_text(first.day)}" if first.day else ""
        return Ask(THE_SAME.format(kind=self.kind, when=when, number=_called(free[0])), TWIN)

    # --- what would be too much --------------------------------------------------------------------------------------

    def _too_much(self) -> Verdict | None:
        """For an hour something on its way may make room: a refund comes before the payment that it takes back."""
        if self.question is not None and self.question.even_too_much:
            return None
        why = next(filter(None, map(self._too_much_of, self.document.allocations)), "")
        if not why:
            return None
        if timezone.now() - self.ends.posting.created_at < MAKES_ROOM_WITHIN:
            return Wait(why)
        keep_question(self.ends.posting, ())
        return Ask(why, TOO_MUCH)

    def _too_much_of(self, one: Allocation) -> str:
        room = self.seen.room.get(one.posted_as)
        if room is None or one.amount <= room:
            return ""
        room_text, amount = (amount_text(each, self.document.currency) for each in (room, one.amount))
        what = f"{one.kind.label.lower()} {one.number or one.external_id}"
        currency = self.document.currency
        return TOO_LITTLE.format(what=what, room=room_text, currency=currency, kind=self.kind, amount=amount)

    def _go(self) -> Verdict:
        for one in self.document.allocations:
            self.ends.claim(one)
        return Go()

    def _posted(self, external_id: str, other: Settled | None) -> Posted:
        """A payment there that was entered once for several of ours has one of them by its id, the others by parts."""
        posting, there = self.ends.posting, other.document if other else None
        same = Posting.objects.filter(connection_id=posting.connection_id, kind=posting.kind, external_id=external_id)
        is_used = same.exclude(pk=posting.pk).exists()
        return Posted(
            external_id=f"{external_id}/{part(self.document).external_id}" if is_used else external_id,
            number=there.number if there else "",
            gross=there.gross if there and other and whole(self.document, other) else None,
            currency=there.currency if there else None,
            date=there.date if there else None,
        )


def keep_question(posting: Posting, free: Iterable[Settled], *, also: str = "") -> None:
    """What a person is asked; what was answered before stays."""
    candidates = [[one.document.external_id, one.document.number, _iso(one.document)] for one in free]
    candidates += [[also, "", ""]] if also else []
    values = {"candidates": candidates, "asked_at": timezone.now()}
    PairQuestion.objects.update_or_create(posting=posting, defaults=values)


def _called(one: Settled) -> str:
    return one.document.number or one.document.external_id


def _iso(document: Document) -> str:
    return document.day.isoformat() if document.day else ""
