"""What a person may do with an amendment: have it tried again, say that it was made by hand or is not needed, and
choose between two that contradict each other. Each with who and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.db.transaction import atomic
from django.utils import timezone

from portal.amending.leases import is_taken
from portal.amending.models import OPEN, WAITING_FOR_A_PERSON, AmendmentDuty, DutyState, KnownTerms, Member
from portal.amending.noticing import make_due, owe
from portal.amending.plans import learn
from portal.amending.sides import Books, source_connection
from portal.connections.models import Side
from portal.events.services import tell
from portal.postings.repair import CannotRepair

AGAIN: Final = "again"
BY_HAND: Final = "by_hand"
NOT_NEEDED: Final = "not_needed"
USE_SOURCE: Final = "use_source"
USE_BOOKS: Final = "use_books"
LABELS: Final[Mapping[str, str]] = {
    AGAIN: "Try again",
    BY_HAND: "Changed by hand",
    NOT_NEEDED: "Not needed",
    USE_SOURCE: "The source’s counts",
    USE_BOOKS: "The books’ counts",
}
MOVED: Final = "{duty} has moved meanwhile. Look again."
NO_REASON: Final = "Say why, in a few words; the reason is kept with the amendment."
NO_SOURCE: Final = "The connection that the invoice came from was unlinked: nothing can be written there."


def choices(duty: AmendmentDuty) -> tuple[str, ...]:
    """What can be decided about this one now."""
    if duty.state not in OPEN:
        return ()
    if duty.is_conflict:
        return (USE_SOURCE, USE_BOOKS, NOT_NEEDED)
    if duty.state not in WAITING_FOR_A_PERSON:
        return (NOT_NEEDED,)
    return (AGAIN, NOT_NEEDED) if duty.member == Member.POSTED_NUMBER else (AGAIN, BY_HAND, NOT_NEEDED)


def decide(duty_id: int, choice: str, *, by: AbstractBaseUser, why: str) -> AmendmentDuty:
    """Carry out one of `choices`. Ring afterwards. Raises `CannotRepair`."""
    if not why.strip():
        raise CannotRepair(NO_REASON, field="why")
    with atomic():
        known = _locked(duty_id)
        duty = AmendmentDuty.objects.select_related("posting__transaction__company", "connection").get(pk=duty_id)
        if choice not in choices(duty) or is_taken(known, timezone.now()):
            raise CannotRepair(MOVED.format(duty=duty))
        duty.user_id, duty.note = by.pk, why.strip()
        DECISIONS[choice](duty, known)
        duty.save()
        known.save(update_fields=["at_source", "in_books"])
        make_due(known)
        _tell(duty, choice, by, why)
    return duty


def _locked(duty_id: int) -> KnownTerms:
    """The invoice's row: nobody notices or writes anything about it meanwhile."""
    posting_id = AmendmentDuty.objects.values_list("posting_id", flat=True).get(pk=duty_id)
    return KnownTerms.objects.select_for_update().get(pk=posting_id)


def _again(duty: AmendmentDuty, _: KnownTerms) -> None:
    """Both sides are looked at once more."""
    duty.state, duty.message, duty.error_class = DutyState.DUE, "", ""


def _by_hand(duty: AmendmentDuty, known: KnownTerms) -> None:
    """Looked at, where that side tells; else the person is believed."""
    if duty.connection.side == Side.SOURCE or Books(duty.posting).tells:
        _again(duty, known)
        return
    learn(known, duty.member, at_source=duty.after, in_books=duty.after)
    _over(duty, DutyState.DONE)


def _not_needed(duty: AmendmentDuty, known: KnownTerms) -> None:
    """Both sides may stay as they are: only what is changed from now on counts."""
    if duty.member != Member.POSTED_NUMBER:
        to_books = duty.connection.side == Side.ACCOUNTING
        source, books = (duty.after, duty.before) if to_books else (duty.before, duty.after)
        learn(known, duty.member, at_source=source, in_books=books)
    _over(duty, DutyState.NOT_NEEDED)


def _use_source(duty: AmendmentDuty, known: KnownTerms) -> None:
    """As if the books had said so for long: then only the source has changed."""
    known.in_books = {**known.in_books, duty.member: duty.before}
    duty.is_conflict = False
    _again(duty, known)


def _use_books(duty: AmendmentDuty, known: KnownTerms) -> None:
    side = source_connection(duty.posting)
    if side is None:
        raise CannotRepair(NO_SOURCE)
    known.at_source = {**known.at_source, duty.member: duty.after}
    _over(duty, DutyState.NOT_NEEDED)
    duty.save()
    made = owe(known, side, Member(duty.member), before=duty.after, after=duty.before, why="Chosen by a person.")
    AmendmentDuty.objects.filter(pk=made.pk).update(user=duty.user_id, note=duty.note)


def _over(duty: AmendmentDuty, state: DutyState) -> None:
    duty.state, duty.ended_at = state, timezone.now()


def _tell(duty: AmendmentDuty, choice: str, by: AbstractBaseUser, why: str) -> None:
    company = duty.posting.transaction.company
    tell(
        f"amendment.{choice}", f"{duty}: {LABELS[choice].lower()}. {why}", who=by.get_username(), subject=duty,
        tenant_id=company.tenant_id, company_id=company.pk,
    )  # fmt: skip


DECISIONS: Final[Mapping[str, Callable[[AmendmentDuty, KnownTerms], Any]]] = {
    AGAIN: _again,
    BY_HAND: _by_hand,
    NOT_NEEDED: _not_needed,
    USE_SOURCE: _use_source,
    USE_BOOKS: _use_books,
}
