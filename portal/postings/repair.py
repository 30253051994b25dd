"""What a person may do with a posting that needs one: retry, mark as posted, void. Each with who and why.

Staff do it on their site, a tenant's owners and operators on the pages of their company, its programs by the API. The
rules are the same for all, of a closed company, too; who it was stands on the transition and in the audit trail.
"""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Posted
from integrations.errors import IntegrationError
from portal.connections.registry import UnknownIntegration
from portal.connections.services import abilities
from portal.events.services import tell
from portal.postings.another_kind import living_twin
from portal.postings.changes import change
from portal.postings.doers import By, name_of, person, reason_of
from portal.postings.inside import books_inside
from portal.postings.models import Posting
from portal.postings.outcome import booked
from portal.postings.repairing.asking import found_there
from portal.postings.states import Actor, State
from portal.postings.twins.verdicts import TOO_MUCH, TWIN
from portal.tenants.living import is_closed

RETRY, MARK_POSTED, VOID = "retry", "mark_posted", "void"
# Of a payment that may be there already (portal/postings/twins): it is that one, or it is sent all the same.
SAME, ANOTHER = "same", "another"
REPAIRS: dict[str, frozenset[State]] = {
    RETRY: frozenset({State.REJECTED, State.HELD, State.WITHDRAWN}),
    MARK_POSTED: frozenset({State.REJECTED, State.HELD}),
    VOID: frozenset({State.REJECTED, State.HELD, State.WITHDRAWN}),
    SAME: frozenset({State.HELD}),
    ANOTHER: frozenset({State.HELD}),
}
ASKED: dict[str, frozenset[str]] = {SAME: frozenset({TWIN}), ANOTHER: frozenset({TWIN, TOO_MUCH})}
MOVED = "{number} has moved meanwhile: it is {state} now. Look again."
NOT_FROM_HERE = "{number} is {state}: there is nothing to {repair}."
NO_REASON = "Say why, in a few words; the reason is kept with the posting."
NO_NUMBER = "Give the number that the document has in the accounting system."
INSIDE = "The built-in ledger knows what it booked. Retry instead."
VERIFIED = "Verified: the accounting system holds it as {number}."
OTHER_NUMBER = "The accounting system holds this document as {found}, not {given}. Use that number."
UNVERIFIED = "It could not be verified by lookup: {why}"
NUMBER_USED = "Another document of this kind is marked as {number} already. Check which of the two it is."
NOT_ASKED = "It was not held for a payment that may be there already, so there is nothing to say about that."
CLOSED_COMPANY = "{company} is closed: nothing is sent for it any more. Void the posting, or mark it as posted."
NEVER_KEYED = "no document there carries our key, as it is when somebody typed it in by hand."


class CannotRepair(Exception):
    """The repair is not possible; `message` says why in one plain sentence, `field` what is at fault: `number`, `why`,
    or nothing that was given."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class CannotVerify(CannotRepair):
    """The accounting system could not be asked, so nobody knows; the person may go on all the same."""


def possible_repairs(posting: Posting) -> frozenset[str]:
    """Which repairs can be done to this posting now. Needs its connection and company at hand."""
    found = (name for name, states in REPAIRS.items() if posting.state in states)
    return frozenset(name for name in found if not obstacle(posting, name))


def obstacle(posting: Posting, repair: str) -> str:
    """What forbids a repair that the posting's state allows, in one sentence; empty where nothing does.

    What is left open of a closed company can be settled: only nothing is sent for it any more. What went to a system
    that is not installed any more can be closed.
    """
    if repair == VOID:
        return ""
    if repair in ASKED and posting.reason_field not in ASKED[repair]:
        return NOT_ASKED
    company = posting.connection.company
    try:
        inside = books_inside(posting)
    except UnknownIntegration as error:
        return str(error)
    if repair in (RETRY, ANOTHER):
        return CLOSED_COMPANY.format(company=company) if is_closed(company, timezone.now()) else living_twin(posting)
    return INSIDE if inside and repair == MARK_POSTED else ""


def retry(posting: Posting, *, by: By, why: str) -> None:
    """Make it due again. Where it may be in the books already, it is looked up first. Ring afterwards.

    Raises `CannotRepair`.
    """
    with atomic():
        posting = locked(posting, RETRY, why)
        if posting.state == State.HELD and posting.may_exist:
            _ask_for_lookup(posting, by, why)
        else:
            move_by_hand(posting, State.READY, by, why, next_attempt_at=timezone.now(), tries=0, crashes=0, misses=0,
                  asked_by=person(by), reason="", reason_field="", error_class="", traceback="")  # fmt: skip
        tell_of(posting, "posting.retried", f"{posting.transaction.number} was made due again: {why}", by)


def void(posting: Posting, *, by: By, why: str) -> None:
    """Close it for good: it is not booked, its number stays explained by `why`. Raises `CannotRepair`."""
    with atomic():
        posting = locked(posting, VOID, why)
        move_by_hand(posting, State.VOID, by, why, reason=why, next_attempt_at=None, recheck_asked=False)
        tell_of(posting, "posting.voided", f"{posting.transaction.number} was voided: {why}", by)


def mark_posted(posting: Posting, *, number: str, by: By, why: str, even_unverified: bool = True) -> str:
    """It is in the books already, under `number`. Verified by lookup where possible; returns how that went.

    The lookup runs before, and outside of, the database transaction, and keeps the vendor's limits. Raises
    `CannotRepair` when the accounting system holds the document under another number, and unless `even_unverified`
    `CannotVerify` when it could not be asked.
    """
    number = number.strip()
    if not number:
        raise CannotRepair(NO_NUMBER, field="number")
    _check(posting, MARK_POSTED, why)
    match, note = _verify(posting, number, even_unverified=even_unverified)
    try:
        return _mark(posting, number, match, note, by, why)
    except IntegrityError as error:
        raise CannotRepair(NUMBER_USED.format(number=number), field="number") from error


def _mark(posting: Posting, number: str, match: Posted | None, note: str, by: By, why: str) -> str:
    with atomic():
        posting = locked(posting, MARK_POSTED, why)
        move_by_hand(
            posting, State.POSTED, by, f"{why} ({note})", next_attempt_at=None, posted_at=timezone.now(),
            external_id=match.external_id if match else f"marked:{number}", external_number=number,
            booked=booked(match) if match else {}, reason="", recheck_asked=False, may_exist=True,
        )  # fmt: skip
        tell_of(
            posting, "posting.marked_posted", f"{posting.transaction.number} is in the books as {number}: {why}", by
        )
    return note


def _verify(posting: Posting, number: str, *, even_unverified: bool) -> tuple[Posted | None, str]:
    if not abilities(posting.connection).lookup:
        return None, UNVERIFIED.format(why="this system cannot be searched.")
    try:
        matches = found_there(posting)
    except IntegrationError as error:
        if not even_unverified:
            raise CannotVerify(UNVERIFIED.format(why=error.message)) from error
        return None, UNVERIFIED.format(why=error.message)
    if not matches:
        return None, UNVERIFIED.format(why=NEVER_KEYED)
    for match in matches:
        if _called(match) == number:
            return match, VERIFIED.format(number=number)
    raise CannotRepair(OTHER_NUMBER.format(found=_called(matches[0]), given=number), field="number")


def _called(match: Posted) -> str:
    """What people there call it: by its id where the system has no numbers."""
    return match.number or match.external_id


def locked(posting: Posting, repair: str, why: str) -> Posting:
    """The posting as it is now, to be repaired in this transaction. Raises `CannotRepair`."""
    locked = (
        Posting.objects.select_for_update(of=("self",))
        .select_related("transaction", "connection__company")
        .get(pk=posting.pk)
    )
    _check(locked, repair, why)
    return locked


def _check(posting: Posting, repair: str, why: str) -> None:
    if not why.strip():
        raise CannotRepair(NO_REASON, field="why")
    if posting.state not in REPAIRS[repair]:
        number, state = posting.transaction.number, posting.get_state_display().lower()
        raise CannotRepair(NOT_FROM_HERE.format(number=number, state=state, repair=repair.replace("_", " ")))
    if found := obstacle(posting, repair):
        raise CannotRepair(found)


def _ask_for_lookup(posting: Posting, by: By, why: str) -> None:
    """Held stays held until a worker takes it: the claim writes held to checking, with whose wish it was."""
    Posting.objects.filter(pk=posting.pk, state=State.HELD).update(
        recheck_asked=True,
        asked_by=person(by),
        misses=0,
        tries=0,
        crashes=0,
        reason=reason_of(by, why),
        updated_at=timezone.now(),
    )


def move_by_hand(posting: Posting, after: State, by: By, why: str, **fields: Any) -> None:
    """Change the state because somebody says so. Raises `CannotRepair` where it has moved meanwhile."""
    if not change(posting, after, who=Actor.STAFF, why=reason_of(by, why), user=person(by), **fields):
        state = posting.get_state_display().lower()
        raise CannotRepair(MOVED.format(number=posting.transaction.number, state=state))


def tell_of(posting: Posting, verb: str, message: str, by: By) -> None:
    """Tell the audit trail."""
    company = posting.connection.company
    tell(verb, message, who=name_of(by), subject=posting, tenant_id=company.tenant_id, company_id=company.pk)
