"""Do what one posting needs now: claim, call outside of any database transaction, settle."""

from __future__ import annotations

import logging

from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Document, Posted
from integrations.http import Outbound
from portal import context
from portal.connections.models import Status
from portal.connections.registry import accounting_system
from portal.connections.services import outbound_terms
from portal.postings import settle
from portal.postings.claim import Claim, claim
from portal.postings.content import document_of
from portal.postings.inside import books_inside, connector_for, key_of, post_inside
from portal.postings.models import Posting, Purpose
from portal.postings.states import Actor, State
from portal.postings.waiting import announce

logger = logging.getLogger(__name__)


def run(posting_id: int) -> None:
    """Bring one posting a step further, if it is due and nobody else has it. Safe to call at any time, by anybody."""
    with context.bound(posting_id=posting_id):
        if _run_inside(posting_id):
            announce(posting_id)
            return
        claimed = claim(posting_id)
        if claimed is None:
            return
        _perform(claimed)
        announce(posting_id)


def _run_inside(posting_id: int) -> bool:
    """Book a posting that needs no call. True when that was the case and it was due."""
    posting = Posting.objects.select_related("connection").filter(pk=posting_id).first()
    if posting is None or not books_inside(posting):
        return False
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
        if claimed.purpose is Purpose.SEND:
            result: Posted | tuple[Posted, ...] = _send(claimed, document)
        else:
            result = _look_up(claimed, document)
    except Exception as error:  # noqa: BLE001 - the closed table in settle decides; a bug is held with its traceback
        settle.failed(claimed, error)
        return
    if isinstance(result, Posted):
        settle.posted(claimed, document, result)
    else:
        settle.found(claimed, document, result)


def _send(claimed: Claim, document: Document) -> Posted:
    connector = connector_for(claimed.posting, _outbound(claimed))
    return connector.post(document, key=key_of(claimed.posting), reference=claimed.posting.transaction.number)


def _look_up(claimed: Claim, document: Document) -> tuple[Posted, ...]:
    if not accounting_system(claimed.posting.connection.integration).can.lookup:
        return ()
    return connector_for(claimed.posting, _outbound(claimed)).find(document, key=key_of(claimed.posting))


def _outbound(claimed: Claim) -> Outbound:
    return outbound_terms(still_ours=claimed.still_ours, record=claimed.exchanges.append)
