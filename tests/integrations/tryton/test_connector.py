"""Tryton's connector passes the cases of every accounting system, against its stand-in and against scripts."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from integrations.base import Link
from integrations.documents import Customer, Document, IdempotencyKey, Kind, Supplier
from integrations.errors import Misconfigured, OutcomeUnknown, Retryable, Unauthorised
from integrations.http import Outbound
from integrations.reference import RecordKind
from integrations.sandbox import Server, Store, mount
from integrations.tryton import entries, kinds, mapping, money, paying
from integrations.tryton.books import Books
from integrations.tryton.client import Client
from integrations.tryton.connector import Tryton
from integrations.tryton.domains import plain
from integrations.tryton.furniture import supplier
from integrations.tryton.naming import named
from integrations.tryton.sandbox import build
from tests.contract import BehaviourCases, HttpCases, Refusal, Step
from tests.samples import KEY, REFERENCE, sample, with_line
from tests.scripted import Answer, ScriptedServer, answer, json_answer

TOKEN = "tryton-key-of-the-tests"
DATABASE = "harbour"
PAGE = 2


def link(url: str, *, key: str = TOKEN, company: str = "1", outbound: Outbound | None = None) -> Link:
    return Link(
        settings={"base_url": url, "database": DATABASE, "company_id": company},
        secrets={"api_key": key},
        outbound=outbound or Outbound(allow_private=True),
    )


class SeenBooks:
    """What the stand-in holds, read from its own database."""

    def __init__(self, state: Store, url: str) -> None:
        self._state = state
        self._url = url

    def every(self, model: str) -> list[dict[str, Any]]:
        with self._state.transaction() as database:
            return Books(database).every(model)

    def count(self) -> int:
        money = [one for one in self.every(kinds.MOVES) if one["journal"]]
        return len(self.every(kinds.INVOICES)) + len(self.every(kinds.ORDERS)) + len(money)

    def due_from(self, customer_code: str) -> Decimal:
        party = next(one["id"] for one in self.every("party.party") if one["code"] == customer_code)
        lines = (one for one in self.every("account.move.line") if one["party"] == party)
        return sum((plain(one["debit"]) - plain(one["credit"]) for one in lines), Decimal(0))

    def pay_by_hand(self, invoice: str, amount: Decimal) -> str:
        with self._state.transaction() as database:
            books = Books(database)
            told = books.one(kinds.INVOICES, invoice)
            assert told
            both = {"debit": decimal(amount), "credit": decimal(0)}
            owed = {"account": told["account"], "party": told["party"], "invoice_payment": told["id"]}
            bank = next(one["id"] for one in books.every("account.account") if one["code"] == "1200")
            lines = [{**owed, "debit": decimal(0), "credit": decimal(amount)}, {"account": bank, **both}]
            values = {"company": 1, "journal": 3, "period": 3, "date": "2024-03-20", "lines": [["create", lines]]}
            return str(entries.post(books, entries.draft(books, values))["id"])

    def owed(self, supplier_code: str) -> Decimal:
        party = next(one["id"] for one in self.every("party.party") if one["code"] == supplier_code)
        moves = (one for one in self.every("account.move") if one["party"] == party)
        return sum((plain(one["owed"]) for one in moves), Decimal(0))

    def plant(self, document: Document, key: str) -> bool:
        other = replace(document, supplier_reference=f"{document.supplier_reference}-b")
        draft = self.draft(other, key)
        Client(link(self._url)).act(kinds.INVOICES, draft, "post", ())
        return True

    def draft(self, document: Document, key: str) -> int:
        client, book = Client(link(self._url)), kinds.book(document.kind)
        words: dict[str, Any] = {"key": IdempotencyKey(key), "reference": REFERENCE}
        if document.kind in kinds.MONEY:
            body = money.values(document, paying.named(client, document), **words)
        else:
            body = mapping.values(document, named(client, document), **words)
        return int(client.create(book.model, body, book.fields)["id"])

    def forget_keys(self) -> None:
        """Tryton has none to forget."""

    def retire(self, kind: RecordKind) -> str | None:
        old = {"code": "OLD01", "name": "Old one", "active": False}
        with self._state.transaction() as database:
            books = Books(database)
            if kind is RecordKind.SUPPLIER:
                return str(supplier(books, old)["id"])
            if kind is RecordKind.TAX:
                return str(books.add("account.tax", {"name": "OLD", "active": False, "company": 1})["id"])
            if kind is RecordKind.ACCOUNT:
                return str(books.add("account.account", {**old, "type": 1, "company": 1})["id"])
            if kind is RecordKind.DELIVERY_SITE:
                return str(books.add("stock.location", {**old, "type": "warehouse"})["id"])
            if kind is RecordKind.DIMENSION:
                return str(books.add("analytic_account.account", {**old, "root": 1, "company": 1})["id"])
            return str(books.add("currency.currency", old)["id"])

    def stored(self, kind: Kind, external_id: str, name: str) -> bytes:
        resource = f"{kinds.book(kind).model},{external_id}"
        (found,) = (one for one in self.every("ir.attachment") if (one["resource"], one["name"]) == (resource, name))
        return base64.b64decode(found["data"]["base64"])


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_TRYTON_KEY", TOKEN)
    store = Store("tryton", tmp_path)
    yield store
    store.close()


@pytest.fixture
def url(state: Store) -> Iterator[str]:
    with Server(mount({"tryton": build(state)})) as server:
        yield f"{server.url}/tryton"


@pytest.fixture
def books(state: Store, url: str) -> SeenBooks:
    return SeenBooks(state, url)


@pytest.fixture
def system(url: str) -> Tryton:
    return Tryton(link(url))


class TestBehaviour(BehaviourCases):
    """The shared cases, over real HTTP to the stand-in."""

    connector = Tryton


# --- what Tryton is asked, and how it answers ------------------------------------------------------------------------

OWN = ["company", "=", 1]
DRAFT_FIELDS = [
    "state", "number", "description", "untaxed_amount", "tax_amount", "total_amount", "currency.code", "party.code",
]  # fmt: skip
INVOICE_FIELDS = [*DRAFT_FIELDS, "invoice_date", "move.number", "move.date"]
ORDER_FIELDS = [*DRAFT_FIELDS, "purchase_date"]
MOVE_FIELDS = [
    "state", "number", "description", "date", "origin", "create_date", "write_date", "company.currency.code",
    "lines.debit", "lines.credit", "lines.second_currency.code", "lines.amount_second_currency", "lines.description",
    "lines.account.code", "lines.account.type.receivable", "lines.party.code", "lines.party.name",
    "lines.invoice_payment.type", "lines.invoice_payment.number", "lines.invoice_payment.reference",
    "lines.invoice_payment.total_amount",
]  # fmt: skip
CUSTOMER_FIELDS = ["code", "name", "active", "account_receivable", "addresses.active", "addresses.invoice"]
PARTY_FIELDS = ["code", "name", "active", "account_payable", "addresses.active", "addresses.invoice"]
TAX_FIELDS = [
    "name", "description", "active", "type", "parent", "childs", "group.kind", "invoice_account", "credit_note_account",
]  # fmt: skip
ACCOUNTS = {"5010": 136, "7504": 137, "7506": 138, "4000": 140, "4020": 141, "1200": 142}
TAXES = {"T0": (1, "Zero-rated"), "T1": (2, "Standard rate")}
CURRENCIES = {"GBP": 1, "USD": 2}


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, ensure_ascii=False).encode()).decode()


def decimal(text: object) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": str(text)}


def path(rest: str, fields: Sequence[str], **wanted: str) -> str:
    return f"/{DATABASE}/rest/model/{rest}?{urlencode([*wanted.items(), *(('f', field) for field in fields)])}"


def asking(model: str, domain: Sequence[Any], fields: Sequence[str], found: Sequence[Mapping[str, Any]]) -> list[Step]:
    """A search, page after page, until one is not full; each begins after the last id."""
    steps, last = [], 0
    for first in range(0, len(found) + 1, PAGE):
        page = found[first : first + PAGE]
        wanted = {"d": encoded([["id", ">", last], *domain]), "o": encoded([["id", "ASC"]]), "s": str(PAGE)}
        steps.append(Step(method="GET", path=path(model, fields, **wanted), answer=list(page)))
        if len(page) < PAGE:
            break
        last = page[-1]["id"]
    return steps


def record(kind: Kind, document: Document, number: int = 17, *, state: str = "posted") -> dict[str, Any]:
    """A document as Tryton tells it; credit notes have negative amounts."""
    assert document.date is not None
    if kind in kinds.MONEY:
        return entry(kind, document, number, state)
    sign = -1 if kind in (Kind.CREDIT_NOTE, Kind.SALES_CREDIT_NOTE) else 1
    day = {"__class__": "date", "year": document.date.year, "month": document.date.month, "day": document.date.day}
    told = {
        "id": number,
        "__name__": "account.invoice",
        "state": state,
        "number": "1",
        "description": f"P-000001 Venue hire, March cohort [postroom {kind.value} {KEY.value}]",
        "untaxed_amount": decimal(sign * document.net),
        "tax_amount": decimal(sign * document.tax),
        "total_amount": decimal(sign * document.gross),
        "currency": {"id": CURRENCIES[document.currency], "code": document.currency},
        "party": {"id": 2, "code": document.party.code},
    }
    if kind is Kind.PURCHASE_ORDER:
        return {**told, "purchase_date": day}
    move = {"id": 5, "number": "2024/1", "date": day} if state == "posted" else None
    return {**told, "invoice_date": day, "move": move}


def entry(kind: Kind, document: Document, number: int, state: str) -> dict[str, Any]:
    """A payment or a refund as Tryton tells it: the bank first, for it tells lines in an order of its own."""
    assert document.date is not None
    day = {"__class__": "date", "year": document.date.year, "month": document.date.month, "day": document.date.day}
    sides = ("debit", "credit") if kind is Kind.PAYMENT else ("credit", "debit")
    bank = {sides[0]: decimal(document.gross), sides[1]: decimal(0)}
    owed = {sides[1]: decimal(document.gross), sides[0]: decimal(0)}
    bank_account = {"code": "1200", "type": {"receivable": False}}
    return {
        "id": number,
        "state": state,
        "number": "2024/1" if state == "posted" else None,
        "description": f"P-000001 [postroom {kind.value} {KEY.value}]",
        "date": day,
        "company": {"id": 1, "currency": {"id": 1, "code": document.currency}},
        "lines": [
            {"id": 8, **bank, "account": bank_account, "party": None},
            {
                "id": 7,
                **owed,
                "account": {"code": "1.2.1", "type": {"receivable": True}},
                "party": {"code": document.party.code},
            },
        ],
    }


def shelf_of(kind: Kind) -> tuple[str, list[str]]:
    """(model, fields) of a kind."""
    if kind in kinds.MONEY:
        return "account.move", MOVE_FIELDS
    is_order = kind is Kind.PURCHASE_ORDER
    return ("purchase.purchase", ORDER_FIELDS) if is_order else ("account.invoice", INVOICE_FIELDS)


def looking_up(kind: Kind, found: Sequence[Mapping[str, Any]] = ()) -> list[Step]:
    model, fields = shelf_of(kind)
    # Underscores stand for any letter in a pattern, unless they are quoted.
    word = kind.value.replace("_", "\\_")
    return asking(model, [OWN, ["description", "like", f"%[postroom {word} {KEY.value}]"]], fields, found)


def naming(document: Document) -> list[Step]:
    """Everything that the document names, as it is looked up."""
    taxes = list(dict.fromkeys(line.tax_code for line in document.lines if line.tax_code))
    found_taxes: list[dict[str, Any]] = [
        {"id": TAXES[code][0], "name": code, "description": TAXES[code][1], "active": 1, "type": "percentage",
         "parent": None, "childs": [], "group": None, "invoice_account": 73, "credit_note_account": 73}
        for code in sorted(taxes)
    ]  # fmt: skip
    code, name = document.party.code, document.party.name
    own = "account_receivable" if document.kind.is_sale else "account_payable"
    party = {"id": 2, "code": code, "name": name, "active": 1, own: None,
             "addresses": [{"id": 1, "active": 1, "invoice": 0}]}  # fmt: skip
    currency = {"id": CURRENCIES[document.currency], "code": document.currency, "active": 1}
    by_either = ["OR", ["code", "=", code], ["name", "ilike", name]]
    fields = CUSTOMER_FIELDS if document.kind.is_sale else PARTY_FIELDS
    finding_party = asking("party.party", [by_either], fields, [party])
    if document.kind in kinds.MONEY:
        on = {"__class__": "date", "year": 2024, "month": 3, "day": 14}
        domain = [["start_date", "<=", on], ["end_date", ">=", on], ["type", "=", "standard"], OWN]
        company = {"id": 1, "currency": {"id": 1, "code": "GBP"}}
        accounts, configured, journal = posting_to(document)
        return [
            accounts,
            configured,
            *asking("company.company", [["id", "=", 1]], ["currency.code"], [company]),
            journal,
            *asking("account.period", domain, ["state"], [{"id": 3, "state": "open"}]),
            *finding_party,
        ]
    return [
        *(posting_to(document) if document.kind is not Kind.PURCHASE_ORDER else ()),
        *asking("account.tax", [["name", "in", taxes], OWN], TAX_FIELDS, found_taxes),
        *asking("currency.currency", [["code", "=", document.currency]], ["code", "active"], [currency]),
        *finding_party,
    ]


def posting_to(document: Document) -> list[Step]:
    codes = list(dict.fromkeys(line.account_code or "" for line in document.lines))
    found = [
        {"id": ACCOUNTS[code], "code": code, "name": "An account", "active": True, "closed": 0, "type": 34}
        for code in sorted(codes)
    ]
    fields = ["code", "name", "active", "closed", "type"]
    control = "default_account_receivable" if document.kind.is_sale else "default_account_payable"
    sort = "cash" if document.kind in kinds.MONEY else "revenue" if document.kind.is_sale else "expense"
    return [
        *asking("account.account", [["code", "in", codes], OWN], fields, found),
        *asking("account.configuration", [], [control], [{"id": 1, control: 67}]),
        *asking("account.journal", [["type", "=", sort], ["active", "=", True]], ["code"], [{"id": 2, "code": "EXP"}]),
    ]


def drafting(document: Document) -> Step:
    model, fields = shelf_of(document.kind)
    body = DRAFTS["USD" if document.currency == "USD" else document.kind.value]
    answer = record(document.kind, document, state="draft")
    return Step(method="POST", path=path(model, fields), body=body, answer=answer, writes=True)


def pressing(button: str, answer: object, model: str = "account.invoice") -> Step:
    by_model = {"purchase.purchase": ORDER_FIELDS, "account.move": MOVE_FIELDS}
    fields = by_model.get(model, INVOICE_FIELDS)
    return Step(method="POST", path=path(f"{model}/17/{button}", fields), body={}, answer=answer, writes=True)


def throwing_away() -> Step:
    gone = answer(status=204)
    return Step(method="DELETE", path=f"/{DATABASE}/rest/model/account.invoice/17", answer=gone, writes=True)


def kept(message: str) -> Step:
    return replace(throwing_away(), answer=refused(message), status=400)


def looking_for_similar(*found: Mapping[str, Any]) -> list[Step]:
    domain = [
        OWN, ["id", "!=", 17], ["type", "=", "in"], ["party.code", "=", "CROWN01"], ["reference", "=", "SI-48213"],
    ]  # fmt: skip
    return asking("account.invoice", domain, INVOICE_FIELDS, found)


def refused(message: str) -> dict[str, Any]:
    return {"status": 400, "message": message, "description": ""}


COMMON = {
    "company": 1,
    "party": 2,
    "invoice_address": 1,
    "currency": 1,
    "reference": "SI-48213",
    "comment": "INV000123, order ORD000056",
}
BILL = {
    **COMMON,
    "type": "in",
    "account": 67,
    "journal": 2,
    "invoice_date": "2024-03-14",
    "payment_term_date": "2024-04-13",
}
ROOM = {"type": "line", "description": "Training room, full day", "unit_price": decimal("50.00")}
MANUALS = {"type": "line", "description": "Printed course manuals", "unit_price": decimal("50.50")}
STANDARD, ZERO = {"taxes": [["add", [2]]]}, {"taxes": [["add", [1]]]}
STANDARD_TAX = {"tax": 2, "account": 73, "description": "Standard rate", "manual": False}
ZERO_TAX = {"tax": 1, "account": 73, "description": "Zero-rated", "manual": False}


SOLD = {
    "company": 1,
    "party": 2,
    "invoice_address": 1,
    "currency": 1,
    "reference": "INV-2024-0117",
    "comment": "",
    "type": "out",
    "account": 67,
    "journal": 2,
    "invoice_date": "2024-03-14",
    "payment_term_date": "2024-04-13",
}
PLACES = {"type": "line", "description": "First aid at work, 12 places", "unit_price": decimal("100.00")}
BOOKLETS = {"type": "line", "description": "First aid manuals", "unit_price": decimal("50.50")}
MONEY = {"company": 1, "journal": 2, "period": 3, "date": "2024-03-14"}
OWED = {"account": 67, "party": 2, "description": "BACS 14/03"}
BANK = {"account": 142, "description": "BACS BACS 14/03"}


def sold(kind: str) -> str:
    return f"P-000001 [postroom {kind} 8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11]"


def described(kind: str) -> str:
    return f"P-000001 Venue hire, March cohort [postroom {kind} 8f14e45f-ceea-467f-9f0d-0c2b5a1d7c11]"


DRAFTS: dict[str, dict[str, Any]] = {
    "invoice": {
        **BILL,
        "description": described("invoice"),
        "lines": [["create", [
            {**ROOM, **STANDARD, "quantity": 2, "account": 136, "currency": 1},
            {**MANUALS, **ZERO, "quantity": 1, "account": 137, "currency": 1},
        ]]],
        "taxes": [["create", [
            {**STANDARD_TAX, "base": decimal("100.00"), "amount": decimal("20.00")},
            {**ZERO_TAX, "base": decimal("50.50"), "amount": decimal("0.00")},
        ]]],
    },
    "credit_note": {
        **BILL,
        "description": described("credit_note"),
        "lines": [["create", [
            {**ROOM, **STANDARD, "quantity": -2, "account": 136, "currency": 1},
            {**MANUALS, **ZERO, "quantity": -1, "account": 137, "currency": 1},
        ]]],
        "taxes": [["create", [
            {**STANDARD_TAX, "base": decimal("-100.00"), "amount": decimal("-20.00")},
            {**ZERO_TAX, "base": decimal("-50.50"), "amount": decimal("0.00")},
        ]]],
    },
    "purchase_order": {
        **COMMON,
        "description": described("purchase_order"),
        "purchase_date": "2024-03-14",
        "invoice_method": "manual",
        "lines": [["create", [
            {**ROOM, **STANDARD, "quantity": 2},
            {**MANUALS, **ZERO, "quantity": 1},
        ]]],
    },
    "sales_invoice": {
        **SOLD,
        "description": sold("sales_invoice"),
        "lines": [["create", [
            {**PLACES, **STANDARD, "quantity": 1, "account": 140, "currency": 1},
            {**BOOKLETS, **ZERO, "quantity": 1, "account": 141, "currency": 1},
        ]]],
        "taxes": [["create", [
            {**STANDARD_TAX, "base": decimal("100.00"), "amount": decimal("20.00")},
            {**ZERO_TAX, "base": decimal("50.50"), "amount": decimal("0.00")},
        ]]],
    },
    "sales_credit_note": {
        **SOLD,
        "description": sold("sales_credit_note"),
        "lines": [["create", [
            {**PLACES, **STANDARD, "quantity": -1, "account": 140, "currency": 1},
            {**BOOKLETS, **ZERO, "quantity": -1, "account": 141, "currency": 1},
        ]]],
        "taxes": [["create", [
            {**STANDARD_TAX, "base": decimal("-100.00"), "amount": decimal("-20.00")},
            {**ZERO_TAX, "base": decimal("-50.50"), "amount": decimal("0.00")},
        ]]],
    },
    "payment": {
        **MONEY,
        "description": sold("payment"),
        "lines": [["create", [
            {**OWED, "debit": decimal("0"), "credit": decimal("170.50")},
            {**BANK, "debit": decimal("170.50"), "credit": decimal("0")},
        ]]],
    },
    "refund": {
        **MONEY,
        "description": sold("refund"),
        "lines": [["create", [
            {**OWED, "debit": decimal("170.50"), "credit": decimal("0")},
            {**BANK, "debit": decimal("0"), "credit": decimal("170.50")},
        ]]],
    },
    "USD": {
        **BILL,
        "currency": 2,
        "description": described("invoice"),
        "lines": [["create", [
            {"type": "line", "description": "Authoring tool, annual licence", "unit_price": decimal("120.50"),
             "quantity": 1, **ZERO, "account": 138, "currency": 2},
        ]]],
        "taxes": [["create", [{**ZERO_TAX, "base": decimal("120.50"), "amount": decimal("0.00")}]]],
    },
}  # fmt: skip


class TestHttp(HttpCases):
    """The shared cases, with a script in place of Tryton."""

    connector = Tryton
    secrets = (TOKEN,)

    @pytest.fixture(autouse=True)
    def _small_pages(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("integrations.tryton.client.PAGE_SIZE", PAGE)

    def connect(self, url: str, outbound: Outbound) -> Tryton:
        return Tryton(link(url, outbound=outbound))

    def greeting(self) -> Sequence[Step]:
        found = {"id": 1, "party": {"id": 1, "name": "Rig Ltd"}, "currency": {"id": 1, "code": "GBP"}}
        return asking("company.company", [["id", "=", 1]], ["party.name", "currency.code"], [found])

    def posting(self, document: Document) -> Sequence[Step]:
        kind, before = document.kind, [*looking_up(document.kind), *naming(document), drafting(document)]
        if kind is not Kind.PURCHASE_ORDER:
            return [*before, pressing("post", record(kind, document), shelf_of(kind)[0])]
        quoted, confirmed = (record(kind, document, state=state) for state in ("quotation", "confirmed"))
        orders = "purchase.purchase"
        return [*before, pressing("quote", quoted, orders), pressing("confirm", confirmed, orders)]

    def finding(self, pages: Sequence[int]) -> Sequence[Step]:
        return looking_up(Kind.INVOICE, booked(pages))

    def listing(self, pages: Sequence[int]) -> Sequence[Step]:
        at = {"__class__": "datetime", "year": 2026, "month": 11, "day": 20, "hour": 12, "minute": 0, "second": 0,
              "microsecond": 0}  # fmt: skip
        lately = ["OR", ["create_date", ">=", at], ["write_date", ">=", at]]
        domain = [OWN, ["description", "like", "%[postroom %]"], lately]
        return [
            *asking("account.invoice", domain, INVOICE_FIELDS, booked(pages)),
            *asking("purchase.purchase", domain, ORDER_FIELDS, ()),
            *asking("account.move", domain, MOVE_FIELDS, ()),
        ]

    def reading(self, kind: RecordKind, pages: Sequence[int]) -> Sequence[Step]:
        model, domain, fields = READINGS[kind]
        found = [{"id": number, "code": f"C{number}", "name": "One", "active": 1} for number in numbers(pages)]
        return [*BEFORE_READING.get(kind, ()), *asking(model, domain, fields, found)]

    def papers(self, count: int) -> Sequence[Step]:
        found = [{"id": number, "name": f"{number}.pdf", "data_size": 7} for number in range(1, count + 1)]
        return looking_for_files(*found)

    def attaching(self) -> Sequence[Step]:
        content = {"__class__": "bytes", "base64": "JVBERi0xLjcKJSBDcm93biBDb25mZXJlbmNlIENlbnRyZQolJUVPRgo="}
        body = {"name": "SI-48213.pdf", "resource": "account.invoice,17", "data": content}
        told = {"id": 1, "name": "SI-48213.pdf", "data_size": 41}
        keeping = Step(method="POST", path=path("ir.attachment", FILE_FIELDS), body=body, answer=told, writes=True)
        return [*looking_for_files({"id": 9, "name": "another.pdf", "data_size": 7}), keeping]

    def without_id(self) -> object:
        told = record(Kind.INVOICE, sample(), state="draft")
        return {name: value for name, value in told.items() if name != "id"}

    def failure(self, message: str) -> object:
        return refused(message)

    def refusals(self) -> Sequence[Refusal]:
        last = len(self.posting(sample())) - 1
        similar = refused('The invoice "[SI-48213]" is similar to invoice "1 [SI-48213]".')
        other = {**record(Kind.INVOICE, sample(), 3), "description": "Somebody typed it"}
        ours = record(Kind.INVOICE, sample(), 3, state="draft")
        periods = (
            'To continue, you must create a period for the date "01/15/2029" and company "Rig Ltd".',
            'To continue, you must reopen the period "2024-01" of company "Rig Ltd" for the date "01/15/2024".',
        )
        right = refused('You are not allowed to access "Account Invoice".')
        return [
            Refusal(status=400, body=refused('A value is required for field "Party".'), says="field"),
            Refusal(status=400, body=right, error=Misconfigured, says="not allowed", field="api_key"),
            Refusal(status=400, body=right, error=Misconfigured, says="not allowed", field="api_key", step=0),
            *(
                Refusal(status=400, body=refused(one), says="period", field="date", step=last, then=[throwing_away()])
                for one in periods
            ),
            Refusal(
                status=400, body=similar, says="similar", field="supplier_reference", step=last,
                then=[*looking_for_similar(other), throwing_away()],
            ),
            Refusal(status=400, body=similar, error=OutcomeUnknown, step=last, then=looking_for_similar(ours)),
            Refusal(
                status=400, body=refused('You can not call "post" on "1 [SI-48213]" of "Account Invoice".'),
                error=OutcomeUnknown, hides="can not call", step=last,
            ),
            Refusal(status=404, body=refused("Not Found"), error=OutcomeUnknown, step=last),
            Refusal(
                status=400, body=refused(periods[0]), error=OutcomeUnknown, hides="period", step=last,
                then=[kept("You cannot modify invoice because it is posted, paid or cancelled.")],
            ),
        ]  # fmt: skip


READINGS: dict[RecordKind, tuple[str, list[Any], list[str]]] = {
    RecordKind.SUPPLIER: (
        "party.party",
        [],
        ["code", "name", "active", "tax_identifier.code", "email", "phone", "supplier_currency.code",
         "addresses.active", "addresses.full_address", "addresses.street", "addresses.city", "addresses.postal_code",
         "addresses.country.code", "addresses.subdivision.name", "supplier_payment_term.name",
         "supplier_payment_term.lines.type", "supplier_payment_term.lines.relativedeltas.days",
         "supplier_payment_term.lines.relativedeltas.weeks", "supplier_payment_term.lines.relativedeltas.months",
         "supplier_payment_term.lines.relativedeltas.day", "supplier_payment_term.lines.relativedeltas.month",
         "supplier_payment_term.lines.relativedeltas.weekday"],
    ),
    RecordKind.ACCOUNT: (
        "account.account",
        [["type", "!=", None], OWN],
        ["code", "name", "active", "closed", "type.name"],
    ),
    RecordKind.TAX: (
        "account.tax",
        [["parent", "=", None], OWN],
        ["name", "description", "active", "rate", "group.kind"],
    ),
    RecordKind.CURRENCY: ("currency.currency", [], ["code", "name", "active", "rate"]),
    RecordKind.DELIVERY_SITE: (
        "stock.location",
        [["type", "=", "warehouse"]],
        ["code", "name", "active", "address.street", "address.city", "address.postal_code", "address.country.code"],
    ),
    RecordKind.DIMENSION: (
        "analytic_account.account",
        [["type", "=", "normal"], OWN],
        ["code", "name", "active", "root.name", "root.active"],
    ),
}  # fmt: skip
ANALYTIC = "analytic_account.account"
BEFORE_READING = {
    RecordKind.CURRENCY: asking(
        "company.company", [["id", "=", 1]], ["currency.rate"], [{"id": 1, "currency": {"id": 9, "rate": decimal(1)}}]
    ),
    RecordKind.DIMENSION: asking(
        "ir.model",
        [["name", "=", "analytic_account.account"]],
        ["name"],
        [{"id": 222, "name": "analytic_account.account"}],
    ),
}
FILE_FIELDS = ["name", "data_size"]


def looking_for_files(*found: Mapping[str, Any]) -> list[Step]:
    """The document, then its files."""
    there = asking("account.invoice", [["id", "=", 17], OWN], ["state"], [{"id": 17, "state": "posted"}])
    return [*there, *asking("ir.attachment", [["resource", "=", "account.invoice,17"]], FILE_FIELDS, found)]


def booked(pages: Sequence[int]) -> list[dict[str, Any]]:
    return [record(Kind.INVOICE, sample(), number) for number in numbers(pages)]


def numbers(pages: Sequence[int]) -> range:
    return range(1, sum(pages) + 1)


# --- what is Tryton's own --------------------------------------------------------------------------------------------


def plays(*steps: Step) -> list[Answer]:
    return [step.play() for step in steps]


def contexts(server: ScriptedServer) -> list[dict[str, Any]]:
    return [json.loads(base64.urlsafe_b64decode(one.headers["x-tryton-context"])) for one in server.asked]


def test_what_it_can_do() -> None:
    assert Tryton.can.kinds == set(Kind) - {Kind.RECEIPT}
    assert Tryton.can.tells_settlements
    assert (Tryton.can.lookup_complete, Tryton.can.lists, Tryton.can.key_seconds) == (True, True, None)
    assert Tryton.can.reads == set(READINGS) == set(RecordKind)
    assert Tryton.can.attaches == Tryton.can.kinds
    assert [(one.key, one.secret) for one in Tryton.metadata.settings] == [
        ("base_url", False),
        ("database", False),
        ("company_id", False),
        ("api_key", True),
    ]


def test_reads_see_inactive_records_and_nothing_else_is_asked_to(small_pages: None) -> None:
    steps = [*looking_up(Kind.INVOICE), *naming(sample()), drafting(sample()), pressing("post", POSTED)]
    with ScriptedServer(*plays(*steps)) as server:
        Tryton(link(server.url)).post(sample(), key=KEY, reference=REFERENCE)
    company = {"company": 1, "companies": [1]}
    reading, writing = {**company, "active_test": False}, company
    assert contexts(server) == [reading] * (len(steps) - 2) + [writing] * 2
    assert {one.headers["authorization"] for one in server.asked} == {f"bearer {TOKEN}"}


def test_a_credit_note_like_its_invoice_waves_the_warning_through(small_pages: None) -> None:
    credit = sample(Kind.CREDIT_NOTE)
    similar = replace(
        pressing("post", refused('The invoice "[SI-48213]" is similar to invoice "1 [SI-48213]".')), status=400
    )
    steps = [
        *looking_up(Kind.CREDIT_NOTE), *naming(credit), drafting(credit), similar,
        *looking_for_similar({**POSTED, "id": 3}), pressing("post", record(Kind.CREDIT_NOTE, credit)),
    ]  # fmt: skip
    with ScriptedServer(*plays(*steps)) as server:
        told = Tryton(link(server.url)).post(credit, key=KEY, reference=REFERENCE)
    assert told.gross == Decimal("170.50")
    assert [context.get("_skip_warnings", False) for context in contexts(server)][-1:] == [True]
    assert sum("_skip_warnings" in context for context in contexts(server)) == 1


def test_a_supplier_that_nobody_knows_is_made_after_all_that_can_be_refused(small_pages: None) -> None:
    before = [*looking_up(Kind.INVOICE), *naming(sample())]
    nobody = asking("party.party", [["OR", ["code", "=", "X"], ["name", "ilike", "Y"]]], PARTY_FIELDS, [])
    made = {"id": 2, "code": "X", "name": "Y", "active": 1, "addresses": [{"id": 1, "active": 1, "invoice": 0}]}
    document = sample(party=Supplier(code="X", name="Y"))
    making = Step(method="POST", path=path("party.party", PARTY_FIELDS), answer=made)
    steps = [*before[:-1], *nobody, making, drafting(document), pressing("post", POSTED)]
    with ScriptedServer(*plays(*steps)) as server:
        Tryton(link(server.url)).post(document, key=KEY, reference=REFERENCE)
    assert [one.method for one in server.asked] == ["GET"] * (len(steps) - 3) + ["POST"] * 3
    assert server.asked[-3].json() == {"name": "Y", "code": "X", "addresses": [["create", [{}]]]}


@pytest.mark.parametrize("state", ["draft", "validated", "of mind", "", None])
def test_a_button_that_leads_nowhere_is_no_success(small_pages: None, state: str | None) -> None:
    odd = {**POSTED, "state": state}
    buttons = [pressing("post", odd)] * (2 if state in ("draft", "validated") else 1)
    steps = [*looking_up(Kind.INVOICE), *naming(sample()), drafting(sample()), *buttons]
    with ScriptedServer(*plays(*steps)) as server, pytest.raises(OutcomeUnknown):
        Tryton(link(server.url)).post(sample(), key=KEY, reference=REFERENCE)


def test_a_search_that_finds_too_much_is_read_to_the_letter(small_pages: None) -> None:
    other = {**POSTED, "description": POSTED["description"].replace("invoice", "INVOICE")}
    with ScriptedServer(*plays(*looking_up(Kind.INVOICE, [other]))) as server:
        assert Tryton(link(server.url)).find(sample(), key=KEY) == ()


def test_a_list_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch, small_pages: None) -> None:
    monkeypatch.setattr("integrations.tryton.client._MOST_PAGES", 3)
    endless = json_answer([{"id": 1}, {"id": 2}])
    with ScriptedServer(*[endless] * 3) as server, pytest.raises(Retryable, match="more pages"):
        list(Tryton(link(server.url)).records(RecordKind.SUPPLIER))


@pytest.mark.parametrize("place,model", [(1, "payable account"), (2, "journal")])
def test_what_is_not_set_up_in_tryton_is_named(small_pages: None, place: int, model: str) -> None:
    accounts, rest = posting_to(sample())[:-2], posting_to(sample())[-2:]
    before = plays(*looking_up(Kind.INVOICE), *accounts, *rest[: place - 1])
    with ScriptedServer(*before, json_answer([])) as server, pytest.raises(Misconfigured, match=model):
        Tryton(link(server.url)).post(sample(), key=KEY, reference=REFERENCE)


@pytest.mark.parametrize("company", ["", "none", "1.5", "-1", "٣", "9" * 40])
def test_a_company_number_that_is_none_names_the_setting(url: str, company: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Tryton(link(url, company=company)).company()
    assert caught.value.field == "company_id"


def test_an_unknown_database_names_the_setting(url: str) -> None:
    wrong = link(url)
    with pytest.raises(Misconfigured) as caught:
        Tryton(replace(wrong, settings={**wrong.settings, "database": "a/b?c"})).company()
    assert caught.value.field == "base_url"


def test_a_wrong_key_is_told(url: str) -> None:
    with pytest.raises(Unauthorised):
        Tryton(link(url, key="wrong")).company()


# --- what an earlier attempt left behind -----------------------------------------------------------------------------


def only_line(document: Document) -> Document:
    line = replace(document.lines[1], number=1)
    return replace(document, lines=(line,), net=line.net, tax=line.tax, gross=line.gross)


@pytest.mark.parametrize("kind", sorted(kinds.BOOKS))
def test_a_draft_that_was_left_behind_is_finished(system: Tryton, books: SeenBooks, kind: Kind) -> None:
    draft = books.draft(sample(kind), KEY.value)
    assert system.find(sample(kind), key=KEY) == ()
    assert system.post(sample(kind), key=KEY, reference=REFERENCE).external_id == str(draft)
    assert books.count() == 1


@pytest.mark.parametrize("kind", sorted(set(kinds.BOOKS) - kinds.MONEY))
def test_a_draft_that_says_something_else_is_replaced(system: Tryton, books: SeenBooks, kind: Kind) -> None:
    others = [only_line(sample(kind)), with_line(sample(kind), 1, tax_code="T2")]
    if kind is not Kind.PURCHASE_ORDER:
        others.append(with_line(sample(kind), 1, account_code="7506"))
    drafts = [str(books.draft(one, KEY.value)) for one in others]
    told = system.post(sample(kind), key=KEY, reference=REFERENCE)
    assert told.external_id not in drafts
    assert (told.gross, books.count()) == (sample().gross, 1)


@pytest.mark.parametrize("kind", sorted(kinds.MONEY))
def test_a_draft_of_other_money_is_replaced(system: Tryton, books: SeenBooks, kind: Kind) -> None:
    less: dict[str, Any] = {"net": Decimal("10.00"), "gross": Decimal("10.00")}
    others = [
        replace(with_line(sample(kind), 0, **less), **less),
        with_line(sample(kind), 0, account_code="4000"),
        replace(sample(kind), date=date(2024, 3, 15)),
        replace(sample(kind), party=Customer(code="OTHER", name="Other Ltd")),
    ]
    drafts = [str(books.draft(one, KEY.value)) for one in others]
    told = system.post(sample(kind), key=KEY, reference=REFERENCE)
    assert told.external_id not in drafts
    assert (told.gross, books.count()) == (sample().gross, 1)


def test_of_several_drafts_the_oldest_stays(system: Tryton, books: SeenBooks) -> None:
    drafts = [books.draft(sample(), KEY.value) for _ in range(3)]
    assert system.post(sample(), key=KEY, reference=REFERENCE).external_id == str(drafts[0])
    assert books.count() == 1


def test_a_quotation_that_says_something_else_is_replaced(system: Tryton, books: SeenBooks, url: str) -> None:
    order = sample(Kind.PURCHASE_ORDER)
    Client(link(url)).act(kinds.ORDERS, books.draft(only_line(order), KEY.value), "quote", ())
    assert system.post(order, key=KEY, reference=REFERENCE).gross == order.gross
    assert books.count() == 1


POSTED = record(Kind.INVOICE, sample())


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.tryton.client.PAGE_SIZE", PAGE)
