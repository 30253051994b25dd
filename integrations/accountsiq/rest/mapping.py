"""Documents to what SaveInvoice and SaveCreditNote take, and what is told of them back. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from integrations.accountsiq.rest.answers import Row, texts
from integrations.accountsiq.rest.codes import Known
from integrations.accountsiq.rest.terms import RestTerms
from integrations.documents import Company, Document, IdempotencyKey, Kind, Line, Posted
from integrations.errors import Rejected

LONGEST_REFERENCE: Final = 50
LONGEST_TEXT: Final = 500
_APPROVED: Final = "Approved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A kind of document over REST: its calls, and what its members are called.

    `mark` is the member for the portal's number, and for our key where the document carries the supplier's number.
    """

    save: str
    get: str
    by_number: str
    id_name: str
    number: str
    day: str
    gross: str
    lines: str
    mark: str
    longest_mark: int


FORMS: Final[Mapping[Kind, Form]] = {
    Kind.INVOICE: Form(
        save="invoice.save",
        get="invoice.get",
        by_number="invoice.by_number",
        id_name="InvoiceId",
        number="InvoiceNumber",
        day="InvoiceDate",
        gross="InvoiceTotal",
        lines="InvoiceLine_List",
        mark="Narrative",
        longest_mark=LONGEST_TEXT,
    ),
    Kind.CREDIT_NOTE: Form(
        save="credit_note.save",
        get="credit_note.get",
        by_number="credit_note.by_number",
        id_name="CreditNoteId",
        number="CreditNoteNumber",
        day="CreditNoteDate",
        gross="CreditNoteTotal",
        lines="CreditNoteLine_List",
        mark="Reference",
        longest_mark=LONGEST_REFERENCE,
    ),
}
# The first that is told is the journal number.
_NUMBERS: Final = (
    "JournalNumber",
    "TransactionNumber",
    "InternalNumber",
    "TransactionId",
    "DocumentNumber",
    "DocumentId",
)
_CURRENCIES: Final = ("Currency", "CurrencyCode", "CurrrencyCode")


def form(kind: Kind) -> Form:
    """How documents of `kind` are written. Raises `Rejected` for a kind that goes another way."""
    if kind not in FORMS:
        raise Rejected(f"AccountsIQ does not take a {kind.label.lower()} over REST.", field="kind")
    return FORMS[kind]


# --- documents -------------------------------------------------------------------------------------------------------


def number(document: Document, terms: RestTerms, key: IdempotencyKey) -> str:
    """What the document is called over there, and looked up by: our key, or the supplier's own number."""
    return suppliers_number(document) if terms.has_own_number else key.value


def suppliers_number(document: Document) -> str:
    """The supplier's number, else the source's, on one line."""
    return _line_of(document.supplier_reference) or _line_of(document.number)


def payload(
    document: Document, known: Known, terms: RestTerms, *, key: IdempotencyKey, reference: str
) -> dict[str, Any]:
    """The fields of a save. Amounts are in the document's currency, and positive for a credit note, too.

    The checks have no objection to the document: it has a date, and each line its codes.
    """
    shape, day = form(document.kind), _text(document.day)
    is_credit = document.kind is Kind.CREDIT_NOTE
    currency_field = "Currency" if is_credit else terms.currency_field
    return {
        "ClientAccountId": terms.company,
        "ContactId": known.supplier.id,
        **({"CreditorId": known.supplier.id} if is_credit else {}),
        **({"DocumentHeaderTypeId": terms.type_ids[document.kind]} if document.kind in terms.type_ids else {}),
        shape.number: number(document, terms, key),
        shape.day: day,
        **({} if is_credit else {"DocumentDate": day}),
        "TaxPointDate": day,
        **({"DueDate": _text(document.due_date)} if document.due_date else {}),
        shape.mark: _mark(document, shape, terms, key, reference),
        **({currency_field: document.currency} if currency_field else {}),
        shape.gross: document.gross,
        "TotalValue": document.net,
        "DocumentStatus": _APPROVED,
        "IsPosted": True,
        "Supplier_List": [{"SupplierId": known.supplier.id, "SupplierCode": known.supplier.code}],
        **_order(document),
        shape.lines: [_line(place, line, document, known) for place, line in enumerate(document.lines, start=1)],
    }


def _mark(document: Document, shape: Form, terms: RestTerms, key: IdempotencyKey, reference: str) -> str:
    """For the lookup the key goes first; for people the portal's number does, with what else tells it apart."""
    if terms.has_own_number:
        return f"{key.value} {reference}"[:LONGEST_REFERENCE]
    told = filter(None, (reference, suppliers_number(document), _line_of(document.title)))
    return " ".join(told)[: shape.longest_mark].rstrip()


def _order(document: Document) -> dict[str, Any]:
    order_number = _line_of(document.order_number)
    return {"PurchaseOrder_List": [{"PurchaseOrderNumber": order_number}]} if order_number else {}


def _line(place: int, line: Line, document: Document, known: Known) -> dict[str, Any]:
    quantity, price = _times(line)
    tax = known.taxes[line.tax_code or ""]
    return {
        "LineNumber": place,
        "Description": _line_of(line.description) or f"Line {line.number}",
        "NominalAccountId": known.accounts[line.account_code or ""].id,
        **known.analysis(line, document),
        "Quantity": quantity,
        "UnitPrice": price,
        "NetAmount": line.net,
        "TaxCategoryId": tax.id,
        **({} if tax.rate is None else {"TaxRate": tax.rate}),
        "TaxAmount": line.tax,
        "GrossAmount": line.gross,
    }


def _times(line: Line) -> tuple[Decimal, Decimal]:
    """Quantity and price where they come to the net exactly; else once the net."""
    quantity, price = line.quantity, line.unit_price
    if quantity and price is not None and quantity * price == line.net:
        return quantity, price
    return Decimal(1), line.net


def _line_of(text: str) -> str:
    """A text on one line, without control characters."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


# --- answers ---------------------------------------------------------------------------------------------------------


def carries(row: Row, shape: Form, terms: RestTerms, key: IdempotencyKey) -> bool:
    """Whether a document that was found by its number is ours: the number may be somebody else's, too."""
    where = shape.mark if terms.has_own_number else shape.number
    return key.value.lower() in str(row.get(where) or "").lower()


def is_draft(row: Row) -> bool:
    """Whether the document is in no books yet. What does not tell is taken for posted, as it was sent."""
    return row.get("IsPosted") is False


def posted(row: Row, shape: Form) -> Posted:
    """A document as AccountsIQ tells it; its id is known to be there. What cannot be read counts as not told."""
    net, gross = amount(row.get("TotalValue")), amount(row.get(shape.gross))
    return Posted(
        external_id=str(row[shape.id_name]).strip(),
        number=next(texts(row, (*_NUMBERS, shape.id_name)), ""),
        supplier_code=_supplier_code(row.get("Supplier_List")),
        net=net,
        tax=_tax(row, shape, net, gross),
        gross=gross,
        currency=next(texts(row, _CURRENCIES), None),
        date=day_of(row.get(shape.day)),
    )


def _tax(row: Row, shape: Form, net: Decimal | None, gross: Decimal | None) -> Decimal | None:
    """The tax of the lines where each tells its own, else what is between net and gross."""
    lines = row.get(shape.lines)
    told = (
        [amount(one.get("TaxAmount")) for one in lines if isinstance(one, Mapping)] if isinstance(lines, list) else []
    )
    taxes = [one for one in told if one is not None]
    if told and len(taxes) == len(told):
        return sum(taxes, Decimal(0))
    return None if net is None or gross is None else gross - net


def _supplier_code(suppliers: object) -> str | None:
    first = suppliers[0] if isinstance(suppliers, Sequence) and suppliers else None
    return next(texts(first, ("SupplierCode", "InternalID")), None) if isinstance(first, Mapping) else None


def company(row: Row, currency: str) -> Company:
    """The company behind a connection; `currency` is what the connection says where the answer does not."""
    registration = next(texts(row, ("ClientAccountVatNumber", "ClientAccountRegistrationNumber")), "")
    return Company(
        external_id=str(row["ClientAccountEnquiryId"]).strip(),
        name=next(texts(row, ("ClientAccountName", "ClientAccountShortName")), ""),
        base_currency=next(texts(row, ("BaseCurrencyCode", *_CURRENCIES)), currency),
        registration=registration,
    )


def amount(value: object) -> Decimal | None:
    """A number, written as one or as text."""
    if isinstance(value, str):
        text = value.strip()
        is_plain = text.isascii() and text.removeprefix("-").replace(".", "", 1).isdigit() and len(text) < 40
        return Decimal(text) if is_plain else None
    return Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


def day_of(value: object) -> date | None:
    """A day, with or without a time behind it."""
    try:
        return date.fromisoformat(value.strip()[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
