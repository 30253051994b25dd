"""The addresses at which a company's transactions come in: what is open, with which tokens, and when it last rang."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import Kind
from portal.connections.keeping import welcome
from portal.connections.models import Connection, Endpoint, EndpointToken
from portal.connections.registry import UnknownIntegration, source
from portal.connections.services import accounting_connection, endpoint_url, open_endpoint
from portal.connections.tokens import issue_token
from portal.intake.models import Delivery

# The first four as iCompleat's own drop-down names them.
WORDS: Final[dict[str, str]] = {
    Kind.PURCHASE_ORDER: "Purchase orders",
    Kind.INVOICE: "Invoices",
    Kind.CREDIT_NOTE: "Credit notes",
    Kind.RECEIPT: "Receipts",
    Kind.SALES_INVOICE: "Sales invoices",
    Kind.SALES_CREDIT_NOTE: "Sales credit notes",
    Kind.PAYMENT: "Payments",
    Kind.REFUND: "Refunds",
    "": "All kinds",
}


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """One address, or the lack of one for a kind. `is_refused`: the accounting system cannot take it, and it is not
    kept."""

    kind: str
    endpoint: Endpoint | None
    live: tuple[EndpointToken, ...] = ()
    last_at: datetime | None = None
    last_delivery: int | None = None
    is_refused: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether it is open and has a token, so that a delivery can come in."""
        return self.endpoint is not None and bool(self.live)

    @property
    def word(self) -> str:
        """The kind as iCompleat lists it."""
        return WORDS.get(self.kind, self.kind)

    @property
    def url(self) -> str:
        """What is entered in iCompleat."""
        return endpoint_url(self.endpoint) if self.endpoint else ""

    @property
    def newest(self) -> str:
        """The key of the newest token: what a form carries, so that sending it twice makes no second one."""
        return str(self.live[-1].pk) if self.live else ""

    @property
    def is_discovering(self) -> bool:
        """Whether a token is accepted in any header."""
        until = self.endpoint.discovery_until if self.endpoint else None
        return until is not None and until > timezone.now()

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that may carry the token."""
        if self.endpoint is None:
            return ()
        return tuple(self.endpoint.token_header_names) or _usual_headers(self.endpoint.connection.integration)


@dataclass(frozen=True, kw_only=True)
class Given:
    """An address with the token that was just made for it, in clear."""

    inbound: Inbound
    token: str


def inbound(connection: Connection | None, accounting: Connection | None) -> list[Inbound]:
    """The open addresses of a source, and the lack of one for each kind that it sends and that the accounting system
    takes or the company keeps, in two queries."""
    if connection is None:
        return []
    found = {each.kind: each for each in map(_inbound, endpoints_of(connection))}
    sent = source(connection.integration).kinds
    wanted = [kind.value for kind in welcome(accounting, sent)]
    missing = [] if "" in found else [kind for kind in wanted if kind not in found]
    every = [found.get(kind) or Inbound(kind=kind, endpoint=None) for kind in WORDS if kind in (*found, *missing)]
    return [replace(each, is_refused=bool(each.kind) and each.kind not in wanted) for each in every]


def open_missing(connection: Connection, *, who: str) -> int:
    """Open an address for each kind that lacks one, and say how many; pressed twice at once, it opens them once."""
    with atomic():
        held = (
            Connection.objects.select_for_update(of=("self",), no_key=True)
            .select_related("company")
            .get(pk=connection.pk)
        )
        missing = [
            Kind(each.kind) for each in inbound(held, accounting_connection(held.company)) if each.endpoint is None
        ]
        for kind in missing:
            open_endpoint(held, who=who, kind=kind)
    return len(missing)


def make_tokens(connection: Connection, *, who: str) -> list[Given]:
    """Open the missing addresses and make a token for each address without one; gives those, in clear, for the one time
    that they are shown. Pressed twice at once, or sent again, it makes them once."""
    with atomic():
        open_missing(connection, who=who)
        every = inbound(connection, accounting_connection(connection.company))
        tokenless = [each for each in every if each.endpoint is not None and not each.live]
        return [
            Given(inbound=each, token=issue_token(each.endpoint, who=who))
            for each in tokenless if each.endpoint is not None
        ]  # fmt: skip


def inbound_of(endpoint: Endpoint) -> Inbound:
    """One address by its row from `endpoints_of`."""
    return _inbound(endpoint)


def endpoints_of(connection: Connection | None) -> QuerySet[Endpoint]:
    """The open endpoints with their tokens and the time of their last delivery."""
    latest = Delivery.objects.filter(endpoint=OuterRef("pk")).order_by("-pk")
    tokens = Prefetch("tokens", queryset=EndpointToken.objects.order_by("pk"))
    rows = Endpoint.objects.filter(connection=connection, is_active=True).select_related("connection__company")
    return rows.prefetch_related(tokens).annotate(
        last_at=Subquery(latest.values("received_at")[:1]), last_delivery=Subquery(latest.values("pk")[:1])
    ).order_by("created_at")  # fmt: skip


def _inbound(endpoint: Endpoint) -> Inbound:
    now = timezone.now()
    live = [token for token in endpoint.tokens.all() if token.retires_at is None or token.retires_at > now]
    return Inbound(
        kind=endpoint.kind, endpoint=endpoint, live=tuple(live),
        last_at=getattr(endpoint, "last_at", None), last_delivery=getattr(endpoint, "last_delivery", None),
    )  # fmt: skip


def _usual_headers(integration: str) -> tuple[str, ...]:
    try:
        return tuple(source(integration).token_headers)
    except UnknownIntegration:
        return ()
