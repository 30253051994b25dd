"""What is sold to what Demo Books understands, and customers' payments back. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from integrations.demo import mapping
from integrations.documents import Allocation, Customer, Document, IdempotencyKey, Kind, Line, Party, Settled
from integrations.errors import Rejected, Retryable

_MONEY: Final = frozenset({Kind.PAYMENT, Kind.REFUND})
_DETAILS: Final = ("email", "address", "town", "county", "postcode", "country")
_ZERO: Final = Decimal("0.00")


def payload(document: Document, *, key: IdempotencyKey, reference: str) -> dict[str, Any]:
    """The body of a post of what was sold, paid or paid back. All amounts are positive.

    Raises `Misconfigured` for a line without account or (but for money) tax code, `Rejected` for a foreign document
    without base amounts, and for one that settles what is not in the books.
    """
    return {
        **mapping.head(document, key, reference),
        "customer": _customer(document.party),
        "allocations": [_allocation(one, place) for place, one in enumerate(document.allocations)],
        "lines": mapping.lines(document, has_tax=document.kind not in _MONEY),
    }


def _customer(party: Party) -> dict[str, Any]:
    """Code, name, and what else is told of a new one."""
    return {"code": party.code, "name": party.name, **{one: getattr(party, one, "") for one in _DETAILS}}


def _allocation(one: Allocation, place: int) -> dict[str, Any]:
    if not one.posted_as:
        what = f"{one.kind.label} {one.number or one.external_id}"
        raise Rejected(f"{what} is not in Demo Books yet.", field=f"allocations[{place}]")
    return {"document_id": one.posted_as, "amount": one.amount}


def settled(answer: Mapping[str, Any], base_currency: str) -> Settled:
    """A payment or a refund as Demo Books tells it; its id is known to be there. Raises `Retryable` for one that is
    unreadable: nothing may be taken as the whole then."""
    kind, written_at = mapping.KINDS.get(str(answer.get("kind"))), _instant(answer.get("booked_at"))
    if kind not in _MONEY or written_at is None:
        raise Retryable(f"Demo Books tells a payment {answer['id']} that cannot be read. It will be tried again.")
    key = mapping.word(answer.get("external_key")) or ""
    return Settled(document=_document(answer, kind, written_at, base_currency), written_at=written_at, key=key)


def _document(answer: Mapping[str, Any], kind: Kind, written_at: datetime, base_currency: str) -> Document:
    gross, base = mapping.amount(answer.get("gross")) or _ZERO, answer.get("base")
    base_gross = mapping.amount(base.get("gross")) if isinstance(base, Mapping) else gross
    return Document(
        kind=kind,
        source="demo",
        external_id=answer["id"],
        identity=answer["id"],
        number=mapping.word(answer.get("number")) or "",
        party=_party(answer.get("customer")),
        currency=mapping.word(answer.get("currency")) or base_currency,
        base_currency=base_currency,
        net=gross,
        tax=_ZERO,
        gross=gross,
        base_net=base_gross,
        base_tax=None if base_gross is None else _ZERO,
        base_gross=base_gross,
        lines=tuple(map(_line, _rows(answer.get("lines")))),
        title=mapping.word(answer.get("title")) or "",
        date=mapping.day_of(answer.get("date")),
        created_at=written_at,
        allocations=tuple(map(_told_allocation, _rows(answer.get("allocations")))),
    )


def _party(told: object) -> Customer:
    party = told if isinstance(told, Mapping) else {}
    return Customer(code=mapping.word(party.get("code")), name=mapping.word(party.get("name")) or "")


def _line(row: Mapping[str, Any]) -> Line:
    amount, number = mapping.amount(row.get("net")) or _ZERO, row.get("number")
    return Line(
        number=number if isinstance(number, int) else 1,
        description=mapping.word(row.get("description")) or "",
        net=amount,
        tax=_ZERO,
        gross=amount,
        item_code=mapping.word(row.get("item_code")) or "",
        account_code=mapping.word(row.get("account_code")),
    )


def _told_allocation(row: Mapping[str, Any]) -> Allocation:
    document_id = mapping.word(row.get("document_id")) or ""
    return Allocation(
        kind=mapping.KINDS.get(str(row.get("kind")), Kind.SALES_INVOICE),
        external_id=document_id,
        amount=mapping.amount(row.get("amount")) or _ZERO,
        number=mapping.word(row.get("number")) or "",
        posted_as=document_id,
    )


def _rows(told: object) -> list[Mapping[str, Any]]:
    return [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []


def _instant(told: object) -> datetime | None:
    try:
        return datetime.fromisoformat(told).astimezone(UTC) if isinstance(told, str) else None
    except ValueError:
        return None
