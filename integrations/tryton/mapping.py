"""Documents to what Tryton understands, and back. Pure functions; the words are in README.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integrations.documents import Company, Customer, Document, IdempotencyKey, Kind, Line, Party, Posted
from integrations.tryton import marks, money
from integrations.tryton.kinds import MONEY, book, sign
from integrations.tryton.words import amount, date, day, number, one_line, part, word

_CANCELLED: Final = "cancelled"
# More would not pass Tryton's check of unit prices, which its administrator may only widen.
_PRICE_DECIMALS: Final = 4
# Tryton keeps quantities as binary floating point numbers: so many digits come back as they were.
_QUANTITY_DIGITS: Final = 12
# Of a tax with parts, or one that is computed by code, the amounts are Tryton's own business.
_STATED: Final = ("percentage", "fixed")

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Named:
    """The records that a document names, as Tryton has them. `taxes` and `accounts` are by code; `control` is the
    account on which the party is owed, or owes."""

    company: int
    party: int
    address: int
    currency: int
    taxes: Mapping[str, Record]
    accounts: Mapping[str, Record]
    control: int = 0
    journal: int = 0


# --- there -----------------------------------------------------------------------------------------------------------


def values(document: Document, named: Named, *, key: IdempotencyKey, reference: str) -> dict[str, Any]:
    """The draft of a document. Quantities of a credit note are negative, and so are its tax amounts.

    Raises `Rejected` for a document without any date.
    """
    told = {
        "company": named.company,
        "party": named.party,
        "invoice_address": named.address,
        "currency": named.currency,
        "reference": one_line(document.number if document.kind.is_sale else document.supplier_reference),
        "description": marks.description(document, key=key, reference=reference),
        "comment": _comment(document),
        "lines": [["create", [_line(document, line, named) for line in document.lines]]],
    }
    if document.kind is Kind.PURCHASE_ORDER:
        # Left to itself, Tryton would draft an invoice of its own for each order.
        return {**told, "purchase_date": date(document).isoformat(), "invoice_method": "manual"}
    bill = {
        "type": "out" if document.kind.is_sale else "in",
        "account": named.control,
        "journal": named.journal,
        "invoice_date": date(document).isoformat(),
        "payment_term_date": document.due_date.isoformat() if document.due_date else None,
        "taxes": [["create", _taxes(document, named)]],
    }
    return {**told, **bill}


def party(document: Document) -> dict[str, Any]:
    """A new party, with the address that Tryton's own screens give to each: empty, or a customer's own."""
    code, name = one_line(document.party.code or ""), one_line(document.party.name)
    told: dict[str, Any] = {"name": name or code, "addresses": [["create", [_address(document.party)]]]}
    return {**told, "code": code} if code else told


def _address(whose: Party) -> dict[str, str]:
    if not isinstance(whose, Customer):
        return {}
    told = {"street": whose.address, "city": whose.town, "postal_code": whose.postcode}
    return {name: text for name, given in told.items() if (text := one_line(given))}


def _comment(document: Document) -> str:
    order = f"order {document.order_number}" if document.order_number else ""
    number = "" if document.kind.is_sale else document.number
    return one_line(", ".join(text for text in (number, order) if text))


def _line(document: Document, line: Line, named: Named) -> dict[str, Any]:
    quantity, price = _price(line)
    told = {
        "type": "line",
        "description": one_line(line.description),
        "quantity": sign(document.kind) * quantity,
        "unit_price": number(price),
        "taxes": [["add", [named.taxes[one_line(line.tax_code or "")]["id"]]]],
    }
    if document.kind is Kind.PURCHASE_ORDER:
        return told
    account = named.accounts[one_line(line.account_code or "")]["id"]
    return {**told, "account": account, "currency": named.currency}


def _price(line: Line) -> tuple[Decimal, Decimal]:
    """(quantity, unit price), of which Tryton makes exactly the net amount: the source's own, or one for all."""
    quantity, price = line.quantity, line.unit_price
    if quantity is not None and price is not None and quantity * price == line.net and _fits(quantity, price):
        return quantity.normalize() + 0, price
    return Decimal(-1 if line.net < 0 else 1), abs(line.net)


def _fits(quantity: Decimal, price: Decimal) -> bool:
    return len(quantity.normalize().as_tuple().digits) <= _QUANTITY_DIGITS and _decimals(price) <= _PRICE_DECIMALS


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _taxes(document: Document, named: Named) -> list[dict[str, Any]]:
    """The tax amounts as the source states them, one for each tax and sign of its lines.

    Tryton groups by just that; an amount that comes with the base of its lines stays as it is (seen in 8.2.1).
    """
    sums: dict[tuple[str, bool], tuple[Decimal, Decimal]] = {}
    for line in document.lines:
        net, tax, zero = sign(document.kind) * line.net, sign(document.kind) * line.tax, Decimal(0)
        group = one_line(line.tax_code or ""), net >= 0
        base_so_far, tax_so_far = sums.get(group, (zero, zero))
        sums[group] = base_so_far + net, tax_so_far + tax
    return [
        {
            "tax": named.taxes[code]["id"],
            "account": named.taxes[code]["invoice_account" if is_plus else "credit_note_account"],
            "description": word(named.taxes[code].get("description")),
            "base": number(base),
            "amount": number(tax),
            "manual": False,
        }
        for (code, is_plus), (base, tax) in sums.items()
        if _is_stated(named.taxes[code])
    ]


def _is_stated(tax: Record) -> bool:
    return tax.get("type") in _STATED and not tax.get("childs")


# --- and back --------------------------------------------------------------------------------------------------------


def is_ours(record: Record, document: Document, key: IdempotencyKey) -> bool:
    """Whether the mark is this document's, to the letter: a search may be more generous."""
    mark = marks.read(word(record.get("description")))
    return mark is not None and mark[1:] == (document.kind, key.value)


def is_booked(record: Record, kind: Kind) -> bool:
    """Whether it went all the way, even if somebody cancelled it afterwards, or into a state that we do not know."""
    if record.get("state") == _CANCELLED:
        return bool(_number(record, kind))
    return bool(record.get("state")) and record["state"] not in book(kind).way


def is_cancelled(record: Record) -> bool:
    """Whether somebody cancelled it in Tryton."""
    return record.get("state") == _CANCELLED


def is_draft_of(record: Record, lines: Sequence[Record], document: Document) -> bool:
    """Whether an unfinished one says what the document says: supplier, day and amounts, and each line's codes."""
    told = posted(record, document.kind)
    told_date = day(record.get(book(document.kind).day))
    heads = (told.net, told.tax, told.gross, told.currency, told_date, told.supplier_code or "")
    wanted = (
        document.net, document.tax, document.gross, document.currency, date(document),
        one_line(document.party.code or "") or told.supplier_code,
    )  # fmt: skip
    return heads == wanted and [_codes(one) for one in lines] == [
        _wanted_codes(document, one) for one in document.lines
    ]


def _codes(line: Record) -> tuple[Decimal | None, list[str], str]:
    names = [word(one.get("name")) for one in line.get("taxes") or ()]
    return amount(line.get("amount")), names, word(part(line, "account", "code"))


def _wanted_codes(document: Document, line: Line) -> tuple[Decimal, list[str], str]:
    account = "" if document.kind is Kind.PURCHASE_ORDER else one_line(line.account_code or "")
    return sign(document.kind) * line.net, [one_line(line.tax_code or "")], account


def posted(record: Record, kind: Kind) -> Posted:
    """A document as Tryton tells it; the amounts of a credit note come back positive."""
    if kind in MONEY:
        return money.posted(record, kind)
    to_ours = sign(kind)
    return Posted(
        external_id=str(record["id"]),
        number=_number(record, kind),
        supplier_code=word(part(record, "party", "code")) or None,
        net=_signed(to_ours, record.get("untaxed_amount")),
        tax=_signed(to_ours, record.get("tax_amount")),
        gross=_signed(to_ours, record.get("total_amount")),
        currency=word(part(record, "currency", "code")) or None,
        date=day(part(record, "move", "date")) or day(record.get(book(kind).day)),
    )


def company(record: Record) -> Company:
    """The company behind a connection."""
    return Company(
        external_id=str(record["id"]),
        name=word(part(record, "party", "name")),
        base_currency=word(part(record, "currency", "code")),
    )


def _number(record: Record, kind: Kind) -> str:
    """Of a bill that of its entry in the ledger, which is unique; invoice numbers may begin anew each year."""
    if kind is Kind.PURCHASE_ORDER:
        return word(record.get("number"))
    return word(part(record, "move", "number")) or word(record.get("number"))


def _signed(to_ours: int, value: object) -> Decimal | None:
    told = amount(value)
    return None if told is None else to_ours * told + 0
