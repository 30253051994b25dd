"""A look at the other side, past the connector, and the way into it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar, Protocol

from integrations.base import AccountingSystem
from integrations.documents import Awaiting, Document, IdempotencyKey, Kind, Posted
from integrations.reference import RecordKind
from tests.samples import KEY, REFERENCE, sample


class Books(Protocol):
    """How a test looks into the other side, and what it does there, past the connector."""

    def count(self) -> int:
        """How many documents there are, of all kinds and in any state."""

    def owed(self, supplier_code: str) -> Decimal:
        """What a supplier is owed, in the company's currency; zero for one that is owed nothing."""

    def plant(self, document: Document, key: str) -> bool:
        """Write a document with this key as a careless sender would; False where no key can be there twice."""

    def forget_keys(self) -> None:
        """Let the system forget all idempotency keys, as vendors do after some hours; the documents stay."""

    def retire(self, kind: RecordKind) -> str | None:
        """Make one more record of this kind, no longer in use, and give its external id; None where none can be so.

        Asked only for the kinds in `can.reads`. It is none that the cases post with.
        """

    def stored(self, kind: Kind, external_id: str, name: str) -> bytes:
        """The content of the one file of this name that is attached to a document; an error unless there is just one.

        Asked only for the kinds in `can.attaches`.
        """


class SalesBooks(Books, Protocol):
    """The same where the system takes sales: asked only for the kinds of sale in `can.kinds`."""

    def due_from(self, customer_code: str) -> Decimal:
        """What a customer owes, in the company's currency; negative where we owe."""

    def pay_by_hand(self, invoice: str, amount: Decimal) -> str:
        """Record a customer's payment for an invoice (its external id), past the connector and without a key of ours,
        and give its external id. Asked only where `can.tells_settlements`."""


class OnBooks:
    """A subclass names its `connector`, and gives the fixtures `system`, linked to empty books in GBP, and `books`.

    The books know the accounts 5010, 7504 and 7506, the tax codes T0 (nothing) and T1 (20 %), and the currencies GBP
    and USD; where it takes sales, the accounts 4000, 4020 and 1200 (the bank), too. Where the system makes no suppliers
    by itself they know Crown Conference Centre (CROWN01) and Metro Telecom, where it makes no customers Harbour
    Logistics (HARB01), and where it converts by rates of its own, or tells them, 1.2010 USD to the pound.
    """

    connector: ClassVar[type[AccountingSystem]]
    refuses: ClassVar[frozenset[str]] = frozenset()
    """Which of the odd amounts (`tests/contract/oddities.py`) this system refuses, by its own rule."""


def book(
    system: AccountingSystem, document: Document, *, key: IdempotencyKey = KEY, reference: str = REFERENCE
) -> Posted:
    """Post, and wait for what a system books later."""
    result = system.post(document, key=key, reference=reference)
    while isinstance(result, Awaiting):
        assert system.can.awaits
        result = system.poll(document, operation=result.operation)
    return result


def another(**changes: Any) -> Document:
    """A second invoice of the same supplier, with numbers and a day of its own: no system may take it for the first."""
    numbers = {"number": "INV000124", "supplier_reference": "SI-48214", "order_number": "ORD000057"}
    identity = "2d1f3c58-5a3e-4a52-9d35-7d7a0f4b7c02"
    day = sample().date
    assert day is not None
    return sample(**{**numbers, "external_id": identity, "identity": identity, "date": day.replace(day=15), **changes})
