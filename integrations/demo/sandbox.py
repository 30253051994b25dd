"""A stand-in for Demo Books: its REST interface under `/api/`, and pages on which people see what is in the books."""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from wsgiref.types import WSGIApplication

from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, MapAdapter, RequestRedirect, Rule
from werkzeug.wrappers import Request, Response

from integrations.demo.books import COLLECTIONS, Books
from integrations.demo.checks import ACCOUNTS, TAX_CODES, Refusal
from integrations.disturbances import FORGET_KEYS, MOVE_DATE
from integrations.exact import from_json, to_json
from integrations.faults import Sort
from integrations.sandbox import Store, page

TRUTH: Final = "/truth"
ACCESS_FILE = "demo-token"
ACCESS_VARIABLE = "POSTROOM_DEMO_TOKEN"
LONGEST_LATENCY_MS = 2000
_SHOWN = 200
_MINUS = "\N{MINUS SIGN}"
_AMOUNT_HEADS: Final = tuple(Markup('<div class="amount">{}</div>').format(name) for name in ("Net", "Tax", "Gross"))

_ROUTES: Final = Map(
    [
        Rule("/", endpoint="show_books", methods=["GET"]),
        Rule("/documents/<document_id>", endpoint="show_document", methods=["GET"]),
        Rule(TRUTH, endpoint="truth", methods=["GET"]),
        Rule("/api/companies/<company_id>", endpoint="company", methods=["GET"]),
        Rule("/api/companies/<company_id>/accounts", endpoint="accounts", methods=["GET"]),
        Rule("/api/companies/<company_id>/tax-codes", endpoint="tax_codes", methods=["GET"]),
        Rule("/api/companies/<company_id>/suppliers", endpoint="suppliers", methods=["GET"]),
        Rule("/api/companies/<company_id>/documents", endpoint="documents", methods=["GET"]),
        *(Rule(f"/api/companies/<company_id>/{name}", endpoint=name, methods=["POST"]) for name in COLLECTIONS),
    ]
)


def build(state: Store) -> WSGIApplication:
    """The application. Its token comes from POSTROOM_DEMO_TOKEN, else from the file demo-token of the state."""
    if not 0 <= state.latency_ms <= LONGEST_LATENCY_MS:
        raise ValueError(f"the latency must be 0 to {LONGEST_LATENCY_MS} ms: the connector's quiet period relies on it")
    return Request.application(DemoBooksSandbox(state).answer)


class DemoInterface:
    """What the faults must know of this interface: posts write, the list of documents looks up."""

    key_header = "Idempotency-Key"

    def sort(self, request: Request) -> Sort | None:
        """A post of a document, a search for documents, or nothing that is ever disturbed."""
        words = request.path.strip("/").split("/")
        if len(words) != 4 or words[:2] != ["api", "companies"]:
            return None
        if request.method == "POST" and words[3] in COLLECTIONS:
            return Sort.WRITE
        return Sort.LOOKUP if request.method == "GET" and words[3] == "documents" else None

    def key(self, request: Request) -> str:
        """The idempotency key, which is the external key for as long as that was sent once."""
        return request.headers.get(self.key_header) or request.args.get("external_key", "")

    def failure(self) -> Response:
        """An error code that is in nobody's table, beside what looks like a document: it proves nothing."""
        told = {"code": "internal_error", "message": "Something went wrong on our side.", "field": ""}
        return _json(500, {"id": "doc_0", "number": "BILL-000000", "error": told})

    def without_id(self, answer: bytes) -> bytes:
        """The document as booked, without its id."""
        told = from_json(answer.decode())
        return to_json({name: told[name] for name in told if name != "id"}).encode()

    def with_wrong_amount(self, answer: bytes) -> bytes:
        """The document as booked, one unit of its currency too expensive."""
        told = from_json(answer.decode())
        return to_json({**told, "net": told["net"] + 1, "gross": told["gross"] + 1}).encode()


INTERFACE: Final = DemoInterface()


class DemoBooksSandbox:
    """Finds the right answer to a request."""

    def __init__(self, state: Store) -> None:
        self._books = Books(state)
        self._token = state.token(ACCESS_FILE, ACCESS_VARIABLE)
        self._latency_seconds = state.latency_ms / 1000

    def answer(self, request: Request) -> Response:
        """One request, one answer; refusals as JSON where machines ask, as a page elsewhere."""
        routes = _ROUTES.bind_to_environ(request.environ)
        is_api = request.path.startswith("/api/")
        if not is_api and request.path != TRUTH:
            return self._page(routes, request.script_root)
        try:
            return self._api(routes, request) if is_api else self._truth(routes, request)
        except Refusal as refusal:
            return _json(refusal.status, {"error": refusal.error})
        except HTTPException as error:
            told = {"code": "not_found", "message": "Demo Books has nothing at this address.", "field": ""}
            return _json(error.code or 500, {"error": told})

    def _api(self, routes: MapAdapter, request: Request) -> Response:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            raise Refusal("unauthorised", "The access token is missing or wrong.", status=401)
        name, values = routes.match()
        # Asleep before the books are opened: a slow system makes its callers wait, not each other.
        time.sleep(self._latency_seconds)
        if name in COLLECTIONS:
            key = request.headers.get("Idempotency-Key", "").strip()
            moves_date = MOVE_DATE in request.environ
            answer = self._books.post(
                values["company_id"], COLLECTIONS[name], _body(request), key, moves_date=moves_date
            )
            if FORGET_KEYS in request.environ:
                self._books.forget_keys()
            return _json(*answer)
        return _json(200, self._read(name, values["company_id"], request))

    def _truth(self, routes: MapAdapter, request: Request) -> Response:
        """What is booked, whatever was answered: for checkers. As open as the pages, which show the same."""
        routes.match()
        company_id = request.args.get("company")
        if company_id is not None:
            self._books.company(company_id)
        return _json(200, {"documents": self._books.truth(company_id)})

    def _read(self, name: str, company_id: str, request: Request) -> object:
        company = self._books.company(company_id)
        if name == "documents":
            return self._documents(company_id, request)
        if name == "suppliers":
            return {"suppliers": self._books.suppliers(company_id)}
        if name == "accounts":
            return {"accounts": [{"code": code, "name": told} for code, told in ACCOUNTS.items()]}
        if name == "tax_codes":
            codes = [{"code": code, "name": told, "rate": rate} for code, (told, rate) in TAX_CODES.items()]
            return {"tax_codes": codes}
        return company

    def _documents(self, company_id: str, request: Request) -> object:
        number = max(request.args.get("page", 1, type=int), 1)
        since = request.args.get("booked_since")
        if since is None:
            return self._books.find(company_id, request.args.get("external_key"), number)
        return self._books.booked_since(company_id, _instant(since), number)

    def _page(self, routes: MapAdapter, root: str) -> Response:
        try:
            name, values = routes.match()
        except RequestRedirect as redirect:
            return redirect.get_response()
        except HTTPException as error:
            return Response("There is nothing here.\n", status=error.code)
        if name == "show_books":
            return page("Demo Books", self._overview(root))
        document = self._books.document(values["document_id"])
        return page(document["number"], _document(document, root)) if document else NotFound().get_response()

    def _overview(self, root: str) -> Markup:
        parts = [
            Markup("<h2>{name} ({id}, {currency})</h2>").format(**company)
            + _documents(self._books.latest(company["id"], _SHOWN), root)
            for company in self._books.companies()
        ]
        return Markup("<p>What this accounting system holds, newest first.</p>") + Markup("").join(parts)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal(
            "invalid", "booked_since is no moment such as 2026-11-20T14:03:00+00:00.", "booked_since"
        ) from None


def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = from_json(request.get_data().decode())
    except ValueError:
        raise Refusal("bad_request", "The body is not JSON.", status=400) from None
    if not isinstance(body, dict):
        raise Refusal("bad_request", "The body is not a JSON object.", status=400)
    return body


def _json(status: int, value: object) -> Response:
    return Response(to_json(value), status=status, mimetype="application/json")


def _documents(documents: Iterable[Mapping[str, Any]], root: str) -> Markup:
    heads = ("Number", "Kind", "Date", "Supplier", "Their number", "Our reference", *_AMOUNT_HEADS, "Currency")
    rows = [
        [
            Markup('<a href="{}/documents/{}">{}</a>').format(root, one["id"], one["number"]),
            one["kind"].replace("_", " ").capitalize(),
            one["date"],
            f"{one['supplier']['name']} ({one['supplier']['code']})",
            one.get("supplier_reference") or "",
            one.get("reference") or "",
            *(_amount(one, name) for name in ("net", "tax", "gross")),
            one["currency"],
        ]
        for one in documents
    ]
    return _table(heads, rows) if rows else Markup("<p>Nothing has been posted yet.</p>")


def _document(document: Mapping[str, Any], root: str) -> Markup:
    heads = ("Line", "Description", "Account", "Tax code", *_AMOUNT_HEADS)
    rows = [
        [
            str(line.get("number", "")),
            line.get("description") or "",
            f"{line['account_code']} {ACCOUNTS[line['account_code']]}",
            f"{line['tax_code']} {TAX_CODES[line['tax_code']][0]}",
            *(_amount({**line, "kind": document["kind"]}, name) for name in ("net", "tax", "gross")),
        ]
        for line in document["lines"]
    ]
    about = Markup("<p>{supplier[name]}, {date}, {currency}. Booked {booked_at}.</p>").format(**document)
    raw = Markup("<h2>As it was posted</h2><div class=scroll><code>{}</code></div>").format(to_json(document))
    return Markup('<p><a href="{}/">All documents</a></p>').format(root) + about + _table(heads, rows) + raw


def _amount(of: Mapping[str, Any], name: str) -> Markup:
    """An amount for people; what a credit note takes away has a true minus."""
    value = -of[name] if of["kind"] == "credit_note" else of[name]
    text = f"{abs(value):,.2f}"
    return Markup('<div class="amount">{}</div>').format(_MINUS + text if value < 0 else text)


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Markup:
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in heads)
    cells = (Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row) for row in rows)
    body = Markup("").join(Markup("<tr>{}</tr>").format(row) for row in cells)
    table = Markup("<div class=scroll><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>")
    return table.format(head, body)
