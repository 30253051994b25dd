"""Do what one posting needs now: claim, call outside of any database transaction, settle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import System
from integrations.documents import Awaiting, Document, Posted
from portal import context
from portal.connections.limits import nothing_left, turn
from portal.connections.models import Status
from portal.connections.registry import system
from portal.connections.services import abilities, outbound_terms
from portal.idle import give_back_connection
from portal.postings import settle
from portal.postings.changes import fresh_lease
from portal.postings.claim import Claim, claim
from portal.postings.content import document_of
from portal.postings.due import Where, in_mid_call, next_of, where_is
from portal.postings.inside import connector_for, key_of, post_inside
from portal.postings.models import Posting, Purpose
from portal.postings.shares import shares
from portal.postings.states import Actor, State
from portal.postings.twins.deciding import decide, is_looked_at, look
from portal.postings.twins.verdicts import Go
from portal.postings.waiting import announce

GOES_ON_AT_MOST = 50
MISSES_AT_MOST = 3
stopping = threading.Event()
"""Set when this process ends: whoever finishes takes nothing new."""


def run(posting_id: int, where: Where | None = None) -> int:
    """Bring one posting a step further, if it is due and nobody else has it. Safe to call at any time, by anybody.

    `where` it goes, when the caller knows; what is wrong there makes this do nothing. A thread that finishes while
    others were turned away goes on with what is due at the same vendor. Returns how many postings were run.
    """
    done = missed = 0
    for _ in range(GOES_ON_AT_MOST):
        with context.bound(posting_id=posting_id):
            step = _step(posting_id, where)
        done, missed = (done + 1, 0) if step.done else (done, missed + 1)
        if step.following is None or missed >= MISSES_AT_MOST or stopping.is_set():
            break
        posting_id, where = step.following
    return done


@dataclass(frozen=True, slots=True)
class _Step:
    """Whether a posting was run, and what was left lying for whoever finishes."""

    done: bool = False
    following: tuple[int, Where] | None = None


def _step(posting_id: int, where: Where | None) -> _Step:
    where = where or where_is(posting_id)
    if where is None:
        return _Step()
    connector = system(where.integration)
    if where.kept or connector.can.transactional:
        if done := _run_inside(posting_id):
            announce(posting_id)
        return _Step(done)
    with shares.one(where.connection_id) as granted:
        turned = _call(posting_id, where, connector) if granted else None
    if turned is None:
        return _Step()
    done, left_lying = turned
    return _Step(done, _left_lying(where, connector) if left_lying else None)


def _call(posting_id: int, where: Where, connector: type[System]) -> tuple[bool, bool] | None:
    """(whether it was run, whether others were turned away meanwhile), or None: the vendor's limits allow no call."""
    lease = fresh_lease()
    with turn(where.connection_id, connector, lease, in_mid_call) as allowed:
        claimed = claim(posting_id, where=where, lease=lease) if allowed else None
        if allowed and claimed:
            claimed.permit = allowed.permit
            _perform(claimed)
            announce(posting_id)  # before anything else: somebody waits for it
    if allowed is None:
        return None
    return claimed is not None, allowed.left_lying or shares.left_lying(where.connection_id)


def _left_lying(where: Where, connector: type[System]) -> tuple[int, Where] | None:
    """A posting that has been due for long, when some were turned away."""
    whole = connector.app_limits is not None
    found = next_of(where, whole_installation=whole)
    if found is None:
        shares.nothing_left(where.connection_id)
        nothing_left(where.connection_id, connector)
        # Who was turned away in between is seen now, or sees that nobody calls.
        found = next_of(where, whole_installation=whole)
    return found


def _run_inside(posting_id: int) -> bool:
    """Book a posting that needs no call. True when it was due and is settled now."""
    with atomic():
        posting = (
            Posting.objects.select_for_update(of=("self",))
            .select_related("transaction", "connection__company", "asked_by")
            .get(pk=posting_id)
        )
        due = posting.next_attempt_at is not None and posting.next_attempt_at <= timezone.now()
        usable = posting.connection.status == Status.LINKED and not posting.connection.paused
        if posting.state != State.READY or not due or not usable:
            return False
        post_inside(posting, who=Actor.WORKER)
    return True


def _perform(claimed: Claim) -> None:
    """Call the outside system and settle whatever came of it."""
    document: Document | None = None
    try:
        document = document_of(claimed.posting)
        give_back_connection()
        result = CALLS[claimed.purpose](claimed, document)
    except Exception as error:  # noqa: BLE001 - the closed table in settle decides; a bug is held with its traceback
        settle.failed(claimed, error)
        return
    if result is None:
        return  # it was not sent, and is settled
    if isinstance(result, Posted):
        settle.posted(claimed, document, result)
    elif isinstance(result, Awaiting):
        settle.awaiting(claimed, result)
    else:
        settle.found(claimed, document, result)


def _send(claimed: Claim, document: Document) -> Posted | Awaiting | None:
    posting = claimed.posting
    if is_looked_at(posting, document) and not _is_new_there(claimed, document):
        return None
    return _connector(claimed).post(document, key=key_of(posting), reference=posting.transaction.number)


def _is_new_there(claimed: Claim, document: Document) -> bool:
    """Whether nobody has entered this payment there by hand. Else it is settled, in the transaction that finds it."""
    seen = look(claimed.posting, _connector(claimed), document)
    with atomic():
        verdict = decide(claimed.posting, document, seen)
        settle.decided(claimed, document, verdict)
    give_back_connection()
    return isinstance(verdict, Go)


def _look_up(claimed: Claim, document: Document) -> tuple[Posted, ...]:
    if not abilities(claimed.posting.connection).lookup:
        return ()
    return _connector(claimed).find(document, key=key_of(claimed.posting))


def _poll(claimed: Claim, document: Document) -> Posted | Awaiting:
    return _connector(claimed).poll(document, operation=claimed.posting.operation)


CALLS: dict[Purpose, Callable[[Claim, Document], Posted | Awaiting | tuple[Posted, ...] | None]] = {
    Purpose.SEND: _send,
    Purpose.LOOKUP: _look_up,
    Purpose.POLL: _poll,
}


def _connector(claimed: Claim) -> System:
    """A fresh one for each attempt: its deadline starts with the first request."""
    outbound = outbound_terms(
        permit=claimed.permit,
        still_ours=claimed.still_ours,
        record=claimed.exchanges.append,
    )
    return connector_for(claimed.posting, outbound)
