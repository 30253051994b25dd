"""Post through Codat into whatever accounting software is behind it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from integrations.base import AccountingSystem, Link
from integrations.codat import (
    addresses,
    attachments,
    checks,
    coverage,
    endpoints,
    hearing,
    linking,
    records,
    settlements,
    terms,
)
from integrations.codat.billpay import RULES, Synchronous
from integrations.codat.client import Client
from integrations.codat.greeting import greeted
from integrations.codat.kinds import shape
from integrations.codat.pushing import Asynchronous
from integrations.documents import Awaiting, Company, Document, IdempotencyKey, Kind, Posted, Settled
from integrations.errors import Misconfigured, Missing, Rejected
from integrations.hearing import Heard, Hears
from integrations.linking import Arrival, Departure, Token
from integrations.metadata import Abilities, Choice
from integrations.papers import Attachment, File
from integrations.previewing import Objection
from integrations.reference import Record, RecordKind

# Stands in for key and reference where nothing is sent: as long as a real one.
_NO_KEY: Final = IdempotencyKey(str(uuid.UUID(int=0)))
_NO_REFERENCE: Final = "P-000000"


class Codat(AccountingSystem):
    """What is bought and what is sold. Suppliers' invoices go the synchronous way where the platform has it, and
    everything else the asynchronous one, whose outcome is asked for."""

    metadata = terms.METADATA
    can: ClassVar[Abilities] = coverage.MOST
    hears = Hears.AT_THE_INSTALLATION
    chosen_by = ("platform",)
    limits = terms.LIMITS
    app_limits = terms.APP_LIMITS

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._client = Client(link)

    @classmethod
    def can_for(cls, settings: Mapping[str, str], told: Mapping[str, Any]) -> Abilities:
        """What Codat tells of the platform behind a connection; the most that any can, until it has told."""
        return coverage.abilities(told)

    @classmethod
    def is_linked_by_visit(cls, settings: Mapping[str, str]) -> bool:
        """Always: who owns the books agrees at the platform."""
        return True

    def company(self) -> Company:
        """Who is linked. Raises `Unauthorised` where access was given up over there, `Misconfigured`, `Retryable`."""
        self._insist_on_link()
        return greeted(self._client, self.link.told)

    def survey(self) -> Mapping[str, Any]:
        """Platform, features, currency, lock date and status. Raises as `company`."""
        return linking.survey(self.link)

    @classmethod
    def return_address(cls, return_url: str) -> str:
        """With Codat's placeholders, ours among them."""
        return addresses.redirect_url(return_url)

    def depart(self, *, state: str, return_url: str) -> Departure:
        """The company's own link at Codat. Raises as `company`."""
        return linking.depart(self.link, state=state, return_url=return_url)

    def arrive(self, query: Mapping[str, str], *, keep: Mapping[str, str], return_url: str) -> Arrival:
        """What Codat says of the connection now. Raises `Cancelled`, `Rejected`, and as `company`."""
        return linking.arrive(self.link, query, keep=keep)

    @classmethod
    def can_unlink(cls, settings: Mapping[str, str]) -> bool:
        """Always."""
        return True

    def unlink(self, granted: Token | None) -> None:
        """End the connection at Codat; what it has read stays readable there. Raises as `company`, and `Rejected`."""
        linking.unlink(self.link)

    def choices(self) -> tuple[Choice, ...]:
        """The accounting software that is switched on for this installation's account. Raises as `company`."""
        return tuple(map(coverage.choice, filter(lambda one: one.is_enabled, coverage.platforms(self._client))))

    def hear(self, headers: Mapping[str, str], body: bytes) -> Heard:
        """What Codat's webhook says. Raises `Unauthorised` for a wrong signature, `Malformed`."""
        return hearing.hear(self.link, headers, body)

    def calls(self) -> Mapping[str, str]:
        """Every call of the interface that is known here, by name."""
        return {name: one.about for name, one in endpoints.CALLS.items()}

    def call(self, name: str, values: Mapping[str, str], body: object = None) -> str:
        """Carry one of them out. Raises `Missing`, `Misconfigured`, and as `post`."""
        return endpoints.call(self._client, name, values, body)

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted | Awaiting:
        """Send it, once nothing stands against it any more. Raises as the base says."""
        return self._way(document.kind).post(document, key=key, reference=reference)

    def poll(self, document: Document, *, operation: str) -> Posted | Awaiting:
        """What became of a push. Raises `Rejected`, `OutcomeUnknown`, `Retryable`, `Unauthorised`."""
        self._insist_on_link()
        return self._asynchronous.poll(document, operation=operation)

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All documents with our key that Codat can see. A miss proves nothing: see the README.

        Raises `Retryable`, `Unauthorised`, `Misconfigured`.
        """
        try:
            return self._way(document.kind).find(document, key=key)
        except Missing as error:
            raise Misconfigured(f"Codat cannot look the document up: {error.message}", field="platform") from error

    def objections(self, document: Document) -> tuple[Objection, ...]:
        """By codes, push options, currency and lock date. Raises `Retryable`, `Unauthorised`, `Misconfigured`."""
        _, found = self._way(document.kind).draft(document, key=_NO_KEY, reference=_NO_REFERENCE)
        return found

    def settled_since(self, since: datetime) -> Iterator[Settled]:
        """What Codat saw of customers' payments since then. Raises `Retryable` while Codat reads, `Unauthorised`."""
        if not self._abilities.tells_settlements:
            return iter(())
        self._insist_on_link()
        return settlements.settled_since(self._client, checks.books(self.link.told), since)

    def records(self, kind: RecordKind) -> Iterator[Record]:
        """All of a kind, no older than an hour. Raises `Retryable` while Codat reads, `Unauthorised`."""
        if kind not in self._abilities.reads:
            return iter(())
        self._insist_on_link()
        return records.records(self._client, kind)

    def attached(self, kind: Kind, external_id: str) -> tuple[Attachment, ...]:
        """The files of a bill. Raises `Rejected` where there is no such bill, `Retryable`, `Unauthorised`."""
        if kind not in self._abilities.attaches:
            return ()
        return attachments.attached(self._client, self._way(kind), external_id)

    def attach(self, kind: Kind, external_id: str, file: File) -> None:
        """Attach a file to a bill. Raises as the base says."""
        if kind not in self._abilities.attaches:
            raise Rejected(f"{self._platform} takes no files for {kind.label.lower()}s through Codat.")
        attachments.attach(self._client, self._way(kind), self.link.told, external_id, file)

    @property
    def _abilities(self) -> Abilities:
        return self.can_for(self.link.settings, self.link.told)

    @property
    def _platform(self) -> str:
        return str(self.link.told.get("platform_name") or "The accounting software")

    def _way(self, kind: Kind) -> Asynchronous | Synchronous:
        """One strategy for each kind and platform."""
        self._insist_on_link()
        shape(kind)
        if kind not in self._abilities.kinds:
            raise Rejected(f"{self._platform} takes no {kind.label.lower()}s through Codat.", field="kind")
        is_covered, wish = self.link.told.get("platform") in RULES, self.link.settings.get("bills") or terms.AUTO
        if kind is Kind.INVOICE and wish == terms.SYNC and not is_covered:
            message = f"Codat has no synchronous way into {self._platform}. Choose another way for invoices."
            raise Misconfigured(message, field="bills")
        if kind is Kind.INVOICE and wish != terms.ASYNC and is_covered:
            return Synchronous(self._client, self.link.told, self.link.settings)
        return self._asynchronous

    @property
    def _asynchronous(self) -> Asynchronous:
        return Asynchronous(self._client, self.link.told, self.link.settings)

    def _insist_on_link(self) -> None:
        if not (self._client.company and self._client.connection):
            raise Misconfigured("No company is linked in Codat yet. Authorise the connection.", field="platform")
