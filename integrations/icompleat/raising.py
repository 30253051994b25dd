"""From our document to the body that creates a transaction: pure functions.

Shaped like the detail that was seen, without what iCompleat computes. That creating takes this shape is inferred.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from integrations.documents import Dimension, Document, IdempotencyKey, Kind, Line, Stage
from integrations.errors import Rejected

TYPE_BY_KIND: Final[Mapping[Kind, str]] = {Kind.PURCHASE_ORDER: "ORD", Kind.INVOICE: "INV", Kind.CREDIT_NOTE: "CRD"}
STATUS_BY_STAGE: Final[Mapping[Stage, str]] = {Stage.DRAFT: "SAV", Stage.APPROVED: "APPR"}
_TITLE: Final = "Title"
_MARKED: Final = re.compile(r"\s*\[postroom [0-9a-f]{32}\]\s*\Z", re.IGNORECASE)


def body(document: Document, key: IdempotencyKey, *, key_field: str, layouts: Mapping[str, str]) -> dict[str, Any]:
    """The transaction to create. Our key stands at the end of `key_field`; `layouts` are ids by type.

    Raises `Rejected` for a kind or a stage that cannot be raised.
    """
    type_ = _type(document.kind)
    made: dict[str, Any] = {
        "Type": type_,
        _TITLE: document.title,
        "Status": _status(document.stage),
        "References": _given(Supplier=document.supplier_reference, PurchaseOrder=document.order_number),
        "Dates": _given(
            Invoice=_day(document.date), PaymentDue=_day(document.due_date), Delivery=_day(document.delivery_date)
        ),
        "Supplier": _given(Code=document.party.code, Name=document.party.name),
        "Analysis": list(_analysis(document.dimensions, {"Currency Code": document.currency})),
        "Lines": [_line(line) for line in document.lines],
    }
    # No layouts for credit notes were seen: those of invoices serve them, too.
    if layout := layouts.get(type_) or (layouts.get("INV") if document.kind is Kind.CREDIT_NOTE else None):
        made["LayoutId"] = layout
    made[key_field] = f"{made.get(key_field, '')} {mark(key)}".strip()
    return made


def mark(key: IdempotencyKey) -> str:
    """What ends the text of a transaction that is ours: `[postroom ` and 32 hexadecimal digits of the key."""
    try:
        return f"[postroom {UUID(key.value).hex}]"
    except ValueError:
        return f"[postroom {key.value}]"


def unmarked(text: str) -> str:
    """A text as people wrote it, without the key of a transaction that was raised from here."""
    return _MARKED.sub("", text)


def is_marked(text: object, key: IdempotencyKey) -> bool:
    """Whether a text ends with our key, in any letter case."""
    return isinstance(text, str) and text.rstrip().lower().endswith(mark(key).lower())


def _type(kind: Kind) -> str:
    if kind not in TYPE_BY_KIND:
        raise Rejected(
            f"iCompleat takes no {kind.label.lower()}s. Raise orders, invoices or credit notes.", field="kind"
        )
    return TYPE_BY_KIND[kind]


def _status(stage: Stage) -> str:
    if stage not in STATUS_BY_STAGE:
        raise Rejected(
            "A transaction is raised in iCompleat as a draft or approved. Choose one of them.", field="stage"
        )
    return STATUS_BY_STAGE[stage]


def _line(line: Line) -> dict[str, Any]:
    made: dict[str, Any] = {"Number": line.number, "Code": line.item_code, "Description": line.description}
    if line.quantity is not None:
        made["Quantity"] = line.quantity
    if line.unit_price is not None:
        made["UnitCost"] = _money(line.unit_price)
    coding = {"Account Code": line.account_code, "Tax Code": line.tax_code}
    return made | {
        "Net": _money(line.net),
        "Vat": _money(line.tax),
        "Gross": _money(line.gross),
        "Analysis": list(_analysis(line.dimensions, coding)),
    }


def _analysis(dimensions: Iterable[Dimension], coding: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    for name, code in [*coding.items(), *((one.name, one.code) for one in dimensions)]:
        if code:
            yield {"Name": name, "Value": {"Code": code}}


def _money(value: Decimal) -> dict[str, Any]:
    return {"Local": {"Value": value}}


def _day(day: dt.date | None) -> str | None:
    """A business date the way iCompleat writes one."""
    return None if day is None else f"{day.isoformat()}T00:00:00.000Z"


def _given(**members: str | None) -> dict[str, str]:
    return {name: value for name, value in members.items() if value}
