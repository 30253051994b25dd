"""What a document of each kind is called in Codat, and which members of it hold what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integrations.documents import Kind
from integrations.errors import Rejected

Payload = dict[str, Any]
"""A document in the vendor's own shape. Amounts are `Decimal`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One type of data. `number`, `due` and `tax` name its members; `always` are those that the vendor's schema
    requires inside of others, whatever a platform's own model lists. `status` is that of a document in the books."""

    data_type: str
    number: str
    due: str
    tax: str
    status: str
    always: frozenset[str]


_LINES: Final = "lineItems"
# A tracking of the newer form is only sent whole.
_TRACKING: Final = frozenset({f"{_LINES}.tracking.isBilledTo", f"{_LINES}.tracking.isRebilledTo"})

SHAPES: Final[Mapping[Kind, Shape]] = {
    Kind.INVOICE: Shape(
        data_type="bills",
        number="reference",
        due="dueDate",
        tax="taxAmount",
        status="Open",
        always=_TRACKING,
    ),
    Kind.CREDIT_NOTE: Shape(
        data_type="billCreditNotes",
        number="billCreditNoteNumber",
        due="",
        tax="totalTaxAmount",
        status="Submitted",
        always=_TRACKING | {f"{_LINES}.unitAmount", f"{_LINES}.quantity"},
    ),
    Kind.PURCHASE_ORDER: Shape(
        data_type="purchaseOrders",
        number="purchaseOrderNumber",
        due="paymentDueDate",
        tax="totalTaxAmount",
        status="Open",
        always=_TRACKING,
    ),
}


def shape(kind: Kind) -> Shape:
    """Raises `Rejected` for a kind that Codat has no place for."""
    known = SHAPES.get(kind)
    if known is None:
        raise Rejected(f"Codat takes no {kind.label.lower()}s from this portal.", field="kind")
    return known
