"""The way of a delivery after it was kept: read it, accept it, answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import Answer, Expected, Source
from integrations.documents import Document, Kind
from integrations.errors import Malformed
from portal import context
from portal.connections.narrowing import takes
from portal.connections.registry import accounting_system
from portal.intake.answering import OnItsWay, Ring, take
from portal.intake.arriving import Arrival
from portal.intake.before_live.keeping import keep
from portal.intake.deliveries import Judgement
from portal.intake.endpoints import OpenEndpoint
from portal.intake.models import Delivery, Verdict
from portal.intake.strict_json import load
from portal.postings.destination import Destination
from portal.tenants.living import is_closed, is_live

Look = Callable[[UUID], None]

NOT_LIVE = "{company} is not live yet, nothing was booked. Retry the posting after go-live."
CLOSED = "{company} is closed, nothing was booked. What it has can still be read in Postroom."
NOT_LINKED = "No accounting system is linked to {company}, nothing was booked. Link one in Postroom, then retry."
NOT_TAKEN = "{system} cannot take a {kind}, nothing was booked. Ask for it to be kept as a memo entry in Postroom."
FAILED = "An error on our side: {name}. The log has the details; nothing was told to the source but that it failed."


class CannotAccept(Exception):
    """This delivery cannot become a transaction. `verdict` says which way, `message` is for the source; `document` is
    what it says, None where that could not be read, or was not."""

    def __init__(self, verdict: Verdict, message: str, field: str = "", document: Document | None = None) -> None:
        super().__init__(message)
        self.verdict, self.message, self.field, self.document = verdict, message, field, document


def receive(source: Source, arrival: Arrival, body: bytes, ring: Ring, look: Look) -> Answer:
    """Take one kept delivery from raw bytes to the answer.

    `ring` nudges a worker, after the commit of what was accepted, and `look` one for a company that is not live yet,
    after the commit of what shall be dry-run; the answer depends on neither.
    """
    endpoint = arrival.endpoint
    delivery = OnItsWay(source, endpoint, arrival.id, arrival.received_at, arrival.started)
    with context.bound(company_id=endpoint.company_id, delivery_id=delivery.id), _judged_if_it_fails(delivery.id):
        try:
            document = _read(source, endpoint, body)
            return take(delivery, document, _destination(endpoint, document.kind), ring)
        except CannotAccept as refusal:
            return _refused(delivery, refusal, look)


def understood(source: Source, endpoint: OpenEndpoint, body: bytes) -> tuple[Document, Destination]:
    """What a body says, and where it goes: as strict for one that was read back as for one that came in.

    Raises `CannotAccept`.
    """
    document = _read(source, endpoint, body)
    return document, _destination(endpoint, document.kind)


@contextmanager
def _judged_if_it_fails(delivery_id: int) -> Iterator[None]:
    """A bug of ours leaves its name with the delivery."""
    try:
        yield
    except (OperationalError, InterfaceError):
        raise  # the database that would keep the verdict is the one that failed
    except Exception as error:
        Delivery.objects.filter(pk=delivery_id).update(
            verdict=Verdict.FAILED, reason=FAILED.format(name=type(error).__name__), answer_status=500
        )
        raise


def _refused(delivery: OnItsWay, refusal: CannotAccept, look: Look) -> Answer:
    """The answer; before go-live, a dry run to be made is kept with it."""
    endpoint, now = delivery.endpoint, timezone.now()
    judgement = Judgement(refusal.verdict, refusal.message, refusal.field)
    answer = delivery.source.refuse(400, refusal.message)
    if is_live(endpoint, now) or is_closed(endpoint, now):
        return delivery.end(judgement, answer)
    with atomic():
        delivery.end(judgement, answer)
        keep(endpoint, delivery.id, refusal.document, refusal.message)
    look(endpoint.company_id)
    return answer


def _read(source: Source, endpoint: OpenEndpoint, body: bytes) -> Document:
    now = timezone.now()
    if is_closed(endpoint, now):
        raise CannotAccept(Verdict.CLOSED, CLOSED.format(company=endpoint.company_name))
    expected = Expected(
        company_id=endpoint.external_company_id,
        base_currency=endpoint.base_currency,
        kind=Kind(endpoint.kind) if endpoint.kind else None,
    )
    try:
        document = source.parse(load(body), expected)
    except Malformed as error:
        raise CannotAccept(Verdict.UNREADABLE, error.message, error.field) from error
    if not is_live(endpoint, now):
        raise CannotAccept(Verdict.NOT_LIVE, NOT_LIVE.format(company=endpoint.company_name), document=document)
    return document


def _destination(endpoint: OpenEndpoint, kind: Kind) -> Destination:
    """Where a document of this kind goes, and whether it is only kept as a memo entry."""
    linked = endpoint.accounting
    if linked is None:
        raise CannotAccept(Verdict.REFUSED, NOT_LINKED.format(company=endpoint.company_name))
    if kind in takes(linked.integration, linked.taken_kinds):
        return Destination(endpoint.company_id, linked.connection_id, linked.integration)
    if kind in linked.kept_kinds:
        return Destination(endpoint.company_id, linked.connection_id, linked.integration, kept=True)
    message = NOT_TAKEN.format(system=accounting_system(linked.integration).metadata.name, kind=kind.label.lower())
    raise CannotAccept(Verdict.REFUSED, message, "Type")
