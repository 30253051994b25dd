"""What people see: the books, one entry with its files, and what is known by code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, RequestRedirect, Rule
from werkzeug.wrappers import Request, Response

from integrations.accountsiq.standin.control import DEFAULTS
from integrations.accountsiq.standin.furniture import BASE, COMPANY, COMPANY_ID, ENTITY
from integrations.accountsiq.standin.ledger import CREDITS, Entry, entries, entry_of
from integrations.accountsiq.standin.memory import Database, Records
from integrations.accountsiq.standin.tokens import CLIENT_ID
from integrations.exact import to_json
from integrations.sandbox import Store, page

TRUTH: Final = "/truth"
KEY: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"\bP-\d+\b")
_TITLE: Final = "AccountsIQ"
_SHOWN: Final = 200
_MINUS: Final = "\N{MINUS SIGN}"
_KINDS: Final = {"PI": "bill", "PN": "credit_note", "SI": "sales_invoice", "SN": "sales_credit_note"}
_WORDS: Final = {
    "contact": "Contacts", "account": "Nominal accounts", "tax": "Tax codes", "currency": "Currencies",
    "department": "Departments (BI codes)", "cost_type": "Cost types", "stock": "Stock items",
}  # fmt: skip
_ROUTES: Final = Map(
    [
        Rule("/", endpoint="overview"),
        Rule(TRUTH, endpoint="truth"),
        Rule("/entries/<int:number>", endpoint="entry"),
        Rule("/files/<int:number>", endpoint="file"),
        Rule(f"/records/<any({', '.join(DEFAULTS)}):kind>", endpoint="records"),
    ]
)


class Pages:
    """The pages, and the truth for checkers."""

    def __init__(self, state: Store) -> None:
        self._state = state

    def answer(self, request: Request) -> Response:
        """One request, one answer."""
        try:
            name, values = _ROUTES.bind_to_environ(request.environ).match()
            with self._state.transaction() as database:
                found: Response = getattr(self, f"_{name}")(database, request.script_root, **values)
                return found
        except RequestRedirect as redirect:
            return redirect.get_response()
        except HTTPException as error:
            return Response("There is nothing here.\n", status=error.code)

    def _overview(self, database: Database, root: str) -> Response:
        count = "SELECT count(*) FROM entry"
        last = "id IN (SELECT id FROM entry ORDER BY id DESC LIMIT ?)"
        shown = reversed(list(entries(database, last, (_SHOWN,))))
        about = Markup(
            "<p>{} keeps its books in {}. Client account <code>{}</code>, entity <code>{}</code>, "
            "application <code>{}</code>. {:,} entries, the newest first.</p>"
        ).format(COMPANY, BASE, COMPANY_ID, ENTITY, CLIENT_ID, database.execute(count).fetchone()[0])
        links = Markup(" · ").join(
            Markup('<a href="{}/records/{}">{}</a>').format(root, kind, _WORDS[kind]) for kind in DEFAULTS
        )
        body = about + Markup("<p>{}</p>").format(links) + _buttons(root) + _entries(shown, root)
        return page(_TITLE, body + _orders(Records(database)))

    def _entry(self, database: Database, root: str, number: int) -> Response:
        entry = entry_of(database, number)
        if entry is None:
            raise NotFound
        rows = [
            [line["description"], line["account"], line["tax"], line["department"],
             *(_amount(line[name], entry) for name in ("net", "tax_amount"))]
            for line in entry["lines"]
        ]  # fmt: skip
        heads = ("Description", "Account", "Tax", "Department", *_right("Net", "Tax"))
        query = "SELECT id, name FROM file WHERE master_type = 'Transaction' AND master_id = ? ORDER BY id"
        files = database.execute(query, (number,)).fetchall()
        links = [[Markup('<a href="{}/files/{}">{}</a>').format(root, file["id"], file["name"])] for file in files]
        back = Markup('<p><a href="{}/">All entries</a></p>').format(root)
        about = Markup("<p>{contact_name}, {day}, {currency}. {reference} {description}</p>").format(**entry)
        raw = Markup("<h2>As it is kept</h2><div class=scroll><code>{}</code></div>").format(to_json(entry))
        attached = _table(("Files",), links) if links else Markup("")
        return page(entry["number"], back + about + _table(heads, rows) + attached + raw)

    def _file(self, database: Database, root: str, number: int) -> Response:
        """For taking away; whatever it is, no browser opens it here."""
        row = database.execute("SELECT name, content FROM file WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise NotFound
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(row['name'], safe='')}",
        }
        return Response(row["content"], mimetype="application/octet-stream", headers=headers)

    def _records(self, database: Database, root: str, kind: str) -> Response:
        rows = list(Records(database).every(kind))
        shown = [
            [str(row.id), row.code, row.name, "in use" if row.active else "not in use", to_json(row.body)]
            for row in rows[-_SHOWN:]
        ]
        back = Markup('<p><a href="{}/">All entries</a></p>').format(root)
        about = Markup("<p>{:,} in all; the newest of them:</p>").format(len(rows))
        return page(_WORDS[kind], back + about + _table(("No.", "Code", "Name", "State", "Details"), shown))

    def _truth(self, database: Database, root: str) -> Response:
        """What is booked, whatever was answered: for checkers."""
        booked = [_true(entry) for entry in entries(database)]
        ordered = [_true_order(row.body, row.id, row.name) for row in Records(database).every("order")]
        return Response(to_json({"documents": booked + ordered}), mimetype="application/json")


def _true(entry: Entry) -> dict[str, Any]:
    texts = f"{entry['reference']} {entry['description']} {entry['paper_number']}"
    return {
        "id": str(entry["id"]), "number": entry["number"], "kind": _KINDS[entry["sort"]],
        "external_key": _first(KEY, texts), "reference": _first(_REFERENCE, texts), "net": entry["net"],
        "tax": entry["tax"], "gross": entry["gross"], "currency": entry["currency"], "date": entry["day"],
        "booked_at": f"{entry['created_at']}+00:00",
    }  # fmt: skip


def _true_order(body: Mapping[str, Any], number: int, name: str) -> dict[str, Any]:
    net, tax = (sum((line[part] for line in body["lines"]), Decimal(0)) for part in ("NetAmount", "TaxAmount"))
    texts = f"{body['reference']} {body['notes']}"
    return {
        "id": str(number), "number": name, "kind": "purchase_order", "external_key": _first(KEY, texts),
        "reference": _first(_REFERENCE, texts), "net": net, "tax": tax, "gross": net + tax,
        "currency": body["currency"], "date": body["day"], "booked_at": None,
    }  # fmt: skip


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""


def _entries(found: Iterable[Entry], root: str) -> Markup:
    heads = ("Number", "Date", "Contact", *_right("Net", "Tax", "Gross"), "Currency", "Reference", "Description")
    rows = [
        [
            Markup('<a href="{}/entries/{}">{}</a>').format(root, entry["id"], entry["number"]),
            entry["day"],
            f"{entry['contact_name']} ({entry['contact_code']})",
            *(_amount(entry[name], entry) for name in ("net", "tax", "gross")),
            entry["currency"],
            entry["reference"] or entry["paper_number"],
            entry["description"],
        ]
        for entry in found
    ]
    return _table(heads, rows) if rows else Markup("<p>Nothing has been posted yet.</p>")


def _orders(records: Records) -> Markup:
    rows = [
        [row.name, row.body["day"], row.body["contact_name"], row.body["reference"], row.body["status"]]
        for row in records.every("order")
    ]
    heads = ("Number", "Date", "Supplier", "Reference", "State")
    return Markup("<h2>Purchase orders</h2>") + _table(heads, rows) if rows else Markup("")


def _buttons(root: str) -> Markup:
    """What people may do to the connection and to the calendar."""
    one = Markup('<form method="post" action="{}/control/{}">{} <button>{}</button></form>')
    day = Markup('<label>Date <input name="date" placeholder="2026-10-14" required></label>')
    form = Markup('<input type="hidden" name="by" value="page">')
    return Markup("").join(
        (
            one.format(root, "tokens/expire", form, "Let all tokens run out"),
            one.format(root, "application/revoke", form, "Revoke the application"),
            one.format(root, "application/restore", form, "Restore the application"),
            one.format(root, "periods/close", day, "Close the purchases of this month"),
            one.format(root, "periods/open", day, "Open the purchases of this month"),
        )
    )


def _right(*names: str) -> tuple[Markup, ...]:
    return tuple(Markup('<div class="amount">{}</div>').format(name) for name in names)


def _amount(value: Decimal, entry: Entry) -> Markup:
    """An amount for people; what a credit note takes away has a true minus."""
    signed = -value if entry["sort"] in CREDITS else value
    return Markup('<div class="amount">{}</div>').format(f"{_MINUS if signed < 0 else ''}{abs(signed):,.2f}")


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in heads)
    cells = (Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row) for row in rows)
    body = Markup("").join(Markup("<tr>{}</tr>").format(row) for row in cells)
    whole = Markup("<div class=scroll><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>")
    return whole.format(head, body)
