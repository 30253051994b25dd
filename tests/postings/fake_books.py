"""An accounting system with a memory of its own that does what a test tells it to: the engine is proven against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from integrations.base import AccountingSystem, Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Posted
from integrations.metadata import Abilities, Metadata


@dataclass
class Books:
    """What the outside system holds, and what it does at its next calls.

    `before_booking` and `after_booking` run around the write and may raise; `at_lookup` runs before a search.
    """

    documents: dict[str, list[Posted]] = field(default_factory=dict)
    sent_keys: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    lookups: int = 0
    before_booking: Callable[[], None] | None = None
    after_booking: Callable[[], None] | None = None
    at_lookup: Callable[[], None] | None = None

    def count(self) -> int:
        """How many documents it holds."""
        return sum(len(found) for found in self.documents.values())

    def book(self, document: Document, key: str) -> Posted:
        """Write one document, as the outside system does."""
        number = self.count() + 1
        posted = Posted(
            external_id=str(number),
            number=f"FAKE-{number}",
            supplier_code=document.party.code,
            net=document.net,
            tax=document.tax,
            gross=document.gross,
            currency=document.currency,
            date=document.date,
        )
        self.documents.setdefault(key, []).append(posted)
        return posted


class FakeBooks(AccountingSystem):
    """The connector to `Books`; a test sets the class attributes through the `books` fixture."""

    metadata = Metadata(slug="fake", name="Fake books", summary="For tests.", monogram="FB")
    can: ClassVar[Abilities] = Abilities(
        kinds=frozenset({Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_ORDER}), lookup_complete=True, quiet_seconds=20
    )
    books: ClassVar[Books] = Books()

    def __init__(self, link: Link) -> None:
        super().__init__(link)

    def company(self) -> Company:
        return Company(external_id="fake", name="Fake Ltd", base_currency="GBP")

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted:
        self.link.outbound.still_ours()
        self.books.sent_keys.append(key.sent)
        self.books.references.append(reference)
        if self.books.before_booking:
            self.books.before_booking()
        posted = self.books.book(document, key.value)
        if self.books.after_booking:
            self.books.after_booking()
        return posted

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        self.books.lookups += 1
        if self.books.at_lookup:
            self.books.at_lookup()
        return tuple(self.books.documents.get(key.value, ()))
