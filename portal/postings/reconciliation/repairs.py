"""What staff may do with a difference, each with who and why. No state of a posting changes but by its own repairs."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.db.transaction import atomic
from django.utils import timezone

from integrations.errors import IntegrationError
from portal.postings import repair
from portal.postings.inside import books_inside
from portal.postings.models import Posting
from portal.postings.reconciliation import again
from portal.postings.reconciliation.asking import can_find
from portal.postings.reconciliation.compare import DOCUMENT
from portal.postings.reconciliation.findings import GONE, close
from portal.postings.reconciliation.models import Difference, DifferenceKind, DifferenceState
from portal.postings.reconciliation.ours import approved
from portal.postings.repair import CannotRepair
from portal.postings.states import State

LOOK_AGAIN, ACCEPT, MARK_POSTED = "look_again", "accept", "mark_posted"

CLOSED: Final = "{difference} is {state} already."
NO_REASON: Final = "Say why, in a few words; the reason is kept with the difference."
NO_LOOKUP: Final = "This system cannot be searched by our key: the next run will tell."
NOT_AN_EXTRA: Final = "Only a document whose posting is held or rejected can be marked as posted."
INSIDE: Final = "The built-in ledger knows what it booked: retry the posting."
TWO: Final = "There is more than one document there. Cancel all but one, then look again."
NUMBERLESS: Final = "The document there has no number under which it could be marked."
ACCEPTED: Final = "Accepted: {why}"
MARKED: Final = "Marked as posted with this document: {why}"
STILL: Final = "Looked up again: it is as it was."
CHANGED: Final = "Looked up again: it is another difference now ({kind})."
STILL_UNDER_WAY: Final = "Its posting is under way. Look again when it is settled."
AGREES: Final = "Looked up again: both sides agree."


def possible(difference: Difference) -> frozenset[str]:
    """Which repairs make sense for this difference as it stands."""
    return frozenset(name for name in (LOOK_AGAIN, ACCEPT, MARK_POSTED) if not why_not(difference, name))


def why_not(difference: Difference, name: str) -> str:
    """Why this repair cannot be done, in one sentence; empty when it can."""
    if difference.state != DifferenceState.OPEN:
        state = difference.get_state_display().lower()
        return CLOSED.format(difference=difference, state=state)
    if name == LOOK_AGAIN:
        return "" if can_find(difference.connection) else NO_LOOKUP
    return _why_not_marked(difference) if name == MARK_POSTED else ""


def look_again(difference: Difference, *, user: AbstractBaseUser, why: str) -> str:
    """Ask there now; what is mended is resolved. Returns a sentence. Raises `CannotRepair` when nothing could be told.

    Call it outside of any database transaction.
    """
    _check(difference, LOOK_AGAIN, why)
    try:
        seen = again.look_again(difference, user=user, why=f"{GONE} {why}")
    except IntegrationError as error:
        raise CannotRepair(error.message) from error
    if seen == again.RESOLVED:
        return AGREES
    if seen == again.LEFT:
        return STILL_UNDER_WAY
    return STILL if seen == difference.kind else CHANGED.format(kind=seen)


def accept(difference: Difference, *, user: AbstractBaseUser, why: str) -> None:
    """It may stay as it is: no alarm again unless it changes. A value that was accepted is kept with the posting, which
    stays posted. Raises `CannotRepair`."""
    _check(difference, ACCEPT, why)
    with atomic():
        if not close(difference, DifferenceState.DISMISSED, ACCEPTED.format(why=why), user):
            raise CannotRepair(CLOSED.format(difference=difference, state="closed"))
        if difference.kind == DifferenceKind.DIFFERENT:
            _record(difference)


def mark_posted(difference: Difference, *, user: AbstractBaseUser, why: str) -> str:
    """The document that stands there is the posting's: verified by lookup, then posted by `repair.mark_posted`.

    Returns how it was verified. Raises `CannotRepair`.
    """
    _check(difference, MARK_POSTED, why)
    if difference.posting is None:
        raise CannotRepair(NOT_AN_EXTRA)
    verified = repair.mark_posted(difference.posting, number=difference.documents[0]["number"], by=user, why=why)
    close(difference, DifferenceState.RESOLVED, MARKED.format(why=why), user)
    return verified


def _check(difference: Difference, name: str, why: str) -> None:
    if not why.strip():
        raise CannotRepair(NO_REASON)
    if reason := why_not(difference, name):
        raise CannotRepair(reason)


def _why_not_marked(difference: Difference) -> str:
    posting = difference.posting
    if difference.kind != DifferenceKind.EXTRA or posting is None:
        return NOT_AN_EXTRA
    if posting.state not in (State.HELD, State.REJECTED):
        return NOT_AN_EXTRA
    if books_inside(posting):
        return INSIDE
    if len(difference.documents) != 1:
        return TWO
    return "" if difference.documents[0].get("number") else NUMBERLESS


def _record(difference: Difference) -> None:
    """What was accepted is what counts as booked from now on, and stays visible as a difference from the document."""
    posting = _locked(difference)
    if posting is None or posting.state != State.POSTED:
        return
    accepted = {name: (mine, theirs) for name, mine, theirs in difference.details if name != DOCUMENT}
    said = approved(posting)
    kept = [row for row in posting.differences if row[0] not in accepted]
    new = [[name, said.get(name, mine), theirs] for name, (mine, theirs) in accepted.items()]
    booked = {**posting.booked, **{name: theirs for name, (_, theirs) in accepted.items()}}
    Posting.objects.filter(pk=posting.pk, state=State.POSTED).update(
        booked=booked, differences=kept + new, updated_at=timezone.now()
    )


def _locked(difference: Difference) -> Posting | None:
    rows = Posting.objects.select_for_update(of=("self",)).select_related("transaction", "connection")
    return rows.filter(pk=difference.posting_id).first() if difference.posting_id else None
