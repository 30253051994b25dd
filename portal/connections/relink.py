"""Link a connection again after its credentials were mended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from integrations.base import System
from integrations.documents import Company as CompanyThere
from integrations.errors import IntegrationError, Unauthorised
from integrations.http import nothing
from portal.connections.access import grants
from portal.connections.access.linked import Brought, CannotLink, take_over
from portal.connections.access.models import VisitOutcome
from portal.connections.access.visits import is_linked_by_visit
from portal.connections.models import Connection, Side, Status
from portal.connections.paced import paced
from portal.connections.registry import system
from portal.connections.services import system_of
from portal.connections.setup import PATIENCE_SECONDS, is_set_up
from portal.connections.surveying import keep
from portal.events.services import tell

__all__ = ["LINKABLE", "CannotLink", "relink"]

LINKABLE: Final = (Status.BLANK, Status.PENDING_AUTH, Status.DEAUTHORISED)
AUTHORISE_FIRST: Final = "Nobody has authorised {connection} yet. Authorise it: that links it."


@dataclass(frozen=True, slots=True)
class _Answered:
    """Who we are over there, and what the system told of itself; `told` is None where it could not be asked."""

    company: CompanyThere
    told: dict[str, Any] | None = field(default=None)


def relink(connection: Connection, *, who: str, why: str) -> None:
    """Make a connection Linked that is not, unless it was unlinked for good; its postings are found by the sweep.

    The system is asked first who we are there, within its limits, so that wrong credentials are found now: the stored
    ones, not a token that they once gave. Raises `CannotLink`, or what its connector raises, an `IntegrationError`:
    then nothing changed. A source whose own interface is not set up has nothing to ask.
    """
    waiting = Connection.objects.filter(pk=connection.pk, status__in=LINKABLE)
    if not waiting.exists():
        raise CannotLink(f"{connection} is {connection.get_status_display()}: there is nothing to link again.")
    if is_linked_by_visit(connection):
        _as_authorised(connection, who, why)
    elif connection.side == Side.ACCOUNTING or is_set_up(connection):
        if system(connection.integration).uses_tokens:
            grants.forget(connection)
        _link(waiting, connection, _asked(connection), who, why)
    else:
        _link(waiting, connection, None, who, why)


def _as_authorised(connection: Connection, who: str, why: str) -> None:
    """What a person authorised is taken up again, if it is still what it was."""
    if not connection.external_company_id:
        raise CannotLink(AUTHORISE_FIRST.format(connection=connection))
    asked_at, there = timezone.now(), _asked(connection)
    told = connection.told if there.told is None else {**connection.told, **there.told}
    told_at = connection.told_at if there.told is None else asked_at
    brought = Brought(company=there.company, token=None, told=told, told_at=told_at, asked_at=asked_at)
    outcome, message = take_over(connection, brought, who=who, why=why)
    if outcome is not VisitOutcome.LINKED:
        raise CannotLink(message)


def _link(waiting: QuerySet[Connection], connection: Connection, there: _Answered | None, who: str, why: str) -> None:
    now = timezone.now()
    # Whoever links it for the first time here vouches for it; later the company is the one of before.
    confirmed = {} if connection.linked_at else {"confirmed_at": now}
    if not waiting.update(status=Status.LINKED, linked_at=now, **confirmed):
        return
    _tell(connection, who, why)
    if there is not None and there.told is not None:
        keep(connection, there.told, who=who)


def _asked(connection: Connection) -> _Answered:
    with paced(connection, nothing, patience_seconds=PATIENCE_SECONDS) as outbound:
        company = system_of(connection, outbound).company()
        if system(connection.integration).survey is System.survey:
            return _Answered(company)
        try:
            return _Answered(company, dict(system_of(connection, outbound).survey()))
        except Unauthorised:
            raise
        except IntegrationError:
            return _Answered(company)  # it is asked again within a day


def _tell(connection: Connection, who: str, why: str) -> None:
    company = connection.company
    tell(
        "connection.linked_again",
        f"{company} was linked to {connection.integration} again: {why}",
        who=who,
        subject=connection,
        tenant_id=company.tenant_id,
        company_id=company.pk,
    )
