"""What the stand-in does as Tryton does: totals and stated taxes, similar invoices, periods, buttons by state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from integrations.tryton import entries
from integrations.tryton.books import Books, Record
from integrations.tryton.domains import plain
from integrations.tryton.furniture import CLOSED, FIRST_YEAR
from integrations.tryton.kinds import MOVES
from integrations.tryton.making import MADE, Refused, check_texts
from integrations.tryton.words import number

INVOICE: Final = "account.invoice"
ORDER: Final = "purchase.purchase"
TITLES: Final[Mapping[str, str]] = {INVOICE: "Account Invoice", ORDER: "Purchase"}
SIMILAR_DAYS: Final = 60
_CENT: Final = Decimal("0.01")
_PRICE_DECIMALS: Final = 4
_REQUIRED: Final = ("party", "invoice_address", "currency", "company")
_PARTS: Final = ("lines", "taxes")
_DAYS: Final = ("invoice_date", "payment_term_date", "purchase_date")
# What each button begins with, and what it leads to.
_BUTTONS: Final[Mapping[str, Mapping[str, tuple[frozenset[str], str]]]] = {
    INVOICE: {
        "post": (frozenset({"draft", "validated"}), "posted"),
        "cancel": (frozenset({"draft", "validated", "posted"}), "cancelled"),
    },
    ORDER: {
        "quote": (frozenset({"draft"}), "quotation"),
        "confirm": (frozenset({"quotation"}), "processing"),
        "cancel": (frozenset({"draft", "quotation"}), "cancelled"),
    },
}


def create(books: Books, model: str, values: Mapping[str, Any]) -> Record:
    """A new record. Raises `Refused`, and `KeyError` for a model or a field that there is not."""
    if model == MOVES:
        return entries.draft(books, values)
    if model in _BUTTONS:
        return _draft(books, model, values)
    return MADE[model](books, values)


def press(books: Books, model: str, record: Record, button: str, *, skips_warnings: bool) -> Record:
    """Press a button; gives the record as the answer tells it. Raises `Refused` in the wrong state, and for rules."""
    if model == MOVES:
        return entries.post(books, record)
    begins, leads_to = _BUTTONS[model][button]
    if record["state"] not in begins:
        raise Refused(f'You can not call "{button}" on "{title(record)}" of "{TITLES[model]}".')
    if button == "post":
        return _post(books, record, skips_warnings=skips_warnings)
    if button == "quote":
        record = books.change(model, record, number=str(books.next("purchase")))
    changed = books.change(model, record, state=leads_to)
    # Tryton goes on with a confirmed order by itself, after the answer.
    return {**changed, "state": "confirmed"} if button == "confirm" else changed


def delete(books: Books, model: str, record: Record) -> None:
    """Throw a draft away. Raises `Refused` for what is more than one."""
    if model == MOVES:
        entries.delete(books, record)
        return
    if model == INVOICE and record["state"] == "posted":
        message = f'You cannot modify invoice "{title(record)}" because it is posted, paid or cancelled.'
        raise Refused(message)
    if record["state"] not in ("draft", "cancelled"):
        raise Refused(f'To delete {TITLES[model].lower()} "{title(record)}" you must cancel it.')
    books.remove(model, record["id"])


def title(record: Record) -> str:
    """How Tryton calls a document."""
    reference = f"[{record['reference']}]" if record["reference"] else ""
    return " ".join(text for text in (record["number"] or "", reference) if text) or f"({record['id']})"


# --- drafts ----------------------------------------------------------------------------------------------------------


def _draft(books: Books, model: str, values: Mapping[str, Any]) -> Record:
    check_texts(TITLES[model], values)
    _complete(books, model, values)
    lines = _made(values.get("lines"))
    for line in lines:
        _line(model, line, values)
    net = sum((_rounded(_base(line)) for line in lines), Decimal(0))
    tax = sum(_taxes(books, lines, _made(values.get("taxes"))), Decimal(0))
    totals = {"untaxed_amount": number(net), "tax_amount": number(tax), "total_amount": number(net + tax)}
    told = {name: _day(value) if name in _DAYS else value for name, value in values.items() if name not in _PARTS}
    record = books.add(model, {**told, **totals})
    for line in lines:
        _add_line(books, model, record, line)
    return record


def _add_line(books: Books, model: str, record: Record, line: Mapping[str, Any]) -> None:
    told = {"amount": number(_rounded(_base(line))), "taxes": _taxes_of(line)}
    if model == ORDER:
        books.add("purchase.line", {**told, "purchase": record["id"]})
    else:
        books.add("account.invoice.line", {**told, "invoice": record["id"], "account": line["account"]})


def _complete(books: Books, model: str, values: Mapping[str, Any]) -> None:
    for name in _REQUIRED:
        if not values.get(name):
            field = name.replace("_", " ").title()
            raise Refused(f'A value is required for field "{field}" in "{TITLES[model]}".')
    address = books.one("party.address", values["invoice_address"])
    if address is None or address["party"] != values["party"]:
        raise Refused(_not_valid("Invoice Address", values["invoice_address"], model))


def _line(model: str, line: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    if model == INVOICE and line.get("currency") != values["currency"]:
        raise Refused(_not_valid("Lines", f"{line.get('quantity')} x @", model))
    price = Decimal(line["unit_price"]["decimal"])
    if price != round(price, _PRICE_DECIMALS):
        words = f'The number of digits in the value "\'{price}\'" for field "Unit Price"'
        raise Refused(f'{words} of "{TITLES[model]} Line" exceeds the limit of "(None, 4)".')


def _not_valid(field: str, value: object, model: str) -> str:
    return f'The value "{value}" for field "{field}" of "{TITLES[model]}" is not valid according to its domain.'


def _made(commands: Any) -> list[Mapping[str, Any]]:
    """The records of `[["create", [...]]]`."""
    return [one for name, given in commands or [] if name == "create" for one in given]


def _base(line: Mapping[str, Any]) -> Decimal:
    return Decimal(line["quantity"]) * Decimal(line["unit_price"]["decimal"])


def _taxes(books: Books, lines: Sequence[Mapping[str, Any]], stated: Sequence[Mapping[str, Any]]) -> list[Decimal]:
    """The amount of each tax by the sign of its lines: as stated where the base is that of the lines, else by rate."""
    bases: dict[tuple[int, bool], Decimal] = {}
    for line in lines:
        for tax in _taxes_of(line):
            group = tax, _base(line) >= 0
            bases[group] = bases.get(group, Decimal(0)) + _rounded(_base(line))
    amounts = {group: _computed(books, group[0], base) for group, base in bases.items()}
    for one in stated:
        base = Decimal(one["base"]["decimal"])
        group = one["tax"], base >= 0
        if bases.get(group) == base:
            amounts[group] = Decimal(one["amount"]["decimal"])
    return list(amounts.values())


def _taxes_of(line: Mapping[str, Any]) -> list[int]:
    return [one for _, given in line.get("taxes") or [] for one in given]


def _computed(books: Books, tax: int, base: Decimal) -> Decimal:
    record = books.one("account.tax", tax)
    return _rounded(base * (plain(record["rate"]) or 0)) if record else Decimal(0)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_EVEN)


def _day(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    day = dt.date.fromisoformat(text)
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


# --- into the ledger -------------------------------------------------------------------------------------------------


def _post(books: Books, record: Record, *, skips_warnings: bool) -> Record:
    if not skips_warnings and (other := _similar(books, record)):
        raise Refused(f'The invoice "{title(record)}" is similar to invoice "{title(other)}".')
    if not skips_warnings and record["type"] == "out":
        _ask_about_dates(record)
    day: dt.date = plain(record["invoice_date"]) or dt.datetime.now(dt.UTC).date()
    _in_open_period(day)
    currency = books.one("currency.currency", record["currency"])
    rate = plain(currency["rate"]) if currency else Decimal(1)
    owed = _rounded(plain(record["total_amount"]) / rate)
    move = entries.of_invoice(books, record, day, owed)
    invoice_number = str(books.next(f"invoice {day.year}"))
    return books.change(
        INVOICE, record, state="posted", number=invoice_number, move=move["id"], amount_to_pay=record["total_amount"]
    )


def _ask_about_dates(record: Record) -> None:
    """What Tryton puts to whoever posts a sales invoice at the screen."""
    today = dt.datetime.now(dt.UTC).date()
    due = plain(record["payment_term_date"]) or today
    if (plain(record["invoice_date"]) or today) > today:
        raise Refused(f'The invoices "{title(record)}" have an invoice date in the future.')
    if due < today:
        raise Refused(f'The invoice "{title(record)}" generates a payment date "{due:%m/%d/%Y}" in the past.')


def _similar(books: Books, record: Record) -> Record | None:
    """Another one of this supplier with this number, within two months, in any state, drafts and credits too."""
    if not record["reference"] or record["type"] != "in":
        return None
    day, reach = plain(record["invoice_date"]), dt.timedelta(days=SIMILAR_DAYS)
    for other in books.every(INVOICE):
        same = all(other[name] == record[name] for name in ("company", "type", "party", "reference"))
        if same and other["id"] != record["id"] and abs(plain(other["invoice_date"]) - day) <= reach:
            return other
    return None


def _in_open_period(day: dt.date) -> None:
    """Years from the first one to the next are open, but for one month."""
    shown = f"{day:%m/%d/%Y}"
    if (day.year, day.month) == CLOSED:
        period = "{}-{:02}".format(*CLOSED)
        raise Refused(f'To continue, you must reopen the period "{period}" for the date "{shown}".')
    if not FIRST_YEAR <= day.year <= dt.datetime.now(dt.UTC).year + 1:
        raise Refused(f'To continue, you must create a period for the date "{shown}".')
