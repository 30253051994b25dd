"""What was read from a feed is taken the way of every delivery; only its answer is left out, since nobody has asked.

A record that has been read again meanwhile is not taken as it was before.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Final

from django.db import InterfaceError, OperationalError
from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Document, Kind, Stage
from integrations.errors import Misconfigured, NotDue
from integrations.feeds import FedSource
from portal import context
from portal.amending.noticing import source_says
from portal.connections.services import source_of
from portal.intake import deliveries, endpoints
from portal.intake.answering import VERDICTS, Ring, waking
from portal.intake.deliveries import Judgement
from portal.intake.endpoints import OpenEndpoint
from portal.intake.feeds.models import FedRecord
from portal.intake.feeds.unread import ask_again, ask_for_what_it_settles
from portal.intake.models import Delivery, Origin, Verdict
from portal.intake.receive import FAILED, CannotAccept, understood
from portal.postings.accept import Acceptance, Taken, accept
from portal.postings.another_kind import InTheWay, make_room
from portal.postings.cancelled import Ended, cancel
from portal.postings.destination import Destination
from portal.postings.not_due import no_longer_due
from portal.postings.states import State
from portal.postings.taken_before import Record

logger = logging.getLogger(__name__)

LEFT_AFTER: Final = timedelta(minutes=2)
MOST_LEFT: Final = 500
AGAIN_AFTER: Final = (
    timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1),
)  # fmt: skip
# What is not due yet is read again under the settings of the day, and asked for.
ASKED_AGAIN_AFTER: Final = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
MOST_TRIES: Final = 60
SUPERSEDED: Final = "It was read again before it was taken; what it said then counts."
NO_ENDPOINT: Final = "The address of this connection is closed, so nothing of it is taken."
CANCELLED: Final = {
    Ended.NEVER_TAKEN: "It was cancelled at the source before anything of it was taken.",
    Ended.KNOWN: "It was cancelled at the source, and that is known already.",
    Ended.WITHDRAWN: "It was cancelled at the source before it was sent: nothing is booked.",
    Ended.CONTESTED: "It was cancelled at the source after it was sent. Nothing was changed in the books: raise a "
    "credit note there, or void the posting where it is not booked.",
}


def take(delivery_id: int, ring: Ring) -> None:
    """Judge one kept delivery; one that is judged already stays so. `ring` nudges a worker after the commit."""
    delivery = Delivery.objects.select_related("endpoint__connection__company").filter(pk=delivery_id).first()
    if delivery is None or delivery.verdict != Verdict.RECEIVED:
        return
    connection = delivery.endpoint.connection
    endpoint = endpoints.find(connection.integration, delivery.endpoint_id, timezone.now())
    if endpoint is None:
        _not_taken(delivery, Judgement(Verdict.REFUSED, NO_ENDPOINT))
        return
    with context.bound(company_id=endpoint.company_id, delivery_id=delivery.pk):
        source = source_of(connection)
        assert isinstance(source, FedSource)  # noqa: S101 - only records of such sources come here
        _take(source, endpoint, delivery, ring)


def take_left(now: datetime, ring: Ring) -> int:
    """Those that a worker left behind when it died between keeping and taking them. Returns how many."""
    left = Delivery.objects.filter(
        verdict=Verdict.RECEIVED, origin=Origin.FEED, received_at__lte=now - LEFT_AFTER
    ).order_by("-id")
    found = list(left.values_list("pk", flat=True)[:MOST_LEFT])
    for delivery_id in reversed(found):
        take(delivery_id, ring)
    return len(found)


def take_again(now: datetime, ring: Ring) -> int:
    """What could not be taken and is due again at `now` (aware UTC). Returns how many."""
    due = FedRecord.objects.filter(again_at__lte=now, delivery__isnull=False).order_by("again_at")
    found = list(due.values_list("pk", "delivery_id")[:MOST_LEFT])
    for record_id, delivery_id in found:
        if _reopened(record_id, delivery_id):
            take(delivery_id, ring)
    return len(found)


def _reopened(record_id: int, delivery_id: int) -> bool:
    """Whether it is ours to take: its verdict is open again."""
    with atomic():
        mine = FedRecord.objects.filter(pk=record_id, delivery_id=delivery_id, again_at__isnull=False)
        if not mine.update(again_at=None):
            return False
        kept = Delivery.objects.filter(pk=delivery_id).exclude(body=b"")  # what had its time is forgotten
        return bool(kept.update(verdict=Verdict.RECEIVED))


def _not_taken(delivery: Delivery, judgement: Judgement) -> None:
    """The verdict, and when it is taken again."""
    with atomic():
        deliveries.judge(delivery.pk, judgement)
        if record := _latest(delivery):
            _later(record, AGAIN_AFTER)


def _later(record: FedRecord, waits: tuple[timedelta, ...]) -> None:
    """Taken again after the next of these lengths of time; the last one goes on and on, to an end some day."""
    wait = waits[min(record.tries, len(waits) - 1)]
    record.again_at = timezone.now() + wait if record.tries < MOST_TRIES else None
    record.tries = min(record.tries + 1, MOST_TRIES)
    record.save(update_fields=["again_at", "tries"])


def _take(source: FedSource, endpoint: OpenEndpoint, delivery: Delivery, ring: Ring) -> None:
    try:
        document, destination = understood(source, endpoint, bytes(delivery.body))
        acceptance = _accepted(source, delivery, document, destination)
    except NotDue as reason:
        _not_due(source, delivery, reason)
    except Misconfigured as error:
        _not_taken(delivery, Judgement(Verdict.REFUSED, error.message, error.field))
    except CannotAccept as refusal:
        _not_taken(delivery, Judgement(refusal.verdict, refusal.message, refusal.field))
    except (OperationalError, InterfaceError):
        raise  # the database that would keep the verdict is the one that failed
    except Exception as error:
        logger.exception("A record of a feed could not be taken.")
        _not_taken(delivery, Judgement(Verdict.FAILED, FAILED.format(name=type(error).__name__)))
    else:
        if acceptance is not None and acceptance.state is State.READY:
            waking(ring, endpoint, destination)(acceptance.posting_id)


def _accepted(source: FedSource, delivery: Delivery, document: Document, destination: Destination) -> Acceptance | None:
    """Transaction and verdict are committed together, and only for what the record said last."""
    others = source.other_kinds(document)
    with atomic():
        if _latest(delivery) is None:
            deliveries.judge(delivery.pk, Judgement(Verdict.SUPERSEDED, SUPERSEDED))
            return None
        if document.stage is Stage.DELETED:
            _cancel(delivery, document, others | {document.kind})
            return None
        record = _record(delivery, document.external_id, others)
        if there := make_room(document, record, received_at=delivery.received_at):
            _stays_out(delivery, there)
            return None
        acceptance = accept(document, destination, received_at=delivery.received_at, may_amend=True)
        _amended(delivery, acceptance)
        ask_for_what_it_settles(delivery.endpoint.connection, source, document, timezone.now())
        deliveries.judge(
            delivery.pk,
            Judgement(VERDICTS[acceptance.taken], acceptance.reason, transaction_id=acceptance.transaction_id),
        )
    return acceptance


def _amended(delivery: Delivery, acceptance: Acceptance) -> None:
    """Another order number or due date of what is posted is passed on; of what is being sent it is taken later."""
    if acceptance.taken is Taken.EARLY:
        raise CannotAccept(Verdict.SKIPPED, acceptance.reason)
    if acceptance.before is not None:
        source_says(acceptance.posting_id, acceptance.before, delivery_id=delivery.pk)


def _latest(delivery: Delivery) -> FedRecord | None:
    """The record of which this was read last, locked until the transaction ends; None when it was read again."""
    return FedRecord.objects.select_for_update().filter(delivery=delivery).first()


def _record(delivery: Delivery, external_id: str, kinds: frozenset[Kind]) -> Record:
    connection = delivery.endpoint.connection
    return Record(company_id=delivery.company_id, source=connection.integration, external_id=external_id, kinds=kinds)


def _cancel(delivery: Delivery, document: Document, kinds: frozenset[Kind]) -> None:
    record = _record(delivery, document.external_id, kinds)
    ended, transaction_id = cancel(document, record, received_at=delivery.received_at)
    verdict = Verdict.CONTESTED if ended is Ended.CONTESTED else Verdict.SKIPPED
    deliveries.judge(delivery.pk, Judgement(verdict, CANCELLED[ended], transaction_id=transaction_id))


def _stays_out(delivery: Delivery, there: InTheWay) -> None:
    """Taken again by itself for as long as a person can still make room."""
    judgement = Judgement(Verdict.CONTESTED, there.message, "kind", transaction_id=there.transaction_id)
    if there.may_go:
        _not_taken(delivery, judgement)
    else:
        deliveries.judge(delivery.pk, judgement)


def _not_due(source: FedSource, delivery: Delivery, reason: NotDue) -> None:
    """Nothing to be booked, or not yet: then it is taken again. What was booked before is put before a person."""
    with atomic():
        record = _latest(delivery)
        if record is None:
            deliveries.judge(delivery.pk, Judgement(Verdict.SUPERSEDED, SUPERSEDED))
            return
        deliveries.judge(delivery.pk, _judged_not_due(source, delivery, record, reason))
        if reason.for_good:
            return
        if record.tries:
            ask_again(record, timezone.now())
        _later(record, ASKED_AGAIN_AFTER)


def _judged_not_due(source: FedSource, delivery: Delivery, record: FedRecord, reason: NotDue) -> Judgement:
    kinds = next((feed.kinds for feed in source.feeds if feed.name == record.feed), frozenset[Kind]())
    known = _record(delivery, record.external_id, kinds)
    stays = no_longer_due(known, reason.message, received_at=delivery.received_at)
    if stays is None:
        return Judgement(Verdict.SKIPPED, reason.message, reason.field)
    return Judgement(Verdict.CONTESTED, stays[0], reason.field, transaction_id=stays[1])
