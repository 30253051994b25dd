"""A customer's payment or refund that a person records, and no document brought."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from django.db.transaction import atomic

from integrations import documents
from integrations.documents import Allocation, Document, IdempotencyKey, Kind, Line
from integrations.errors import Rejected
from ledger.models import Books, Customer, Entry
from ledger.models.entries import BY_HAND
from ledger.services.posting import post_document

KINDS: Final = (Kind.PAYMENT, Kind.REFUND)
SOURCE: Final = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """What is recorded, in the books' base currency.

    `kind` is a payment or a refund, `bank_account` the code of the account that the money went to or came from.
    `settles` are entries of the customer with what of the amount goes to each. `mark` makes it once, however often it
    is recorded. `note` is whatever the bank's statement says.
    """

    kind: Kind
    customer: Customer
    bank_account: str
    amount: Decimal
    day: date
    settles: Sequence[tuple[Entry, Decimal]] = ()
    note: str = ""
    mark: uuid.UUID = field(default_factory=uuid.uuid4)

    def document(self, currency: str, who: str) -> Document:
        """As a source would send it."""
        line = Line(
            number=1,
            description=self.note or self.kind.label,
            net=self.amount,
            tax=Decimal(0),
            gross=self.amount,
            account_code=self.bank_account,
        )
        return Document(
            kind=self.kind,
            source=SOURCE,
            external_id=str(self.mark),
            identity=str(self.mark),
            number="",
            party=documents.Customer(code=self.customer.code, name=self.customer.name),
            currency=currency,
            base_currency=currency,
            net=line.net,
            tax=line.tax,
            gross=line.gross,
            lines=(line,),
            title=f"Recorded by {who}",
            date=self.day,
            allocations=tuple(_allocation(entry, amount) for entry, amount in self.settles),
        )


@atomic
def record_payment(books: Books, recorded: ByHand, *, who: str) -> Entry:
    """Book a customer's payment or refund that `who` records; the same mark gives the same entry.

    Raises `Rejected` as `post_document` does, and for a kind that moves no money.
    """
    if recorded.kind not in KINDS:
        raise Rejected(f"By hand only payments and refunds are recorded, not a {recorded.kind.label}.", field="kind")
    document = recorded.document(books.base_currency, who)
    return post_document(books, document, IdempotencyKey(f"{BY_HAND}{recorded.mark}"), "")


def _allocation(entry: Entry, amount: Decimal) -> Allocation:
    return Allocation(
        kind=Kind(entry.document_kind),
        external_id=str(entry.pk),
        amount=amount,
        number=entry.document_number or entry.number,
        posted_as=str(entry.pk),
    )
