"""The two sides of a posted sales invoice: which connections, what each takes, what each says now, and writing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

from django.db.models import QuerySet

from integrations.amendments import DUE_DATE, ORDER_NUMBER, Amended, Amendment
from integrations.base import Expected
from integrations.documents import Document, Kind, Stage
from integrations.errors import Misconfigured, Missing, NotDue
from integrations.exact import from_json
from integrations.feeds import FedSource
from integrations.http import Outbound
from portal.amending.judging import Pair
from portal.amending.models import KnownTerms
from portal.connections.models import Connection, Side, Status
from portal.connections.registry import sources, system
from portal.connections.services import abilities, connector_of, source_of
from portal.postings.amended import terms
from portal.postings.models import Posting

# Of a posting that somebody marked as posted without a lookup nobody knows the document over there.
BY_HAND: Final = "marked:"
CANCELLED: Final = "It was cancelled at the source."
NO_FEED: Final = "The source has no feed of sales invoices."

Values = dict[str, str]


def name_of(connection: Connection) -> str:
    """What people call the system of a connection."""
    return system(connection.integration).metadata.name


def fed_slugs() -> list[str]:
    """The installed sources that are read."""
    return [slug for slug, one in sources().items() if isinstance(one, FedSource)]


def source_connection(posting: Posting) -> Connection | None:
    """The connection that the invoice came from, in whatever status but Unlinked."""
    transaction = posting.transaction
    rows = Connection.objects.filter(
        company_id=transaction.company_id, side=Side.SOURCE, integration=transaction.source
    ).exclude(status=Status.UNLINKED)
    return rows.select_related("company__tenant").order_by("created_at").first()


def amendable_postings() -> QuerySet[Posting]:
    """Posted sales invoices of sources that are read, with what is needed of their neighbours."""
    rows = Posting.objects.filter(kind=Kind.SALES_INVOICE, transaction__source__in=fed_slugs())
    return rows.select_related("transaction__company", "connection__company__tenant")


@dataclass(frozen=True)
class Books:
    """The accounting system's side."""

    posting: Posting

    @cached_property
    def tells(self) -> bool:
        """Whether it can be asked what stands there."""
        return self._is_known and abilities(self.posting.connection).tells_amendments

    def takes(self, member: str, value: str) -> bool:
        """Whether it can be written there. A due date can be changed, not taken away."""
        can = abilities(self.posting.connection).amends if self._is_known else frozenset[str]()
        return member in can and (member != DUE_DATE or bool(value))

    def now(self, outbound: Outbound) -> Amended:
        """What stands there. Raises as `AccountingSystem.terms_of`."""
        return connector_of(self.posting.connection, outbound).terms_of(self.posting.external_id or "")

    def write(self, outbound: Outbound, values: Mapping[str, str], before: Amended | None) -> None:
        """Raises as `AccountingSystem.amend_posted`."""
        connector = connector_of(self.posting.connection, outbound)
        connector.amend_posted(self.posting.external_id or "", amendment(values), before=before)

    @property
    def _is_known(self) -> bool:
        return not self.posting.kept and not (self.posting.external_id or "").startswith(BY_HAND)


@dataclass(frozen=True)
class AtSource:
    """The source's side."""

    posting: Posting
    connection: Connection

    def takes(self, member: str, value: str) -> bool:
        """Whether it can be written there."""
        return member in self._fed(None).amendable() and (member != DUE_DATE or bool(value))

    def now(self, outbound: Outbound) -> Document:
        """The invoice as it stands there. Raises as `FedSource.head`, and `Missing` where it was cancelled."""
        source, transaction = self._fed(outbound), self.posting.transaction
        feed = next((one.name for one in source.feeds if Kind.SALES_INVOICE in one.kinds), "")
        if not feed:
            raise Misconfigured(NO_FEED)
        expected = Expected(
            company_id=self.connection.external_company_id, base_currency=transaction.company.base_currency
        )
        try:
            document = source.parse(
                from_json(source.whole(source.head(feed, transaction.external_id)).decode()), expected
            )
        except NotDue as error:
            raise Missing(error.message, field=error.field) from error
        if document.stage is Stage.DELETED:
            raise Missing(CANCELLED)
        return document

    def write(self, outbound: Outbound, values: Mapping[str, str]) -> None:
        """Raises as `FedSource.amend`."""
        self._fed(outbound).amend(self.posting.transaction.external_id, amendment(values))

    def _fed(self, outbound: Outbound | None) -> FedSource:
        source = source_of(self.connection, outbound)
        assert isinstance(source, FedSource)  # noqa: S101 - only postings of such sources come here
        return source


def amendment(values: Mapping[str, str]) -> Amendment:
    """From texts, as duties keep them."""
    given: dict[str, Any] = dict(values)
    if DUE_DATE in given:
        given[DUE_DATE] = date.fromisoformat(given[DUE_DATE])
    return Amendment(**given)


def said_by_source(document: Document) -> Values:
    """As texts."""
    return terms(document)


def said_by_books(told: Amended | None, known: KnownTerms) -> Values:
    """As texts; what they do not tell stands as it was known."""
    said = dict(known.in_books)
    if told is not None and told.order_number is not None:
        said[ORDER_NUMBER] = told.order_number
    if told is not None and told.due_date is not None:
        said[DUE_DATE] = told.due_date.isoformat()
    return said


def pair(member: str, at_source: Mapping[str, str], in_books: Mapping[str, str]) -> Pair:
    """Both sides of one member."""
    return Pair(at_source.get(member, ""), in_books.get(member, ""))
