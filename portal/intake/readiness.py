"""What a company needs before its deliveries may be booked: where they go, where they come from, and a way in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db.models import Q
from django.utils import timezone

from integrations.feeds import FedSource
from portal.connections.models import Connection, Endpoint, EndpointToken, Side, Status
from portal.connections.registry import UnknownIntegration, system
from portal.connections.registry import sources as registered
from portal.tenants import living
from portal.tenants.models import Company

NO_SYSTEM: Final = "No accounting system is chosen. Choose one: approved documents are posted into it."
NOT_LINKED: Final = "{system} is {status}. Authorise it, so that documents can be posted there."
NOT_CONFIRMED: Final = "Nobody has confirmed that {system} answers for the right company. Look at it and confirm it."
NO_SOURCE: Final = "No source is connected. Connect {names}: what is to be booked comes from there."
SOURCE_LOST: Final = "{source} is {status}. Enter its credentials again."
NO_ADDRESS: Final = "No address has a token. Open the addresses and make their tokens, then enter both in {source}."
CLOSED: Final = "The address for {source} is closed. Open it: what is read from there has no other place to go."


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
        yield _not_linked(sources)
    elif not (has_a_token(linked) or has_a_place(linked)):
        missing_one = CLOSED if any(map(is_read, linked)) else NO_ADDRESS
        yield missing_one.format(source=_name(linked[0]))


def has_a_token(sources: list[Connection]) -> bool:
    """Whether an open address of one of these connections has a live token."""
    live = EndpointToken.objects.filter(Q(retires_at__isnull=True) | Q(retires_at__gt=timezone.now()))
    return live.filter(endpoint__connection__in=sources, endpoint__is_active=True).exists()


def has_a_place(sources: list[Connection]) -> bool:
    """Whether what is read from one of these has an open address to go to: no token is needed to read a feed."""
    fed = [one.pk for one in sources if is_read(one)]
    return Endpoint.objects.filter(connection__in=fed, is_active=True, kind="").exists()


def is_read(connection: Connection) -> bool:
    """Whether its source is one that is read, and not one that sends."""
    return isinstance(registered().get(connection.integration), FedSource)


def _not_linked(connections: list[Connection]) -> str:
    if connections:
        return SOURCE_LOST.format(source=_name(connections[0]), status=connections[0].get_status_display())
    return NO_SOURCE.format(names=" or ".join(one.metadata.name for one in registered().values()))


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
