"""Do what one posting needs now: claim, call outside of any database transaction, settle."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import AccountingSystem
from integrations.documents import Awaiting, Document, Posted
from portal import context
from portal.connections.limits import permit
from portal.connections.models import Status
from portal.connections.registry import accounting_system
from portal.connections.services import outbound_terms
from portal.postings import settle
from portal.postings.claim import Claim, claim
from portal.postings.content import document_of
from portal.postings.inside import books_inside, connector_for, key_of, post_inside
from portal.postings.models import Posting, Purpose
from portal.postings.shares import shares
from portal.postings.states import WAITING_FOR_THEIR_TIME, Actor, State
from portal.postings.waiting import announce

GOES_ON_AT_MOST = 50


def run(posting_id: int) -> None:
    """Bring one posting a step further, if it is due and nobody else has it. Safe to call at any time, by anybody.

    A thread that finishes while others were turned away for this connection goes on with what is due there.
    """
    for _ in range(GOES_ON_AT_MOST):
        with context.bound(posting_id=posting_id):
            following = _step(posting_id)
        if following is None:
            return
        posting_id = following


def _step(posting_id: int) -> int | None:
    """One posting; returns the next one of its connection that was left lying, if any."""
    posting = Posting.objects.select_related("connection").filter(pk=posting_id).first()
    if posting is None:
        return None
    if books_inside(posting):
        if _run_inside(posting_id):
            announce(posting_id)
        return None
    with shares.one(posting.connection_id) as granted:
        claimed = claim(posting_id) if granted else None
        if claimed is None:
            return None
        _perform(claimed)
        announce(posting_id)
    return _left_lying(posting.connection_id)


def _left_lying(connection_id: uuid.UUID) -> int | None:
    """The posting that has been due for longest, when some of this connection were turned away."""
    if not shares.left_lying(connection_id):
        return None
    due = Posting.objects.filter(
        connection_id=connection_id, state__in=WAITING_FOR_THEIR_TIME, next_attempt_at__lte=timezone.now()
    )
    found = due.order_by("next_attempt_at").values_list("pk", flat=True).first()
    if found is None:
        shares.nothing_left(connection_id)
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
        result = CALLS[claimed.purpose](claimed, document)
    except Exception as error:  # noqa: BLE001 - the closed table in settle decides; a bug is held with its traceback
        settle.failed(claimed, error)
        return
    if isinstance(result, Posted):
        settle.posted(claimed, document, result)
    elif isinstance(result, Awaiting):
        settle.awaiting(claimed, result)
    else:
        settle.found(claimed, document, result)


def _send(claimed: Claim, document: Document) -> Posted | Awaiting:
    posting = claimed.posting
    return _connector(claimed).post(document, key=key_of(posting), reference=posting.transaction.number)


def _look_up(claimed: Claim, document: Document) -> tuple[Posted, ...]:
    if not accounting_system(claimed.posting.connection.integration).can.lookup:
        return ()
    return _connector(claimed).find(document, key=key_of(claimed.posting))


def _poll(claimed: Claim, document: Document) -> Posted | Awaiting:
    return _connector(claimed).poll(document, operation=claimed.posting.operation)


CALLS: dict[Purpose, Callable[[Claim, Document], Posted | Awaiting | tuple[Posted, ...]]] = {
    Purpose.SEND: _send,
    Purpose.LOOKUP: _look_up,
    Purpose.POLL: _poll,
}


def _connector(claimed: Claim) -> AccountingSystem:
    """A fresh one for each attempt: its deadline starts with the first request."""
    connection = claimed.posting.connection
    outbound = outbound_terms(
        permit=permit(connection, accounting_system(connection.integration)),
        still_ours=claimed.still_ours,
        record=claimed.exchanges.append,
    )
    return connector_for(claimed.posting, outbound)
