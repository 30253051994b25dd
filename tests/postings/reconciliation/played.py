"""Short forms: postings that are in the books for a while, and runs over the last week."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.documents import Document, IdempotencyKey
from portal.connections.models import Connection
from portal.connections.services import connector_of
from portal.postings import work
from portal.postings.content import document_of
from portal.postings.maintenance import maintenance
from portal.postings.models import Difference, Posting, ReconciliationRun
from portal.postings.reconciliation.run import reconcile
from tests.factories import a_document, accepted

HOUR = timedelta(hours=1)


def posted(connection: Connection, document: Document | None = None, *, ago: timedelta = HOUR) -> Posting:
    """A posting that a worker brought into the books, some time ago."""
    posting = accepted(connection, document or a_document()).posting
    work.run(posting.pk)
    posting.refresh_from_db()
    assert posting.state == "posted", posting.reason
    return aged(posting, ago)


def aged(posting: Posting, ago: timedelta) -> Posting:
    """The same, as if it had been posted so long ago."""
    Posting.objects.filter(pk=posting.pk).update(posted_at=timezone.now() - ago)
    posting.refresh_from_db()
    return posting


def standing_there(connection: Connection, state: str, document: Document | None = None) -> Posting:
    """A posting in `state`, of which the books hold the document all the same."""
    posting = accepted(connection, document or a_document()).posting
    content = document_of(Posting.objects.select_related("transaction", "connection").get(pk=posting.pk))
    key = IdempotencyKey(str(posting.idempotency_key))
    connector_of(connection).post(content, key=key, reference=posting.transaction.number)
    put(posting, state)
    return posting


def put(posting: Posting, state: str, **fields: Any) -> Posting:
    """The posting stands in `state`, whatever way leads there."""
    leased = {"lease_token": posting.idempotency_key, "lease_until": timezone.now() + HOUR}
    values = {**(leased if state in ("sending", "checking") else {}), **fields}
    with maintenance():
        Posting.objects.filter(pk=posting.pk).update(state=state, next_attempt_at=None, **values)
    posting.refresh_from_db()
    return posting


def reconciled(connection: Connection, days: int = 7) -> ReconciliationRun:
    """A run over the last days."""
    now = timezone.now()
    return reconcile(connection.pk, now - timedelta(days=days), now)


def found(state: str = "open") -> set[tuple[str, str]]:
    """Kind and key of each difference in this state."""
    return {(kind, str(key)) for kind, key in Difference.objects.filter(state=state).values_list("kind", "key")}


def key_of(posting: Posting) -> str:
    """As it stands on the document."""
    return str(posting.idempotency_key)
