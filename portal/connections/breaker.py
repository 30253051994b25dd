"""The circuit breaker of a connection: after some failures in a row nothing is sent for a while, then one call tries.

Its state stands on the connection's row, where staff see it and every process shares it. Only technical failures count:
no connection, no answer, a 5xx. A refusal or a rate limit is an answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from portal.connections.models import Connection
from portal.events.services import tell

OPENS_AFTER = 5
FIRST_SECONDS = 30
LONGEST_SECONDS = 300


def is_open(connection: Connection, now: datetime) -> bool:
    """Whether nothing may be sent at `now` (aware UTC)."""
    return connection.open_until is not None and connection.open_until > now


def may_try(connection: Connection, now: datetime) -> bool:
    """Whether a call may go out at `now`. Where the breaker was open this takes the one try: nobody else gets it."""
    if connection.open_until is None:
        return True
    if connection.open_until > now:
        return False
    taken = Connection.objects.filter(pk=connection.pk, open_until=connection.open_until).update(
        open_until=now + timedelta(seconds=_open_seconds(connection.failures))
    )
    return bool(taken)


def failed(connection: Connection) -> None:
    """A call failed for a technical reason: count it, and open at the fifth in a row."""
    Connection.objects.filter(pk=connection.pk).update(failures=F("failures") + 1)
    failures = Connection.objects.values_list("failures", flat=True).get(pk=connection.pk)
    if failures < OPENS_AFTER:
        return
    until = timezone.now() + timedelta(seconds=_open_seconds(failures))
    Connection.objects.filter(pk=connection.pk).update(open_until=until)
    if failures == OPENS_AFTER:
        _tell(connection, "connection.breaker_opened", f"{OPENS_AFTER} calls in a row failed: sending pauses.")


def answered(connection: Connection) -> bool:
    """The outside system answered. True when that closed a breaker that was open."""
    if not connection.failures and connection.open_until is None:
        return False
    closed = Connection.objects.filter(pk=connection.pk, open_until__isnull=False).update(failures=0, open_until=None)
    if closed:
        _tell(connection, "connection.breaker_closed", "It answers again: sending goes on.")
        return True
    Connection.objects.filter(pk=connection.pk, failures__gt=0).update(failures=0)
    return False


def _open_seconds(failures: int) -> int:
    """Half a minute, doubled with each further failure, five minutes at most."""
    return int(min(FIRST_SECONDS * 2 ** max(0, failures - OPENS_AFTER), LONGEST_SECONDS))


def _tell(connection: Connection, verb: str, message: str) -> None:
    company = connection.company
    tell(verb, message, who="worker", subject=connection, tenant_id=company.tenant_id, company_id=company.pk)
