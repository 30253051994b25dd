"""What the pages say about what happens next to a transaction, and what its reader can do."""

from __future__ import annotations

from typing import Final

from portal.connections.models import Side
from portal.desk.words import RAISED_FROM, is_answered, obstacle, source_name, system_name
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.postings.twins.verdicts import TOO_MUCH, TWIN

NEXT_STEP: Final[dict[State, str]] = {
    State.READY: "It waits for its turn to be sent to {system}. There is nothing for you to do.",
    State.SENDING: "It is being sent to {system} now. There is nothing for you to do.",
    State.AWAITING: "{system} has taken it and is still working on it. There is nothing for you to do.",
    State.UNKNOWN: (
        "The call to {system} broke off, so it is not known yet whether it was booked. We look there before anything "
        "is sent a second time. There is nothing for you to do; please do not enter it by hand."
    ),
    State.CHECKING: "We are looking in {system} whether it was booked. Please do not enter it by hand.",
    State.POSTED: "It is in the books of {system}. There is nothing for you to do.",
    State.REJECTED: "Mend the cause named above, then send it again from {source}, or retry it here.",
    State.HELD: (
        "A person has to decide. Please do not enter it by hand: it may be in {system} already. Retry it, and it is "
        "looked up there before anything is sent; or mark it as posted if you have found it there."
    ),
    State.WITHDRAWN: (
        "{source} was told that this failed, and nothing was booked. Send it again from {source}, or retry it here."
    ),
    State.VOID: "It was closed for the reason above and will not be posted. There is nothing for you to do.",
}
HELD_LOOKED_UP: Final = (
    "Somebody asked for it to be looked up in {system}, and it is in a moment. Please do not enter it by hand."
)
# For what was raised from here: it goes to the source, and what comes back from there goes to the books.
NEXT_STEP_AT_SOURCE: Final[dict[State, str]] = {
    State.READY: "It waits for its turn to be created in {system}. There is nothing for you to do.",
    State.SENDING: "It is being created in {system} now. There is nothing for you to do.",
    State.AWAITING: "{system} has taken it and is still working on it. There is nothing for you to do.",
    State.UNKNOWN: (
        "The call to {system} broke off, so it is not known yet whether it was created. We look there before anything "
        "is sent a second time. There is nothing for you to do; please do not raise it under another key."
    ),
    State.CHECKING: "We are looking in {system} whether it was created. Please do not raise it under another key.",
    State.POSTED: "It is in {system}. Once it is fully approved there it comes back, and that one goes to your books.",
    State.REJECTED: ("Mend the cause named above, then retry it, or raise it again under another key."),
    State.HELD: (
        "A person has to decide. Please do not raise it again: it may be in {system} already. Retry it, and it is "
        "looked up there before anything is sent."
    ),
    State.WITHDRAWN: "It was withdrawn, and nothing was created in {system}.",
    State.VOID: "It was closed for the reason above and will not be created in {system}.",
}
# For a payment that was recorded in the books, on its way to the source of what it settles.
NEXT_STEP_BACK: Final[dict[State, str]] = {
    State.READY: "It waits for its turn to be entered in {system}. There is nothing for you to do.",
    State.SENDING: "It is being entered in {system} now. There is nothing for you to do.",
    State.AWAITING: "{system} has taken it and is still working on it. There is nothing for you to do.",
    State.UNKNOWN: (
        "The call to {system} broke off, so it is not known yet whether it was entered. We look there before anything "
        "is sent a second time. There is nothing for you to do; please do not enter it by hand."
    ),
    State.CHECKING: "We are looking in {system} whether it was entered. Please do not enter it by hand.",
    State.POSTED: "It is in {system}, and in the books of {source}. There is nothing for you to do.",
    State.REJECTED: "Mend the cause named above, then retry it here.",
    State.HELD: (
        "A person has to decide. Please do not enter it by hand: it may be in {system} already. Retry it, and it is "
        "looked up there before anything is sent; or mark it as posted if you have found it there."
    ),
    State.WITHDRAWN: "It was withdrawn, and nothing was entered in {system}.",
    State.VOID: "It was closed for the reason above and will not be entered in {system}.",
}
# For what is read at a source, which nobody answers.
NEXT_STEP_READ: Final[dict[State, str]] = {
    State.REJECTED: "Mend the cause named above, then retry it here.",
    State.WITHDRAWN: "It was taken back at {source} before anything was booked. There is nothing for you to do.",
}
# For a payment that somebody may have entered over there (portal/postings/twins).
NEXT_STEP_ASKED: Final[dict[str, str]] = {
    TWIN: (
        "Look at it in {system}. Say that it is that one, and nothing is sent; or send it all the same, and it stands "
        "beside the other."
    ),
    TOO_MUCH: (
        "Look at what it settles in {system}. Send it all the same if that may be overpaid; mark it as posted if it is "
        "there already; or void it."
    ),
}
REJECTED_BUT_ANSWERED: Final = (
    "{source} holds a journal number for it already and will not send it again. Mend the cause named above, for "
    "example by adding the missing code in {system}, then retry it here."
)
POSTED_UNTOLD: Final = (
    "It is in the books of {system}, but {source} was not told its number. Send it again from {source}: it is answered "
    "with the number and not booked twice."
)
KEPT: Final = (
    "{system} takes no documents of this kind, so it is kept as a numbered memo entry. There is nothing for you to do."
)
NO_POSTING: Final = "No accounting system was linked when it came in. Ask our support to link one."


def next_step(transaction: Transaction, posting: Posting | None) -> str:
    """What happens next to a transaction and what its reader can do, in words."""
    if posting is None:
        return NO_POSTING
    sentence = _sentence(transaction, posting)
    return sentence.format(system=system_name(posting.connection), source=source_name(transaction.source))


def _sentence(transaction: Transaction, posting: Posting) -> str:
    state = State(posting.state)
    if state is State.READY and (found := obstacle(posting.connection)):
        return found
    if state is State.HELD:
        return _held(transaction, posting)
    if posting.connection.side == Side.SOURCE:
        return _steps_back(transaction)[state]
    if state is State.POSTED and posting.kept:
        return KEPT
    return _by_what_was_told(transaction, state)


def _by_what_was_told(transaction: Transaction, state: State) -> str:
    if not is_answered(transaction.source):
        return NEXT_STEP_READ.get(state, NEXT_STEP[state])
    if state is State.POSTED and not transaction.answered_number:
        return POSTED_UNTOLD
    if state is State.REJECTED and transaction.answered_number:
        return REJECTED_BUT_ANSWERED
    return NEXT_STEP[state]


def _held(transaction: Transaction, posting: Posting) -> str:
    if posting.recheck_asked:
        return HELD_LOOKED_UP
    if asked := NEXT_STEP_ASKED.get(posting.reason_field):
        return asked
    steps = _steps_back(transaction) if posting.connection.side == Side.SOURCE else NEXT_STEP
    return steps[State.HELD]


def _steps_back(transaction: Transaction) -> dict[State, str]:
    return NEXT_STEP_AT_SOURCE if transaction.source in RAISED_FROM else NEXT_STEP_BACK
