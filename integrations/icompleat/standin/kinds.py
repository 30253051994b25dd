"""The closed sets of the stand-in: trays, the codes of types and statuses, and the number scheme of each kind."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from integrations.documents import Kind

KINDS: Final = (Kind.PURCHASE_ORDER, Kind.INVOICE, Kind.CREDIT_NOTE, Kind.RECEIPT)
TYPES: Final = {Kind.PURCHASE_ORDER: "ORD", Kind.INVOICE: "INV", Kind.CREDIT_NOTE: "CRD", Kind.RECEIPT: "REC"}
KIND_OF_TYPE: Final = {code: kind for kind, code in TYPES.items()}
# Receipts have no scheme: none is among the vendor's four.
SCHEMES: Final = {Kind.PURCHASE_ORDER: "REQ", Kind.INVOICE: "INV", Kind.CREDIT_NOTE: "CRN"}
APPROVED_ORDERS: Final = "ORD"


class Tray(StrEnum):
    """Where a transaction lies, in the words of iCompleat's own screens. An order in Unprocessed is a draft."""

    AWAITING_APPROVAL = "awaiting_approval"
    POSTING_FAILURES = "posting_failures"
    UNPROCESSED = "unprocessed"
    APPROVED = "approved"
    RECEIPTED = "receipted"
    DENIED = "denied"
    DELETED = "deleted"

    @property
    def label(self) -> str:
        """The tray's heading: `Posting failures`."""
        return self.value.replace("_", " ").capitalize()

    @property
    def status(self) -> str:
        """The status that the API tells of what lies here."""
        return _STATUSES.get(self, "APPR")


_STATUSES: Final = {
    Tray.AWAITING_APPROVAL: "PEND",
    Tray.UNPROCESSED: "SAV",
    Tray.DENIED: "DEN",
    Tray.DELETED: "DEL",
}
STATUSES: Final = frozenset(tray.status for tray in Tray)


def trays_of(status: str) -> tuple[Tray, ...]:
    """All trays whose transactions have this status."""
    return tuple(tray for tray in Tray if tray.status == status)
