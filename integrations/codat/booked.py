"""What Codat tells of a document in the books: its id, its number, its amounts, and whether it is one of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from integrations.codat.kinds import Shape
from integrations.codat.lists import is_deleted
from integrations.codat.values import ZERO, amount, currency, day, text
from integrations.documents import IdempotencyKey, Posted

Row = Mapping[str, Any]

PAYMENTS: Final = "payments"
_KEY: Final = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)


def posted(row: Row, shape: Shape) -> Posted | None:
    """The document in a row of either interface; None for a row without an id.

    Synchronous Bill Pay tells no net amount and no tax of the whole: they are the sums of its own lines.
    """
    external_id = text(row.get("id"))
    if not external_id:
        return None
    net, tax, gross = _amounts(row, shape)
    return Posted(
        external_id=external_id,
        number=number(row, shape),
        supplier_code=_id(row.get(shape.party)),
        net=net,
        tax=tax,
        gross=gross,
        currency=currency(row.get("currency")),
        date=day(row.get(shape.day)),
    )


def number(row: Row, shape: Shape) -> str:
    """What people call it. The reference of a payment may be our mark, of which they know the first part."""
    told = text(row.get(shape.number))
    return _KEY.sub("", told).strip() if shape.data_type == PAYMENTS else told


def carries(row: Row, key: IdempotencyKey, members: Sequence[str] = ("note",)) -> bool:
    """Whether our key stands on a document that is there: in one of these members, or in the description of a line.

    A voided one is there; whoever voided it meant it, and another one would be a second document.
    """
    texts = [*(text(row.get(name)) for name in members), *(text(line.get("description")) for line in _lines(row))]
    return not is_deleted(row) and any(key.value.lower() in one.lower() for one in texts)


def _amounts(row: Row, shape: Shape) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    if shape.data_type == PAYMENTS:
        return _of_payment(row)
    gross, tax = amount(row.get("totalAmount")), amount(row.get(shape.tax))
    gross = _sum(row, "totalAmount") if gross is None else gross
    tax = _sum(row, "taxAmount") if tax is None else tax
    net = amount(row.get("subTotal"))
    if net is None and gross is not None and tax is not None:
        net = gross - tax
    return net, tax, gross


def _of_payment(row: Row) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Money has no tax, and goes back with a minus."""
    total = amount(row.get("totalAmount"))
    return (None, None, None) if total is None else (abs(total), ZERO, abs(total))


def _sum(row: Row, member: str) -> Decimal | None:
    """Over all lines; None where one of them does not tell it."""
    values = [amount(line.get(member)) for line in _lines(row)]
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if known and len(known) == len(values) else None


def _lines(row: Row) -> list[Row]:
    lines = row.get("lineItems")
    return [line for line in lines if isinstance(line, Mapping)] if isinstance(lines, list) else []


def _id(ref: object) -> str | None:
    return text(ref.get("id")) or None if isinstance(ref, Mapping) else None
