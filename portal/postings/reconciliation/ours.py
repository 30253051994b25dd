"""Our side: postings as the comparison wants them, read in batches without their documents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce

from portal.connections.models import Connection, Status
from portal.postings.content import document_of
from portal.postings.models import Posting
from portal.postings.reconciliation.compare import BY_HAND, Ours
from portal.postings.states import State

COLUMNS = ("net", "tax", "gross", "currency")


def postings() -> QuerySet[Posting]:
    """Postings with their transaction's columns; the document itself stays in the database, but for one code."""
    return (
        Posting.objects.select_related("transaction", "connection__company")
        .defer("transaction__content", "traceback", "connection__secrets")
        .annotate(
            supplier_code=Coalesce(
                KeyTextTransform("code", KeyTransform("supplier", "transaction__content")),
                KeyTextTransform("code", KeyTransform("customer", "transaction__content")),
            )
        )
    )


def by_key(keys: Iterable[UUID]) -> dict[UUID, Posting]:
    """The postings of these keys, whatever their connection, in one query."""
    return {one.idempotency_key: one for one in postings().filter(idempotency_key__in=list(keys))}


def with_key(key: UUID) -> Posting | None:
    """The posting of one key as it stands now."""
    return postings().filter(idempotency_key=key).first()


def is_anothers(posting: Posting | None, connection: Connection) -> bool:
    """Whether a key there is another connection's affair: two companies may be linked to the same books.

    What an unlinked predecessor of the same company left behind is ours, unless it is posted as it stands.
    """
    if posting is None or posting.connection_id == connection.pk:
        return False
    left_behind = (
        posting.connection.status == Status.UNLINKED and posting.connection.company_id == connection.company_id
    )
    return posting.state == State.POSTED or not left_behind


def ours(posting: Posting | None, settled_before: datetime | None = None, *, in_full: bool = False) -> Ours | None:
    """What we say. Whatever was posted after `settled_before` (aware UTC) is fresh.

    `in_full` reads the document itself, for its codes in the accounting system's words: only where something differs.
    """
    if posting is None:
        return None
    posted_at = posting.posted_at
    return Ours(
        state=State(posting.state),
        external_id=posting.external_id or "",
        number=posting.external_number,
        booked=posting.booked,
        approved={**approved(posting), **_in_their_words(posting)} if in_full else approved(posting),
        is_fresh=settled_before is not None and posted_at is not None and posted_at > settled_before,
    )


def approved(posting: Posting) -> dict[str, str]:
    """What the document says, by the names that the comparison uses; without what it does not say."""
    transaction = posting.transaction
    values: dict[str, Any] = {name: getattr(transaction, name) for name in COLUMNS}
    values |= {"kind": posting.kind, "date": transaction.document_date}
    values |= {"supplier_code": getattr(posting, "supplier_code", None)}
    return {name: str(value) for name, value in values.items() if value is not None}


def _in_their_words(posting: Posting) -> dict[str, str]:
    document = document_of(posting)
    code = document.party.code
    return {"currency": document.currency, **({"supplier_code": code} if code else {})}


def posted_between(connection: Connection, since: datetime, until: datetime) -> QuerySet[Posting]:
    """What we say is posted since a moment and before another, by index; without what somebody typed in there."""
    return (
        postings()
        .filter(connection=connection, state=State.POSTED, posted_at__gte=since, posted_at__lt=until)
        .exclude(external_id__startswith=BY_HAND)
        .order_by("posted_at", "pk")
    )
