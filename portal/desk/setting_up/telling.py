"""What people are told of an accounting system before they let us in: what is read, what is written, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from integrations.documents import Kind
from integrations.metadata import Abilities
from integrations.reference import RecordKind
from portal.connections.choosing import Card

READ: Final[Mapping[RecordKind, tuple[str, str]]] = {
    RecordKind.SUPPLIER: ("Suppliers", "so that buyers choose from yours, and a document finds its supplier"),
    RecordKind.ACCOUNT: ("Account codes", "so that each line is coded to an account that you have"),
    RecordKind.TAX: ("Tax codes", "so that tax is booked under the code that you use"),
    RecordKind.CURRENCY: ("Currencies", "so that amounts are in a currency that your books know"),
    RecordKind.DELIVERY_SITE: ("Delivery sites", "so that orders name a place that you deliver to"),
    RecordKind.DIMENSION: ("Departments, projects and the like", "so that costs are analysed as you do it"),
}
WRITTEN: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.PURCHASE_ORDER: ("Purchase orders", "once they are approved"),
    Kind.INVOICE: ("Invoices", "once they are approved; the journal number goes back"),
    Kind.CREDIT_NOTE: ("Credit notes", "once they are approved; the journal number goes back"),
    Kind.RECEIPT: ("Goods received", "when they are booked in"),
}
ATTACHMENTS: Final = "Attachments"
WHO_IT_IS: Final = ("Name and currency of the company", "so that you can see that the right books are linked")


@dataclass(frozen=True, slots=True)
class Taken:
    """One kind of thing, and whether the system takes it."""

    word: str
    is_taken: bool


def is_read(can: Abilities) -> list[tuple[str, str]]:
    """What is read, and why."""
    return [WHO_IT_IS, *(READ[kind] for kind in READ if kind in can.reads)]


def is_written(can: Abilities) -> list[tuple[str, str]]:
    """What is written, and when."""
    found = [WRITTEN[kind] for kind in WRITTEN if kind in can.kinds]
    papers = [(ATTACHMENTS, "the papers that belong to a document")] if can.attaches else []
    return found + papers


def takes(can: Abilities) -> list[Taken]:
    """Orders, invoices, credit notes, receipts and attachments, each with whether it is taken."""
    return [
        *(Taken(WRITTEN[kind][0], kind in can.kinds) for kind in WRITTEN),
        Taken(ATTACHMENTS, bool(can.attaches)),
    ]


@dataclass(frozen=True, slots=True)
class Shown:
    """A card with all that is said of it."""

    card: Card

    @property
    def reads(self) -> list[tuple[str, str]]:
        """What is read, and why."""
        return is_read(self.card.can)

    @property
    def writes(self) -> list[tuple[str, str]]:
        """What is written, and when."""
        return is_written(self.card.can)

    @property
    def takes(self) -> list[Taken]:
        """What it takes, and what it does not."""
        return takes(self.card.can)
