"""The SOAP door: its operations, its tokens, and failures that are told inside an answer of 200."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from werkzeug.wrappers import Request, Response

from integrations.accountsiq.standin import (
    soap_batches,
    soap_deliveries,
    soap_files,
    soap_orders,
    soap_reference,
    soap_suppliers,
    soap_transactions,
)
from integrations.accountsiq.standin.envelope import NAMESPACE, BadEnvelope, Envelope, fault, read, text, write
from integrations.accountsiq.standin.furniture import ENTITY
from integrations.accountsiq.standin.memory import Records
from integrations.accountsiq.standin.options import Options
from integrations.accountsiq.standin.refusals import STATUSES, Refusal, Why
from integrations.accountsiq.standin.soap_asked import Asked, Operation, Outcome
from integrations.accountsiq.standin.tokens import CLIENT_ID, SOAP, Pair, Tokens
from integrations.disturbances import MOVE_DATE
from integrations.sandbox import Store

PATHS: Final = ("/integration_2_0.asmx", "/system/dashboard/integration/integration_2_0.asmx")
WRITES: Final[Mapping[str, Operation]] = {
    **soap_batches.WRITES,
    **soap_deliveries.WRITES,
    **soap_files.WRITES,
    **soap_orders.WRITES,
    **soap_suppliers.WRITES,
}
READS: Final[Mapping[str, Operation]] = {
    **soap_batches.OPERATIONS,
    **soap_deliveries.OPERATIONS,
    **soap_files.OPERATIONS,
    **soap_orders.OPERATIONS,
    **soap_reference.OPERATIONS,
    **soap_suppliers.OPERATIONS,
    **soap_transactions.OPERATIONS,
}
# Beside the answer to a failed write, where there would be an id.
_IDS: Final = {"TransactionID": "transactionID", "OrderID": "orderID"}
_REVOKED: Final = "OAUTH_INTEGRATION_APPS_APPLICATION_IS_REVOKED"


class _Locked(Exception):
    """A call that is not let in: the error code, and whether another token would help."""

    def __init__(self, code: str, message: str, *, has_expired: bool = False) -> None:
        super().__init__(message)
        self.code, self.message, self.has_expired = code, message, has_expired


class SoapDoor:
    """Finds the right answer to a request at the address of the service."""

    def __init__(self, state: Store, options: Options, tokens: Tokens, secret: str) -> None:
        self._state = state
        self._options = options
        self._tokens = tokens
        self._secret = secret

    def answer(self, request: Request) -> Response:
        """One request, one answer. What the service could not even read is a fault, everything else a 200."""
        if request.mimetype != "text/xml":
            return Response("The content type is not text/xml.\n", status=415)
        try:
            envelope = _read(request)
            return _xml(200, self._answered(envelope, moves_date=MOVE_DATE in request.environ))
        except BadEnvelope as error:
            return _xml(500, fault(str(error)))

    def _answered(self, envelope: Envelope, *, moves_date: bool) -> bytes:
        name = envelope.operation
        try:
            if name in {"TokenGet", "TokenRefresh"}:
                return write(f"{name}Response", _given(name, self._token(envelope)))
            operation = self._operation(envelope)
            with self._state.transaction() as database:
                records = Records(database)
                asked = Asked(records=records, options=self._options, element=envelope.element, moves_date=moves_date)
                outcome = operation(asked)
                # Written out before the transaction ends: lists are read while they are written.
                return write(f"{name}Response", _told(name, outcome))
        except _Locked as error:
            return _failed(name, "Failure", error.code, error.message, has_expired=error.has_expired)
        except Refusal as refusal:
            status = STATUSES.get(refusal.why, "Failure")
            return _failed(name, status, refusal.why.error_code, refusal.message)

    def _token(self, envelope: Envelope) -> Pair:
        given = envelope.element
        client, secret = text(given, "clientId") or "", text(given, "clientSecret") or ""
        if not client:
            raise _Locked("OAUTH_INTEGRATION_APPS_CLIENTID_IS_NULL_OR_EMPTY", "The client id is missing.")
        if self._options.on("application_revoked"):
            raise _Locked(_REVOKED, "The application is revoked.")
        if client != CLIENT_ID or not hmac.compare_digest(secret.encode(), self._secret.encode()):
            # Of the pattern, and not among the published codes that we have seen.
            raise _Locked("OAUTH_INTEGRATION_APPS_CLIENT_IS_INVALID", "The client id or the secret is wrong.")
        if envelope.operation == "TokenGet":
            return self._tokens.give(SOAP, with_refresh=True)
        pair = self._tokens.refreshed(SOAP, text(given, "refreshToken") or "")
        if pair is None:
            raise _Locked("UNKNOWN", "The refresh token is not known, too old, or used.", has_expired=True)
        return pair

    def _operation(self, envelope: Envelope) -> Operation:
        """What carries the call out. Raises `_Locked` and `BadEnvelope`."""
        name = envelope.operation
        if name not in READS and name not in WRITES:
            raise BadEnvelope(f"{name} is not an operation of the service.")
        if self._options.on("application_revoked"):
            raise _Locked(_REVOKED, "The application is revoked.")
        if not self._tokens.is_good(SOAP, envelope.token):
            raise _Locked("UNKNOWN", "The session has expired.", has_expired=True)
        if envelope.entity != ENTITY and name != "GetEntitiesByToken":
            raise _Locked(Why.COMPANY_UNKNOWN.error_code, f"The entity {envelope.entity} does not exist.")
        if name in WRITES and self._options.on("read_only"):
            raise _Locked(Why.READ_ONLY.error_code, "The application may only read.")
        return WRITES.get(name) or READS[name]


def _read(request: Request) -> Envelope:
    envelope = read(request.get_data())
    if asked_for(request) != envelope.operation:
        raise BadEnvelope(f"The SOAPAction is not that of {envelope.operation}.")
    return envelope


def asked_for(request: Request) -> str:
    """The operation of a request, by its SOAPAction."""
    return request.headers.get("SOAPAction", "").strip().strip('"').removeprefix(NAMESPACE)


def _told(name: str, outcome: Outcome) -> dict[str, Any]:
    result = {"Status": outcome.status, "ErrorCode": "SUCCESS", "HasExpired": False, "Result": outcome.result}
    return {f"{name}Result": result, **outcome.beside}


def _failed(name: str, status: str, code: str, message: str, *, has_expired: bool = False) -> bytes:
    result = {"Status": status, "ErrorCode": code, "ErrorMessage": message, "HasExpired": has_expired}
    beside = {member: -1 for end, member in _IDS.items() if name.endswith(f"GetBack{end}")}
    return write(f"{name}Response", {f"{name}Result": result, **beside})


def _given(name: str, pair: Pair) -> dict[str, Any]:
    """The tokens stand within the result."""
    tokens = {"AccessToken": pair.access, "RefreshToken": pair.refresh}
    return {f"{name}Result": {"Result": tokens, "Status": "Success", "ErrorCode": "SUCCESS", "ErrorMessage": ""}}


def _xml(status: int, body: bytes) -> Response:
    return Response(body, status=status, content_type="text/xml; charset=utf-8")
