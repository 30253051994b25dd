"""What it takes to end a link or a company: first what it would mean, then the doing, service by service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from portal.connections.access.ending import end
from portal.connections.models import Connection, Endpoint, Side, Status
from portal.desk.access import Place
from portal.desk.fed_ones import is_fed
from portal.desk.sources.cards import source_url
from portal.desk.words import source_name, system_name
from portal.postings.unlinked import AT_ONCE_SECONDS, Waiting, hold_unlinked, waiting
from portal.tenants import living


@dataclass(frozen=True, kw_only=True)
class Link:
    """One connection as the settings show it."""

    connection: Connection

    @property
    def name(self) -> str:
        """What is linked."""
        return source_name(self.connection.integration) if self.is_source else system_name(self.connection)

    @property
    def is_source(self) -> bool:
        """Whether documents come from it."""
        return self.connection.side == Side.SOURCE

    @property
    def is_fed(self) -> bool:
        """Whether it is read by us."""
        return self.is_source and is_fed(self.connection)

    @property
    def url(self) -> str:
        """The page of a source."""
        return source_url(self.connection.company_id, self.connection.integration)

    @property
    def unlink_url(self) -> str:
        """Where it is ended."""
        company, slug = self.connection.company_id, self.connection.integration
        if self.is_fed:
            return reverse("desk:unlink-fed", args=[company, slug])
        return reverse("desk:unlink-source" if self.is_source else "desk:unlink", args=[company])

    @property
    def may_be_linked_again(self) -> bool:
        """Whether it waits to be authorised."""
        return self.connection.status in {Status.BLANK, Status.PENDING_AUTH, Status.DEAUTHORISED}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What the end of a link would mean."""

    link: Link
    left: Waiting
    addresses: int


def links(place: Place) -> list[Link]:
    """What is linked, or on the way to it."""
    rows = connections_of(place).exclude(status=Status.UNLINKED)
    return [Link(connection=one) for one in rows.order_by("side", "created_at")]


def connections_of(place: Place) -> QuerySet[Connection]:
    """Every connection that the company ever had, without its secrets."""
    return Connection.objects.filter(company=place.company).select_related("company").defer("secrets")


def left_behind(place: Place) -> Waiting:
    """What waits for connections that are unlinked."""
    return waiting(connections_of(place).filter(status=Status.UNLINKED))


def ending_of(connection: Connection) -> Ending:
    """What its end would mean."""
    addresses = Endpoint.objects.filter(connection=connection, is_active=True).count()
    left = waiting(Connection.objects.filter(pk=connection.pk))
    return Ending(link=Link(connection=connection), left=left, addresses=addresses)


def hindrances(place: Place) -> tuple[str, ...]:
    """Why the company cannot be closed now, in plain sentences."""
    return living.hinders_closing(place.company)


def close(place: Place, *, user: Any, why: str) -> list[str]:
    """Close a company and end all its links; a second time ends what is linked still.

    Gives what is left to do over there. Raises `living.CannotChange`; then nothing was changed.
    """
    hold_unlinked(connections_of(place), user=user, seconds=AT_ONCE_SECONDS)
    living.close(place.company, who=user.get_username(), why=why)
    active = Connection.objects.filter(company=place.company).exclude(status=Status.UNLINKED)
    reason, rows = f"The company was closed: {why}", active.select_related("company").order_by("created_at")
    # Whoever sends to its addresses is told for some time that it is closed.
    said = [end(one, who=user.get_username(), why=reason, user=user, addresses_stay=True) for one in rows]
    return [sentence for sentence in said if sentence]


def is_closed(place: Place) -> bool:
    """Whether the company is closed."""
    return living.is_closed(place.company, timezone.now())
