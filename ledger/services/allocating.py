"""What a payment, a refund or a credit note goes to: read from the document, checked against what is open.

Two documents that settle one entry wait for each other: the entries that are settled are locked, in the order of their
ids, before anybody looks at what is open of them; so is an entry that is reversed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from integrations.documents import Allocation, Document, Kind
from integrations.errors import Rejected
from ledger.fields import ten_thousandths
from ledger.models import Books, Customer, Entry, EntryAllocation, EntryKind
from ledger.services.open_items import SETTLES, Item, items_of
from ledger.services.parties import Party

WORDS: Final = {
    Kind.SALES_INVOICE: "invoice",
    Kind.SALES_CREDIT_NOTE: "credit note",
    Kind.PAYMENT: "payment",
    Kind.REFUND: "refund",
}
LONGEST_ID: Final = 18


def allocated(books: Books, document: Document, party: Party | Callable[[], Party] | None) -> list[EntryAllocation]:
    """The unsaved allocations of a document; what they go to is locked. Call it inside `atomic`.

    Raises `Rejected` for what is not in these books, is of another customer or currency, is no open item of the kind
    that the document may settle, or has less open than the document is to settle of it.
    """
    if not document.allocations:
        return []
    settling = Settling(document, party if isinstance(party, Customer) else None, _named(books, document, lock=True))
    for check in settling.checks():
        check()
    return [
        EntryAllocation(position=position, settled=settling.items[each.posted_as].entry, amount=each.amount)
        for position, each in enumerate(document.allocations, 1)
    ]


def allocation_checks(books: Books, document: Document, party: Party | None) -> Iterator[Callable[[], None]]:
    """What `allocated` checks, one by one and without a lock. Each raises `Rejected`."""
    if document.allocations:
        customer = party if isinstance(party, Customer) else None
        yield from Settling(document, customer, _named(books, document, lock=False)).checks()


def lock_entries(pks: list[int]) -> None:
    """Nobody else settles or reverses these entries until the transaction ends. SQLite's writers take turns."""
    list(Entry.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk").values_list("pk"))


def is_entry_id(text: str) -> bool:
    """Whether a text is the id of an entry as we write it."""
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_ID and str(int(text)) == text


@dataclass(frozen=True, slots=True)
class Settling:
    """A document, its customer (None where one has yet to be made), and the items that it names by their ids."""

    document: Document
    customer: Customer | None
    items: Mapping[str, Item]

    def checks(self) -> Iterator[Callable[[], None]]:
        """Whether the kind may settle at all, then each allocation, then their sum."""
        if self.document.kind not in SETTLES:
            yield self._refuse_kind
            return
        for place in range(len(self.document.allocations)):
            yield partial(self._check, place)
        yield self._check_sum

    def _refuse_kind(self) -> None:
        kind = self.document.kind.label.lower()
        raise Rejected(f"Documents of the kind {kind} settle nothing.", field="allocations")

    def _check(self, place: int) -> None:
        allocation, field = self.document.allocations[place], f"allocations[{place}]"
        self._check_amount(allocation, field)
        item = self._item(allocation, field)
        what, ours = f"{_told(allocation)} ({item.entry.number})", WORDS[self.document.kind]
        if item.entry.kind not in SETTLES[self.document.kind]:
            kind = EntryKind(item.entry.kind).label.lower()
            raise Rejected(f"{what} is an entry of the kind {kind}, which a {ours} does not settle.", field=field)
        if self.customer is None or item.entry.customer_id != self.customer.pk:
            raise Rejected(f"{what} is of {item.entry.party}, but the {ours} is of {self._whose()}.", field=field)
        if item.entry.currency != self.document.currency:
            raise Rejected(
                f"{what} is in {item.entry.currency}, but the {ours} is in {self.document.currency}.", field=field
            )
        self._check_room(place, item, what, ours)

    def _check_amount(self, allocation: Allocation, field: str) -> None:
        what = f"{_told(allocation)} cannot be settled with {allocation.amount} {self.document.currency}"
        try:
            units = ten_thousandths(allocation.amount)
        except ValueError as error:
            raise Rejected(f"{what}. {error}", field=field) from error
        if units <= 0:
            raise Rejected(f"{what}: it is not above zero.", field=field)

    def _item(self, allocation: Allocation, field: str) -> Item:
        if not allocation.posted_as:
            raise Rejected(f"{_told(allocation)} is not in these books yet.", field=field)
        item = self.items.get(allocation.posted_as)
        if item is None:
            raise Rejected(
                f"{_told(allocation)} should be entry {allocation.posted_as}, which these books do not have.",
                field=field,
            )
        if item.is_reversed:
            raise Rejected(f"{_told(allocation)} ({item.entry.number}) was reversed.", field=field)
        return item

    def _check_room(self, place: int, item: Item, what: str, ours: str) -> None:
        """An entry that is named twice has to have enough for both."""
        same = (each for each in self.document.allocations[: place + 1] if each.posted_as == str(item.entry.pk))
        wanted = sum((each.amount for each in same), Decimal(0))
        room, currency = item.room_for(self.document.kind), self.document.currency
        if wanted > room:
            is_back = item.is_taken_back_by(self.document.kind)
            state, verb = ("settled", "takes back") if is_back else ("open", "settles")
            raise Rejected(
                f"Of {what[:1].lower()}{what[1:]} {room} {currency} is {state}, but the {ours} {verb} "
                f"{wanted} {currency} of it.",
                field=f"allocations[{place}]",
            )

    def _check_sum(self) -> None:
        amounts = [each.amount for each in self.document.allocations]
        total = sum((amount for amount in amounts if amount.is_finite()), Decimal(0))
        if total > self.document.gross:
            currency, ours = self.document.currency, WORDS[self.document.kind]
            raise Rejected(
                f"The {ours} is {self.document.gross} {currency}, but {total} {currency} of it are allocated.",
                field="allocations",
            )

    def _whose(self) -> str:
        return str(self.customer or self.document.party.code or self.document.party.name)


def _named(books: Books, document: Document, *, lock: bool) -> dict[str, Item]:
    """The entries of these books that the allocations name, by their ids as text."""
    pks = [int(each.posted_as) for each in document.allocations if is_entry_id(each.posted_as)]
    if lock:
        lock_entries(pks)
    named = Entry.objects.filter(books=books, pk__in=pks).select_related("supplier", "customer")
    return {str(item.entry.pk): item for item in items_of(named)}


def _told(allocation: Allocation) -> str:
    word = WORDS.get(allocation.kind, allocation.kind.label.lower())
    return f"{word.capitalize()} {allocation.number or allocation.external_id}"
