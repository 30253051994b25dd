"""What travels between sources and accounting systems: frozen values without behaviour of their own.

Money is `Decimal` in the currency named beside it (ISO 4217, upper case). Dates are business dates without a zone;
instants are aware UTC datetimes. Codes are kept as the source wrote them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The closed set of transaction kinds."""

    PURCHASE_ORDER = "purchase_order"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    RECEIPT = "receipt"
    SALES_INVOICE = "sales_invoice"
    SALES_CREDIT_NOTE = "sales_credit_note"
    PAYMENT = "payment"
    REFUND = "refund"

    @property
    def label(self) -> str:
        """The kind as people read it: `Purchase order`."""
        return self.value.replace("_", " ").capitalize()

    @property
    def is_sale(self) -> bool:
        """Whether its party is a customer."""
        return self in SALES


SALES: Final = frozenset({Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE, Kind.PAYMENT, Kind.REFUND})


class Stage(StrEnum):
    """Where a transaction stands at its source."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    DENIED = "denied"
    DELETED = "deleted"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Whom a document is with. `code` is None where the source does not know the accounting system's code."""

    code: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier(Party):
    """Who is owed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Party):
    """Who owes. What an accounting system may want to know of a new one: empty where the source does not tell.

    `country` is a name or a code, as the source writes it.
    """

    email: str = ""
    address: str = ""
    town: str = ""
    county: str = ""
    postcode: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One analysis value, such as Department = TRN. `name` is the field's name at the source."""

    name: str
    code: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. Amounts are in the document's currency; `gross` is `net + tax` as the source states it.

    `quantity` and `unit_price` may be None: never assume `quantity * unit_price == net`.
    `base_net` and `base_tax` are in the company's base currency, None where the source gave none.
    """

    number: int
    description: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    item_code: str = ""
    external_id: str = ""
    account_code: str | None = None
    tax_code: str | None = None
    base_net: Decimal | None = None
    base_tax: Decimal | None = None
    dimensions: tuple[Dimension, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What a payment or a refund settles: one document of the same source, by its kind and external id (lower case).

    `amount` is positive, in the currency of the document that it belongs to. `number` is the source's number of what is
    settled. `posted_as` is that document's external id in the accounting system: empty until the caller has found it.
    """

    kind: Kind
    external_id: str
    amount: Decimal
    number: str = ""
    posted_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One approved transaction, normalised. Amounts of a credit note are positive; inside it signs are relative.

    `external_id` is the source's id in lower case. `identity` is what makes the transaction unique for ever within
    (company, source, kind): the external id, or for a thing without a number of its own the id and a content hash.
    `number` is the source's own number (INV000123), `order_number` the purchase order's, `supplier_reference` the
    supplier's own document number. Base amounts are in `base_currency`, None where the source gave none. `stage` is
    where it stands, or is to stand: what reaches the books is approved; a draft is only ever raised at a source.

    `party` is a `Supplier` for what is bought and a `Customer` for what is sold. A payment or a refund has positive
    amounts without tax, one line that says where the money went or came from (`account_code` is the bank account, None
    where the source does not tell it; `item_code` the method in the source's word), and `allocations`: what it settles,
    together no more than its gross amount.
    """

    kind: Kind
    source: str
    external_id: str
    identity: str
    number: str
    party: Party
    currency: str
    base_currency: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    lines: tuple[Line, ...]
    base_net: Decimal | None = None
    base_tax: Decimal | None = None
    base_gross: Decimal | None = None
    order_number: str = ""
    supplier_reference: str = ""
    title: str = ""
    date: dt.date | None = None
    due_date: dt.date | None = None
    delivery_date: dt.date | None = None
    created_at: dt.datetime | None = None
    dimensions: tuple[Dimension, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    stage: Stage = Stage.APPROVED

    @property
    def day(self) -> dt.date | None:
        """The date to book on: an order has none of its own, so the day on which it was made stands in (UTC)."""
        if self.date is not None or self.created_at is None:
            return self.date
        return self.created_at.astimezone(dt.UTC).date()


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Our stable key of a posting. `value` stands on the outside system's document and is what a lookup searches;
    `sent` goes into the vendor's idempotency header and changes with the generation."""

    value: str
    generation: int = 1

    @property
    def sent(self) -> str:
        """The key for the vendor's header: a new one per generation."""
        return self.value if self.generation == 1 else f"{self.value}-{self.generation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A document in the books of an outside system.

    `external_id` is never empty; `number` is the system's human number, empty where it has none. Amounts, currency and
    date are what the system says it booked, None where it does not tell.
    """

    external_id: str
    number: str
    supplier_code: str | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    currency: str | None = None
    date: dt.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One document in an outside system's books that carries a key of ours, as a listing tells it.

    `key` is the key's value as it stands there (`IdempotencyKey.value`), `reference` the portal's journal number where
    the listing has it. `kind` is None where the listing cannot tell; so is whatever it does not tell of `posted`.
    """

    key: str
    posted: Posted
    kind: Kind | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A customer's payment or refund as it stands in an outside system's books, whoever wrote it.

    `document` is of that system: `source` is its slug, `external_id` and `number` are its own, and each allocation has
    `posted_as`, the external id over there of what is settled, beside that document's `number`. `key` is the value of
    our key (`IdempotencyKey.value`), empty where it carries none: then it was written over there. `written_at` is aware
    UTC.
    """

    document: Document
    written_at: dt.datetime
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaiting:
    """The outside system took the document and books it later. `operation` is its own key for asking."""

    operation: str
    ask_after_seconds: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """The legal entity behind a connection, for the person who confirms it."""

    external_id: str
    name: str
    base_currency: str
    legal_name: str = ""
    registration: str = ""
