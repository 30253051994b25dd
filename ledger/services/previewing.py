"""What a document would become in the books, and all that speaks against it; nothing of it stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.transaction import atomic, set_rollback

from integrations.content import plain
from integrations.currencies import MINOR_UNITS
from integrations.documents import Document
from integrations.errors import Rejected
from integrations.exact import to_json
from integrations.previewing import HeldBack, Objection
from ledger.models import Books, Entry, EntryLine, MemoLine
from ledger.services.allocating import allocation_checks
from ledger.services.amounts import amounts_of, check_storable
from ledger.services.coding import Coding
from ledger.services.dates import booking_date, check_open
from ledger.services.journal import SCHEMES, journal_of
from ledger.services.named import named_in
from ledger.services.parties import UnknownParties, choose, parties_called, register_of
from ledger.services.posting import blank_entry

METHOD = "BOOK"
Check = Callable[[], object]


def rehearsed(write: Callable[[], Entry]) -> HeldBack:
    """What `write` would leave in the books, without the number that it would get: that is given when it is booked.

    The entry is written and taken back in a savepoint of its own. Raises what `write` raises.
    """
    with atomic():
        entry = write()
        told = told_of(entry)
        set_rollback(True)
    return HeldBack(method=METHOD, url="", headers={}, body=to_json(told))


def told_of(entry: Entry) -> dict[str, Any]:
    """An entry with its lines, as it stands in the books: amounts as text, debits and credits in the base currency."""
    base = entry.books.base_currency
    told = {
        "books": entry.books.name,
        "kind": entry.kind,
        "date": entry.date.isoformat(),
        "supplier" if entry.customer_id is None else "customer": {"code": entry.party.code, "name": entry.party.name},
        "reference": entry.reference,
        "key": entry.external_key,
        "document_number": entry.document_number,
        "order_number": entry.order_number,
        "supplier_reference": entry.supplier_reference,
        "description": entry.description,
        "currency": entry.currency,
        **{name: _amount(getattr(entry, name), entry.currency) for name in ("net", "tax", "gross")},
        "base_currency": base,
        **{name: _amount(getattr(entry, name), base) for name in ("base_net", "base_tax", "base_gross")},
        "lines": [
            _line(one, entry.currency, base)
            for one in entry.lines.select_related("account", "tax_code").order_by("position")
        ],
        "memo_lines": [_memo_line(one, entry.currency) for one in entry.memo_lines.order_by("position")],
        "allocations": _allocations(entry) if entry.allocation_count else [],
    }
    return {name: value for name, value in told.items() if value not in ("", [])}


def objections_to_booking(books: Books, document: Document, unknown: UnknownParties) -> tuple[Objection, ...]:
    """Everything for which `post_document` would refuse a document, in the order in which it looks.

    One sentence is told once. Raises nothing of its own.
    """
    named = named_in(books, document)
    checks: list[tuple[Check, int | None]] = [
        (lambda: check_open(books, booking_date(document)), None),
        (lambda: amounts_of(document, books.base_currency), None),
        *_coding_checks(document, named.coding),
        (lambda: blank_entry(books, document, "", ""), None),
        (lambda: choose(books, register_of(document.kind), document.party, named.parties, unknown), None),
        *((check, None) for check in allocation_checks(books, document, next(iter(named.parties), None))),
    ]
    # What only shows when everything else is right: nothing to book, or an account that the ledger itself needs.
    whole = (lambda: journal_of(document, amounts_of(document, books.base_currency), named.coding), None)
    return _objections(checks) or _objections([whole])


def objections_to_keeping(books: Books, document: Document, unknown: UnknownParties) -> tuple[Objection, ...]:
    """Everything for which `keep_memo` would refuse a document."""
    register = register_of(document.kind)
    parties = parties_called(books, register, document.party)
    return _objections(
        [
            (lambda: check_storable(document), None),
            (lambda: blank_entry(books, document, "", ""), None),
            (lambda: booking_date(document), None),
            (lambda: choose(books, register, document.party, parties, unknown), None),
        ]
    )


def _coding_checks(document: Document, coding: Coding) -> Iterator[tuple[Check, int]]:
    """Account and tax code of each line that books something: what has only tax needs no account."""
    is_foreign, has_tax = document.currency != coding.books.base_currency, SCHEMES[document.kind].tax is not None
    for line in document.lines:
        if line.base_net if is_foreign else line.net:
            yield partial(coding.account, line), line.number
            if has_tax:
                yield partial(coding.tax_code, line), line.number
    for line in document.lines:
        if has_tax and (line.base_tax if is_foreign else line.tax):
            yield partial(coding.tax_code, line), line.number


def _objections(checks: Iterable[tuple[Check, int | None]]) -> tuple[Objection, ...]:
    found: dict[str, Objection] = {}
    for check, line in checks:
        try:
            check()
        except Rejected as error:
            found.setdefault(error.message, Objection(message=error.message, field=error.field, line=line))
    return tuple(found.values())


def _amount(value: Decimal | None, currency: str) -> str:
    """With its currency's decimals, or more where it has more; empty for None."""
    if value is None:
        return ""
    used = len(plain(value).partition(".")[2])
    return f"{value:.{max(used, MINOR_UNITS.get(currency, 2))}f}"


def _line(line: EntryLine, currency: str, base: str) -> dict[str, Any]:
    return {
        "account": f"{line.account.code} {line.account.name}",
        **({"tax_code": line.tax_code.code} if line.tax_code else {}),
        **({"debit": _amount(line.debit, base)} if line.debit else {"credit": _amount(line.credit, base)}),
        "document_amount": _amount(line.document_amount, currency),
        "description": line.description,
        **({"document_line": line.document_line} if line.document_line is not None else {}),
        **({"analysis": line.analysis} if line.analysis else {}),
    }


def _allocations(entry: Entry) -> list[dict[str, str]]:
    return [
        {
            "settles": one.settled.number,
            "document_number": one.settled.document_number,
            "amount": _amount(one.amount, entry.currency),
        }
        for one in entry.allocations.select_related("settled").order_by("position")
    ]


def _memo_line(line: MemoLine, currency: str) -> dict[str, Any]:
    amounts = {name: _amount(getattr(line, name), currency) for name in ("net", "tax", "gross")}
    told = {
        "document_line": line.document_line,
        "item_code": line.item_code,
        "description": line.description,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "account_code": line.account_code,
        "tax_code": line.tax_code,
        **amounts,
        "analysis": line.analysis,
    }
    return {name: value for name, value in told.items() if value not in ("", {})}
