"""A transaction that its source has cancelled: what was never sent is withdrawn, what was is put before a person."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Final

from django.db.transaction import atomic

from integrations.content import content_hash, to_json
from integrations.documents import Document
from portal.events.services import tell
from portal.postings.changes import change
from portal.postings.models import Posting, Revision, RevisionState
from portal.postings.states import Actor, State

CANCELLED: Final = "The source has cancelled it before it was sent."
STAGE: Final = "stage"
ALERT: Final = (
    "{number} was cancelled at the source after it was sent. Raise a credit note, or void what is not booked."
)


class Ended(StrEnum):
    """What a cancellation came to."""

    NEVER_TAKEN = "never_taken"
    KNOWN = "known"
    WITHDRAWN = "withdrawn"
    CONTESTED = "contested"


def cancel(document: Document, company_id: uuid.UUID, *, received_at: datetime) -> tuple[Ended, int | None]:
    """End the transaction of this document where that is safe; gives what it came to, and the transaction's id.

    Nothing in the books is touched: for what was sent, staff see a contested revision and are told once.
    """
    with atomic():
        posting = _posting_of(document, company_id)
        if posting is None:
            return Ended.NEVER_TAKEN, None
        transaction_id = posting.transaction_id
        if posting.state in (State.VOID, State.WITHDRAWN):
            return Ended.KNOWN, transaction_id
        if posting.state == State.READY and posting.attempts_made == 0:
            change(posting, State.WITHDRAWN, who=Actor.INTAKE, why=CANCELLED, reason=CANCELLED, next_attempt_at=None)
            return Ended.WITHDRAWN, transaction_id
        return _contested(document, posting, received_at), transaction_id


def _posting_of(document: Document, company_id: uuid.UUID) -> Posting | None:
    found = Posting.objects.select_related("transaction__company").select_for_update(of=("self",)).filter(
        transaction__company_id=company_id,
        transaction__source=document.source,
        transaction__kind=document.kind,
        transaction__identity=document.identity,
    )  # fmt: skip
    return found.order_by("pk").first()


def _contested(document: Document, posting: Posting, received_at: datetime) -> Ended:
    transaction = posting.transaction
    _, is_new = Revision.objects.get_or_create(
        transaction=transaction,
        state=RevisionState.CONTESTED,
        content_hash=content_hash(document),
        defaults={
            "content": to_json(document),
            "differences": [[STAGE, "approved", document.stage.value]],
            "received_at": received_at,
        },
    )
    if not is_new:
        return Ended.KNOWN
    company = transaction.company
    tell(
        "transaction.cancelled_at_source", ALERT.format(number=transaction.number), who="intake", subject=transaction,
        tenant_id=company.tenant_id, company_id=company.pk,
    )  # fmt: skip
    return Ended.CONTESTED
