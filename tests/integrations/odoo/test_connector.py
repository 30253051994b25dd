"""Odoo passes the cases of every accounting system, against its stand-in and against scripts."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.base import Link
from integrations.documents import Company, Document, IdempotencyKey, Kind, Supplier
from integrations.errors import (
    IntegrationError,
    Misconfigured,
    OutcomeUnknown,
    Rejected,
    Retryable,
    Unauthorised,
)
from integrations.http import Exchange, Outbound
from integrations.odoo import mapping
from integrations.odoo.books import Books as OdooBooks
from integrations.odoo.connector import Odoo
from integrations.odoo.records import all_of
from integrations.odoo.sandbox import build
from integrations.reference import RecordKind
from integrations.sandbox import Server, Store, mount
from tests.contract import BehaviourCases, HttpCases, Refusal, Step
from tests.samples import KEY, OTHER_KEY, REFERENCE, in_dollars, sample, with_line
from tests.scripted import Answer, ScriptedServer, answer, json_answer

TOKEN = "odoo-key-of-the-tests"
CONTEXT = {"lang": "en_US", "allowed_company_ids": [1]}
READING = {**CONTEXT, "active_test": False}
TRACE = 'Traceback (most recent call last):\n  File "/srv/odoo/http.py", line 2273, in _serve_db\nboom\n'
RETIRED: dict[RecordKind, tuple[str, dict[str, Any]]] = {
    RecordKind.SUPPLIER: ("res.partner", {"name": "Closed Ltd", "ref": "CLOSED01", "supplier_rank": 1}),
    RecordKind.ACCOUNT: ("account.account", {"name": "Closed", "code": "7599", "account_type": "expense"}),
    RecordKind.TAX: ("account.tax", {"name": "T8", "amount": 9, "amount_type": "percent", "type_tax_use": "purchase"}),
    RecordKind.CURRENCY: ("res.currency", {"name": "VEF", "full_name": "Bolívar fuerte"}),
    RecordKind.DELIVERY_SITE: ("stock.warehouse", {"name": "Closed", "code": "OLD", "company_id": 1}),
    RecordKind.DIMENSION: ("account.analytic.account", {"name": "Closed", "code": "OLD", "plan_id": 1}),
}


def link(url: str, *, key: str = TOKEN, company: str = "1", outbound: Outbound | None = None) -> Link:
    return Link(
        settings={"base_url": url, "company_id": company},
        secrets={"api_key": key},
        outbound=outbound or Outbound(allow_private=True),
    )


class SeenBooks:
    """What the stand-in holds, read from its own database."""

    def __init__(self, state: Store) -> None:
        self.books = OdooBooks(state)
        self.state = state

    def count(self) -> int:
        return len(self.books.documents())

    def owed(self, supplier_code: str) -> Decimal:
        signs = {"in_invoice": 1, "in_refund": -1}
        return sum(
            (
                signs[one["move_type"]] * one["amount_total_signed"]
                for one in self.books.documents()
                if one["state"] == "posted" and one["partner"]["ref"] == supplier_code
            ),
            Decimal(0),
        )

    def due_from(self, customer_code: str) -> Decimal:
        with self.state.transaction() as database:
            partners = [one["id"] for one in all_of(database, "res.partner") if one["ref"] == customer_code]
            lines = [one for one in all_of(database, "account.move.line") if one["partner_id"] in partners]
        wanted = {"account_type": "asset_receivable", "parent_state": "posted"}
        owed = (one for one in lines if wanted.items() <= one.items())
        return sum((one["debit"] - one["credit"] for one in owed), Decimal(0))

    def pay_by_hand(self, invoice: str, amount: Decimal) -> str:
        raise NotImplementedError("this Odoo does not tell settlements")

    def plant(self, document: Document, key: str) -> bool:
        return False

    def forget_keys(self) -> None:
        """The key is the document's own external id."""

    def retire(self, kind: RecordKind) -> str | None:
        model, values = RETIRED[kind]
        return str(self.books.create(model, {**values, "active": False}))

    def stored(self, kind: Kind, external_id: str, name: str) -> bytes:
        document = [["res_model", "=", mapping.form(kind).model], ["res_id", "=", int(external_id)]]
        asked = {"fields": ["datas"], "domain": [*document, ["name", "=", name]]}
        (found,) = self.books.search_read("ir.attachment", asked)
        return base64.b64decode(found["datas"])

    def states(self) -> list[str]:
        return [one["state"] for one in reversed(self.books.documents())]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_ODOO_KEY", TOKEN)
    store = Store("odoo", tmp_path)
    yield store
    store.close()


@pytest.fixture
def url(state: Store) -> Iterator[str]:
    with Server(mount({"odoo": build(state)})) as server:
        yield f"{server.url}/odoo"


@pytest.fixture
def books(state: Store) -> SeenBooks:
    return SeenBooks(state)


@pytest.fixture
def system(url: str) -> Odoo:
    return Odoo(link(url))


class TestBehaviour(BehaviourCases):
    """The shared cases, over real HTTP to the stand-in; tests/live/odoo runs them against a real Odoo."""

    connector = Odoo


# --- the script ------------------------------------------------------------------------------------------------------

IDS = {"5010": 178, "7504": 179, "7506": 180, "4000": 181, "4020": 182, "1200": 183}
TAXES = {"T0": (22, 7), "T1": (23, 6)}
MOVE = ["name", "state", "move_type", "partner_id", "currency_id", "date", "invoice_origin",
        "amount_untaxed", "amount_tax", "amount_total"]  # fmt: skip
ORDER = ["name", "state", "partner_id", "currency_id", "date_order", "origin",
         "amount_untaxed", "amount_tax", "amount_total"]  # fmt: skip
XID = f"postroom.{KEY.value}"


def search(model: str, domain: Sequence[object], fields: list[str], rows: object, *, limit: int | None = None) -> Step:
    body: dict[str, Any] = {"domain": domain, "fields": fields, "order": "id"}
    if limit is not None:
        body["limit"] = limit
    return Step(method="POST", path=f"/json/2/{model}/search_read", body={**body, "context": READING}, answer=rows)


def write(path: str, answer: object, **body: object) -> Step:
    return Step(method="POST", path=f"/json/2/{path}", body={**body, "context": CONTEXT}, answer=answer, writes=True)


def lookup(model: str, rows: list[dict[str, Any]]) -> Step:
    domain = [["module", "=", "postroom"], ["model", "=", model], ["name", "=", KEY.value]]
    return search("ir.model.data", domain, ["name", "res_id"], rows)


MOVE_TYPES = {
    Kind.CREDIT_NOTE: "in_refund",
    Kind.SALES_INVOICE: "out_invoice",
    Kind.SALES_CREDIT_NOTE: "out_refund",
    Kind.PAYMENT: "entry",
    Kind.REFUND: "entry",
}


def row(document: Document, number: int, **changes: object) -> dict[str, Any]:
    """A document as Odoo tells it."""
    is_order = document.kind is Kind.PURCHASE_ORDER
    day = {"date_order": f"{document.date} 12:00:00"} if is_order else {"date": str(document.date)}
    origin = "P-000001 / INV000123 / ORD000056"
    return {
        "id": number,
        "name": "P00001" if is_order else "BILL/2024/03/0001",
        "state": "purchase" if is_order else "posted",
        "move_type": MOVE_TYPES.get(document.kind, "in_invoice"),
        "partner_id": [6, "Crown Conference Centre"],
        "currency_id": [{"GBP": 144, "USD": 1}[document.currency], document.currency],
        "amount_untaxed": 0 if document.kind in mapping.MONEY else document.net,
        "amount_tax": document.tax,
        "amount_total": document.gross,
        "invoice_origin": origin,
        "origin": origin,
        "tax_totals": {"subtotals": []},
        **day,
        **changes,
    }


def model_of(document: Document) -> str:
    return "purchase.order" if document.kind is Kind.PURCHASE_ORDER else "account.move"


def seen(document: Document, **changes: object) -> Step:
    model = model_of(document)
    totals = [] if document.kind in mapping.MONEY else ["tax_totals"]
    fields = ORDER if model == "purchase.order" else [*MOVE, *totals]
    return search(model, [["id", "=", 17]], fields, [row(document, 17, **changes)])


def partner() -> Step:
    return search("res.partner", [["id", "in", [6]]], ["ref"], [{"id": 6, "ref": "CROWN01"}])


def paying(document: Document) -> list[Step]:
    """What is looked up before the first write of a payment."""
    code, name, company = document.party.code, document.party.name, ["company_id", "=", 1]
    by_either = ["|", ["ref", "=", code], "&", ["parent_id", "=", False], ["name", "=ilike", name]]
    account, journal = {"id": 183, "code": "1200", "active": True}, {"id": 13, "code": "BNK1"}
    of_the_bank = [["default_account_id", "=", 183], ["active", "=", True], company]
    return [
        search("account.account", [["code", "in", ["1200"]]], ["code", "active"], [account]),
        search(
            "res.currency", [["name", "=", "GBP"]], ["name", "active"], [{"id": 144, "name": "GBP", "active": True}]
        ),
        search("account.journal", of_the_bank, ["code"], [journal], limit=1),
        search("res.company", [["id", "=", 1]], ["currency_id"], [{"id": 1, "currency_id": [144, "GBP"]}]),
        search(
            "res.partner", by_either, ["name", "ref", "active"], [{"id": 6, "name": name, "ref": code, "active": 1}]
        ),
        search("res.partner", [["id", "=", 6]], [OWES], [{"id": 6, OWES: [74, "Debtors"]}]),
    ]


OWES = "property_account_receivable_id"


def codes(document: Document) -> list[Step]:
    """What is looked up before the first write."""
    if document.kind in mapping.MONEY:
        return paying(document)
    steps = []
    names = sorted({line.account_code or "" for line in document.lines})
    if document.kind is not Kind.PURCHASE_ORDER:
        rows: list[dict[str, Any]] = [{"id": IDS[code], "code": code, "active": True} for code in names]
        steps.append(search("account.account", [["code", "in", names]], ["code", "active"], rows))
    names = sorted({line.tax_code or "" for line in document.lines})
    rows = [
        {
            "id": TAXES[code][0],
            "name": code,
            "active": True,
            "price_include": False,
            "tax_group_id": [TAXES[code][1], ""],
        }
        for code in names
    ]
    fields = ["name", "active", "price_include", "tax_group_id"]
    use = "sale" if document.kind.is_sale else "purchase"
    steps.append(search("account.tax", [["name", "in", names], ["type_tax_use", "=", use]], fields, rows))
    number = {"GBP": 144, "USD": 1}[document.currency]
    rows = [{"id": number, "name": document.currency, "active": True}]
    steps.append(search("res.currency", [["name", "=", document.currency]], ["name", "active"], rows))
    code, name = document.party.code, document.party.name
    domain: list[object] = [
        "|", ["ref", "=", code], "&", ["parent_id", "=", False], ["name", "=ilike", name],
    ]  # fmt: skip
    rows = [{"id": 6, "name": name, "ref": code, "active": True}]
    steps.append(search("res.partner", domain, ["name", "ref", "active"], rows))
    if document.kind is Kind.PURCHASE_ORDER:
        domain = [["default_code", "=", "POSTROOM"], ["active", "=", True]]
        steps.append(
            search("product.product", domain, ["default_code"], [{"id": 3, "default_code": "POSTROOM"}], limit=1)
        )
    return steps


def loaded(document: Document) -> tuple[list[str], list[list[str]]]:
    """What is loaded for `sample(kind)` and `in_dollars()`; for other lines, with the net of each."""
    if document.kind is Kind.PURCHASE_ORDER:
        return ORDER_FIELDS, ORDER_ROWS
    if document.currency == "USD":
        return DOLLAR_FIELDS, DOLLAR_ROWS
    kind = MOVE_TYPES.get(document.kind, "in_invoice")
    if document.kind in mapping.MONEY:
        return MONEY_FIELDS, MONEY_ROWS if document.kind is Kind.PAYMENT else REFUND_ROWS
    if document.kind.is_sale:
        return BILL_FIELDS, [[XID, kind, *SOLD_ROWS[0][2:]], *SOLD_ROWS[1:]]
    return BILL_FIELDS, [[XID, kind, *BILL_ROWS[0][2:]], *BILL_ROWS[1:]]


BILL_FIELDS = [
    "id", "move_type", "partner_id/.id", "currency_id/.id", "invoice_date", "date",
    "invoice_payment_term_id/.id", "invoice_date_due", "ref",
    "invoice_origin", "invoice_line_ids/id", "invoice_line_ids/account_id/.id", "invoice_line_ids/quantity",
    "invoice_line_ids/name", "invoice_line_ids/price_unit", "invoice_line_ids/tax_ids/.id",
]  # fmt: skip
BILL_ROWS = [
    [
        XID, "in_invoice", "6", "144", "2024-03-14", "2024-03-14", "", "2024-04-13", "SI-48213",
        "P-000001 / INV000123 / ORD000056",
        f"{XID}_1", "178", "2", "Training room, full day", "50.00", "23",
    ],
    ["", "", "", "", "", "", "", "", "", "", f"{XID}_2", "179", "1", "Printed course manuals", "50.50", "22"],
]  # fmt: skip
SOLD_ROWS = [
    [
        XID, "out_invoice", "6", "144", "2024-03-14", "2024-03-14", "", "2024-04-13", "INV-2024-0117",
        "P-000001 / INV-2024-0117",
        f"{XID}_1", "181", "1", "First aid at work, 12 places", "100.00", "23",
    ],
    ["", "", "", "", "", "", "", "", "", "", f"{XID}_2", "182", "1", "First aid manuals", "50.50", "22"],
]  # fmt: skip
MONEY_FIELDS = [
    "id", "move_type", "journal_id/.id", "partner_id/.id", "currency_id/.id", "date", "ref", "invoice_origin",
    "line_ids/id", "line_ids/account_id/.id", "line_ids/partner_id/.id", "line_ids/name", "line_ids/currency_id/.id",
    "line_ids/amount_currency", "line_ids/debit", "line_ids/credit",
]  # fmt: skip
MONEY_ROWS = [
    [
        XID, "entry", "13", "6", "144", "2024-03-14", "P-000001 / BACS 14/03", "P-000001 / BACS 14/03",
        f"{XID}_1", "74", "6", "BACS 14/03", "144", "-170.50", "0", "170.50",
    ],
    ["", "", "", "", "", "", "", "", f"{XID}_2", "183", "6", "BACS BACS 14/03", "144", "170.50", "170.50", "0"],
]  # fmt: skip
REFUND_ROWS = [
    [*MONEY_ROWS[0][:-3], "170.50", "170.50", "0"],
    [*MONEY_ROWS[1][:-3], "-170.50", "0", "170.50"],
]
DOLLAR_FIELDS = [
    "id", "move_type", "partner_id/.id", "currency_id/.id", "invoice_date", "date",
    "invoice_payment_term_id/.id", "invoice_date_due", "ref",
    "invoice_origin", "invoice_currency_rate", "invoice_line_ids/id", "invoice_line_ids/account_id/.id",
    "invoice_line_ids/quantity", "invoice_line_ids/name", "invoice_line_ids/price_unit", "invoice_line_ids/tax_ids/.id",
]  # fmt: skip
DOLLAR_ROWS = [
    [
        XID, "in_invoice", "6", "1", "2024-03-14", "2024-03-14", "", "2024-04-13", "SI-48213",
        "P-000001 / INV000123 / ORD000056", "1.2010365793",
        f"{XID}_1", "180", "1", "Authoring tool, annual licence", "120.50", "22",
    ]
]  # fmt: skip
ORDER_FIELDS = [
    "id", "partner_id/.id", "currency_id/.id", "date_order", "partner_ref", "origin",
    "order_line/id", "order_line/product_id/.id", "order_line/product_qty", "order_line/name",
    "order_line/price_unit", "order_line/tax_ids/.id",
]  # fmt: skip
ORDER_ROWS = [
    [
        XID, "6", "144", "2024-03-14 12:00:00", "SI-48213", "P-000001 / INV000123 / ORD000056",
        f"{XID}_1", "3", "2", "Training room, full day", "50.00", "23",
    ],
    ["", "", "", "", "", "", f"{XID}_2", "3", "1", "Printed course manuals", "50.50", "22"],
]  # fmt: skip


def error(name: str, message: str = "No, said 7504.") -> dict[str, Any]:
    return {"name": name, "message": message, "arguments": [message], "context": {}, "debug": TRACE}


def not_loaded(message: str) -> dict[str, Any]:
    told = {"rows": {"from": 0, "to": 1}, "record": 0, "type": "error", "message": message}
    return {"ids": False, "messages": [told], "nextrow": 0}


class TestHttp(HttpCases):
    """The shared cases, with a script in place of Odoo."""

    connector = Odoo
    secrets = (TOKEN,)
    one_per_key = True

    def connect(self, url: str, outbound: Outbound) -> Odoo:
        return Odoo(link(url, outbound=outbound))

    def greeting(self) -> Sequence[Step]:
        company = {"id": 1, "name": "Harbour Street Studios Ltd", "currency_id": [144, "GBP"], "vat": "GB123456782",
                   "company_registry": False}  # fmt: skip
        fields = ["name", "currency_id", "vat", "company_registry"]
        return [search("res.company", [["id", "=", 1]], fields, [company])]

    def posting(self, document: Document) -> Sequence[Step]:
        model = model_of(document)
        is_order = model == "purchase.order"
        fields, data = loaded(document)
        # Odoo computes the tax of a draft from rates, and comes to what the lines say.
        computed = sum((line.tax for line in document.lines), Decimal(0))
        return [
            lookup(model, []),
            *codes(document),
            write(f"{model}/load", {"ids": [17], "messages": [], "nextrow": 0}, fields=fields, data=data),
            seen(document, state="draft", name=False, amount_tax=computed),
            write(f"{model}/{'button_confirm' if is_order else 'action_post'}", is_order, ids=[17]),
            seen(document),
            partner(),
        ]

    def finding(self, pages: Sequence[int]) -> Sequence[Step]:
        if sum(pages) == 0:
            return [lookup("account.move", [])]
        external = {"id": 33151, "name": KEY.value, "res_id": 1}
        fields = [*MOVE, "tax_totals"]
        return [
            lookup("account.move", [external]),
            search("account.move", [["id", "=", 1]], fields, [row(sample(), 1)]),
            partner(),
        ]

    def listing(self, pages: Sequence[int]) -> Sequence[Step]:
        steps, first = [], 1
        for count in (*filter(None, pages), 0):
            ids = [*range(first, first + count)]
            rows = [{"id": one, "name": KEY.value, "model": "account.move", "res_id": one} for one in ids]
            domain = [["module", "=", "postroom"], ["model", "in", ["account.move", "purchase.order"]],
                      ["create_date", ">=", "2026-11-20 12:00:00"], ["id", ">", first - 1]]  # fmt: skip
            steps.append(search("ir.model.data", domain, ["name", "model", "res_id"], rows, limit=200))
            if ids:
                moves = [row(sample(), one) for one in ids]
                steps += [search("account.move", [["id", "in", ids]], MOVE, moves), partner()]
            first += count
        return steps

    def reading(self, kind: RecordKind, pages: Sequence[int]) -> Sequence[Step]:
        model, domain, values = READS[kind]
        steps, first = [*BEFORE_READING.get(kind, ())], 1
        for count in (*filter(None, pages), 0):
            rows = [{"id": number, **values} for number in range(first, first + count)]
            steps.append(search(model, [*domain, ["id", ">", first - 1]], list(values), rows, limit=200))
            first += count
        return steps

    def papers(self, count: int) -> Sequence[Step]:
        rows = [
            {"id": number, "name": f"{number}.pdf", "mimetype": "application/pdf", "file_size": 7}
            for number in range(1, count + 1)
        ]
        fields = ["name", "mimetype", "file_size"]
        domain = [["res_model", "=", "account.move"], ["res_id", "=", 17]]
        pages: list[tuple[list[dict[str, Any]], int]] = [(rows, 0), *([([], count)] if count else [])]
        return [
            INVOICE_IS_THERE,
            *(search("ir.attachment", [*domain, ["id", ">", last]], fields, page, limit=200) for page, last in pages),
        ]

    def attaching(self) -> Sequence[Step]:
        row = [
            f"postroom.file-{FILE_ID}", "SI-48213.pdf", "account.move", "17",
            "JVBERi0xLjcKJSBDcm93biBDb25mZXJlbmNlIENlbnRyZQolJUVPRgo=",
        ]  # fmt: skip
        fields = ["id", "name", "res_model", "res_id", "datas"]
        loaded = {"ids": [492], "messages": [], "nextrow": 0}
        return [INVOICE_IS_THERE, write("ir.attachment/load", loaded, fields=fields, data=[row])]

    def without_id(self) -> object:
        return {"ids": [], "messages": [], "nextrow": 0}

    def failure(self, message: str) -> object:
        return not_loaded(message)

    def refusals(self) -> Sequence[Refusal]:
        says = "No, said 7504."
        users = [
            Refusal(status=422, body=error(f"odoo.exceptions.{name}"), says=says, hides="boom")
            for name in ("UserError", "ValidationError", "RedirectWarning")
        ]
        ours = [
            Refusal(status=status, body=error(name), error=Misconfigured, says=says, field="api_key")
            for status, name in (
                (403, "odoo.exceptions.AccessError"),
                (403, "odoo.exceptions.AccessDenied"),
                (404, "werkzeug.exceptions.NotFound"),
            )
        ]
        company = error("odoo.exceptions.AccessError", "Access to unauthorized or invalid companies.")
        external = error("odoo.exceptions.AccessError", "You are not allowed to access 'Model Data' (ir.model.data).")
        booking = len(codes(sample())) + 3
        cleaning = [seen(sample(), state="draft", name=False), write("account.move/unlink", True, ids=[17])]
        return [
            *users,
            *ours,
            Refusal(status=404, body=error("odoo.exceptions.MissingError"), says=says),
            Refusal(status=500, body=error("builtins.ValueError"), says="could not read a value", hides="boom"),
            Refusal(status=500, body=error("builtins.RuntimeError"), error=OutcomeUnknown, hides="7504"),
            Refusal(status=200, body=not_loaded(says), says=says),
            Refusal(
                status=200, body=not_loaded("could not serialize access due to"), error=Retryable, hides="serialize"
            ),
            Refusal(
                status=200, body=not_loaded("Unknown error during import: boom"), error=OutcomeUnknown, hides="boom"
            ),
            Refusal(status=200, body={"ids": False, "messages": []}, error=OutcomeUnknown),
            Refusal(
                status=200,
                body=not_loaded("You are not allowed to create 'Contact' (res.partner) records.\n\nThis operation"),
                error=Misconfigured,
                says="not allowed to create 'Contact'",
                field="api_key",
            ),
            Refusal(status=403, body=company, error=Misconfigured, field="company_id", step=0),
            Refusal(status=403, body=external, error=Misconfigured, field="api_key", says="Access Rights", step=0),
            Refusal(status=500, body=error("builtins.ValueError"), error=Retryable, step=0),
            Refusal(status=422, body=error("odoo.exceptions.UserError"), says=says, step=booking, then=cleaning),
        ]


READS: dict[RecordKind, tuple[str, list[object], dict[str, object]]] = {
    RecordKind.SUPPLIER: (
        "res.partner",
        [["supplier_rank", ">", 0]],
        {
            "name": "Crown", "ref": "CROWN01", "active": True, "vat": False, "email": False, "phone": False,
            "street": False, "street2": False, "city": False, "zip": False, "state_id": False, "country_id": False,
            "country_code": False, "property_purchase_currency_id": False, "property_supplier_payment_term_id": False,
        },
    ),
    RecordKind.ACCOUNT: (
        "account.account",
        [["code", "!=", False]],
        {"code": "7504", "name": "Stationery", "account_type": "expense", "active": True},
    ),
    RecordKind.TAX: (
        "account.tax",
        [["type_tax_use", "=", "purchase"]],
        {"name": "T1", "amount": 20, "amount_type": "percent", "active": True},
    ),
    RecordKind.CURRENCY: (
        "res.currency",
        [],
        {
            "name": "GBP", "full_name": "Pound sterling", "active": True, "rate": 1, "rate_ids": [],
            "is_current_company_currency": True,
        },
    ),
    RecordKind.DELIVERY_SITE: (
        "stock.warehouse",
        [["company_id", "in", [1, False]]],
        {"name": "Harbour Street", "code": "WH", "active": True, "partner_id": False},
    ),
    RecordKind.DIMENSION: (
        "account.analytic.account",
        [["company_id", "in", [1, False]]],
        {"name": "Training", "code": "TRN", "active": True, "plan_id": [2, "Department"]},
    ),
}  # fmt: skip
TERM_FIELDS = ["payment_id", "value", "value_amount", "delay_type", "nb_days"]
BEFORE_READING: dict[RecordKind, list[Step]] = {
    RecordKind.SUPPLIER: [search("account.payment.term.line", [["id", ">", 0]], TERM_FIELDS, [], limit=200)],
    RecordKind.DELIVERY_SITE: [
        search("ir.model", [["model", "=", "stock.warehouse"]], ["model"], [{"id": 541, "model": "stock.warehouse"}])
    ],
}
INVOICE_IS_THERE = search(
    "account.move",
    [["id", "=", 17], ["company_id", "=", 1]],
    ["name"],
    [{"id": 17, "name": "BILL/2024/03/0001"}],
)
# The first half of the SHA-256 of `account.move,17,SI-48213.pdf`.
FILE_ID = "80eb602b687051502e95b2a3ddb5efdc"


# --- what Odoo is known for ------------------------------------------------------------------------------------------


def test_what_it_can_do() -> None:
    assert Odoo.can.kinds == set(Kind) - {Kind.RECEIPT}
    assert (Odoo.can.lookup_complete, Odoo.can.lists, Odoo.can.key_seconds) == (True, True, None)
    assert (Odoo.can.reads, Odoo.can.attaches) == (set(RecordKind), Odoo.can.kinds)
    assert [(one.key, one.secret, one.required) for one in Odoo.metadata.settings] == [
        ("base_url", False, True),
        ("database", False, False),
        ("company_id", False, True),
        ("api_key", True, True),
    ]


def test_the_company_is_told_as_the_books_name_it(system: Odoo) -> None:
    assert system.company() == Company(external_id="1", name="Harbour Street Studios Ltd", base_currency="GBP")


def test_many_posts_at_once_with_one_key_make_one_document(url: str, books: SeenBooks) -> None:
    def post(_: int) -> str:
        try:
            return Odoo(link(url)).post(sample(), key=KEY, reference=REFERENCE).number
        except (Retryable, OutcomeUnknown):
            return "later"

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(post, range(16))) <= {"BILL/2024/03/0001", "later"}
    assert books.states() == ["posted"]


def test_a_load_that_another_is_in_the_middle_of_is_tried_again(
    system: Odoo, books: SeenBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.odoo.books.Books._turn", lambda *_: _nobodys())
    with pytest.raises(Retryable):
        system.post(sample(), key=KEY, reference=REFERENCE)
    assert books.count() == 0


class _nobodys:  # noqa: N801
    def __enter__(self) -> bool:
        return False

    def __exit__(self, *_exception: object) -> None:
        """Nothing was taken."""


def test_a_draft_that_was_left_behind_is_no_find_and_is_finished(url: str, books: SeenBooks) -> None:
    leave_draft(url)
    assert books.states() == ["draft"]
    assert Odoo(link(url)).find(sample(), key=KEY) == ()
    posted = Odoo(link(url)).post(sample(), key=KEY, reference=REFERENCE)
    assert (posted.number, posted.gross) == ("BILL/2024/03/0001", Decimal("170.50"))
    assert books.states() == ["posted"]


def leave_draft(url: str, document: Document | None = None) -> None:
    """As a worker does that dies between the two writes."""
    steps = 0

    def permit() -> None:
        nonlocal steps
        steps += 1
        if steps > 6:
            raise Retryable("dead", free=True)

    outbound = Outbound(allow_private=True, permit=permit)
    with pytest.raises(OutcomeUnknown):
        Odoo(link(url, outbound=outbound)).post(document or sample(), key=KEY, reference=REFERENCE)


def test_what_somebody_else_booked_in_the_meantime_is_read_back() -> None:
    document = sample()
    busy = error("odoo.exceptions.UserError", "The entry BILL/2024/03/0001 (id 17) must be in draft.")
    steps = [*TestHttp().posting(document)]
    plays = [one.play() for one in steps[:-3]]
    with ScriptedServer(*plays, json_answer(busy, status=422), steps[-2].play(), steps[-1].play()) as server:
        posted = Odoo(link(server.url)).post(document, key=KEY, reference=REFERENCE)
    assert (posted.external_id, posted.number) == ("17", "BILL/2024/03/0001")


def test_what_was_booked_between_lookup_and_load_is_read_back() -> None:
    steps = [*TestHttp().posting(sample())]
    plays = [one.play() for one in steps[:5]]
    taken = json_answer(not_loaded("No change of the following readonly fields on a posted move: date"))
    external = {"id": 33151, "name": KEY.value, "res_id": 17}
    rest = [lookup("account.move", [external]).play(), seen(sample()).play(), partner().play()]
    with ScriptedServer(*plays, taken, *rest) as server:
        assert Odoo(link(server.url)).post(sample(), key=KEY, reference=REFERENCE).external_id == "17"
    nothing = lookup("account.move", []).play()
    with ScriptedServer(*plays, taken, nothing) as server, pytest.raises(OutcomeUnknown):
        Odoo(link(server.url)).post(sample(), key=KEY, reference=REFERENCE)


def test_a_refused_booking_leaves_no_draft(system: Odoo, books: SeenBooks) -> None:
    negative = with_line(sample(), 0, net=Decimal(-100), tax=Decimal(-20), gross=Decimal(-120), unit_price=None)
    negative = replace(negative, net=Decimal("-49.50"), tax=Decimal(-20), gross=Decimal("-69.50"))
    with pytest.raises(Rejected, match="negative total"):
        system.post(negative, key=KEY, reference=REFERENCE)
    assert books.count() == 0
    system.post(sample(), key=KEY, reference=REFERENCE)
    assert books.states() == ["posted"]


@pytest.mark.parametrize(
    "play",
    [json_answer([]), json_answer(error("odoo.exceptions.AccessError"), status=403)],
    ids=["nothing", "a right that is missing"],
)
def test_a_read_that_fails_after_a_write_refuses_nothing(play: Answer) -> None:
    """The document may be booked: a missing right to read it back says nothing of that."""
    steps = [*TestHttp().posting(sample())]
    for place in (6, 8):
        plays = [one.play() for one in steps[:place]]
        with ScriptedServer(*plays, play) as server, pytest.raises(OutcomeUnknown):
            Odoo(link(server.url)).post(sample(), key=KEY, reference=REFERENCE)


def test_a_draft_that_cannot_be_removed_is_for_a_lookup_to_decide() -> None:
    document = sample()
    steps = [*TestHttp().posting(document)]
    plays = [one.play() for one in steps[:-3]]
    draft = seen(document, state="draft", name=False).play()
    no = json_answer(error("odoo.exceptions.UserError"), status=422)
    with ScriptedServer(*plays, no, draft, no) as server, pytest.raises(OutcomeUnknown):
        Odoo(link(server.url)).post(document, key=KEY, reference=REFERENCE)


def test_a_draft_that_stays_one_is_for_a_lookup_to_decide() -> None:
    steps = [*TestHttp().posting(sample())]
    plays = [one.play() for one in steps[:-2]]
    with ScriptedServer(*plays, seen(sample(), state="draft").play()) as server, pytest.raises(OutcomeUnknown):
        Odoo(link(server.url)).post(sample(), key=KEY, reference=REFERENCE)


def test_a_cancelled_document_is_told_and_not_written_again(system: Odoo, books: SeenBooks) -> None:
    posted = system.post(sample(), key=KEY, reference=REFERENCE)
    books.books.cancel("account.move", int(posted.external_id))
    assert system.find(sample(), key=KEY) == ()
    with pytest.raises(Rejected, match="BILL/2024/03/0001 was cancelled in Odoo"):
        system.post(sample(), key=KEY, reference=REFERENCE)
    assert books.count() == 1


def test_the_senders_tax_is_stated_where_odoo_comes_to_another(system: Odoo) -> None:
    document = with_line(sample(), 0, tax=Decimal("19.99"), gross=Decimal("119.99"))
    document = replace(document, tax=Decimal("19.99"), gross=Decimal("170.49"))
    posted = system.post(document, key=KEY, reference=REFERENCE)
    assert (posted.net, posted.tax, posted.gross) == (Decimal("150.50"), Decimal("19.99"), Decimal("170.49"))


def test_tax_where_odoo_has_no_tax_line_is_told_as_booked(system: Odoo) -> None:
    document = with_line(sample(), 1, tax=Decimal(1), gross=Decimal("51.50"))
    document = replace(document, tax=Decimal(21), gross=Decimal("171.50"))
    posted = system.post(document, key=KEY, reference=REFERENCE)
    assert (posted.tax, posted.gross) == (Decimal(20), Decimal("170.50"))


def test_a_locked_period_moves_the_date_and_posted_tells_it(system: Odoo, books: SeenBooks) -> None:
    books.books.write("res.company", 1, {"fiscalyear_lock_date": "2024-12-31"})
    posted = system.post(sample(), key=KEY, reference=REFERENCE)
    assert (str(posted.date), posted.number) == ("2025-01-31", "BILL/2025/01/0001")


def test_the_due_date_wins_over_the_suppliers_terms(system: Odoo, books: SeenBooks) -> None:
    books.books.write("res.partner", 1, {"property_supplier_payment_term_id": 1})
    system.post(sample(), key=KEY, reference=REFERENCE)
    system.post(sample(due_date=None, number="2"), key=OTHER_KEY, reference="P-000002")
    assert {one["xid"]: one["invoice_date_due"] for one in books.books.documents()} == {
        XID: "2024-04-13",
        f"postroom.{OTHER_KEY.value}": "2024-04-13",
    }
    system.post(sample(due_date=date(2024, 5, 5)), key=IdempotencyKey("third"), reference="P-000003")
    assert "2024-05-05" in {one["invoice_date_due"] for one in books.books.documents()}


def test_posting_touches_the_supplier_and_changes_no_hash(system: Odoo, books: SeenBooks) -> None:
    before = [one.content_hash() for one in system.records(RecordKind.SUPPLIER)]
    system.post(sample(), key=KEY, reference=REFERENCE)
    fields = {"fields": ["supplier_rank"], "domain": [["ref", "=", "CROWN01"]]}
    assert books.books.search_read("res.partner", fields)[0]["supplier_rank"] == 2
    assert [one.content_hash() for one in system.records(RecordKind.SUPPLIER)] == before


def test_reference_data_is_read_page_by_page(system: Odoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.odoo.client.PAGE_SIZE", 2)
    assert [one.code for one in system.records(RecordKind.TAX)] == ["T0", "T1", "T2", "T5", "T9"]
    assert [one.details["rate"] for one in system.records(RecordKind.TAX)] == ["0", "20", "0", "5", "0"]


# --- suppliers, products, currencies ---------------------------------------------------------------------------------


def test_a_supplier_is_made_once(system: Odoo, books: SeenBooks) -> None:
    new = Supplier(code="NEW01", name="New Ltd")
    first = system.post(sample(party=new), key=KEY, reference=REFERENCE)
    second = system.post(sample(party=new), key=OTHER_KEY, reference="P-000002")
    assert first.supplier_code == second.supplier_code == "NEW01"
    assert [one.code for one in system.records(RecordKind.SUPPLIER)] == ["CROWN01", "METRO01", "NEW01"]


def test_a_supplier_that_lost_code_and_name_is_known_by_its_external_id(system: Odoo, books: SeenBooks) -> None:
    new = Supplier(code="NEW01", name="New Ltd")
    system.post(sample(party=new), key=KEY, reference=REFERENCE)
    books.books.write("res.partner", 4, {"name": "Newer Ltd", "ref": "N-1"})
    posted = system.post(sample(party=new), key=OTHER_KEY, reference="P-000002")
    assert posted.supplier_code == "N-1"


@pytest.mark.parametrize(
    "supplier,found",
    [
        (Supplier(code="CROWN01", name="Something else"), "CROWN01"),
        (Supplier(code=None, name=" metro TELECOM "), "METRO01"),
        (Supplier(code="X-9", name="Metro Telecom"), "X-9"),
        (Supplier(code=None, name="Metro_Telecom"), None),
        (Supplier(code=None, name="%"), None),
    ],
)
def test_a_supplier_is_found_by_code_then_by_name(system: Odoo, supplier: Supplier, found: str | None) -> None:
    assert system.post(sample(party=supplier), key=KEY, reference=REFERENCE).supplier_code == found


def test_an_archived_or_doubled_supplier_is_refused(system: Odoo, books: SeenBooks) -> None:
    books.books.create("res.partner", {"name": "Twin Ltd", "ref": "TWIN"})
    books.books.create("res.partner", {"name": "Twin Two Ltd", "ref": "TWIN"})
    with pytest.raises(Rejected, match="TWIN is in Odoo more than once"):
        system.post(sample(party=Supplier(code="TWIN", name="Twin Ltd")), key=KEY, reference=REFERENCE)
    books.books.write("res.partner", 1, {"active": False})
    with pytest.raises(Rejected, match="CROWN01 is archived in Odoo"):
        system.post(sample(), key=KEY, reference=REFERENCE)
    assert books.count() == 0


def test_orders_share_one_product(system: Odoo, books: SeenBooks) -> None:
    for key in (KEY, OTHER_KEY):
        system.post(sample(Kind.PURCHASE_ORDER), key=key, reference=REFERENCE)
    products = books.books.search_read("product.product", {"fields": ["default_code", "type"]})
    assert [(one["default_code"], one["type"]) for one in products] == [("POSTROOM", "service")]


def test_an_inactive_currency_and_archived_codes_are_refused_by_name(system: Odoo, books: SeenBooks) -> None:
    with pytest.raises(Rejected, match="CAD is not active") as caught:
        system.post(replace(in_dollars(), currency="CAD"), key=KEY, reference=REFERENCE)
    assert caught.value.field == "currency"
    with pytest.raises(Rejected, match="does not know the currency XXX"):
        system.post(replace(in_dollars(), currency="XXX"), key=KEY, reference=REFERENCE)
    books.books.write("account.account", 4, {"active": False})
    with pytest.raises(Rejected, match="account code 7504 on line 2 is archived"):
        system.post(sample(), key=KEY, reference=REFERENCE)
    books.books.write("account.tax", 2, {"price_include": True})
    with pytest.raises(Rejected, match="T1 in Odoo is included in prices"):
        system.post(sample(lines=sample().lines[:1]), key=KEY, reference=REFERENCE)
    assert books.count() == 0


# --- addresses, keys, tracebacks -------------------------------------------------------------------------------------


def test_a_wrong_key_is_told(url: str, books: SeenBooks) -> None:
    with pytest.raises(Unauthorised):
        Odoo(link(url, key="wrong")).post(sample(), key=KEY, reference=REFERENCE)
    assert books.count() == 0


@pytest.mark.parametrize("company", ["", "one", "7", "²"])
def test_a_wrong_company_names_the_setting(url: str, company: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Odoo(link(url, company=company)).company()
    assert caught.value.field == "company_id"


def test_a_company_that_is_not_there_names_the_setting() -> None:
    with ScriptedServer(json_answer([])) as server, pytest.raises(Misconfigured) as caught:
        Odoo(link(server.url)).company()
    assert caught.value.field == "company_id"


def test_an_address_of_something_else_names_the_setting(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        Odoo(link(f"{url}/odoo")).find(sample(), key=KEY)
    assert caught.value.field == "base_url"


def test_the_database_is_named_where_there_are_several() -> None:
    found = json_answer([])
    with ScriptedServer(found, found) as server:
        for name in ("books", ""):
            settings = {"base_url": server.url, "company_id": "1", "database": name}
            one = Link(settings=settings, secrets={"api_key": TOKEN}, outbound=Outbound(allow_private=True))
            Odoo(one).find(sample(), key=KEY)
    assert [asked.headers.get("x-odoo-database") for asked in server.asked] == ["books", None]


def test_a_hidden_document_is_not_absent() -> None:
    external = json_answer([{"id": 1, "name": KEY.value, "res_id": 17}])
    with ScriptedServer(external, json_answer([])) as server, pytest.raises(Misconfigured):
        Odoo(link(server.url)).find(sample(), key=KEY)


@pytest.mark.parametrize("rest", ["", "x" * 10_000])
def test_tracebacks_are_not_recorded(rest: str) -> None:
    exchanges: list[Exchange] = []
    told = {**error("builtins.RuntimeError"), "debug": f'{TRACE} "quoted" \\ {rest}'}
    outbound = Outbound(allow_private=True, record=exchanges.append)
    with ScriptedServer(json_answer(told, status=500)) as server, pytest.raises(IntegrationError):
        Odoo(link(server.url, outbound=outbound)).find(sample(), key=KEY)
    assert '"debug": "***"' in exchanges[0].response_body
    assert "Traceback" not in repr(exchanges)


def test_pages_that_do_not_move_on_are_given_up() -> None:
    same = json_answer([{"id": 1, "name": "T1", "amount": 20, "amount_type": "percent", "active": True}])
    with ScriptedServer(same, same) as server, pytest.raises(Retryable, match="more pages"):
        list(Odoo(link(server.url)).records(RecordKind.TAX))


def test_people_see_the_books(url: str, system: Odoo) -> None:
    import requests

    assert "Nothing has been posted yet." in requests.get(f"{url}/", timeout=5).text
    system.post(sample(), key=KEY, reference=REFERENCE)
    assert "BILL/2024/03/0001" in requests.get(f"{url}/", timeout=5).text
    told = requests.get(f"{url}/truth", timeout=5).json()["documents"]
    assert [(one["name"], one["xid"]) for one in told] == [("BILL/2024/03/0001", XID)]


def test_a_page_in_place_of_a_company_is_told() -> None:
    play = answer(status=404, body="<!DOCTYPE html>", headers={"Content-Type": "text/html"})
    with ScriptedServer(play) as server, pytest.raises(Misconfigured, match="no Odoo 19"):
        Odoo(link(server.url)).company()


def test_a_key_of_any_generation_is_the_same_external_id(system: Odoo, books: SeenBooks) -> None:
    for generation in (1, 2):
        system.post(sample(), key=IdempotencyKey(KEY.value, generation), reference=REFERENCE)
    assert books.count() == 1
