"""A stand-in for Codat: its interface, its link pages, its webhooks, and the accounting systems on its far side.

The interface lies at the root, as Codat's does; people see `/`, `/books/...` and the pages under `/link/`, and tests
turn its switches under `/control/` (`standin/control.py`). `GET /truth` tells what is booked, whatever was answered.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final
from wsgiref.types import WSGIApplication

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from integrations.codat.standin import control, pages, visits
from integrations.codat.standin.answers import Refusal, refused, told
from integrations.codat.standin.asked import Asked
from integrations.codat.standin.calls import CALLS
from integrations.codat.standin.doors import KEY_HEADER, Busy, Quota, answered_once, authorise, failing, key_of
from integrations.codat.standin.memory import SCHEMA, Memory
from integrations.codat.standin.running import Running
from integrations.codat.standin.truth import truth
from integrations.disturbances import FORGET_KEYS, MOVE_DATE
from integrations.exact import from_json, to_json
from integrations.faults import Sort
from integrations.sandbox import Store, page

ACCESS_FILE: Final = "codat-api-key"
ACCESS_VARIABLE: Final = "POSTROOM_CODAT_KEY"
SIGNING_FILE: Final = "codat-webhook-secret"
SIGNING_VARIABLE: Final = "POSTROOM_CODAT_WEBHOOK_SECRET"
LONGEST_LATENCY_MS: Final = 2000
_API: Final = Map([Rule(path, endpoint=call, methods=[method]) for method, path, call in CALLS])
_PEOPLE: Final = Map(
    [
        Rule("/", endpoint="overview", methods=["GET"]),
        Rule("/books/<connection>", endpoint="books", methods=["GET"]),
        Rule("/logos/<name>", endpoint="logo", methods=["GET"]),
        Rule("/truth", endpoint="truth", methods=["GET"]),
        Rule("/link/company/<company>", endpoint="hosted", methods=["GET", "POST"]),
        Rule("/link/companies/<company>/connections/<connection>/start", endpoint="start", methods=["GET", "POST"]),
    ]
)
_OF_PEOPLE: Final = ("/books/", "/logos/", "/truth", "/link/")


def build(state: Store) -> WSGIApplication:
    """The application. Its key comes from POSTROOM_CODAT_KEY, else from the file codat-api-key of the state; the
    secret that webhooks are signed with from POSTROOM_CODAT_WEBHOOK_SECRET, else from codat-webhook-secret."""
    if not 0 <= state.latency_ms <= LONGEST_LATENCY_MS:
        raise ValueError(f"the latency must be 0 to {LONGEST_LATENCY_MS} ms: the connector's quiet period relies on it")
    return Request.application(CodatSandbox(state).answer)


class CodatInterface:
    """What the faults must know of this interface: pushes and Bill Pay's bills write, lists of documents look up."""

    key_header = KEY_HEADER

    def sort(self, request: Request) -> Sort | None:
        """A new document, a search for documents, or nothing that is ever disturbed."""
        words = request.path.strip("/").split("/")
        if words[:1] != ["companies"] or words[-1] not in _DOCUMENTS:
            return None
        if request.method == "POST" and words[-2] in {"push", "payables"}:
            return Sort.WRITE
        return Sort.LOOKUP if request.method == "GET" and words[-2] in {"data", "payables"} else None

    def key(self, request: Request) -> str:
        """The idempotency key of a write; a lookup is by number and supplier."""
        return request.headers.get(self.key_header) or request.args.get("query", "")

    def failure(self) -> Response:
        """A failure beside what looks like a taken write: it proves nothing."""
        body = {
            **Refusal(500, "There is a problem with our server. Please try again later.").body(),
            "status": "Pending",
        }
        return told(500, body)

    def without_id(self, answer: bytes) -> bytes:
        """The answer without the key of the write, or without the id of the bill."""
        given = from_json(answer.decode())
        return to_json({name: given[name] for name in given if name not in {"id", "pushOperationKey"}}).encode()

    def with_wrong_amount(self, answer: bytes) -> bytes:
        """The bill, one unit of its currency too expensive; an asynchronous write tells no amounts."""
        given = from_json(answer.decode())
        more = {name: given[name] + 1 for name in ("totalAmount", "amountDue") if name in given}
        lines = [{**one, "unitAmount": one["unitAmount"] + 1} for one in given.get("lineItems", [])]
        return to_json({**given, **more, **({"lineItems": lines} if lines else {})}).encode()


_DOCUMENTS: Final = frozenset(
    {"bills", "billCreditNotes", "purchaseOrders", "journalEntries", "invoices", "creditNotes", "payments"}
)
INTERFACE: Final = CodatInterface()


class CodatSandbox:
    """Finds the right answer to a request. Each is one transaction: a write, its key and its answer, or nothing."""

    def __init__(self, state: Store) -> None:
        self._state = state
        state.create(SCHEMA)
        self._key = state.token(ACCESS_FILE, ACCESS_VARIABLE)
        self._secret = _signing_secret(state.token(SIGNING_FILE, SIGNING_VARIABLE))
        self._base = "http://127.0.0.1/"
        self._busy = Busy()
        self._running = Running(self._memory, self._secret)
        self._latency_seconds = state.latency_ms / 1000

    @contextmanager
    def _memory(self) -> Iterator[Memory]:
        with self._state.transaction() as database:
            yield Memory(database, self._base)

    def answer(self, request: Request) -> Response:
        """One request, one answer."""
        self._base = request.url_root
        if request.path == "/" or request.path.startswith((*_OF_PEOPLE, control.PREFIX)):
            response = self._people(request)
        else:
            response = self._api(request)
        self._running.plan()
        return response

    def _people(self, request: Request) -> Response:
        with self._memory() as memory:
            self._running.carry_on(memory)
            if request.path.startswith(control.PREFIX):
                return control.answer(request, memory)
            try:
                name, values = _PEOPLE.bind_to_environ(request.environ).match()
            except HTTPException as error:
                return Response("There is nothing here.\n", status=error.code)
            return self._shown(name, values, request, memory)

    def _shown(self, name: str, values: Mapping[str, str], request: Request, memory: Memory) -> Response:
        match name:
            case "overview":
                return page("Codat", pages.overview(memory, self._secret, request.script_root))
            case "truth":
                return told(200, {"documents": truth(memory, request.args.get("company"))})
            case "logo":
                return Response(_LOGO, mimetype="image/svg+xml")
            case "hosted":
                return visits.hosted(request, memory, values["company"])
            case "start":
                return visits.start(request, memory, values["company"], values["connection"])
        connection = memory.get("connection", values["connection"])
        if connection is None:
            return Response("There is nothing here.\n", status=404)
        return page(connection["hidden"]["entity"] or "Books", pages.books(memory, connection))

    def _api(self, request: Request) -> Response:
        try:
            call, values = _API.bind_to_environ(request.environ).match()
        except HTTPException as error:
            wrong = "Method not allowed." if isinstance(error, MethodNotAllowed) else "Nothing is at this address."
            return refused(Refusal(error.code or 404, wrong))
        try:
            with self._memory() as memory:
                authorise(request, memory, self._key)
                most, hold = int(memory.setting("requests_at_once")), float(memory.setting("hold_seconds"))
            with self._busy.at_once(values.get("company", ""), most), self._busy.key(key_of(request)):
                # Asleep before the books are opened: a slow system makes its callers wait, not each other.
                time.sleep(self._latency_seconds + hold)
                response = self._carried_out(request, call, values)
        except Refusal as refusal:
            with self._memory() as memory:
                return Quota(memory).mark(refused(refusal))
        if request.method != "GET" and self._is_told_first():
            self._running.send()
        return response

    def _carried_out(self, request: Request, call: Callable[[Asked], Response], values: Mapping[str, Any]) -> Response:
        with self._memory() as memory:
            quota = Quota(memory)
            try:
                quota.spend()
            except Refusal as refusal:
                return quota.mark(refused(refusal))
            self._running.carry_on(memory)
            asked = Asked(request, memory, values, moves_date=MOVE_DATE in request.environ)

            def outcome() -> Response:
                try:
                    return call(asked)
                except Refusal as refusal:
                    return refused(refusal)

            response = answered_once(request, memory, lambda: failing(request, memory, outcome))
            if FORGET_KEYS in request.environ:
                memory.database.execute("DELETE FROM answer")
            if request.method != "GET" and memory.setting("webhooks_first"):
                self._running.carry_on(memory)
            return quota.mark(response)

    def _is_told_first(self) -> bool:
        with self._memory() as memory:
            return bool(memory.setting("webhooks_first"))


_LOGO: Final = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3"/></svg>'


def _signing_secret(token: str) -> str:
    """The secret in the form in which Codat shows it."""
    return token if token.startswith("whsec_") else "whsec_" + base64.b64encode(token.encode()).decode()
