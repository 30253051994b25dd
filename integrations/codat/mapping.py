"""A document as Codat takes it: pure functions from ours to the vendor's, for both of its interfaces."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from integrations.codat.codes import Known
from integrations.codat.kinds import Payload, Shape
from integrations.codat.options import LINES, Model
from integrations.codat.values import ONE, ZERO, moment, rate, text, words
from integrations.documents import Document, IdempotencyKey, Kind, Line

_NOTE: Final = "note"
_DESCRIPTION: Final = f"{LINES}.description"
# A description that keeps less than this beside our mark says nothing any more.
_SHORTEST_DESCRIPTION: Final = 10
_NOT_APPLICABLE: Final = "NotApplicable"
# Their numbers are the supplier's; every other document has one of our customer's.
_OF_SUPPLIERS: Final = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE})


def mark(key: IdempotencyKey, reference: str) -> str:
    """What a document of ours is known by, to people and to lookups."""
    return f"{reference} {key.value}"


def pushed(
    document: Document,
    known: Known,
    model: Model,
    shape: Shape,
    *,
    key: IdempotencyKey,
    reference: str,
    base: str,
    due_days: int,
) -> Payload:
    """Everything that a push of this document can carry; the platform's model says what of it goes out.

    `due_days` after its date it is due where it does not say so itself and the platform has to know.

    Our mark stands in the note, or where that is missing, too short or the supplier's, in the first description.
    """
    note, is_marked = _note(document, model, mark(key, reference))
    first = "" if is_marked else _in_description(model, mark(key, reference))
    return {
        shape.number: number(document, reference, model.longest(shape.number)),
        shape.party: party(known, shape),
        "issueDate": issued(document),
        **({shape.due: due(document, due_days if model.requires(shape.due) else None)} if shape.due else {}),
        "expectedDeliveryDate": None if document.delivery_date is None else moment(document.delivery_date),
        "currency": document.currency,
        "currencyRate": pushed_rate(document, model, base),
        LINES: [
            _pushed_line(line, known, model, document, first if place == 0 else "")
            for place, line in enumerate(document.lines)
        ],
        "status": shape.status,
        "subTotal": document.net,
        shape.tax: document.tax,
        "totalAmount": document.gross,
        _NOTE: note,
        **_insisted_on(document, model),
    }


def party(known: Known, shape: Shape) -> Payload:
    """Whom it is with, by id and by the name over there."""
    row = known.party
    name = row.get("supplierName") if shape.party == "supplierRef" else row.get("customerName")
    return {"id": text(row.get("id")) or None, shape.party_name: name}


def issued(document: Document) -> str | None:
    """The day that it is booked on; None where it has none."""
    return None if document.day is None else moment(document.day)


def due(document: Document, days: int | None) -> str | None:
    """When it is to be paid: as it says itself, else so many days after its own day; None where nobody knows."""
    if document.due_date is not None:
        return moment(document.due_date)
    return None if days is None or document.day is None else moment(document.day + timedelta(days=days))


def number(document: Document, reference: str, longest: int | None) -> str:
    """The supplier's own number, or of what our customer wrote its own, cut to what is taken; else the portal's."""
    own = document.supplier_reference if document.kind in _OF_SUPPLIERS else document.number
    return words(own, longest) or words(reference, longest)


def base_rate(document: Document, base: str) -> Decimal | None:
    """Units of the company's currency for one of the document's; None where it is foreign and nobody told.

    `base` is the currency of the books, empty where Codat did not tell it.
    """
    if document.currency == (base or document.base_currency):
        return ONE
    if document.base_gross is None or base not in ("", document.base_currency):
        return None
    return rate(document.gross, document.base_gross)


def quantity_and_price(line: Line) -> tuple[Decimal, Decimal]:
    """What multiplies to the line's net amount: its own two where they do, else one of the whole."""
    quantity, price = line.quantity, line.unit_price
    if quantity is not None and price is not None and quantity > 0 and quantity * price == line.net:
        return quantity, price
    return ONE, line.net


def description(line: Line, document: Document, *, marked: str = "", longest: int | None = None) -> str:
    """The line's text, or what the document is called, with our mark behind it where it has to stand there."""
    said = words(line.description) or words(document.title) or f"Line {line.number}"
    if not marked:
        return words(said, longest)
    room = None if longest is None else max(longest - len(marked) - 3, 0)
    return f"{words(said, room)} [{marked}]"


def _note(document: Document, model: Model, marked: str) -> tuple[str | None, bool]:
    """The note, and whether our mark is in it."""
    longest = model.longest(_NOTE)
    if model.notes_their_number:
        return words(document.supplier_reference, longest) or None, False
    if not model.has(_NOTE) or (longest is not None and longest < len(marked)):
        return None, False
    return words(f"{marked} {document.title}", longest), True


def _in_description(model: Model, marked: str) -> str:
    longest = model.longest(_DESCRIPTION)
    is_roomy = longest is None or longest >= len(marked) + 3 + _SHORTEST_DESCRIPTION
    return marked if model.has(_DESCRIPTION) and is_roomy else ""


def pushed_rate(document: Document, model: Model, base: str) -> Decimal | None:
    """For a document in the company's own currency only where a rate is required."""
    known = base_rate(document, base)
    is_foreign = document.currency != (base or document.base_currency)
    return known if is_foreign or model.requires("currencyRate") else None


def _pushed_line(line: Line, known: Known, model: Model, document: Document, marked: str) -> Payload:
    quantity, price = quantity_and_price(line)
    account, tax = known.accounts.get(line.account_code or "", {}), known.taxes.get(line.tax_code or "", {})
    return {
        "description": description(line, document, marked=marked, longest=model.longest(_DESCRIPTION)),
        "quantity": quantity,
        "unitAmount": price,
        "subTotal": line.net,
        "taxAmount": line.tax,
        "totalAmount": line.gross,
        "accountRef": {"id": account.get("id"), "name": account.get("name")},
        "taxRateRef": {"id": tax.get("id"), "name": tax.get("name"), "effectiveTaxRate": tax.get("effectiveTaxRate")},
        **_tracking(known, model, line),
        **{
            name: ZERO for name in ("discountAmount", "discountPercentage") if model.requires(f"{LINES}.{name}")
        },
    }  # fmt: skip


def _tracking(known: Known, model: Model, line: Line) -> dict[str, Any]:
    """In the older member where the platform has it, else in the newer one."""
    refs = [{"id": row["id"], "name": row.get("name")} for row in known.tracking.get(line.number, ())]
    if not refs:
        return {}
    if model.has(f"{LINES}.trackingCategoryRefs"):
        return {"trackingCategoryRefs": refs}
    return {"tracking": {"categoryRefs": refs, "isBilledTo": _NOT_APPLICABLE, "isRebilledTo": _NOT_APPLICABLE}}


def _insisted_on(document: Document, model: Model) -> Payload:
    """What has one possible value, for those platforms that insist on it."""
    values: Payload = {
        "amountDue": document.gross,
        "remainingCredit": document.gross,
        "allocatedOnDate": issued(document),
        "totalDiscount": ZERO,
        "discountPercentage": ZERO,
    }
    return {name: value for name, value in values.items() if model.requires(name)}
