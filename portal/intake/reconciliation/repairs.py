"""What staff may do with a difference, each with who and why."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.db.transaction import atomic

from portal.intake.answering import Ring
from portal.intake.reconciliation import asking, receiving
from portal.intake.reconciliation.comparing import DELETED, NEVER, postings_of
from portal.intake.reconciliation.findings import close
from portal.intake.reconciliation.models import SourceDifference
from portal.postings import repair
from portal.postings.models import Posting
from portal.postings.reconciliation.models import DifferenceState
from portal.postings.repair import CannotRepair
from portal.postings.states import FINAL, UNDER_WAY, State

RECEIVE, VOID, DISMISS = "receive", "void", "dismiss"

CLOSED: Final = "{difference} is {state} already."
NO_REASON: Final = "Say why, in a few words; the reason is kept with the difference."
NOT_MISSING: Final = "Only what was never received can be received now."
NOT_DELETED: Final = "Only what the source has deleted is voided from here."
REVERSE: Final = "It is in the books: the entry must be reversed in the accounting system."
WAIT: Final = "Its posting is under way: wait until it is settled."
MAY_EXIST: Final = "It may be in the books already: settle its posting first."
NOTHING_LEFT: Final = "There is no posting left to void."
VOIDED: Final = "Voided: {why}"
DISMISSED: Final = "Dismissed: {why}"


def why_not(difference: SourceDifference, name: str) -> str:
    """Why this repair cannot be done, in one sentence; empty when it can."""
    if difference.state != DifferenceState.OPEN:
        return CLOSED.format(difference=difference, state=difference.get_state_display().lower())
    if name == RECEIVE:
        return NOT_MISSING if difference.kind != NEVER else asking.why_not(difference.connection)
    if name == VOID:
        return NOT_DELETED if difference.kind != DELETED else _why_not_void(postings_of(difference))
    return ""


def receive(difference: SourceDifference, *, user: AbstractBaseUser, why: str, ring: Ring) -> str:
    """Read it back from the source and take it in; gives a sentence. Raises `CannotRepair`.

    Call it outside of any database transaction.
    """
    _check(difference, RECEIVE, why)
    return receiving.receive_now(difference, user=user, why=why, ring=ring)


def void(difference: SourceDifference, *, user: AbstractBaseUser, why: str) -> str:
    """Close its posting, which never reached the books, for good; gives a sentence. Raises `CannotRepair`."""
    _check(difference, VOID, why)
    with atomic():
        for posting in postings_of(difference):
            if posting.state not in FINAL:
                repair.void(posting, by=user, why=why)
        _close(difference, DifferenceState.RESOLVED, VOIDED.format(why=why), user)
    return ""


def dismiss(difference: SourceDifference, *, user: AbstractBaseUser, why: str) -> str:
    """It may stay as it is, or was mended by hand: no alarm again as long as the source tells the same of it.

    Raises `CannotRepair`.
    """
    _check(difference, DISMISS, why)
    _close(difference, DifferenceState.DISMISSED, DISMISSED.format(why=why), user)
    return ""


def _check(difference: SourceDifference, name: str, why: str) -> None:
    if not why.strip():
        raise CannotRepair(NO_REASON)
    difference.refresh_from_db(fields=["state"])
    if reason := why_not(difference, name):
        raise CannotRepair(reason)


def _close(difference: SourceDifference, state: DifferenceState, why: str, user: AbstractBaseUser) -> None:
    if not close(difference, state, why, user):
        raise CannotRepair(CLOSED.format(difference=difference, state="closed"))


def _why_not_void(postings: list[Posting]) -> str:
    states = {State(posting.state) for posting in postings}
    if State.POSTED in states:
        return REVERSE
    if states & UNDER_WAY:
        return WAIT
    if not states - FINAL:
        return NOTHING_LEFT
    return MAY_EXIST if any(posting.may_exist and posting.state not in FINAL for posting in postings) else ""
