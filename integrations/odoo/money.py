"""Customers' payments and refunds to entries of Odoo's ledger, and back. Pure functions.

An entry has a line on the receivable account for each invoice that it settles, one for the rest, and those of the bank.
Once it is posted, each of those lines is reconciled with the lines of its invoice, which settles just its amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from integrations.currencies import smallest_unit
from integrations.documents import Allocation, Document, IdempotencyKey, Kind
from integrations.errors import Rejected
from integrations.odoo.client import MODULE, Row
from integrations.odoo.codes import coded
from integrations.odoo.mapping import FORMS, day_of, origin
from integrations.odoo.values import amount, label, plain, record_id, words

# What each kind can be reconciled with.
_LINKED: Final[Mapping[Kind, Kind]] = {
    Kind.PAYMENT: Kind.SALES_INVOICE,
    Kind.REFUND: Kind.SALES_CREDIT_NOTE,
}
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """The receivable lines of one invoice, with what is open on them, in the invoice's currency and without a sign."""

    account: int
    partner: int
    currency: str
    lines: tuple[int, ...] = ()
    left: Decimal = _ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Paying:
    """What a payment names, by Odoo's ids. `accounts` are by code, `invoices` by their ids as text."""

    partner: int
    receivable: int
    journal: int
    currency: int
    own_currency: str
    accounts: Mapping[str, int]
    invoices: Mapping[str, Owed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the money, with the invoice that it settles; None for what stays on the customer's account."""

    amount: Decimal
    invoice: str | None
    words: str


def linked(document: Document) -> list[tuple[int, Allocation]]:
    """The allocations that can be reconciled, with their places."""
    wanted = _LINKED.get(document.kind)
    return [(place, one) for place, one in enumerate(document.allocations) if one.kind is wanted]


def parts(document: Document) -> list[Part]:
    """The money by what it settles, in the document's currency; the rest comes last."""
    settled = [Part(one.amount, one.posted_as, one.number) for _, one in linked(document)]
    rest = document.gross - sum((one.amount for one in settled), _ZERO)
    others = [one.number for one in document.allocations if one.kind is not _LINKED.get(document.kind)]
    return [*settled, Part(rest, None, ", ".join(others) or document.number)] if rest else settled


def check_allocated(document: Document) -> None:
    """Raises `Rejected` for what is not in the books yet, and for more than there is."""
    for place, one in enumerate(document.allocations):
        if not one.posted_as:
            raise Rejected(f"{called(one)} is not in Odoo yet.", field=f"allocations[{place}]")
    total = sum((one.amount for one in document.allocations), _ZERO)
    if total > document.gross:
        message = f"{plain(total)} {document.currency} are allocated, but the document is {plain(document.gross)} only."
        raise Rejected(message, field="allocations")


def check_open(document: Document, paying: Paying) -> None:
    """Raises `Rejected` for what is no open invoice of the customer, or has less open than is to be settled."""
    for place, one in linked(document):
        field_, owed = f"allocations[{place}]", paying.invoices.get(one.posted_as)
        if owed is None:
            raise Rejected(f"{called(one)} is not in the books of Odoo, or no longer.", field=field_)
        if owed.partner != paying.partner:
            raise Rejected(f"{called(one)} is another customer's in Odoo.", field=field_)
        if owed.currency != document.currency:
            message = f"{called(one)} is in {owed.currency} in Odoo, but the document is in {document.currency}."
            raise Rejected(message, field=field_)
        if one.amount > owed.left:
            told = f"{plain(owed.left)} {document.currency} is open in Odoo, but {plain(one.amount)} is to be settled."
            raise Rejected(f"{called(one)}: {told}", field=field_)


def called(one: Allocation) -> str:
    """How people know what is settled."""
    return f"{one.kind.label} {one.number or one.external_id}"


def owed_of(rows: Sequence[Row]) -> dict[str, Owed]:
    """The receivable lines of posted invoices, by the invoices' ids."""
    by_invoice: dict[str, list[Row]] = {}
    for row in rows:
        by_invoice.setdefault(str(record_id(row.get("move_id"))), []).append(row)
    return {invoice: _owed(lines) for invoice, lines in by_invoice.items()}


def _owed(lines: Sequence[Row]) -> Owed:
    first, unsettled = lines[0], [one for one in lines if one.get("reconciled") is not True]
    return Owed(
        account=record_id(first.get("account_id")),
        partner=record_id(first.get("partner_id")),
        currency=label(first.get("currency_id")) or "",
        lines=tuple(one["id"] for one in unsettled),
        left=abs(sum((amount(one.get("amount_residual_currency")) or _ZERO for one in unsettled), _ZERO)),
    )


def table(
    document: Document, paying: Paying, *, key: IdempotencyKey, reference: str
) -> tuple[list[str], list[list[str]]]:
    """The fields and rows of a `load`, as those of an invoice. Raises `Rejected` for a foreign payment without amounts
    in the company's currency."""
    day = day_of(document)
    head = {
        "id": f"{MODULE}.{key.value}",
        "move_type": FORMS[document.kind].move_type,
        "journal_id/.id": str(paying.journal),
        "partner_id/.id": str(paying.partner),
        "currency_id/.id": str(paying.currency),
        "date": day,
        "ref": origin(document, reference),
        "invoice_origin": origin(document, reference),
    }
    lines = [
        {"line_ids/id": name_of(key, place, module=True), **one}
        for place, one in enumerate([*_owed_lines(document, paying), *_bank_lines(document, paying)], start=1)
    ]
    rows = [[*(head.values() if place == 0 else [""] * len(head)), *line.values()] for place, line in enumerate(lines)]
    return [*head, *lines[0]], rows


def name_of(key: IdempotencyKey, place: int, *, module: bool = False) -> str:
    """The external id of a line, from 1 on."""
    name = f"{key.value}_{place}"
    return f"{MODULE}.{name}" if module else name


def _owed_lines(document: Document, paying: Paying) -> Iterator[dict[str, str]]:
    """A payment takes away from what is owed."""
    to_debit = 1 if document.kind is Kind.REFUND else -1
    pieces, left = parts(document), _base(document, paying)
    for place, one in enumerate(pieces):
        base = left if place == len(pieces) - 1 else _share(one.amount, document, paying)
        left -= base
        owed = paying.invoices.get(one.invoice or "")
        account = owed.account if owed else paying.receivable
        yield _line(document, paying, account, one.words, to_debit * one.amount, to_debit * base)


def _bank_lines(document: Document, paying: Paying) -> Iterator[dict[str, str]]:
    to_debit = -1 if document.kind is Kind.REFUND else 1
    for line in document.lines:
        base = line.net if _is_own(document, paying) else line.base_net or _ZERO
        account, text = paying.accounts[coded(line, "account")], f"{line.description} {document.number}"
        yield _line(document, paying, account, text, to_debit * line.net, to_debit * base)


def _line(document: Document, paying: Paying, account: int, text: str, told: Decimal, base: Decimal) -> dict[str, str]:
    fields = {
        "account_id/.id": str(account),
        "partner_id/.id": str(paying.partner),
        "name": words(text) or document.kind.label,
        "currency_id/.id": str(paying.currency),
        "amount_currency": plain(told),
        "debit": plain(max(base, _ZERO)),
        "credit": plain(max(-base, _ZERO)),
    }
    return {f"line_ids/{name}": value for name, value in fields.items()}


def _is_own(document: Document, paying: Paying) -> bool:
    return document.currency == paying.own_currency


def _base(document: Document, paying: Paying) -> Decimal:
    """All of it in the company's currency: what the lines of the bank come to."""
    if _is_own(document, paying):
        return document.gross
    if document.base_currency != paying.own_currency or any(one.base_net is None for one in document.lines):
        message = (
            f"The document is in {document.currency} and has no amounts in {paying.own_currency}, the currency of "
        )
        raise Rejected(f"{message}the company in Odoo.", field="base_net")
    return sum((one.base_net or _ZERO for one in document.lines), _ZERO)


def _share(told: Decimal, document: Document, paying: Paying) -> Decimal:
    if _is_own(document, paying):
        return told
    return (_base(document, paying) * told / document.gross).quantize(
        smallest_unit(paying.own_currency), ROUND_HALF_EVEN
    )
