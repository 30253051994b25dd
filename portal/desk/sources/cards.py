"""The sources of this installation as a company sees them: which there are, what is read and written, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.urls import reverse

from integrations.base import Source
from integrations.documents import Kind
from integrations.feeds import FedSource
from integrations.metadata import Metadata
from portal.connections.models import Connection, Side, Status
from portal.connections.registry import sources
from portal.desk.access import ICOMPLEAT
from portal.desk.setting_up.telling import READ

SENT: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.PURCHASE_ORDER: ("Purchase orders", "once they are approved"),
    Kind.INVOICE: ("Purchase invoices", "once they are approved"),
    Kind.CREDIT_NOTE: ("Purchase credit notes", "once they are approved"),
    Kind.RECEIPT: ("Goods received", "when they are booked in"),
    Kind.SALES_INVOICE: ("Sales invoices", "so that what customers owe stands in your books"),
    Kind.SALES_CREDIT_NOTE: ("Sales credit notes", "so that less is owed where something was taken back"),
    Kind.PAYMENT: ("Payments", "so that the invoices that they settle are settled in your books, too"),
    Kind.REFUND: ("Refunds", "so that money that went back is booked"),
}
JOURNAL_NUMBER: Final = ("Journal numbers", "as the answer to each document")
PAYMENTS: Final = (
    "Payments and refunds that were entered in your accounting system",
    "where it tells them and its users may enter them",
)
AMENDMENTS: Final = (
    "Order numbers, due dates and posted numbers of invoices",
    "so that both sides say the same; invoices are never made or deleted there",
)


@dataclass(frozen=True, kw_only=True)
class SourceCard:
    """One source, and the company's connection to it, if there is one."""

    told: Source
    connection: Connection | None
    href: str

    @property
    def metadata(self) -> Metadata:
        """Its names."""
        return self.told.metadata

    @property
    def is_fed(self) -> bool:
        """Whether it is read, and its webhooks only hint."""
        return isinstance(self.told, FedSource)

    @property
    def kinds(self) -> list[str]:
        """What it sends, in a word or two each."""
        return [word for word, _ in self.reads]

    @property
    def reads(self) -> list[tuple[str, str]]:
        """What is read from there, and why."""
        return [SENT[kind] for kind in SENT if kind in self.told.kinds]

    @property
    def writes(self) -> list[tuple[str, str]]:
        """What is written there, and why."""
        return list(_written(self.told))


def cards(company_id: object, connections: Iterable[Connection]) -> list[SourceCard]:
    """Every installed source, with the company's active connection to each."""
    linked = {one.integration: one for one in connections}
    return [
        SourceCard(told=told, connection=linked.get(slug), href=source_url(company_id, slug))
        for slug, told in sources().items()
    ]


def source_url(company_id: object, slug: str) -> str:
    """The page of a company's connection to a source."""
    if slug == ICOMPLEAT:
        return reverse("desk:source", args=[company_id])
    return reverse("desk:fed-source", args=[company_id, slug])


def address_url(company_id: object, connection: Connection, endpoint_id: object) -> str:
    """The page of one address of a connection."""
    if connection.integration == ICOMPLEAT:
        return reverse("desk:endpoint", args=[company_id, endpoint_id])
    return source_url(company_id, connection.integration)


def are_several() -> bool:
    """Whether there is anything to choose."""
    return len(sources()) > 1


def sources_word() -> str:
    """The sources that are installed, as a sentence names them: `iCompleat or accessplanit`."""
    return " or ".join(one.metadata.name for one in sources().values())


def kinds_sent_to(company_id: UUID) -> frozenset[Kind]:
    """What the sources send that a company is linked to; as long as there is none, what iCompleat sends."""
    rows = Connection.objects.filter(company_id=company_id, side=Side.SOURCE).exclude(status=Status.UNLINKED)
    linked = [sources()[slug] for slug in rows.values_list("integration", flat=True) if slug in sources()]
    told = linked or [one for slug, one in sources().items() if slug == ICOMPLEAT]
    return frozenset(kind for one in told for kind in one.kinds)


def _written(told: Source) -> Iterator[tuple[str, str]]:
    if not isinstance(told, FedSource):
        yield JOURNAL_NUMBER
    yield from (READ[kind] for kind in READ if kind in told.offers.takes)
    if isinstance(told, FedSource) and Kind.PAYMENT in told.can.kinds:
        yield PAYMENTS
    if isinstance(told, FedSource) and type(told).amend is not FedSource.amend:
        yield AMENDMENTS
