"""Customers' payments and refunds to entries of Tryton's ledger, and back. Pure functions.

An entry has a line on the receivable account for each invoice that it settles, one for the rest, and those of the bank.
A line names its invoice itself (`invoice_payment`), so that one request writes the money and what it settles (seen in
8.2.1). What Tryton has no such place for is left on the customer's account: README.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from integrations.currencies import smallest_unit
from integrations.documents import Allocation, Document, IdempotencyKey, Kind, Posted
from integrations.errors import Rejected
from integrations.tryton import marks
from integrations.tryton.words import amount, date, day, number, one_line, part, word

# What a line of each kind can name as what it settles.
_LINKED: Final[Mapping[Kind, Kind]] = {
    Kind.PAYMENT: Kind.SALES_INVOICE,
    Kind.REFUND: Kind.SALES_CREDIT_NOTE,
}
_ZERO: Final = Decimal(0)

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paying:
    """The records that a payment names, as Tryton has them. `accounts` are by code, `invoices` by their ids.

    `currency` is None for a payment in the company's own, whose code is `own_currency`.
    """

    company: int
    party: int
    accounts: Mapping[str, Record]
    receivable: int
    journal: int
    period: int
    own_currency: str
    currency: int | None = None
    invoices: Mapping[str, Record] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the money, with the invoice that it settles; None for what stays on the customer's account."""

    amount: Decimal
    invoice: str | None
    words: str


# --- there -----------------------------------------------------------------------------------------------------------


def values(document: Document, paying: Paying, *, key: IdempotencyKey, reference: str) -> dict[str, Any]:
    """The draft of an entry.

    Raises `Rejected` for more allocated than paid, and for a foreign payment without amounts in the company's currency.
    """
    return {
        "company": paying.company,
        "journal": paying.journal,
        "period": paying.period,
        "date": date(document).isoformat(),
        "description": marks.description(document, key=key, reference=reference),
        "lines": [["create", [*_owed(document, paying), *_bank(document, paying)]]],
    }


def check_allocated(document: Document) -> None:
    """Raises `Rejected` for what is not in the books yet, and for more than there is."""
    for place, one in enumerate(document.allocations):
        if not one.posted_as:
            raise Rejected(f"{called(one)} is not in Tryton yet.", field=f"allocations[{place}]")
    total = sum((one.amount for one in document.allocations), _ZERO)
    if total > document.gross:
        message = f"{total} {document.currency} are allocated, but the document is {document.gross} only."
        raise Rejected(message, field="allocations")


def called(one: Allocation) -> str:
    """How people know what is settled."""
    return f"{one.kind.label} {one.number or one.external_id}"


def linked(document: Document) -> list[tuple[int, Allocation]]:
    """The allocations that a line of Tryton's can name, with their places."""
    return [(place, one) for place, one in enumerate(document.allocations) if one.kind is _LINKED.get(document.kind)]


def parts(document: Document) -> list[Part]:
    """The money by what it settles, in the document's currency; the rest comes last."""
    settled = [Part(one.amount, one.posted_as, one.number) for _, one in linked(document)]
    rest = document.gross - sum((one.amount for one in settled), _ZERO)
    others = [one.number for one in document.allocations if one.kind is not _LINKED.get(document.kind)]
    return [*settled, Part(rest, None, ", ".join(others) or document.number)] if rest else settled


def _owed(document: Document, paying: Paying) -> Iterator[dict[str, Any]]:
    """On the receivable account: a payment takes away from what is owed."""
    to_debit = 1 if document.kind is Kind.REFUND else -1
    left = _base(document, paying)
    pieces = parts(document)
    for place, one in enumerate(pieces):
        is_last = place == len(pieces) - 1
        base = left if is_last else _share(one.amount, document, paying)
        left -= base
        invoice = paying.invoices.get(one.invoice or "", {})
        told = {
            "account": invoice.get("account") or paying.receivable,
            "party": paying.party,
            "description": one_line(one.words),
            **_amounts(to_debit * one.amount, to_debit * base, paying),
        }
        yield {**told, "invoice_payment": int(one.invoice)} if one.invoice else told


def _bank(document: Document, paying: Paying) -> Iterator[dict[str, Any]]:
    to_debit = -1 if document.kind is Kind.REFUND else 1
    for line in document.lines:
        base = line.net if paying.currency is None else line.base_net or _ZERO
        yield {
            "account": paying.accounts[one_line(line.account_code or "")]["id"],
            "description": one_line(f"{line.description} {document.number}"),
            **_amounts(to_debit * line.net, to_debit * base, paying),
        }


def _amounts(told: Decimal, base: Decimal, paying: Paying) -> dict[str, Any]:
    """Debit and credit in the company's currency, and beside it what was paid in another."""
    debit, credit = (base, _ZERO) if base >= 0 else (_ZERO, -base)
    both = {"debit": number(debit), "credit": number(credit)}
    if paying.currency is None:
        return both
    return {**both, "second_currency": paying.currency, "amount_second_currency": number(told)}


def _base(document: Document, paying: Paying) -> Decimal:
    """All of it in the company's currency: what the lines of the bank come to."""
    if paying.currency is None:
        return document.gross
    if document.base_currency != paying.own_currency or any(one.base_net is None for one in document.lines):
        message = (
            f"The document is in {document.currency} and has no amounts in {paying.own_currency}, the currency of "
        )
        raise Rejected(f"{message}the company in Tryton.", field="base_net")
    return sum((one.base_net or _ZERO for one in document.lines), _ZERO)


def _share(told: Decimal, document: Document, paying: Paying) -> Decimal:
    if paying.currency is None:
        return told
    return (_base(document, paying) * told / document.gross).quantize(
        smallest_unit(paying.own_currency), ROUND_HALF_EVEN
    )


# --- and back --------------------------------------------------------------------------------------------------------


def is_draft_of(record: Record, document: Document) -> bool:
    """Whether an unfinished one says what the document says: customer, day, amounts, accounts, and what it settles."""
    told = posted(record, document.kind)
    code = one_line(document.party.code or "") or told.supplier_code
    heads = (told.gross, told.currency, told.date, told.supplier_code)
    if heads != (document.gross, document.currency, date(document), code):
        return False
    owed = [(part(one, "invoice_payment", "id"), abs(moved(one, told.currency))) for one in receivable(record)]
    wanted = [(int(one.invoice) if one.invoice else None, one.amount) for one in parts(document)]
    paid = [(word(part(one, "account", "code")), abs(moved(one, told.currency))) for one in bank(record)]
    lines = [(one_line(one.account_code or ""), one.net) for one in document.lines]
    return _sorted(owed) == _sorted(wanted) and _sorted(paid) == _sorted(lines)


def _sorted(rows: list[Any]) -> list[Any]:
    """Tryton tells lines in an order of its own."""
    return sorted(rows, key=repr)


def posted(record: Record, kind: Kind) -> Posted:
    """An entry as Tryton tells it: what moved on the customer's account."""
    lines, currency = receivable(record), currency_of(record)
    to_ours = 1 if kind is Kind.REFUND else -1
    gross = to_ours * sum((moved(one, currency) for one in lines), _ZERO) + 0
    codes = [code for one in lines if (code := word(part(one, "party", "code")))]
    return Posted(
        external_id=str(record["id"]),
        number=word(record.get("number")),
        supplier_code=codes[0] if codes else None,
        net=gross if lines else None,
        tax=_ZERO if lines else None,
        gross=gross if lines else None,
        currency=currency or None,
        date=day(record.get("date")),
    )


def receivable(record: Record) -> list[Record]:
    """The lines on receivable accounts, as they were written."""
    return [one for one in _lines(record) if part(one, "account", "type", "receivable")]


def bank(record: Record) -> list[Record]:
    """The other lines."""
    return [one for one in _lines(record) if not part(one, "account", "type", "receivable")]


def currency_of(record: Record) -> str:
    """The one in which all of it is: a second one where each line of the customer has the same, else the company's."""
    second = {word(part(one, "second_currency", "code")) for one in receivable(record)}
    only = second.pop() if len(second) == 1 else ""
    return only or word(part(record, "company", "currency", "code"))


def moved(line: Record, currency: str | None) -> Decimal:
    """What a line adds to its account, in a currency: debits are positive."""
    if word(part(line, "second_currency", "code")) == currency:
        return amount(line.get("amount_second_currency")) or _ZERO
    return (amount(line.get("debit")) or _ZERO) - (amount(line.get("credit")) or _ZERO)


def _lines(record: Record) -> list[Record]:
    told = record.get("lines")
    found = [one for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
    return sorted(found, key=lambda one: int(one.get("id") or 0))
