"""How the two connections of a company are: each question is answered by an index, however long the history is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.urls import reverse
from django.utils import timezone

from portal.connections import breaker
from portal.connections.models import AccessGrant, Connection, EndpointToken, Side, Status
from portal.desk.access import ICOMPLEAT, Place
from portal.desk.dashboard.bounded import by_connection, newest_first
from portal.desk.inbound import WORDS
from portal.desk.words import source_name, system_name
from portal.intake.models import Delivery
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.sync.models import SyncRun
from portal.tenants.models import Company

SOON: Final = timedelta(days=14)
TOKENS_SHOWN: Final = 3


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
    """One connection, or the lack of one: what is known of it."""

    name: str
    connection: Connection | None
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
    def there(self) -> str:
        """The company's name over there."""
        return self.connection.external_company_name if self.connection else ""


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """Both connections, and when something last happened.

    `counts` says how many of its postings stand where, by connection, those that were unlinked among them.
    """

    accounting: Health
    source: Health
    counts: dict[UUID, Counter[str]]
    delivery: Delivery | None
    posting: Posting | None
    sync: SyncRun | None
    keys: list[Ending]


def vitals(place: Place) -> Vitals:
    """Everything of it, in seven queries."""
    connections = _connections(place)
    active = [one for one in connections if one.status != Status.UNLINKED]
    accounting = next((one for one in active if one.side == Side.ACCOUNTING), None)
    source = next((one for one in active if one.side == Side.SOURCE and one.integration == ICOMPLEAT), None)
    books = system_name(accounting) if accounting else "Accounting system"
    return Vitals(
        accounting=Health(name=books, connection=accounting, endings=_access(accounting)),
        source=Health(
            name=source_name(ICOMPLEAT),
            connection=source,
            endings=[*_access(source), *_retiring(place.company, source)],
        ),
        counts=by_connection(connections),
        delivery=_last_delivery(place),
        posting=_last_posting(accounting),
        sync=_last_sync(place),
        keys=_api_tokens(place),
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


def _retiring(company: Company, source: Connection | None) -> list[Ending]:
    """Tokens of its addresses that are refused from some day on: after a rotation, or because somebody said so."""
    now = timezone.now()
    rows = EndpointToken.objects.filter(endpoint__connection=source, endpoint__is_active=True)
    rows = rows.filter(retires_at__gt=now).select_related("endpoint").order_by("retires_at", "pk")
    return [
        Ending(
            what=f"Token …{token.hint} for {WORDS.get(token.endpoint.kind, token.endpoint.kind).lower()}",
            at=token.retires_at or now,
            note="iCompleat has to use the newer one by then.",
            needs_you=True,
            url=reverse("desk:endpoint", args=[company.pk, token.endpoint_id]),
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
