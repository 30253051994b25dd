"""A stand-in for Odoo: the part of its JSON-2 interface that the connector uses, and a page with what is booked."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from wsgiref.types import WSGIApplication

from markupsafe import Markup
from werkzeug.wrappers import Request, Response

from integrations.disturbances import MOVE_DATE
from integrations.exact import from_json, to_json
from integrations.faults import Sort
from integrations.odoo.books import Books
from integrations.odoo.chart import MODELS, ORDERS
from integrations.odoo.records import Failure
from integrations.sandbox import Store, page

ACCESS_FILE: Final = "odoo-key"
ACCESS_VARIABLE: Final = "POSTROOM_ODOO_KEY"
TRUTH: Final = "/truth"
_API: Final = "/json/2/"
_COMPANY: Final = 1
_LINES_OF_DEBUG: Final = 'Traceback (most recent call last):\n  File "/srv/odoo/http.py", line 2273, in _serve_db\n{}\n'
_TRUTH_FIELDS: Final = ("id", "name", "state", "xid", "amount_untaxed", "amount_tax", "amount_total")
_CONFIRMS: Final = frozenset({"action_post", "button_confirm"})


def build(state: Store) -> WSGIApplication:
    """The application. Its API key comes from POSTROOM_ODOO_KEY, else from the file odoo-key of the state."""
    return Request.application(OdooSandbox(state).answer)


class OdooInterface:
    """What the faults must know of this interface: loading and booking write, the search for external ids looks up."""

    key_header = "X-Idempotency-Key"  # nobody sends it: Odoo has none

    def sort(self, request: Request) -> Sort | None:
        """The load of a document, its booking, a search for its external id, or nothing that is ever disturbed."""
        model, _, method = request.path.removeprefix(_API).partition("/")
        if model in ORDERS and (method == "load" or method in _CONFIRMS):
            return Sort.WRITE
        return Sort.LOOKUP if (model, method) == ("ir.model.data", "search_read") else None

    def key(self, request: Request) -> str:
        """Our key in the external id of a load, or in the condition of a lookup."""
        body = request.environ["wsgi.input"]
        try:
            told = from_json(body.read().decode())
            if "data" in told:
                return str(told["data"][0][told["fields"].index("id")]).partition(".")[2]
            return str(next((part[2] for part in told["domain"] if part[0] == "name"), ""))
        except (ValueError, KeyError, TypeError, IndexError):
            return ""
        finally:
            # Whoever carries the request out reads it from its beginning.
            body.seek(0)

    def failure(self) -> Response:
        """An error that is in nobody's table: it proves nothing."""
        return _failed(Failure("Something broke.", name="builtins.RuntimeError", status=500))

    def without_id(self, answer: bytes) -> bytes:
        """What `load` answers, without the id; booking answers with none anyway."""
        told = from_json(answer.decode())
        return to_json({**told, "ids": []} if isinstance(told, Mapping) else told).encode()

    def with_wrong_amount(self, answer: bytes) -> bytes:
        """No write of Odoo answers with amounts."""
        return answer


INTERFACE: Final = OdooInterface()


class OdooSandbox:
    """Finds the right answer to a request."""

    def __init__(self, state: Store) -> None:
        self._books = Books(state)
        self._key = state.token(ACCESS_FILE, ACCESS_VARIABLE)
        self._latency_seconds = state.latency_ms / 1000

    def answer(self, request: Request) -> Response:
        """One request, one answer."""
        if request.path == TRUTH:
            told = [{name: one.get(name) for name in _TRUTH_FIELDS} for one in self._books.documents()]
            return _json(200, {"documents": told})
        if request.path == "/":
            return page("Odoo", _overview(self._books.documents()))
        if not request.path.startswith(_API):
            return Response("<!DOCTYPE html>\n<title>404 Not Found</title>\n", status=404, mimetype="text/html")
        try:
            return _json(200, self._called(request))
        except Failure as failure:
            return _failed(failure)

    def _called(self, request: Request) -> object:
        given = request.headers.get("Authorization", "")
        scheme, _, key = given.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(key.encode(), self._key.encode()):
            raise Failure("Invalid apikey", name="werkzeug.exceptions.Unauthorized", status=401)
        told = _body(request)
        if told.get("context", {}).get("allowed_company_ids", [_COMPANY]) != [_COMPANY]:
            message = "Access to unauthorized or invalid companies."
            raise Failure(message, name="odoo.exceptions.AccessError", status=403)
        model, _, method = request.path.removeprefix(_API).partition("/")
        if model not in MODELS:
            raise Failure(f"the model {model!r} does not exist", name="werkzeug.exceptions.NotFound", status=404)
        if method not in _METHODS:
            message = f"The method '{model}.{method}' does not exist"
            raise Failure(message, name="werkzeug.exceptions.NotFound", status=404)
        time.sleep(self._latency_seconds)
        return _METHODS[method](self._books, model, told, request)


def _post(books: Books, _model: str, told: Mapping[str, Any], request: Request) -> bool:
    for record in told["ids"]:
        books.post(record, moves_date=MOVE_DATE in request.environ)
    return False


def _each(what: Callable[[Books, str, int, Mapping[str, Any]], None]) -> Callable[..., bool]:
    def call(books: Books, model: str, told: Mapping[str, Any], _request: Request) -> bool:
        for record in told["ids"]:
            what(books, model, record, told)
        return True

    return call


_METHODS: Final[Mapping[str, Callable[..., object]]] = {
    "search_read": lambda books, model, told, _request: books.search_read(model, told),
    "load": lambda books, model, told, _request: books.load(model, told["fields"], told["data"]),
    "create": lambda books, model, told, _request: [books.create(model, values) for values in told["vals_list"]],
    "action_post": _post,
    "button_confirm": _each(lambda books, _model, record, _told: books.confirm(record)),
    "button_cancel": _each(lambda books, model, record, _told: books.cancel(model, record)),
    "reconcile": lambda books, _model, told, _request: books.reconcile(told["ids"]),
    "unlink": _each(lambda books, model, record, _told: books.unlink(model, record)),
    "write": _each(lambda books, model, record, told: books.write(model, record, told["vals"])),
}


def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = from_json(request.get_data().decode())
    except ValueError:
        message = "could not parse the body as json"
        raise Failure(message, name="werkzeug.exceptions.BadRequest", status=400) from None
    return body if isinstance(body, dict) else {}


def _failed(failure: Failure) -> Response:
    told = {
        "name": failure.name,
        "message": failure.message,
        "arguments": [failure.message],
        "context": {},
        "debug": _LINES_OF_DEBUG.format(f"{failure.name}: {failure.message}"),
    }
    return _json(failure.status, told)


def _json(status: int, value: object) -> Response:
    return Response(to_json(value), status=status, mimetype="application/json")


def _overview(documents: Iterable[Mapping[str, Any]]) -> Markup:
    heads = ("Number", "State", "Date", "Supplier", "Their number", "Source", "Net", "Tax", "Gross")
    rows = [
        (
            one["name"] or "draft",
            one["state"],
            one.get("date") or str(one.get("date_order"))[:10],
            one["partner"]["name"],
            one.get("ref") or one.get("partner_ref") or "",
            one.get("invoice_origin") or one.get("origin") or "",
            *(f"{one[name]:,.2f}" for name in ("amount_untaxed", "amount_tax", "amount_total")),
        )
        for one in documents
    ]
    if not rows:
        return Markup("<p>Nothing has been posted yet.</p>")
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in heads)
    cells = (Markup("").join(Markup("<td>{}</td>").format(cell) for cell in row) for row in rows)
    body = Markup("").join(Markup("<tr>{}</tr>").format(row) for row in cells)
    table = Markup("<div class=scroll><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>")
    return Markup("<p>What this Odoo holds, newest first.</p>") + table.format(head, body)
