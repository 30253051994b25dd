"""Entries of the ledger in the stand-in: those of invoices, and those of customers' money, with what they settle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.tryton.books import Books, Record
from integrations.tryton.domains import plain
from integrations.tryton.kinds import INVOICES, MOVES
from integrations.tryton.making import Refused, check_texts
from integrations.tryton.words import date_told, number

_LINES: Final = "account.move.line"
_ZERO: Final = Decimal(0)


def draft(books: Books, values: Mapping[str, Any]) -> Record:
    """A new entry with its lines. Raises `Refused` for a period that is closed or of another day, and for what a line
    settles."""
    check_texts("Account Move", values)
    day = dt.date.fromisoformat(values["date"])
    _check_period(books, values["period"], day)
    given = [one for _, made in values["lines"] for one in made]
    move = books.add(MOVES, {**values, "date": date_told(day), "lines": []})
    lines = [_line(books, move, one)["id"] for one in given]
    return books.change(MOVES, move, lines=lines)


def post(books: Books, move: Record) -> Record:
    """Give an entry its number. Raises `Refused` for one that is not balanced."""
    if move["state"] == "posted":
        raise Refused(f'You cannot modify posted move "{move["number"]}".')
    lines = [line for one in move["lines"] if (line := books.one(_LINES, one))]
    if sum((plain(one["debit"]) - plain(one["credit"]) for one in lines), _ZERO):
        raise Refused(f'To post the move "({move["id"]})" you must balance it.')
    return books.change(MOVES, move, state="posted", number=_number(books, plain(move["date"])))


def delete(books: Books, move: Record) -> None:
    """Throw a draft away; what it settled is open again. Raises `Refused` for one that is posted."""
    if move["state"] == "posted":
        raise Refused(f'You cannot modify posted move "{move["number"]}".')
    for line in [one for number_ in move["lines"] if (one := books.one(_LINES, number_))]:
        if line["invoice_payment"]:
            _settle(books, line["invoice_payment"], -_told(line))
        books.remove(_LINES, line["id"])
    books.remove(MOVES, move["id"])


def of_invoice(books: Books, invoice: Record, day: dt.date, owed: Decimal) -> Record:
    """The entry of an invoice; of what was sold with the line of the customer."""
    is_sale = invoice["type"] == "out"
    told = {"company": invoice["company"], "state": "posted", "description": invoice["description"]}
    money = {"owed": number(_ZERO if is_sale else owed), "party": invoice["party"]}
    move = books.add(MOVES, {**told, **money, "number": _number(books, day), "date": date_told(day)})
    if not is_sale:
        return move
    line = {
        "move": move["id"],
        "account": invoice["account"],
        "party": invoice["party"],
        "debit": number(max(owed, _ZERO)),
        "credit": number(max(-owed, _ZERO)),
    }
    return books.change(MOVES, move, lines=[books.add(_LINES, line)["id"]])


def _number(books: Books, day: dt.date) -> str:
    return f"{day.year}/{books.next(f'move {day.year}')}"


def _check_period(books: Books, wanted: int, day: dt.date) -> None:
    period = books.one("account.period", wanted)
    if period is None or not plain(period["start_date"]) <= day <= plain(period["end_date"]):
        raise Refused(
            f'The value "{wanted}" for field "Period" of "Account Move" is not valid according to its domain.'
        )
    if period["state"] != "open":
        raise Refused(f'You cannot create a journal-period in closed period "{day:%Y-%m}".')


def _line(books: Books, move: Record, values: Mapping[str, Any]) -> Record:
    account = books.one("account.account", values["account"])
    if account is None or not account["type"]:
        raise Refused('A value is required for field "Account" in "Account Move Line".')
    line = books.add(_LINES, {**values, "move": move["id"]})
    if values.get("invoice_payment"):
        _check_settles(books, line)
        _settle(books, line["invoice_payment"], _told(line))
    return line


def _check_settles(books: Books, line: Record) -> None:
    """The same account and party, the other side, and not more than there is."""
    invoice = books.one(INVOICES, line["invoice_payment"])
    if invoice is None or any(invoice[name] != line[name] for name in ("account", "party")):
        title = f"({line['invoice_payment']})"
        raise Refused(f'The value "{title}" for field "Invoice Payment" is not valid according to its domain.')
    total, left = plain(invoice["total_amount"]), plain(invoice["amount_to_pay"]) or _ZERO
    told = _told(line)
    if total * told > 0 or abs(told) > abs(left):
        name = f"{invoice['number']} [{invoice['reference']}]"
        raise Refused(f'Payment lines amount on invoice "{name}" can not be greater than the invoice amount.')


def _settle(books: Books, invoice_id: int, told: Decimal) -> None:
    invoice = books.one(INVOICES, invoice_id)
    if invoice is not None:
        left = number((plain(invoice["amount_to_pay"]) or _ZERO) + told)
        books.change(INVOICES, invoice, amount_to_pay=left)


def _told(line: Record) -> Decimal:
    """What a line adds to what is owed, in the currency of its invoice."""
    if line["second_currency"]:
        return Decimal(plain(line["amount_second_currency"]))
    return Decimal(plain(line["debit"]) - plain(line["credit"]))
