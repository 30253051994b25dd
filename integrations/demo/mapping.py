"""Documents to what Demo Books understands, and back. Pure functions; the words are in README.md."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from integrations.documents import Company, Dimension, Document, IdempotencyKey, Kind, Line, Posted, Written
from integrations.errors import Misconfigured, Rejected
from integrations.papers import Attachment, File

COLLECTIONS: Final[Mapping[Kind, str]] = {
    Kind.INVOICE: "bills",
    Kind.CREDIT_NOTE: "credit-notes",
    Kind.PURCHASE_ORDER: "purchase-orders",
    Kind.SALES_INVOICE: "sales-invoices",
    Kind.SALES_CREDIT_NOTE: "sales-credit-notes",
    Kind.PAYMENT: "payments",
    Kind.REFUND: "refunds",
}
KINDS: Final[Mapping[str, Kind]] = {
    "bill": Kind.INVOICE,
    "credit_note": Kind.CREDIT_NOTE,
    "purchase_order": Kind.PURCHASE_ORDER,
    "sales_invoice": Kind.SALES_INVOICE,
    "sales_credit_note": Kind.SALES_CREDIT_NOTE,
    "payment": Kind.PAYMENT,
    "refund": Kind.REFUND,
}


def collection(kind: Kind) -> str:
    """Where documents of `kind` are posted to. Raises `Rejected` for a kind that Demo Books does not take."""
    if kind not in COLLECTIONS:
        raise Rejected(f"Demo Books does not take documents of the kind {kind.label.lower()}.", field="kind")
    return COLLECTIONS[kind]


def payload(document: Document, *, key: IdempotencyKey, reference: str) -> dict[str, Any]:
    """The body of a post of what was bought. Amounts are in the document's currency and positive, for credit notes too.

    A document in another currency than the company's carries its base amounts as well. Raises `Misconfigured` for a
    line without account or tax code, `Rejected` for a foreign document without base amounts.
    """
    return {
        **head(document, key, reference),
        "supplier": {"code": document.party.code, "name": document.party.name},
        "supplier_reference": document.supplier_reference,
        "delivery_date": _text(document.delivery_date),
        "lines": lines(document),
    }


def head(document: Document, key: IdempotencyKey, reference: str) -> dict[str, Any]:
    """What documents of all kinds carry."""
    return {
        "external_key": key.value,
        "reference": reference,
        "document_number": document.number,
        "order_number": document.order_number,
        "title": document.title,
        "date": _text(document.day),
        "due_date": _text(document.due_date),
        "currency": document.currency,
        "net": document.net,
        "tax": document.tax,
        "gross": document.gross,
        "base": _base(document) if _is_foreign(document) else None,
        "analysis": _analysis(document.dimensions),
    }


def lines(document: Document, *, has_tax: bool = True) -> list[dict[str, Any]]:
    """The lines of a document; those of money have no tax code."""
    foreign = _is_foreign(document)
    return [_line(line, foreign=foreign, has_tax=has_tax) for line in document.lines]


def _is_foreign(document: Document) -> bool:
    return document.currency != document.base_currency


def _base(document: Document) -> dict[str, Any]:
    amounts = {"net": document.base_net, "tax": document.base_tax, "gross": document.base_gross}
    if None in amounts.values():
        raise Rejected(
            f"The document is in {document.currency} and has no amounts in {document.base_currency}, "
            "the currency of the company.",
            field="base_net",
        )
    return {"currency": document.base_currency, **amounts}


def _line(line: Line, *, foreign: bool, has_tax: bool) -> dict[str, Any]:
    body = {
        "number": line.number,
        "description": line.description,
        "item_code": line.item_code,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "account_code": _coded(line, "account", line.account_code),
        "tax_code": _coded(line, "tax", line.tax_code) if has_tax else None,
        "net": line.net,
        "tax": line.tax,
        "gross": line.gross,
        "analysis": _analysis(line.dimensions),
    }
    return {**body, "base_net": line.base_net, "base_tax": line.base_tax} if foreign else body


def _coded(line: Line, what: str, code: str | None) -> str:
    if code:
        return code
    raise Misconfigured(
        f"Line {line.number} has no {what} code. Set the default {what} code of the connection, "
        "or give the line one where it was entered.",
        field=f"defaults.{what}_code",
    )


def _analysis(dimensions: Sequence[Dimension]) -> list[dict[str, str]]:
    return [{"name": one.name, "code": one.code, "label": one.label} for one in dimensions]


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def posted(answer: Mapping[str, Any]) -> Posted:
    """A document as Demo Books tells it. Its id is known to be there; what cannot be read counts as not told."""
    party = answer.get("supplier") or answer.get("customer")
    return Posted(
        external_id=answer["id"],
        number=word(answer.get("number")) or "",
        supplier_code=word(party.get("code")) if isinstance(party, Mapping) else None,
        net=amount(answer.get("net")),
        tax=amount(answer.get("tax")),
        gross=amount(answer.get("gross")),
        currency=word(answer.get("currency")),
        date=day_of(answer.get("date")),
    )


def written(answer: Mapping[str, Any]) -> Written:
    """A document of a listing. The key is empty where the document carries none."""
    return Written(
        key=word(answer.get("external_key")) or "",
        posted=posted(answer),
        kind=KINDS.get(word(answer.get("kind")) or ""),
        reference=word(answer.get("reference")) or "",
    )


def enclosed(file: File) -> dict[str, str]:
    """The body of an attachment."""
    content = base64.b64encode(file.content).decode()
    return {"name": file.name, "content_type": file.content_type, "content": content}


def attachment(answer: Mapping[str, Any]) -> Attachment:
    """A file as Demo Books tells it. Its id is known to be there."""
    size = answer.get("size")
    return Attachment(
        external_id=answer["id"],
        name=word(answer.get("name")) or "",
        content_type=word(answer.get("content_type")) or "application/octet-stream",
        size=size if isinstance(size, int) else None,
    )


def company(answer: Mapping[str, Any]) -> Company:
    """The company behind a connection."""
    return Company(
        external_id=word(answer.get("id")) or "",
        name=word(answer.get("name")) or "",
        base_currency=word(answer.get("currency")) or "",
    )


def word(value: object) -> str | None:
    """A text, None for anything else."""
    return value if isinstance(value, str) else None


def amount(value: object) -> Decimal | None:
    """A number, None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    return Decimal(value)


def day_of(value: object) -> date | None:
    """A day, None for anything else."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
