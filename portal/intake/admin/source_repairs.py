"""How the staff site words a difference with a source, and what may be done with it."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.models import User

from portal.intake.models import SourceDifference
from portal.intake.reconciliation import repairs
from portal.intake.reconciliation.comparing import NEVER, postings_of
from portal.intake.reconciliation.models import SourceDifferenceKind
from portal.postings.admin.difference_pages import DifferencePages
from portal.postings.admin.repairs import MOST_AT_ONCE, MOST_LOOKED_UP, Repair
from portal.postings.reconciliation.models import DifferenceState
from portal.postings.tasks import ring
from portal.staff.base import Button, row_url
from portal.staff.formats import link, money
from portal.tones import CLOSED, PERSON, POSTED, tone

TONES: Final = {DifferenceState.OPEN: PERSON, DifferenceState.RESOLVED: POSTED, DifferenceState.DISMISSED: CLOSED}
RECEIVE: Final = Repair(
    button=Button(name=repairs.RECEIVE, label="Receive it now", permission="intake.receive_sourcedifference"),
    effect="Read {what} from the source and take it in, as if it had just come: it is booked where that is possible.",
    more=("Should the source send it after all, it is the same transaction again and gets the same number.",),
    undo="This cannot be taken back: what has been booked is corrected in the accounting system.",
    done="Received {what}.",
    most=MOST_LOOKED_UP,
)
VOID: Final = Repair(
    button=Button(name=repairs.VOID, label="Void its posting", permission="postings.void_posting"),
    effect="Void the posting of {what}: never booked, and refused if the source sends it again.",
    more=("The journal number stays used, and the reason explains it.",),
    undo="This cannot be undone: nothing leaves the state Void.",
    done="Voided {what}.",
    most=MOST_AT_ONCE,
    danger=True,
)
DISMISS: Final = Repair(
    button=Button(name=repairs.DISMISS, label="Dismiss", permission="intake.settle_sourcedifference"),
    effect="Dismiss {what}: no alarm again, as long as the source tells the same of it.",
    more=("Nothing is written at the source or in the books, and no posting changes its state.",),
    undo="This cannot be undone.",
    done="Dismissed {what}.",
    most=MOST_AT_ONCE,
    danger=True,
)
REPAIRS: Final = {each.button.name: each for each in (RECEIVE, VOID, DISMISS)}

ADVICE_NEVER: Final = (
    "The source has approved it, and we do not hold it: the webhook never came, or was refused when it came. “Receive "
    "it now” reads it from the source and takes it in. If it shall not be booked, “Dismiss” it with the reason."
)
ADVICE_DELETED: Final = {
    repairs.REVERSE: "The source has deleted it, and it is in the books: the entry must be reversed in the accounting "
    "system, by a credit note or a reversal. Then “Dismiss” it, with the number of that entry as the reason.",
    repairs.WAIT: "The source has deleted it while its posting is under way. Wait until that is settled.",
    repairs.MAY_EXIST: "The source has deleted it, and it may be in the books: settle its posting first.",
    repairs.NOTHING_LEFT: "Nothing of it is in the books any more: the next run resolves it.",
    "": "The source has deleted it, and it was never booked: “Void its posting”.",
}


def advice(difference: SourceDifference) -> str:
    """What it means, and what to do about it, in plain words; empty once it is closed."""
    if difference.state != DifferenceState.OPEN:
        return ""
    return ADVICE_NEVER if difference.kind == NEVER else ADVICE_DELETED[repairs.why_not(difference, repairs.VOID)]


def _one(user: User, wanted: Repair, difference: SourceDifference, why: str) -> str:
    """Do it; gives what there is to tell of it beside that. Raises `CannotRepair`."""
    if wanted is RECEIVE:
        return repairs.receive(difference, user=user, why=why, ring=ring)
    service = repairs.void if wanted is VOID else repairs.dismiss
    return service(difference, user=user, why=why)


def in_short(difference: SourceDifference) -> str:
    """Who, how much: `Crown Conference Centre, 120.00 GBP`."""
    gross = "" if difference.gross is None else money(difference.gross, difference.currency)
    return ", ".join(
        part for part in (str(difference.get_transaction_kind_display()), difference.supplier, gross) if part
    )


def difference_badge(difference: SourceDifference) -> str:
    """The kind while it is open, then how it ended."""
    state = DifferenceState(difference.state)
    kind = str(SourceDifferenceKind(difference.kind).label).partition(":")[0]
    return tone(TONES[state], kind if state is DifferenceState.OPEN else f"{kind}, {state.label.lower()}")


def postings_shown(difference: SourceDifference) -> list[tuple[str, str]]:
    """Its postings, as link and state."""
    return [(link(row_url(one), one.transaction.number), one.get_state_display()) for one in postings_of(difference)]


PAGES: Final[DifferencePages[SourceDifference]] = DifferencePages(
    why_not=repairs.why_not,
    do=_one,
    company=lambda one: one.connection.company.name,
    in_short=in_short,
    there="At the source",
)
