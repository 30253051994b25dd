"""What one side says of a posted sales invoice becomes an amendment that is due. Nobody is asked here: it only tells
that both sides have to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.amendments import TERMS, Amended
from integrations.content import from_json
from integrations.documents import Document
from portal.amending.models import OPEN, AmendmentDuty, DutyState, KnownTerms, Member
from portal.amending.sides import amendable_postings, name_of, said_by_books, source_connection
from portal.connections.models import Connection
from portal.connections.registry import sources
from portal.postings.amended import terms
from portal.postings.models import Posting
from portal.postings.states import State

NEWER: Final = "A newer change has taken its place."


def source_says(posting_id: int, before: Document, *, delivery_id: int) -> None:
    """The source's content has moved on from `before`: an amendment for each member that is not as it was known; what
    was written there from here is known. Call it inside of the transaction that moved it."""
    posting = amendable_postings().get(pk=posting_id)
    known = known_terms(posting, before)
    now = terms(from_json(posting.transaction.content))
    moved = [member for member in TERMS if now[member] != known.at_source[member]]
    for member in moved:
        if _is_owed(known, member, now[member]):
            continue
        owe(
            known, posting.connection, Member(member), before=known.in_books[member], after=now[member],
            why=f"Changed in {sources()[posting.transaction.source].metadata.name}.", delivery_id=delivery_id,
        )  # fmt: skip
    if moved or open_duties(posting_id).exists():
        make_due(known)


def books_say(connection: Connection, told: Sequence[Amended]) -> int:
    """The books tell these as they stand now: an amendment for each member that is not as it was known. Returns for how
    many invoices. In a number of queries that grows with what has changed only."""
    latest = {one.external_id: one for one in told}
    rows = amendable_postings().filter(connection=connection, state=State.POSTED, external_id__in=list(latest))
    found = [one for one in rows.select_related("known_terms") if not one.kept]
    return sum(_books_say(posting, latest[posting.external_id or ""]) for posting in found)


def posted_numbers(postings: Iterable[Posting], source: Connection) -> int:
    """Each posting's number is owed to its source, once for ever. Returns how many are new."""
    made = 0
    for posting in postings:
        number = posting.external_number or posting.transaction.number
        if AmendmentDuty.objects.filter(posting=posting, member=Member.POSTED_NUMBER).exists():
            continue
        with atomic():
            known = known_terms(posting, from_json(posting.transaction.content))
            owe(known, source, Member.POSTED_NUMBER, before="", after=number, why="It was posted.")
            make_due(known)
        made += 1
    return made


def known_terms(posting: Posting, before: Document) -> KnownTerms:
    """The row of a posting, locked; a new one has both sides as `before` says: so it was posted. Inside `atomic`."""
    values = terms(before)
    KnownTerms.objects.bulk_create(
        [KnownTerms(posting=posting, connection=posting.connection, at_source=values, in_books=values)],
        ignore_conflicts=True,
    )
    return KnownTerms.objects.select_for_update().get(pk=posting.pk)


def owe(
    known: KnownTerms, side: Connection, member: Member, *, before: str, after: str, why: str, delivery_id: int = 0
) -> AmendmentDuty:
    """An amendment that is due; one that is open for the same member and side and says the same stands for it, another
    is superseded. Inside `atomic`, with `known` locked."""
    mine = open_duties(known.posting_id).filter(connection=side, member=member)
    same = mine.filter(after=after, before=before).first()
    if same is not None:
        return same
    supersede(mine, NEWER)
    return AmendmentDuty.objects.create(
        posting_id=known.posting_id, connection=side, member=member, before=before, after=after, why=why,
        delivery_id=delivery_id, noticed_at=timezone.now(),
    )  # fmt: skip


def make_due(known: KnownTerms, at: datetime | None = None) -> None:
    """Both sides are looked at as soon as can be. Whoever looks at them now does so again."""
    known.next_at, known.tries = at or timezone.now(), 0
    known.save(update_fields=["next_at", "tries"])


def open_duties(posting_id: int) -> QuerySet[AmendmentDuty]:
    """Those of a posting that are due, or wait for a person."""
    return AmendmentDuty.objects.filter(posting_id=posting_id, state__in=OPEN)


def supersede(duties: QuerySet[AmendmentDuty], message: str) -> None:
    """They are over without having been written."""
    duties.update(state=DutyState.SUPERSEDED, message=message, ended_at=timezone.now())


def _books_say(posting: Posting, told: Amended) -> bool:
    known = getattr(posting, "known_terms", None) or _as_posted(posting)
    said = said_by_books(told, known)
    moved = {member for member in TERMS if said[member] != known.in_books.get(member, "")}
    if not moved:
        return False
    side = source_connection(posting)
    if side is None or all(_waits(posting, side, member, said) for member in moved):
        return False
    with atomic():
        locked = known_terms(posting, from_json(posting.transaction.content))
        for member in sorted(moved):
            if _is_owed(locked, member, said[member]):
                continue
            owe(
                locked, side, Member(member), before=locked.at_source[member], after=said[member],
                why=f"Changed in {name_of(posting.connection)}.",
            )  # fmt: skip
        make_due(locked)
    return True


def _waits(posting: Posting, side: Connection, member: str, said: Mapping[str, str]) -> bool:
    """Whether an open amendment knows already what the books say: one to the source, or a conflict about it."""
    duties = open_duties(posting.pk).filter(member=member)
    to_source = duties.filter(connection=side, after=said[member])
    return to_source.exists() or duties.filter(connection=posting.connection, before=said[member]).exists()


def _is_owed(known: KnownTerms, member: str, value: str) -> bool:
    """Whether this value is what was to be written: then it was, by us or by hand, and nobody has been told so yet."""
    return open_duties(known.posting_id).filter(member=member, after=value).exists()


def _as_posted(posting: Posting) -> KnownTerms:
    values = terms(from_json(posting.transaction.content))
    return KnownTerms(posting=posting, connection=posting.connection, at_source=values, in_books=values)
