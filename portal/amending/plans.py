"""What follows for each member from what both sides say now: written down before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.amendments import TERMS
from portal.amending.judging import Pair, Way, judge
from portal.amending.leases import Lease
from portal.amending.models import AmendmentDuty, DutyState, KnownTerms, Member
from portal.amending.noticing import open_duties, owe, supersede
from portal.amending.sides import AtSource, Books, Values, name_of, pair
from portal.postings.models import Posting

STANDS_THERE: Final = "Both sides say so now."
AS_BEFORE: Final = "Neither side has changed since."
OTHERWISE: Final = "Both sides say something else now."
BOTH: Final = (
    "It was changed on both sides: {source} at {at_source}, {books} in {in_books}. Nothing was changed. Choose which "
    "one counts."
)
BY_HAND: Final = "{system} takes no change of the {member} from here: change it there by hand."
NO_END: Final = "The {member} was written {times} times within an hour: do both sides keep it in the same way?"
NOTHING: Final = "empty"
MOST_WRITES: Final = 6
MOST_WRITES_WITHIN: Final = timedelta(hours=1)


@dataclass
class Plan:
    """What is to be written into each side, by member, with the amendments that say so."""

    to_books: dict[str, AmendmentDuty] = field(default_factory=dict)
    to_source: dict[str, AmendmentDuty] = field(default_factory=dict)


@dataclass(frozen=True)
class Sides:
    """Both sides of one posting."""

    books: Books
    source: AtSource

    @property
    def posting(self) -> Posting:
        """What they are sides of."""
        return self.books.posting


def plan(lease: Lease, sides: Sides, at_source: Values, in_books: Values) -> Plan:
    """Judge each member, keep what is known and what is owed, and give what is to be written. Raises `LeaseLost`."""
    made = Plan()
    with atomic():
        lease.hold()
        known = KnownTerms.objects.select_for_update().get(pk=lease.known.pk)
        for member in TERMS:
            said = pair(member, at_source, in_books)
            way = judge(pair(member, known.at_source, known.in_books), said)
            FOLLOWS[way](made, known, sides, Member(member), said)
        known.save(update_fields=["at_source", "in_books"])
    return made


def learn(known: KnownTerms, member: str, *, at_source: str, in_books: str) -> None:
    """From now on this is what each side is known to say."""
    known.at_source = {**known.at_source, member: at_source}
    known.in_books = {**known.in_books, member: in_books}


def _nothing(_: Plan, known: KnownTerms, __: Sides, member: Member, ___: Pair) -> None:
    supersede(_open(known, member), AS_BEFORE)


def _agreed(_: Plan, known: KnownTerms, __: Sides, member: Member, said: Pair) -> None:
    learn(known, member, at_source=said.source, in_books=said.books)
    duties = _open(known, member)
    done = {"state": DutyState.DONE, "message": STANDS_THERE, "error_class": "", "ended_at": timezone.now()}
    duties.filter(after=said.source, is_conflict=False).update(**done)
    supersede(duties, STANDS_THERE)


def _to_books(made: Plan, known: KnownTerms, sides: Sides, member: Member, said: Pair) -> None:
    side, why = sides.posting.connection, f"Changed in {name_of(sides.source.connection)}."
    duty = _the_one(known, member, owe(known, side, member, before=said.books, after=said.source, why=why))
    if _may_go(duty, name_of(side), takes=sides.books.takes(member, said.source)):
        made.to_books[member] = duty


def _to_source(made: Plan, known: KnownTerms, sides: Sides, member: Member, said: Pair) -> None:
    side, why = sides.source.connection, f"Changed in {name_of(sides.posting.connection)}."
    duty = _the_one(known, member, owe(known, side, member, before=said.source, after=said.books, why=why))
    if _may_go(duty, name_of(side), takes=sides.source.takes(member, said.books)):
        made.to_source[member] = duty


def _conflict(_: Plan, known: KnownTerms, sides: Sides, member: Member, said: Pair) -> None:
    """One row stands for both: what the books say is in `before`, what the source says in `after`."""
    side, source = sides.posting.connection, sides.source.connection
    duty = _the_one(known, member, owe(known, side, member, before=said.books, after=said.source, why="Both sides."))
    duty.is_conflict = True
    message = BOTH.format(
        source=said.source or NOTHING, at_source=name_of(source), books=said.books or NOTHING,
        in_books=name_of(side),
    )  # fmt: skip
    duty.save(update_fields=["is_conflict"])
    _ask_a_person(duty, message)


def _the_one(known: KnownTerms, member: Member, duty: AmendmentDuty) -> AmendmentDuty:
    """Whatever else is open for this member is over."""
    supersede(_open(known, member).exclude(pk=duty.pk), OTHERWISE)
    return duty


def _may_go(duty: AmendmentDuty, system: str, *, takes: bool) -> bool:
    """Whether it is written now; else it waits for a person already, or does so from now on."""
    if duty.state != DutyState.DUE:
        return False
    member = duty.get_member_display().lower()
    if not takes:
        _ask_a_person(duty, BY_HAND.format(system=system, member=member))
    elif _keeps_changing(duty):
        _ask_a_person(duty, NO_END.format(member=member, times=MOST_WRITES))
    return duty.state == DutyState.DUE


def _keeps_changing(duty: AmendmentDuty) -> bool:
    """Two sides that each keep a value in another way would write to each other for ever."""
    lately = timezone.now() - MOST_WRITES_WITHIN
    written = AmendmentDuty.objects.filter(posting_id=duty.posting_id, member=duty.member, state=DutyState.DONE)
    return written.filter(ended_at__gte=lately).count() >= MOST_WRITES


def _ask_a_person(duty: AmendmentDuty, message: str) -> None:
    duty.state, duty.message = DutyState.NEEDS_A_PERSON, message
    duty.save(update_fields=["state", "message"])


def _open(known: KnownTerms, member: Member) -> QuerySet[AmendmentDuty]:
    return open_duties(known.posting_id).filter(member=member)


FOLLOWS: Final[Mapping[Way, Callable[[Plan, KnownTerms, Sides, Member, Pair], None]]] = {
    Way.NOTHING: _nothing,
    Way.AGREED: _agreed,
    Way.TO_BOOKS: _to_books,
    Way.TO_SOURCE: _to_source,
    Way.CONFLICT: _conflict,
}
