"""Postings that are booked inside our own database transaction: the built-in ledger, and kept memo entries."""

from __future__ import annotations

import json
import traceback
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import Link, System
from integrations.documents import Allocation, Document, IdempotencyKey, Posted
from integrations.errors import IntegrationError, Rejected
from integrations.http import Outbound
from ledger.memo_book import MemoBook
from portal import prepared
from portal.connections.memo import memo_books
from portal.connections.registry import system
from portal.connections.services import system_of
from portal.postings.changes import change
from portal.postings.content import document_of
from portal.postings.models import Attempt, Posting, Purpose, Trigger
from portal.postings.order_first import ASK_AGAIN, has_waited_too_long
from portal.postings.outcome import booked_fields
from portal.postings.settled_first import gave_up, put_off, release, unsettled
from portal.postings.statements import BOOKED
from portal.postings.states import Actor, State
from portal.postings.twins.deciding import decide, is_looked_at, look
from portal.postings.twins.verdicts import Ask, Go, There, Verdict, Wait


def books_inside(posting: Posting) -> bool:
    """Whether this posting needs no call: a kept memo entry, or a connector that books in our own transaction."""
    return posting.kept or system(posting.connection.integration).can.transactional


def connector_for(posting: Posting, outbound: Outbound | None = None) -> System:
    """The connector that this posting goes through."""
    if posting.kept:
        return MemoBook(Link(settings={"books": memo_books(posting.connection)}))
    return system_of(posting.connection, outbound)


def key_of(posting: Posting) -> IdempotencyKey:
    """The posting's idempotency key in its current generation."""
    return IdempotencyKey(str(posting.idempotency_key), posting.generation)


def post_inside(posting: Posting, *, who: Actor) -> None:
    """Book a ready posting now. Call it inside `atomic` with the row locked.

    A refusal rolls back the connector's own writes only: transaction and number stay, the posting is rejected. An error
    of ours holds it for staff. A database that fails raises, and everything is rolled back.
    """
    started_at = timezone.now()
    if (settled := unsettled(posting)) is not None:
        _wait_for(posting, settled, started_at, who)
        return
    try:
        document = document_of(posting)
        with atomic():
            verdict = _looked_for(posting, document)
            posted = _post(posting, document) if isinstance(verdict, Go) else None
    except (OperationalError, InterfaceError):
        raise
    except Rejected as error:
        _close(posting, started_at, error)
        _counted(posting, State.REJECTED, who, error.message, reason_field=error.field, error_class=_name(error))
    except Exception as error:  # noqa: BLE001 - a bug must not lose the document: it is held with its traceback
        _close(posting, started_at, error)
        why = f"An error on our side: {_name(error)}. Staff have the details."
        _counted(posting, State.HELD, who, why, error_class=_name(error), traceback=traceback.format_exc())
    else:
        if posted is None:
            _decided(posting, document, verdict, started_at, who)
            return
        fields = booked_fields(document, posted)
        if not _booked_at_once(posting, started_at, who, fields):
            _close(posting, started_at, posted)
            _counted(posting, State.POSTED, who, "", **fields)
        release(posting)


def _looked_for(posting: Posting, document: Document) -> Verdict:
    """Whether somebody recorded this payment by hand. What it settles stays locked until the transaction ends."""
    if not is_looked_at(posting, document):
        return Go()
    return decide(posting, document, look(posting, connector_for(posting), document))


def _decided(posting: Posting, document: Document, verdict: Verdict, now: datetime, who: Actor) -> None:
    """It is not booked: it is there already, or waits, or a person must say."""
    match verdict:
        case There(posted, why):
            _close(posting, now, posted)
            _counted(posting, State.POSTED, who, why, **booked_fields(document, posted))
            release(posting)
        case Wait(why) if not has_waited_too_long(posting, now):
            same = Posting.objects.filter(pk=posting.pk, state=State.READY)
            same.update(next_attempt_at=now + ASK_AGAIN, reason=why)
        case Wait(why) | Ask(why):
            about = verdict.about if isinstance(verdict, Ask) else ""
            change(posting, State.HELD, who=who, why=why, reason=why, reason_field=about, next_attempt_at=None)


def _wait_for(posting: Posting, settled: Allocation, now: datetime, who: Actor) -> None:
    """It stays ready and is due again; after a day a person must look."""
    if has_waited_too_long(posting, now):
        why = gave_up(posting, settled)
        change(posting, State.HELD, who=who, why=why, reason=why, next_attempt_at=None)
    else:
        put_off(posting, settled, now + ASK_AGAIN)


def _post(posting: Posting, document: Document) -> Posted:
    result = connector_for(posting).post(document, key=key_of(posting), reference=posting.transaction.number)
    if not isinstance(result, Posted):
        raise TypeError("A connector that books inside our own transaction cannot answer that it books later.")
    return result


def _booked_at_once(posting: Posting, started_at: datetime, who: Actor, fields: dict[str, Any]) -> bool:
    """In one statement on PostgreSQL, where nobody asked for this attempt. False: nothing was written."""
    if not prepared.can_run() or posting.asked_by_id:
        return False
    values = {
        **{name: fields[name] for name in ("external_id", "external_number", "posted_at")},
        **{name: json.dumps(fields[name]) for name in ("booked", "differences")},
        "posting_id": posting.pk,
        "started_at": started_at,
        "who": who.value,
    }
    row = prepared.run(BOOKED, values)
    if row is None:
        return False
    counted = {"attempt_count": row[0], "attempts_made": posting.attempts_made + 1, "next_attempt_at": None}
    for name, value in {**fields, **counted, "state": State.POSTED, "reason": ""}.items():
        setattr(posting, name, value)
    return True


def _counted(posting: Posting, after: State, who: Actor, reason: str, **fields: Any) -> None:
    change(
        posting, after, who=who, why=reason, user=posting.asked_by, reason=reason,
        attempts_made=posting.attempts_made + 1, attempt_count=posting.attempt_count + 1,
        asked_by=None, next_attempt_at=None, **fields,
    )  # fmt: skip


def _close(posting: Posting, started_at: datetime, result: Posted | Exception) -> None:
    refused = isinstance(result, IntegrationError)
    Attempt.objects.create(
        posting=posting,
        number=posting.attempt_count + 1,
        purpose=Purpose.SEND,
        trigger=Trigger.MANUAL if posting.asked_by_id else Trigger.AUTOMATIC,
        user_id=posting.asked_by_id,
        started_at=started_at,
        ended_at=timezone.now(),
        outcome=_name(result),
        message=str(result) if refused else "",
    )


def _name(result: object) -> str:
    return type(result).__name__
