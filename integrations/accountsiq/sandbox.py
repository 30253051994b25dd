"""A stand-in for AccountsIQ: the REST interface under `/api/`, the SOAP one beside it, and pages that show the books.

Both write into the same books. What is known of the real system and what is only inferred stands in the README.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Final
from wsgiref.types import WSGIApplication

from werkzeug.wrappers import Request, Response

from integrations.accountsiq.standin import control, traffic
from integrations.accountsiq.standin.authorising import Authorising
from integrations.accountsiq.standin.control import Control
from integrations.accountsiq.standin.envelope import write
from integrations.accountsiq.standin.furniture import furnish
from integrations.accountsiq.standin.memory import SCHEMA, Records
from integrations.accountsiq.standin.options import Options
from integrations.accountsiq.standin.pages import KEY, Pages
from integrations.accountsiq.standin.rest_door import PREFIX, RestDoor, refused
from integrations.accountsiq.standin.soap_door import PATHS, WRITES, SoapDoor, asked_for
from integrations.accountsiq.standin.tokens import Tokens
from integrations.accountsiq.standin.traffic import Traffic
from integrations.exact import from_json, to_json
from integrations.faults import Sort
from integrations.sandbox import Store

ACCESS_FILE: Final = "accountsiq-secret"
ACCESS_VARIABLE: Final = "POSTROOM_ACCOUNTSIQ_SECRET"
_OAUTH: Final = re.compile(r"(?:/api)?/oauth2/(token|authorize|revoke)")
_TOKEN_CALLS: Final = frozenset({"TokenGet", "TokenRefresh"})
_DOCUMENT_WRITES: Final = frozenset(name for name in WRITES if name.startswith(("CreateBatch", "SaveOrder")))
_DOCUMENT_PATHS: Final = frozenset({"/api/InvoiceCentre/SaveInvoice", "/api/CreditNoteCentre/SaveCreditNote"})
_LOOKUP_PATH: Final = re.compile(
    r"/api/(?:InvoiceCentre/GetInvoice|CreditNoteCentre/GetCreditNote)(?:ByNumber)?(?:/.*)?"
)
_IDS: Final = re.compile(rb"<(transactionID|orderID)>[^<]*</\1>|<Result>[^<]*</Result>")
_ID_MEMBERS: Final = frozenset({"InvoiceId", "CreditNoteId", "DocumentId", "TransactionNumber"})


def build(state: Store) -> WSGIApplication:
    """The application. Its client secret comes from POSTROOM_ACCOUNTSIQ_SECRET, else from the file accountsiq-secret of
    the state; the client id is `postroom-sandbox`."""
    return Request.application(AccountsIqSandbox(state).answer)


class AccountsIqInterface:
    """What the faults must know of both interfaces. There is no idempotency key; ours stands on the document."""

    key_header = "X-Nobody-Sends-This"

    def __init__(self) -> None:
        # `failure` is not told what was asked; it is called in the thread that has just sorted the request.
        self._last = threading.local()

    def sort(self, request: Request) -> Sort | None:
        """Documents that are saved, searches for them, or nothing that is ever disturbed."""
        operation = asked_for(request) if request.path in PATHS else ""
        self._last.operation = operation
        if operation in _DOCUMENT_WRITES or (request.method == "POST" and request.path in _DOCUMENT_PATHS):
            return Sort.WRITE
        is_lookup = operation.endswith("ByExternalReference") or _LOOKUP_PATH.fullmatch(request.path)
        return Sort.LOOKUP if is_lookup else None

    def key(self, request: Request) -> str:
        """Our key in the body or in the address."""
        body = request.environ["wsgi.input"]
        found = KEY.search(f"{request.full_path} {body.read().decode(errors='replace')}")
        # Whoever carries the request out reads it from its beginning.
        body.seek(0)
        return found[0] if found else ""

    def failure(self) -> Response:
        """A failure without a reason, as the interface tells it that was asked."""
        told = {"Status": "Failure", "ErrorCode": "UNKNOWN", "ErrorMessage": "An error occurred.", "HasExpired": False}
        if operation := getattr(self._last, "operation", ""):
            body = write(f"{operation}Response", {f"{operation}Result": told})
            return Response(body, content_type="text/xml; charset=utf-8")
        errors = [{"Code": "InternalError", "Field": "", "Message": "An error occurred."}]
        return Response(to_json({"Errors": errors}), mimetype="application/json")

    def without_id(self, answer: bytes) -> bytes:
        """The answer to a write, robbed of every id and number."""
        if answer.startswith(b"<"):
            return _IDS.sub(b"", answer)
        told = from_json(answer.decode())
        return to_json({name: told[name] for name in told if name not in _ID_MEMBERS}).encode()

    def with_wrong_amount(self, answer: bytes) -> bytes:
        """No write of AccountsIQ answers with amounts."""
        return answer


INTERFACE: Final = AccountsIqInterface()


class AccountsIqSandbox:
    """Finds who answers a request, and lets the traffic have its way with it."""

    def __init__(self, state: Store) -> None:
        state.create(SCHEMA)
        with state.transaction() as database:
            furnish(Records(database))
        secret = state.token(ACCESS_FILE, ACCESS_VARIABLE)
        options = Options(state)
        tokens = Tokens(state, options)
        self._traffic = Traffic(options)
        self._authorising = Authorising(tokens, options, secret)
        self._rest = RestDoor(state, options, tokens)
        self._soap = SoapDoor(state, options, tokens, secret)
        self._control = Control(state, options, tokens, self._traffic)
        self._pages = Pages(state)
        self._latency_seconds = state.latency_ms / 1000

    def answer(self, request: Request) -> Response:
        """One request, one answer."""
        if request.path.startswith(control.PREFIX):
            return self._control.answer(request)
        if found := _OAUTH.fullmatch(request.path):
            return self._oauth(request, found[1])
        if request.path in PATHS:
            return self._soap_call(request)
        if request.path.startswith(f"{PREFIX}/"):
            return self._rest_call(request)
        return self._pages.answer(request)

    def _oauth(self, request: Request, name: str) -> Response:
        if name == "authorize":
            return self._authorising.authorise(request)
        return self._carried(request, f"OAuth {name}", lambda: self._authorising.answer(name, request), traffic.TOKENS)

    def _rest_call(self, request: Request) -> Response:
        name = f"REST {request.method} /{'/'.join(request.path.split('/')[2:4])}"
        if not self._traffic.passes():
            response = refused(429, "RateLimited", "", "There were too many calls within one second.")
            response.headers["Retry-After"] = "1"
            return response
        loses = traffic.READS if request.method == "GET" else traffic.WRITES
        return self._carried(request, name, lambda: self._rest.answer(request), loses)

    def _soap_call(self, request: Request) -> Response:
        operation = asked_for(request)
        loses = traffic.WRITES if operation in WRITES else traffic.READS
        loses = traffic.TOKENS if operation in _TOKEN_CALLS else loses
        return self._carried(request, f"SOAP {operation}", lambda: self._soap.answer(request), loses)

    def _carried(self, request: Request, name: str, answer: Callable[[], Response], loses: str) -> Response:
        INTERFACE.sort(request)
        # Asleep before the books are opened: a slow system makes its callers wait, not each other.
        time.sleep(self._latency_seconds)
        return self._traffic.carried(request, name, answer, INTERFACE, loses=loses)
