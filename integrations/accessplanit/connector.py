"""accessplanit as a source: its webhooks are hints, its feeds tell what was sold and paid, and changes go back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar, Final

from integrations.accessplanit import discovery, heads, hints, mapping, names, settlements, tokens, whole, writing
from integrations.accessplanit.client import Client
from integrations.accessplanit.named import FIELD_NAMES, PARTS
from integrations.accessplanit.names import INVOICE
from integrations.accessplanit.paging import Pages
from integrations.accessplanit.query import Query
from integrations.accessplanit.settings import SETTINGS
from integrations.accessplanit.terms import MOST_REQUESTS, USUAL_REQUESTS, Reading, Terms, number, reading, terms
from integrations.accessplanit.values import SOURCE
from integrations.amendments import POSTED_NUMBER, TERMS, Amendment
from integrations.base import Answer, Expected, Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted, Settled
from integrations.errors import Misconfigured, Rejected
from integrations.feeds import (
    Call,
    FedSource,
    Feed,
    Field,
    FieldName,
    Head,
    HeadPage,
    Part,
    Pointer,
    Wanted,
)  # fmt: skip
from integrations.linking import Token
from integrations.metadata import Abilities, Limits, Metadata

_AN_HOUR: Final = 3600.0
_PAYMENTS: Final = frozenset({Kind.PAYMENT, Kind.REFUND})


class AccessPlanit(FedSource):
    """accessplanit. What is seen and what is inferred stands in the README beside this file."""

    metadata: ClassVar[Metadata] = Metadata(
        slug=SOURCE,
        name="accessplanit",
        summary="Sends invoices, credit notes, payments and refunds of a training company as they are made.",
        monogram="aP",
        settings=SETTINGS,
    )
    can: ClassVar[Abilities] = Abilities(
        kinds=_PAYMENTS,
        lookup=True,
        # How soon a new transaction can be searched is not known.
        lookup_complete=False,
        quiet_seconds=120,
        tells_settlements_of=True,
    )
    uses_tokens: ClassVar[bool] = True
    kinds: ClassVar[frozenset[Kind]] = frozenset(kind for feed in names.FEEDS for kind in feed.kinds)
    feeds: ClassVar[tuple[Feed, ...]] = names.FEEDS
    parts: ClassVar[tuple[Part, ...]] = PARTS
    field_names: ClassVar[tuple[FieldName, ...]] = FIELD_NAMES
    # The vendor counts by endpoint and hour (version 1); we count all endpoints together, which is stricter.
    limits: ClassVar[Limits] = Limits(requests=USUAL_REQUESTS, seconds=_AN_HOUR, at_once=4)
    limit_by: ClassVar[tuple[str, ...]] = ("base_url", "api_key", "username")
    token_headers: ClassVar[tuple[str, ...]] = ("x-webhook-token", "x-api-key", "authorization")
    answer_template: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, link: Link | None = None) -> None:
        super().__init__(link)

    @classmethod
    def limits_for(cls, settings: Mapping[str, str]) -> Limits:
        """As many requests an hour as the settings say, 1 to 100,000; the usual 5,000 where they say no number."""
        return replace(cls.limits, requests=number(settings, "requests_per_hour", MOST_REQUESTS))

    @classmethod
    def can_for(cls, settings: Mapping[str, str], told: Mapping[str, Any]) -> Abilities:
        """Payments are entered where a setting says so, or where the platform's own description does."""
        word = settings.get("write_payments", "").strip().lower()
        writes = word == "yes" or (word != "no" and told.get("takes_payments") is True)
        return replace(cls.can, kinds=_PAYMENTS if writes else frozenset(), lookup=writes, tells_settlements_of=writes)

    @classmethod
    def parts_for(cls, settings: Mapping[str, str]) -> tuple[Part, ...]:
        """Those whose module has a name."""
        try:
            named = names.modules(settings.get("modules", ""))
        except Misconfigured:
            named = names.MODULES
        return tuple(part for part in cls.parts if named[part.name])

    @classmethod
    def found_names(cls, told: Mapping[str, Any]) -> Mapping[str, str]:
        """The moments of the last change that every record has."""
        found = {f"{feed}.updated": discovery.changes_field(told, feed) for feed in names.FEED_NAMES}
        return {key: name for key, name in found.items() if name}

    @classmethod
    def check(cls, settings: Mapping[str, str]) -> None:
        """The way of reading, and the names. Raises `Misconfigured`."""
        reading(settings)
        names.modules(settings.get("modules", ""))

    @cached_property
    def _terms(self) -> Terms:
        return terms(self.link)

    @cached_property
    def _reading(self) -> Reading:
        return reading(self.link.settings)

    @cached_property
    def _client(self) -> Client:
        access = tokens.access(self._terms, self.link.outbound, self.link.access)
        return Client(self._terms, self.link.outbound, access)

    # --- who is linked -----------------------------------------------------------------------------------------------

    def company(self) -> Company:
        """Who is linked: reading one invoice proves address and credentials. A platform tells no name of its own, so
        the address stands for it. Raises as the base says."""
        self._client.rows(INVOICE, Query(top=1))
        where = self._terms.base_url.partition("://")[2].lower()
        return Company(external_id=where, name=where, base_currency="")

    def survey(self) -> Mapping[str, Any]:
        """Which feeds the user sees, and what may be relied on (`discovery.survey`). Raises as `company`."""
        return discovery.survey(self._client)

    @classmethod
    def hidden(cls, told: Mapping[str, Any]) -> Mapping[str, str]:
        """The feeds that the API user does not see, each with one plain sentence."""
        return discovery.hidden(told)

    def obtain(self, previous: Token | None) -> Token:
        """A token for the API user; with an API key that is the key itself. Raises as the base says."""
        return tokens.obtained(self._terms, self.link.outbound, previous)

    # --- deliveries --------------------------------------------------------------------------------------------------

    def hinted(self, call: Call) -> Pointer:
        """What a call hints at. Never raises."""
        try:
            modules = names.modules(self.link.settings.get("modules", ""))
        except Misconfigured:
            modules = names.MODULES
        return hints.pointer(call, modules)

    def parse(self, payload: Mapping[str, Any], expected: Expected) -> Document:
        """Read one record as `whole` gives it, under the settings of the link. Raises `NotDue`, `Malformed`."""
        return mapping.read(payload, self._reading, expected)

    def acknowledge(self, journal_number: str, template: Mapping[str, Any]) -> Answer:
        """200 and the template. What is answered to a webhook is not read, as far as is known."""
        return Answer(200, {name: _filled(value, journal_number) for name, value in template.items()})

    def refuse(self, status: int, message: str) -> Answer:
        """The status, and the sentence for whoever looks at the webhook's instances in accessplanit."""
        return Answer(status, {"message": message})

    # --- feeds -------------------------------------------------------------------------------------------------------

    def page(self, wanted: Wanted) -> HeadPage:
        """One page of a feed, in the order of changes or of making (`tells_changes`). Raises as the base says.

        With `still_open`: the invoices that may be paid or changed yet and those that were cancelled, however old.
        Other feeds have nothing that is open.
        """
        feed = self._known(wanted.feed)
        moment, made = self._moment(feed), self._reading.fields[f"{feed}.made"]
        by_id = discovery.orders_by_id(self.link.told, feed)
        rows, after = Pages(self._client, wanted, moment=moment, made=made, by_id=by_id).read()
        found, unreadable = heads.heads(feed, rows, moment, self._reading.zone, wanted.since)
        return HeadPage(heads=found, after=after, unreadable=unreadable)

    def head(self, feed: str, external_id: str) -> Head:
        """One record, by its id with or without the feed's name in front. Raises as the base says."""
        row = self._client.one(self._known(feed), writing.bare_id(feed, external_id))
        moments = (self._moment(feed), self._reading.fields[f"{feed}.made"])
        return heads.head(feed, row, heads.moment_in(row, moments, self._reading.zone))

    def whole(self, head: Head) -> bytes:
        """A record with its items, or with its links to invoices and their heads. Raises as the base says."""
        self._known(head.feed)
        return whole.body(self._client, head)

    def tells_changes(self, feed: str) -> bool:
        """Where a setting names the moment of changes, or a survey found one that every record has."""
        return bool(self._changes(self._known(feed)))

    def fields(self, part: str) -> Sequence[Field]:
        """What the platform describes of a part's module. Raises as the base says."""
        if part not in names.MODULES:
            raise Misconfigured(f"accessplanit has no records called {part[:40]}.", field="part")
        return discovery.fields(self._client, part)

    def _moment(self, feed: str) -> str:
        return self._changes(feed) or self._reading.fields[f"{feed}.made"]

    def _changes(self, feed: str) -> str:
        return self._reading.fields[f"{feed}.updated"] or discovery.changes_field(self.link.told, feed)

    def _known(self, feed: str) -> str:
        if feed not in names.FEED_NAMES:
            raise Misconfigured(f"accessplanit has no feed {feed[:40]}.", field="feed")
        return feed

    # --- back to accessplanit ----------------------------------------------------------------------------------------

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        """Enter a payment or a refund. Raises as the base says."""
        if document.kind not in self.can_for(self.link.settings, self.link.told).kinds:
            message = f"No {document.kind.label.lower()}s are entered in accessplanit on this connection."
            raise Rejected(message, field="kind")
        return writing.enter(self._client, document, key=key, reference=reference)

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        """All transactions whose reference has our key. Raises as the base says."""
        return writing.ours(self._client, key=key)

    def settlements_of(self, document: Document) -> Sequence[Settled]:
        """The payments and refunds on the invoices of a document that others entered. Raises as the base says."""
        return settlements.of(self._client, document)

    def room_for(self, document: Document) -> Mapping[str, Decimal]:
        """What of those invoices is open, or paid. Raises as the base says."""
        return settlements.room(self._client, document)

    def amendable(self) -> frozenset[str]:
        """Order number and due date; the posted number where a setting names a field for it."""
        has_field = bool(self.link.settings.get("posted_number_field", "").strip())
        return frozenset((*TERMS, POSTED_NUMBER) if has_field else TERMS)

    def amend(self, external_id: str, changes: Amendment) -> None:
        """Change an invoice's order number or due date, or write the posted number into it. Raises as the base says."""
        writing.amend(self._client, external_id, changes)


def _filled(value: Any, journal_number: str) -> Any:
    return value.replace("{journal}", journal_number) if isinstance(value, str) else value
