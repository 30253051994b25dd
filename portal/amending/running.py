"""Look at both sides of one posted sales invoice, and write what one of them changed into the other."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.db import Error as DatabaseError
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.amendments import Amended
from integrations.errors import IntegrationError, LeaseLost, OutcomeUnknown, Retryable, Unauthorised
from integrations.http import Outbound
from portal import context
from portal.amending.leases import CALL_SECONDS, PATIENCE_SECONDS, Lease, take
from portal.amending.models import AmendmentDuty, DutyState, KnownTerms, Member
from portal.amending.noticing import open_duties
from portal.amending.plans import Sides, learn, plan
from portal.amending.sides import AtSource, Books, amendable_postings, said_by_books, said_by_source, source_connection
from portal.connections import breaker
from portal.connections.models import Connection, Status
from portal.connections.paced import paced
from portal.connections.services import deauthorise
from portal.postings.attachments.schedule import delay_after, free_delay

logger = logging.getLogger(__name__)

WHO: Final = "amendments"
RESTS: Final = "{connection} is not in use now. It goes on when it is."
RESTS_FOR: Final = timedelta(minutes=10)
UNLINKED: Final = "One of the two connections was unlinked: make the change by hand."
NO_FIELD: Final = "The settings name no field for the posted number any more."
GAVE_UP: Final = "It was tried for a week without success. The last reason: {reason}"
DIED: Final = "Each worker that tried it ended in the middle."
BUG: Final = "An error on our side: {name}. The log has the details."
# Not the amendment's fault: it may be tried again as it is.
PASSING: Final = (LeaseLost, Retryable, OutcomeUnknown, Unauthorised)


def perform(posting_id: int) -> bool:
    """Do what one invoice needs, if it is due. Safe to call at any time, by anybody, outside of any transaction. False
    when there was nothing to do."""
    lease = take(posting_id, timezone.now())
    if lease is None:
        return False
    if delay_after(lease.known.tries) is None:
        _refuse_all(lease, DIED)
        return True
    posting = amendable_postings().get(pk=posting_id)
    with context.bound(posting_id=posting_id, company_id=posting.connection.company_id):
        source = source_connection(posting)
        if source is None or posting.connection.status == Status.UNLINKED:
            _refuse_all(lease, UNLINKED)
            return True
        _go(lease, Sides(Books(posting), AtSource(posting, source)))
    return True


def _go(lease: Lease, sides: Sides) -> None:
    """Each end writes what became of it, and lets go."""
    try:
        _work(lease, sides)
    except DatabaseError:  # how it went cannot be written: it is due again when its lease runs out
        raise
    except LeaseLost as error:
        logger.warning("stale_lease: %s", error.message)
    except IntegrationError as error:
        _broke_off(lease, error)
    except Exception as error:
        logger.exception("An amendment ended with an error of ours.")
        _failed(lease, BUG.format(name=type(error).__name__), type(error).__name__)
    else:
        lease.end(None, 0)


def _work(lease: Lease, sides: Sides) -> None:
    now = timezone.now()
    for connection in (sides.source.connection, sides.posting.connection):
        if not _in_use(connection, now):
            raise Retryable(RESTS.format(connection=connection), free=True, retry_after=RESTS_FOR.total_seconds())
    number = _number_due(lease, sides)
    if open_duties(lease.known.pk).exclude(member=Member.POSTED_NUMBER).exists():
        _match(lease, sides)
    if number is not None:
        _tell_number(lease, sides, number)


def _in_use(connection: Connection, now: datetime) -> bool:
    return connection.status == Status.LINKED and not connection.paused and not breaker.is_open(connection, now)


# --- order number and due date ---------------------------------------------------------------------------------------


def _match(lease: Lease, sides: Sides) -> None:
    """Both sides are asked right before anything is written; what they keep of it they tell at the next look."""
    at_source, told = _source_now(lease, sides), _books_now(lease, sides)
    made = plan(lease, sides, at_source, said_by_books(told, lease.known))
    failure: IntegrationError | None = None
    for connection, duties in ((sides.posting.connection, made.to_books), (sides.source.connection, made.to_source)):
        try:
            _write(lease, sides, connection, duties, told)
        except PASSING as error:
            failure = error
        except IntegrationError as error:
            _refused(lease, duties, error)
    if failure is not None:
        raise failure


def _write(
    lease: Lease, sides: Sides, connection: Connection, duties: Mapping[str, AmendmentDuty], told: Amended | None
) -> None:
    if not duties:
        return
    values = {member: duty.after for member, duty in duties.items()}
    with _asking(lease, connection) as outbound:
        if connection == sides.posting.connection:
            sides.books.write(outbound, values, told)
        else:
            sides.source.write(outbound, values)
    with atomic():
        lease.hold()
        known = KnownTerms.objects.select_for_update().get(pk=lease.known.pk)
        for member, duty in duties.items():
            learn(known, member, at_source=duty.after, in_books=duty.after)
            _end(duty, DutyState.DONE, "")
        known.save(update_fields=["at_source", "in_books"])


def _source_now(lease: Lease, sides: Sides) -> dict[str, str]:
    with _asking(lease, sides.source.connection) as outbound:
        return said_by_source(sides.source.now(outbound))


def _books_now(lease: Lease, sides: Sides) -> Amended | None:
    """None where they do not tell."""
    if not sides.books.tells:
        return None
    with _asking(lease, sides.posting.connection) as outbound:
        return sides.books.now(outbound)


# --- the posted number -----------------------------------------------------------------------------------------------


def _number_due(lease: Lease, sides: Sides) -> AmendmentDuty | None:
    duty = open_duties(lease.known.pk).filter(member=Member.POSTED_NUMBER, state=DutyState.DUE).first()
    if duty is None or sides.source.takes(Member.POSTED_NUMBER, duty.after):
        return duty
    _end(duty, DutyState.NOT_NEEDED, NO_FIELD)
    return None


def _tell_number(lease: Lease, sides: Sides, duty: AmendmentDuty) -> None:
    try:
        with _asking(lease, sides.source.connection) as outbound:
            sides.source.write(outbound, {duty.member: duty.after})
    except PASSING:
        raise
    except IntegrationError as error:
        _refused(lease, {duty.member: duty}, error)
    else:
        with atomic():
            lease.hold()
            _end(duty, DutyState.DONE, "")


# --- the calls, and how they end -------------------------------------------------------------------------------------


@contextmanager
def _asking(lease: Lease, connection: Connection) -> Iterator[Outbound]:
    """The terms of one side's calls: its limits are kept, and a refusal of its credentials says whose it is."""
    with paced(
        connection,
        lease.keep,
        patience_seconds=PATIENCE_SECONDS,
        still_ours=lease.still_ours,
        deadline_seconds=CALL_SECONDS,
    ) as outbound:
        try:
            yield outbound
        except Unauthorised as error:
            deauthorise(connection, who=WHO, why=error.message)
            raise


def _broke_off(lease: Lease, error: IntegrationError) -> None:
    """Repeating an amendment changes nothing more, so an unknown outcome is tried again like a failure."""
    wished = error.retry_after if isinstance(error, Retryable) else None
    if isinstance(error, Unauthorised) or (isinstance(error, Retryable) and error.free):
        _put_off(lease, error.message, type(error).__name__, free_delay(wished), lease.known.tries)
    elif isinstance(error, Retryable | OutcomeUnknown):
        _failed(lease, error.message, type(error).__name__, wished)
    else:
        _refuse_all(lease, error.message, type(error).__name__)


def _failed(lease: Lease, message: str, name: str, wished: float | None = None) -> None:
    """Later by the schedule, or in front of a person."""
    tries = lease.known.tries + 1
    delay = delay_after(tries)
    if delay is None:
        _refuse_all(lease, GAVE_UP.format(reason=message), name)
    else:
        _put_off(lease, message, name, max(delay, timedelta(seconds=wished or 0)), tries)


def _put_off(lease: Lease, message: str, name: str, delay: timedelta, tries: int) -> None:
    _due(lease).update(message=message, error_class=name)
    lease.end(timezone.now() + delay, tries)


def _refuse_all(lease: Lease, message: str, name: str = "") -> None:
    """Not one member, but the invoice: it is not there any more, or nobody can ask."""
    _due(lease).update(state=DutyState.REFUSED, message=message, error_class=name)
    lease.end(None, 0)


def _refused(lease: Lease, duties: Mapping[str, AmendmentDuty], error: IntegrationError) -> None:
    pks = [duty.pk for duty in duties.values()]
    mine = _due(lease).filter(pk__in=pks)
    mine.update(state=DutyState.REFUSED, message=error.message, error_class=type(error).__name__)


def _due(lease: Lease) -> QuerySet[AmendmentDuty]:
    return open_duties(lease.known.pk).filter(state=DutyState.DUE)


def _end(duty: AmendmentDuty, state: DutyState, message: str) -> None:
    """Also one whose place something newer has taken meanwhile: what was written was written."""
    AmendmentDuty.objects.filter(pk=duty.pk).update(
        state=state, message=message, error_class="", ended_at=timezone.now()
    )
