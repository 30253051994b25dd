"""A stand-in for Demo Books: its REST interface under `/api/`, and pages on which people see what is in the books."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from wsgiref.types import WSGIApplication

from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, MapAdapter, RequestRedirect, Rule
from werkzeug.wrappers import Request, Response

from integrations.demo.books import Books
from integrations.demo.catalogue import Catalogue
from integrations.demo.checks import Refusal
from integrations.demo.control import PREFIX as CONTROL
from integrations.demo.control import Control
from integrations.demo.files import Files, Kept
from integrations.demo.pages import document_page, overview
from integrations.demo.registers import COLLECTIONS
from integrations.demo.rows import RESOURCES
from integrations.demo.sales_pages import due_from, settlement
from integrations.disturbances import FORGET_KEYS, MOVE_DATE
from integrations.exact import from_json, to_json
from integrations.faults import Sort
from integrations.sandbox import Store, page

TRUTH: Final = "/truth"
ACCESS_FILE = "demo-token"
ACCESS_VARIABLE = "POSTROOM_DEMO_TOKEN"
LONGEST_LATENCY_MS = 2000
_SHOWN = 200
_LAST_PAGE = 1_000_000
_JSON = "application/json"
_COMPANY: Final = "/api/companies/<company_id>"
_DOCUMENT: Final = f"{_COMPANY}/documents/<document_id>"
_FILES: Final = f"{_DOCUMENT}/attachments"

_ROUTES: Final = Map(
    [
        Rule("/", endpoint="show_books", methods=["GET"]),
        Rule("/documents/<document_id>", endpoint="show_document", methods=["GET"]),
        Rule(TRUTH, endpoint="truth", methods=["GET"]),
        Rule("/documents/<document_id>/attachments/<file_id>", endpoint="show_file", methods=["GET"]),
        Rule(_COMPANY, endpoint="company", methods=["GET"]),
        *(Rule(f"{_COMPANY}/{name}", endpoint=name, methods=["GET"]) for name in RESOURCES),
        Rule(f"{_COMPANY}/documents", endpoint="documents", methods=["GET"]),
        Rule(f"{_COMPANY}/settlements", endpoint="settlements", methods=["GET"]),
        *(Rule(f"{_COMPANY}/{name}", endpoint=name, methods=["POST"]) for name in COLLECTIONS),
        Rule(f"{_DOCUMENT}/settlements", endpoint="settled_by", methods=["GET"]),
        Rule(_FILES, endpoint="files", methods=["GET"]),
        Rule(_FILES, endpoint="attach", methods=["POST"]),
        Rule(f"{_FILES}/<file_id>", endpoint="file", methods=["GET"]),
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
        self._catalogue = Catalogue(state)
        self._files = Files(state)
        self._control = Control(self._books, self._catalogue)
        self._token = state.token(ACCESS_FILE, ACCESS_VARIABLE)
        self._latency_seconds = state.latency_ms / 1000

    def answer(self, request: Request) -> Response:
        """One request, one answer; refusals as JSON where machines ask, as a page elsewhere."""
        if request.path.startswith(CONTROL):
            return self._control.answer(request)
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
        company = self._books.company(values["company_id"])
        if "document_id" in values:
            return self._attachments(name, values, request)
        if name in RESOURCES:
            return Response(self._catalogue.page(company["id"], name, _page_number(request)), mimetype=_JSON)
        if name == "company":
            return _json(200, company)
        return _json(200, self._documents(company["id"], request, is_settlement=name == "settlements"))

    def _attachments(self, name: str, values: Mapping[str, str], request: Request) -> Response:
        document = values["document_id"]
        if self._books.company_of(document) != values["company_id"]:
            raise Refusal("unknown_document", f"There is no document {document} here.", "document_id", status=404)
        if name == "settled_by":
            return _json(200, {"settlements": self._books.settlements_of(document), "next_page": None})
        if name == "attach":
            return _json(*self._files.add(document, _body(request)))
        if name == "files":
            return _json(200, {"attachments": self._files.of(document)})
        kept = self._files.one(document, values["file_id"])
        if kept is None:
            raise Refusal("unknown_file", f"There is no file {values['file_id']} here.", "file_id", status=404)
        return _download(kept)

    def _truth(self, routes: MapAdapter, request: Request) -> Response:
        """What is booked, whatever was answered: for checkers. As open as the pages, which show the same."""
        routes.match()
        company_id = request.args.get("company")
        if company_id is not None:
            self._books.company(company_id)
        return _json(200, {"documents": self._books.truth(company_id)})

    def _documents(self, company_id: str, request: Request, *, is_settlement: bool) -> object:
        number = _page_number(request)
        since = request.args.get("booked_since")
        if since is None and not is_settlement:
            return self._books.find(company_id, request.args.get("external_key"), number)
        found = self._books.booked_since(company_id, _instant(since or ""), number, is_settlement=is_settlement)
        return {"settlements": found.pop("documents"), **found} if is_settlement else found

    def _page(self, routes: MapAdapter, root: str) -> Response:
        try:
            name, values = routes.match()
        except RequestRedirect as redirect:
            return redirect.get_response()
        except HTTPException as error:
            return Response("There is nothing here.\n", status=error.code)
        if name == "show_books":
            return page("Demo Books", self._overview(root))
        document_id = values["document_id"]
        if name == "show_file":
            kept = self._files.one(document_id, values["file_id"])
            return _download(kept) if kept else NotFound().get_response()
        document, company = self._books.document(document_id), self._books.company_of(document_id)
        if document is None or company is None:
            return NotFound().get_response()
        files, names = self._files.of(document_id), self._catalogue.names(company)
        settled = settlement(company, document, *self._books.open_and_settled(document), root)
        return page(document["number"], document_page(document, names, settled, files, root))

    def _overview(self, root: str) -> Markup:
        parts = [
            overview(company, self._books.latest(company["id"], _SHOWN), root)
            + due_from(self._books.owed(company["id"], "customer"))
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
    return Response(to_json(value), status=status, mimetype=_JSON)


def _page_number(request: Request) -> int:
    return min(max(request.args.get("page", 1, type=int), 1), _LAST_PAGE)


def _download(kept: Kept) -> Response:
    """A file for taking away; whatever its sender called its type, no browser opens it here."""
    headers = {"X-Content-Type-Options": "nosniff"}
    response = Response(kept.content, mimetype="application/octet-stream", headers=headers)
    response.headers.set("Content-Disposition", "attachment", filename=kept.name)
    return response
