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
    """One type of data. `number`, `due`, `tax` and `day` name its members, `party` the one that says whom it is with,
    and `party_name` what a name is called in that; `always` are those that the vendor's schema requires inside of
    others, whatever a platform's own model lists. `status` is that of a document in the books, `texts` are the members
    beside the lines in which our mark may stand."""

    data_type: str
    number: str
    due: str = ""
    tax: str = ""
    status: str = ""
    always: frozenset[str] = frozenset()
    day: str = "issueDate"
    party: str = "supplierRef"
    party_name: str = "supplierName"
    texts: tuple[str, ...] = ("note",)


_LINES: Final = "lineItems"
# A tracking of the newer form is only sent whole.
_TRACKING: Final = frozenset({f"{_LINES}.tracking.isBilledTo", f"{_LINES}.tracking.isRebilledTo"})

_AMOUNTS: Final = frozenset({f"{_LINES}.unitAmount", f"{_LINES}.quantity"})
_PAYMENT: Final = Shape(
    data_type="payments",
    number="reference",
    day="date",
    party="customerRef",
    party_name="companyName",
    texts=("note", "reference"),
)

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
        tax="totalTaxAmount",
        status="Submitted",
        always=_TRACKING | _AMOUNTS,
    ),
    Kind.PURCHASE_ORDER: Shape(
        data_type="purchaseOrders",
        number="purchaseOrderNumber",
        due="paymentDueDate",
        tax="totalTaxAmount",
        status="Open",
        always=_TRACKING,
    ),
    Kind.SALES_INVOICE: Shape(
        data_type="invoices",
        number="invoiceNumber",
        due="dueDate",
        tax="totalTaxAmount",
        status="Submitted",
        always=_TRACKING | _AMOUNTS,
        party="customerRef",
        party_name="companyName",
    ),
    Kind.SALES_CREDIT_NOTE: Shape(
        data_type="creditNotes",
        number="creditNoteNumber",
        tax="totalTaxAmount",
        status="Submitted",
        always=_TRACKING | _AMOUNTS,
        party="customerRef",
        party_name="companyName",
    ),
    Kind.PAYMENT: _PAYMENT,
    Kind.REFUND: _PAYMENT,
}
MONEY: Final = frozenset({Kind.PAYMENT, Kind.REFUND})
"""The kinds that move money instead of owing it: one type of data, whose total has the sign."""


def shape(kind: Kind) -> Shape:
    """Raises `Rejected` for a kind that Codat has no place for."""
    known = SHAPES.get(kind)
    if known is None:
        raise Rejected(f"Codat takes no {kind.label.lower()}s from this portal.", field="kind")
    return known
