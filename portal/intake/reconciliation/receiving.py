"""Receive now what a source has approved and never sent: read back, kept raw, and taken the way of every delivery.

Only its answer is left out, since nobody has asked: no number counts as told, and nothing is withdrawn for a wait that
took too long. Should the webhook come after all, it is the same transaction again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.db import InterfaceError, OperationalError
from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import Source
from integrations.documents import Document
from integrations.errors import IntegrationError, Unauthorised
from integrations.http import nothing
from portal import context
from portal.connections.registry import source
from portal.connections.services import deauthorise
from portal.intake import deliveries, endpoints
from portal.intake.answering import VERDICTS, Ring, waking
from portal.intake.deliveries import Judgement
from portal.intake.endpoints import OpenEndpoint
from portal.intake.models import Origin, Verdict
from portal.intake.receive import FAILED, CannotAccept, understood
from portal.intake.reconciliation.asking import PAGE_PATIENCE_SECONDS, opened
from portal.intake.reconciliation.findings import close
from portal.intake.reconciliation.models import SourceDifference
from portal.intake.reconciliation.ours import endpoint_for
from portal.postings.accept import Acceptance, Taken, accept
from portal.postings.destination import Destination
from portal.postings.models import Transaction
from portal.postings.reconciliation.models import DifferenceState
from portal.postings.repair import CannotRepair
from portal.postings.states import State

LARGEST: Final = 2 * 1024 * 1024
NO_ENDPOINT: Final = "No endpoint of {connection} takes this kind. Open one first."
TOO_LARGE: Final = "The source tells it in more than 2 MB, which no delivery may have. Nothing was booked."
ANOTHER: Final = "The source was asked for {wanted} and told {told}. Nothing was booked."
SENTENCES: Final = {
    Taken.NEW: "Received as {number}.",
    Taken.REPEATED: "It had come in meanwhile, as {number}.",
    Taken.REVISED: "It had come in meanwhile, as {number}; the source’s content of now counts, nothing had been sent.",
    Taken.CONTESTED: "It had come in meanwhile, as {number}, with other content. Nothing was changed; look at it.",
}


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was read back, and the delivery that keeps it."""

    difference: SourceDifference
    endpoint: OpenEndpoint
    delivery_id: int
    body: bytes


def receive_now(difference: SourceDifference, *, user: AbstractBaseUser, why: str, ring: Ring) -> str:
    """Read it back, take it in, resolve the difference; gives a sentence. `ring` nudges a worker after the commit.

    Raises `CannotRepair` when it could not be read, or cannot be booked: then the difference stays open, and its
    delivery keeps the reason. Call it outside of any database transaction.
    """
    kept = _read_back(difference)
    with context.bound(company_id=kept.endpoint.company_id, delivery_id=kept.delivery_id):
        try:
            document, destination = _understood(kept)
            acceptance = _taken(kept, document, destination, user, why)
        except CannotAccept as refusal:
            _refused(kept, Judgement(refusal.verdict, refusal.message, refusal.field))
            raise CannotRepair(refusal.message) from refusal
        except (OperationalError, InterfaceError):
            raise  # the database that would keep the verdict is the one that failed
        except Exception as error:
            _refused(kept, Judgement(Verdict.FAILED, FAILED.format(name=type(error).__name__)))
            raise
    if acceptance.state is State.READY:
        waking(ring, kept.endpoint, destination)(acceptance.posting_id)
    return difference.outcome


def _read_back(difference: SourceDifference) -> _Kept:
    connection, now = difference.connection, timezone.now()
    found = endpoint_for(connection, difference.transaction_kind)
    endpoint = endpoints.find(connection.integration, found.pk, now) if found else None
    if endpoint is None:
        raise CannotRepair(NO_ENDPOINT.format(connection=connection))
    body = _fetched(difference)
    return _Kept(difference, endpoint, deliveries.keep(endpoint, now, body, {}, Origin.READ_BACK), body)


def _fetched(difference: SourceDifference) -> bytes:
    connection = difference.connection
    try:
        with opened(connection, nothing, seconds=PAGE_PATIENCE_SECONDS) as asked:
            body = asked.fetch(difference.external_id)
    except Unauthorised as error:
        deauthorise(connection, who="reconciliation", why=error.message)
        raise CannotRepair(error.message) from error
    except IntegrationError as error:
        raise CannotRepair(error.message) from error
    if len(body) > LARGEST:
        raise CannotRepair(TOO_LARGE)
    return body


def _understood(kept: _Kept) -> tuple[Document, Destination]:
    reader: Source = source(kept.difference.connection.integration)
    document, destination = understood(reader, kept.endpoint, kept.body)
    wanted = kept.difference.external_id
    if document.external_id != wanted:
        raise CannotAccept(Verdict.REFUSED, ANOTHER.format(wanted=wanted, told=document.external_id[:100]), "Id")
    return document, destination


def _taken(kept: _Kept, document: Document, destination: Destination, user: AbstractBaseUser, why: str) -> Acceptance:
    """Transaction, verdict and difference are committed together."""
    with atomic():
        acceptance = accept(document, destination, received_at=timezone.now())
        judgement = Judgement(VERDICTS[acceptance.taken], acceptance.reason, transaction_id=acceptance.transaction_id)
        deliveries.judge(kept.delivery_id, judgement)
        number = Transaction.objects.values_list("number", flat=True).get(pk=acceptance.transaction_id)
        outcome = SENTENCES[acceptance.taken].format(number=number)
        what_it_became = {
            "outcome": outcome, "delivery_id": kept.delivery_id, "transaction_id": acceptance.transaction_id,
        }  # fmt: skip
        close(kept.difference, DifferenceState.RESOLVED, f"{outcome} {why}", user, **what_it_became)
        kept.difference.outcome = outcome
    return acceptance


def _refused(kept: _Kept, judgement: Judgement) -> None:
    deliveries.judge(kept.delivery_id, judgement)
    what_it_became = {"outcome": judgement.reason, "delivery_id": kept.delivery_id}
    SourceDifference.objects.filter(pk=kept.difference.pk, state=DifferenceState.OPEN).update(**what_it_became)
