"""How the two connections of a company are: each question is answered by an index, however long the history is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from integrations.feeds import FedSource
from portal.connections import breaker
from portal.connections.models import AccessGrant, Connection, EndpointToken, Side, Status
from portal.connections.registry import sources
from portal.desk.access import ICOMPLEAT, Place
from portal.desk.dashboard.bounded import by_connection, newest_first
from portal.desk.inbound import WORDS
from portal.desk.sources.cards import address_url, are_several, source_url
from portal.desk.sources.progress import FeedProgress, progress_of
from portal.desk.words import source_name, system_name
from portal.intake.models import Delivery
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.sync.models import SyncRun
from portal.tenants.models import Company

SOON: Final = timedelta(days=14)
TOKENS_SHOWN: Final = 3
WHAT_SENDS: Final = "What sends documents"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """A key that runs out, at `at`. Where somebody has to do something, `url` is where; `link` stands on it."""

    what: str
    at: datetime
    note: str
    needs_you: bool = False
    url: str = ""
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class Health:
    """One connection, or the lack of one: what is known of it. `url` is where it is set up, `feeds` what is read."""

    name: str
    connection: Connection | None
    url: str = ""
    feeds: list[FeedProgress] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)

    @property
    def is_paused(self) -> bool:
        """Whether staff have stopped it."""
        return self.connection is not None and self.connection.paused

    @property
    def is_resting(self) -> bool:
        """Whether its breaker is open: calls failed one after another."""
        return self.connection is not None and breaker.is_open(self.connection, timezone.now())

    @property
    def is_linked(self) -> bool:
        """Whether it can be used."""
        return self.connection is not None and self.connection.status == Status.LINKED

    @property
    def key(self) -> str:
        """What tells it from the others of its side."""
        return self.connection.integration if self.connection else "source"

    @property
    def read_at(self) -> datetime | None:
        """When one of its feeds was last read to its end."""
        ended = [each.reader.ended_at for each in self.feeds if each.reader and each.reader.ended_at]
        return max(ended, default=None)

    @property
    def unseen(self) -> list[str]:
        """Which of its feeds are not seen."""
        return [each.label for each in self.feeds if each.follows]

    @property
    def unread(self) -> list[FeedProgress]:
        """Feeds whose latest pass did not end, though they are seen."""
        return [each for each in self.feeds if each.problem and not each.follows]

    @property
    def there(self) -> str:
        """The company's name over there."""
        return self.connection.external_company_name if self.connection else ""


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """All connections, and when something last happened.

    `counts` says how many of its postings stand where, by connection, those that were unlinked among them.
    """

    accounting: Health
    sources: list[Health]
    counts: dict[UUID, Counter[str]]
    delivery: Delivery | None
    posting: Posting | None
    sync: SyncRun | None
    keys: list[Ending]


def vitals(place: Place) -> Vitals:
    """Everything of it, in seven queries, and two more for each source beside the first or that is read."""
    connections = _connections(place)
    active = [one for one in connections if one.status != Status.UNLINKED]
    accounting = next((one for one in active if one.side == Side.ACCOUNTING), None)
    books = system_name(accounting) if accounting else "Accounting system"
    return Vitals(
        accounting=Health(name=books, connection=accounting, endings=_access(accounting)),
        sources=_sources(place, active),
        counts=by_connection(connections),
        delivery=_last_delivery(place),
        posting=_last_posting(accounting),
        sync=_last_sync(place),
        keys=_api_tokens(place),
    )


def _sources(place: Place, active: list[Connection]) -> list[Health]:
    """Each source that is linked; where there is none, the lack of one."""
    linked = {one.integration: one for one in reversed(active) if one.side == Side.SOURCE}
    if linked:
        return [_source(place, one) for one in linked.values()]
    name = WHAT_SENDS if are_several() else source_name(ICOMPLEAT)
    url = reverse("desk:sources" if are_several() else "desk:source", args=[place.company.pk])
    return [Health(name=name, connection=None, url=url)]


def _source(place: Place, connection: Connection) -> Health:
    found = sources().get(connection.integration)
    return Health(
        name=source_name(connection.integration),
        connection=connection,
        url=source_url(place.company.pk, connection.integration),
        feeds=progress_of(connection, found) if isinstance(found, FedSource) else [],
        endings=[*_access(connection), *_retiring(place.company, connection)],
    )


def _connections(place: Place) -> list[Connection]:
    """All there ever were, the newest first, with their access tokens but without any secret."""
    rows = Connection.objects.filter(company=place.company).select_related("grant")
    return list(rows.defer("secrets", "mapping", "grant__secrets").order_by("-created_at"))


def set_up_url(place: Place) -> str:
    """The checklist on which a company is set up and goes live."""
    return reverse("desk:set-up", args=[place.company.pk])


def _last_delivery(place: Place) -> Delivery | None:
    return newest_first(Delivery.objects.only("received_at", "company"), place.company.pk).first()


def _last_posting(connection: Connection | None) -> Posting | None:
    rows = Posting.objects.filter(connection=connection, state=State.POSTED).select_related("transaction")
    rows = rows.only("posted_at", "external_number", "transaction__public_id", "transaction__number")
    return rows.order_by("-posted_at").first()


def _last_sync(place: Place) -> SyncRun | None:
    rows = SyncRun.objects.only("state", "kind", "asked_at", "ended_at", "company")
    return newest_first(rows, place.company.pk).first()


def _access(connection: Connection | None) -> list[Ending]:
    """The access token that we hold for it. It is renewed by whoever needs it next; that is nobody's work."""
    grant: AccessGrant | None = getattr(connection, "grant", None)
    if grant is None or grant.expires_at is None:
        return []
    note = "Renewed by itself." if grant.expires_at > timezone.now() else "Renewed with the next call."
    return [Ending(what="Access token", at=grant.expires_at, note=note)]


def _retiring(company: Company, source: Connection) -> list[Ending]:
    """Tokens of its addresses that are refused from some day on: after a rotation, or because somebody said so."""
    now = timezone.now()
    rows = EndpointToken.objects.filter(endpoint__connection=source, endpoint__is_active=True)
    rows = rows.filter(retires_at__gt=now).select_related("endpoint").order_by("retires_at", "pk")
    return [
        Ending(
            what=f"Token …{token.hint} for {WORDS.get(token.endpoint.kind, token.endpoint.kind).lower()}",
            at=token.retires_at or now,
            note=f"{source_name(source.integration)} has to use the newer one by then.",
            needs_you=True,
            url=address_url(company.pk, source, token.endpoint_id),
            link="Look at it",
        )
        for token in rows[:TOKENS_SHOWN]
    ]


def _api_tokens(place: Place) -> list[Ending]:
    """Tokens of the API that run out within two weeks."""
    now = timezone.now()
    rows = place.company.tenant.api_tokens.filter(revoked_at=None, expires_at__gt=now, expires_at__lt=now + SOON)
    return [
        Ending(
            what=f"API token “{token.name}” …{token.hint}",
            at=token.expires_at or now,
            note="Make a new one and give it to your program.",
            needs_you=True,
            url=reverse("desk:api-tokens", args=[place.company.tenant_id]),
            link="Make one",
        )
        for token in rows.order_by("expires_at", "pk")[:TOKENS_SHOWN]
    ]
