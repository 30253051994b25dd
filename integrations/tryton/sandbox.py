"""A stand-in for Tryton: its REST interface, as far as the connector speaks it, and a page that shows the books."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from wsgiref.types import WSGIApplication

from markupsafe import Markup
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound, RequestEntityTooLarge, Unauthorized
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from integrations.exact import from_json, to_json
from integrations.faults import Sort
from integrations.sandbox import Store, page
from integrations.tryton import rules
from integrations.tryton.books import SCHEMA, Books
from integrations.tryton.domains import plain
from integrations.tryton.furniture import furnish
from integrations.tryton.kinds import MOVES
from integrations.tryton.making import Refused

DATABASE: Final = "harbour"
ACCESS_FILE: Final = "tryton-key"
ACCESS_VARIABLE: Final = "POSTROOM_TRYTON_KEY"
# As Tryton is configured unless somebody says otherwise.
MAX_SIZE: Final = 2 * 1024 * 1024
_MODEL: Final = f"/{DATABASE}/rest/model/<model>"
_ROUTES: Final = Map(
    [
        Rule("/", endpoint="overview", methods=["GET"]),
        Rule(_MODEL, endpoint="search", methods=["GET"]),
        Rule(_MODEL, endpoint="create", methods=["POST"]),
        Rule(f"{_MODEL}/<int:number>", endpoint="delete", methods=["DELETE"]),
        Rule(f"{_MODEL}/<int:number>/<button>", endpoint="press", methods=["POST"]),
    ]
)
_MARKED: Final = re.compile(r"\[postroom [a-z_]+ ([^\[\]]+)\]")
_DOCUMENTS: Final = (rules.INVOICE, rules.ORDER)


def build(state: Store) -> WSGIApplication:
    """The application. Its key comes from POSTROOM_TRYTON_KEY, else from the file tryton-key of the state."""
    return Request.application(TrytonSandbox(state).answer)


class TrytonInterface:
    """What the faults must know of this interface. There is no idempotency key; ours stands in the description."""

    key_header = "X-Nobody-Sends-This"

    def sort(self, request: Request) -> Sort | None:
        """Drafts and buttons of documents write, searches for documents look up."""
        if not any(f"/rest/model/{model}" in request.path for model in (*_DOCUMENTS, MOVES)):
            return None
        return Sort.LOOKUP if request.method == "GET" else Sort.WRITE

    def key(self, request: Request) -> str:
        """From the description of a draft, or from the domain of a search; a button does not tell."""
        text = _decoded(request.args["d"]) if "d" in request.args else request.get_data(as_text=True)
        found = _MARKED.search(text.replace("\\", ""))
        return found[1] if found else ""

    def failure(self) -> Response:
        """What Tryton answers when it breaks: a page, of which nothing is to be believed."""
        return InternalServerError("a page with 'internal' words").get_response()

    def without_id(self, answer: bytes) -> bytes:
        """The document, without its id."""
        told = from_json(answer.decode())
        return to_json({name: told[name] for name in told if name != "id"}).encode()

    def with_wrong_amount(self, answer: bytes) -> bytes:
        """The document, one unit of its currency too expensive."""
        told = from_json(answer.decode())
        dearer = {
            name: {**told[name], "decimal": str(plain(told[name]) + 1)}
            for name in ("untaxed_amount", "total_amount")
            if told.get(name)
        }
        return to_json({**told, **dearer}).encode()


INTERFACE: Final = TrytonInterface()


class TrytonSandbox:
    """Finds the right answer to a request."""

    def __init__(self, state: Store) -> None:
        self._state = state
        self._key = state.token(ACCESS_FILE, ACCESS_VARIABLE)
        self._latency_seconds = state.latency_ms / 1000
        state.create(SCHEMA)
        with state.transaction() as database:
            furnish(Books(database))

    def answer(self, request: Request) -> Response:
        """One request, one answer: JSON, or one of Tryton's pages for what is no matter of the books."""
        try:
            name, values = _ROUTES.bind_to_environ(request.environ).match()
            if name == "overview":
                return self._overview()
            self._check_key(request)
            if (request.content_length or 0) > MAX_SIZE:
                raise RequestEntityTooLarge
            time.sleep(self._latency_seconds)
            with self._state.transaction() as database:
                return _ANSWERS[name](Books(database), request, **values)
        except Refused as refusal:
            return _json({"status": 400, "message": str(refusal), "description": ""}, 400)
        except KeyError as error:
            return InternalServerError(str(error)).get_response()
        except HTTPException as error:
            return error.get_response()

    def _check_key(self, request: Request) -> None:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"bearer {self._key}".encode()):
            raise Unauthorized

    def _overview(self) -> Response:
        with self._state.transaction() as database:
            books = Books(database)
            rows = [_row(books, model, one) for model in _DOCUMENTS for one in reversed(books.every(model))]
            rows += [_money(books, one) for one in reversed(books.every(MOVES)) if one["journal"]]
        heads = ("Document", "Entry", "State", "Party", "Reference", "Description", "Total", "Open", "Currency")
        head = Markup("").join(Markup("<th>{}</th>").format(name) for name in heads)
        body = Markup("").join(Markup("<tr>{}</tr>").format(row) for row in rows)
        table = Markup("<div class=scroll><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>")
        about = Markup("<p>Database <code>{}</code>, company 1. What it holds, newest first.</p>").format(DATABASE)
        return page("Tryton", about + table.format(head, body))


def _row(books: Books, model: str, one: dict[str, Any]) -> Markup:
    told = books.told(model, one, ("party.name", "currency.code", *(["move.number"] if "move" in one else [])))
    cells = (
        f"{rules.TITLES[model]} {one['number'] or ''}",
        (told.get("move") or {}).get("number", ""),
        one["state"],
        told["party"]["name"],
        one["reference"],
        one["description"],
        f"{plain(one['total_amount']):,.2f}",
        f"{plain(one['amount_to_pay']):,.2f}" if one.get("amount_to_pay") and one["type"] == "out" else "",
        told["currency"]["code"],
    )
    return Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells)


def _money(books: Books, move: dict[str, Any]) -> Markup:
    """A customer's payment or refund, with the invoices that it settles."""
    names = ("company.currency.code", "lines.debit", "lines.party.name", "lines.invoice_payment.reference")
    told = books.told(MOVES, move, names)
    lines = told["lines"]
    cells = (
        "Payment or refund",
        move["number"] or "",
        move["state"],
        next((one["party"]["name"] for one in lines if one["party"]), ""),
        ", ".join(one["invoice_payment"]["reference"] for one in lines if one["invoice_payment"]),
        move["description"],
        f"{sum(plain(one['debit']) for one in lines):,.2f}",
        "",
        told["company"]["currency"]["code"],
    )
    return Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells)


def _search(books: Books, request: Request, model: str) -> Response:
    domain = from_json(_decoded(request.args["d"])) if "d" in request.args else []
    found = books.search(model, domain, hides_inactive=_context(request).get("active_test", True))
    return _json(
        [books.told(model, one, request.args.getlist("f")) for one in found[: request.args.get("s", None, type=int)]]
    )


def _create(books: Books, request: Request, model: str) -> Response:
    made = rules.create(books, model, from_json(request.get_data(as_text=True)))
    return _json(books.told(model, made, request.args.getlist("f")))


def _press(books: Books, request: Request, model: str, number: int, button: str) -> Response:
    record = books.one(model, number)
    if record is None:
        raise NotFound
    skips_warnings = bool(_context(request).get("_skip_warnings"))
    pressed = rules.press(books, model, record, button, skips_warnings=skips_warnings)
    return _json(books.told(model, pressed, request.args.getlist("f")))


def _delete(books: Books, request: Request, model: str, number: int) -> Response:
    record = books.one(model, number)
    if record is None:
        raise NotFound
    rules.delete(books, model, record)
    return Response(status=204)


_ANSWERS: Final[Mapping[str, Callable[..., Response]]] = {
    "search": _search,
    "create": _create,
    "press": _press,
    "delete": _delete,
}


def _context(request: Request) -> Mapping[str, Any]:
    given = request.headers.get("X-Tryton-Context")
    context: Mapping[str, Any] = from_json(_decoded(given)) if given else {}
    return context


def _decoded(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text).decode()
    except (binascii.Error, ValueError) as error:
        raise InternalServerError("no base64") from error


def _json(value: object, status: int = 200) -> Response:
    return Response(to_json(value), status=status, mimetype="application/json")
