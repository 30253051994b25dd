"""A source with a memory of its own, into which transactions can be raised: the room is proven against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from integrations.base import Answer, Expected, Source
from integrations.documents import Document, IdempotencyKey, Kind, Posted
from integrations.errors import Malformed
from integrations.metadata import Abilities, Metadata, Offers, Setting
from integrations.standing import Standing

SLUG = "fakesource"


@dataclass
class Trays:
    """What the source holds, what it says of it, and what it does at its next calls.

    `after_taking` runs when a transaction is there already and may raise; `standings` gives or raises by external id.
    """

    documents: dict[str, Document] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    standings: dict[str, Standing | Exception] = field(default_factory=dict)
    before_taking: Callable[[], None] | None = None
    after_taking: Callable[[], None] | None = None
    hides: bool = False

    def take(self, document: Document, key: str) -> Posted:
        """Keep one transaction, as the source does: its ids are in upper case here and there."""
        external_id = f"AAAA-{len(self.documents) + 1:04d}"
        self.documents[external_id] = document
        self.keys[key] = external_id
        return self.told(external_id)

    def told(self, external_id: str) -> Posted:
        """One transaction as the source tells it."""
        document = self.documents[external_id]
        return Posted(
            external_id=external_id,
            number=f"REQ{external_id[-4:]}",
            supplier_code=document.party.code,
            net=document.net,
            tax=document.tax,
            gross=document.gross,
            currency=document.currency,
        )


class FakeSource(Source):
    """The connector to `Trays`; the fixture `trays` sets the class attributes."""

    metadata = Metadata(
        slug=SLUG,
        name="Fake source",
        summary="For tests.",
        monogram="FS",
        settings=(
            Setting(key="base_url", label="API base URL"),
            Setting(key="security_key", label="Security key", secret=True),
            Setting(key="raise_transactions", label="Raise transactions", default="no"),
        ),
    )
    can: ClassVar[Abilities] = Abilities(
        kinds=frozenset({Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER}), quiet_seconds=20
    )
    offers: ClassVar[Offers] = Offers(lists=True)
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER, Kind.RECEIPT})
    token_headers: ClassVar[tuple[str, ...]] = ("x-token",)
    answer_template: ClassVar[Mapping[str, Any]] = {"JournalNumber": "{journal}"}
    trays: ClassVar[Trays] = Trays()

    def parse(self, payload: Mapping[str, Any], expected: Expected) -> Document:
        raise Malformed("The fake source delivers nothing by itself.")

    def acknowledge(self, journal_number: str, template: Mapping[str, Any]) -> Answer:
        return Answer(200, {"JournalNumber": journal_number})

    def refuse(self, status: int, message: str) -> Answer:
        return Answer(status, {"ErrorMessage": message})

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        self.link.outbound.still_ours()
        if self.trays.before_taking:
            self.trays.before_taking()
        self.trays.references.append(reference)
        posted = self.trays.take(document, key.value)
        if self.trays.after_taking:
            self.trays.after_taking()
        return posted

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        external_id = self.trays.keys.get(key.value)
        return () if external_id is None or self.trays.hides else (self.trays.told(external_id),)

    def standing(self, external_id: str) -> Standing:
        self.link.outbound.permit()
        self.trays.asked.append(external_id)
        seen = self.trays.standings[external_id]
        if isinstance(seen, Exception):
            raise seen
        return seen
