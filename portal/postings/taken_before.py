"""What a record of a source was taken as before: under which kinds its transactions stand, and how they may end."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from integrations.documents import Kind
from portal.events.services import tell
from portal.postings.changes import change
from portal.postings.models import Posting, Revision, RevisionState, Transaction
from portal.postings.states import Actor, State

GONE: Final = frozenset({State.VOID, State.WITHDRAWN})
STANDING: Final = {
    State.READY: "waits to be sent to the books",
    State.REJECTED: "was refused",
    State.HELD: "needs a person",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of a source that tells records. It keeps its `external_id` whatever kind it becomes; `kinds` are those
    that are looked for."""

    company_id: uuid.UUID
    source: str
    external_id: str
    kinds: Iterable[Kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What the source says of it now. Versions of one transaction with the same `content_hash` are one."""

    content: dict[str, Any]
    content_hash: str
    received_at: datetime
    differences: list[list[str]] = field(default_factory=list)


def postings_of(record: Record) -> list[Posting]:
    """The postings of a record, locked until the transaction ends. Call it inside `atomic`."""
    found = Posting.objects.select_related("transaction__company", "connection").select_for_update(of=("self",)).filter(
        transaction__external_id=record.external_id,
        transaction__company_id=record.company_id,
        transaction__source=record.source,
        transaction__kind__in=sorted(record.kinds),
    )  # fmt: skip
    return list(found.order_by("pk"))


def is_gone(posting: Posting) -> bool:
    """Whether nothing will come of it any more, unless it is sent again or a person wants it."""
    return State(posting.state) in GONE


def may_be_withdrawn(posting: Posting) -> bool:
    """Whether it was never sent, or was refused for certain: anything else may be in the books."""
    never_sent = posting.state == State.READY and not posting.attempts_made
    return not posting.may_exist and (never_sent or posting.state == State.REJECTED)


def withdraw(posting: Posting, why: str) -> None:
    """Withdraw a locked posting that may be withdrawn. What was refused is ready for a moment: the table of states
    knows no shorter way."""
    if posting.state == State.REJECTED:
        change(posting, State.READY, who=Actor.INTAKE, why=why)
    change(posting, State.WITHDRAWN, who=Actor.INTAKE, why=why, reason=why, next_attempt_at=None, waits_for="")


def contest(transaction: Transaction, version: Version, verb: str, message: str) -> bool:
    """Keep what the source says beside what stands, for people to see, and tell it once. False: it is known already."""
    _, is_new = Revision.objects.get_or_create(
        transaction=transaction,
        state=RevisionState.CONTESTED,
        content_hash=version.content_hash,
        defaults={
            "content": version.content,
            "differences": version.differences,
            "received_at": version.received_at,
        },
    )
    if is_new:
        company = transaction.company
        tell(verb, message, who="intake", subject=transaction, tenant_id=company.tenant_id, company_id=company.pk)
    return is_new


def words_of(posting: Posting) -> str:
    """How it stands, for people: its kind, its number, and where it is."""
    transaction = posting.transaction
    amount = f"{transaction.gross:.2f} {transaction.currency}"
    return f"{transaction.get_kind_display().lower()} {transaction.number} over {amount}, which {_standing(posting)}"


def _standing(posting: Posting) -> str:
    if posting.state == State.POSTED:
        number = posting.external_number
        return f"is in the books as {number}" if number else "is in the books"
    return STANDING.get(State(posting.state), "is on its way to the books")
