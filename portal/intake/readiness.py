"""What a company needs before its deliveries may be booked: where they go, where they come from, and a way in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db.models import Q
from django.utils import timezone

from portal.connections.models import Connection, EndpointToken, Side, Status
from portal.connections.registry import UnknownIntegration, system
from portal.tenants import living
from portal.tenants.models import Company

NO_SYSTEM: Final = "No accounting system is chosen. Choose one: approved documents are posted into it."
NOT_LINKED: Final = "{system} is {status}. Authorise it, so that documents can be posted there."
NOT_CONFIRMED: Final = "Nobody has confirmed that {system} answers for the right company. Look at it and confirm it."
NO_SOURCE: Final = "iCompleat is not connected. Connect it: approved documents come from there."
SOURCE_LOST: Final = "iCompleat is {status}. Enter its security key again."
NO_ADDRESS: Final = "No address has a token. Open the addresses and make their tokens, then enter both in iCompleat."


def register() -> None:
    """Let `portal.tenants.living` ask this."""
    living.before_going_live("readiness", missing)


def missing(company: Company) -> Iterator[str]:
    """What is missing, in plain sentences; nothing where the company may go live."""
    connections = list(company.connections.exclude(status=Status.UNLINKED).order_by("-created_at"))
    yield from _accounting(next((one for one in connections if one.side == Side.ACCOUNTING), None))
    sources = [one for one in connections if one.side == Side.SOURCE]
    linked = [one for one in sources if one.status == Status.LINKED]
    if not linked:
        yield SOURCE_LOST.format(status=sources[0].get_status_display()) if sources else NO_SOURCE
    elif not has_a_token(linked):
        yield NO_ADDRESS


def has_a_token(sources: list[Connection]) -> bool:
    """Whether an open address of one of these connections has a live token."""
    live = EndpointToken.objects.filter(Q(retires_at__isnull=True) | Q(retires_at__gt=timezone.now()))
    return live.filter(endpoint__connection__in=sources, endpoint__is_active=True).exists()


def _accounting(connection: Connection | None) -> Iterator[str]:
    if connection is None:
        yield NO_SYSTEM
    elif connection.status != Status.LINKED:
        yield NOT_LINKED.format(system=_name(connection), status=connection.get_status_display())
    elif connection.confirmed_at is None:
        yield NOT_CONFIRMED.format(system=_name(connection))


def _name(connection: Connection) -> str:
    try:
        return system(connection.integration).metadata.name
    except UnknownIntegration:
        return connection.integration
