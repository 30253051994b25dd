"""The one way out: session, time limits, size caps, redaction, private-address refusal, status -> error."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from typing import TypedDict, Unpack

import requests
from requests.exceptions import SSLError
from urllib3.exceptions import HTTPError

from integrations.addresses import host_of
from integrations.errors import IntegrationError, Misconfigured, OutcomeUnknown, Retryable
from integrations.exact import to_json
from integrations.previewing import HeldBack
from integrations.redaction import Redactor
from integrations.reply import Reply, judged, unclear
from integrations.wire import CONNECT_SECONDS, READ_SECONDS, Wire, session

MAX_ANSWER = 10 * 1024 * 1024
_CHUNK = 64 * 1024
_READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and what came of it, redacted and truncated, fit to be stored and shown to staff.

    `status` is None where no answer came; `failure` then says why. Headers whose names or values are secret show `***`.
    """

    method: str
    url: str
    request_headers: dict[str, str]
    request_body: str
    status: int | None
    response_headers: dict[str, str]
    response_body: str
    duration_ms: int
    failure: str = ""

    def told(self) -> dict[str, object]:
        """All of it by name, ready to be kept as JSON."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def nothing(*_: object) -> None:
    """The write check and the recorder of a call that belongs to no posting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """The terms of outgoing calls, set by the caller of a connector.

    `allow_private` permits loopback and private addresses (sandboxes, on-premise systems that the operator allowed).
    `permit` is called before each request: it may wait for the vendor's rate limit, and raises `Retryable` when that
    takes too long. `still_ours` is called right before each request that writes; it raises `LeaseLost`. `record` gets
    every exchange. With `hold_back` nothing is written: it gets each writing request in place of the outside system,
    and `Rehearsed` is raised. `deadline_seconds` bounds all requests of one attempt together.
    """

    allow_private: bool = False
    permit: Callable[[], None] = nothing
    still_ours: Callable[[], None] = nothing
    record: Callable[[Exchange], None] = nothing
    hold_back: Callable[[HeldBack], None] | None = None
    deadline_seconds: float = 45.0


class Rehearsed(Exception):
    """A write was held back, because this is a rehearsal. No error of anybody: connectors let it pass."""


class Options(TypedDict, total=False):
    """What a request may carry besides method and path, all of it optional.

    `json` is written with exact numbers; `body` is for everything else. `reads` says that a POST changes nothing.
    `returns` names statuses that the connector's own table judges, for systems that report bad data as 500.
    """

    params: Mapping[str, str | int]
    json: object
    body: bytes
    headers: Mapping[str, str]
    reads: bool
    returns: Collection[int]


class Http:
    """The requests of one attempt at one outside system. Make one for each attempt: the deadline covers them all.

    `base_url` is where all paths start. `headers` go out with every request. `secrets` are hidden wherever they would
    be recorded; credentials in `headers` are hidden without being named.
    """

    def __init__(
        self,
        base_url: str,
        outbound: Outbound,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Collection[str] = (),
    ) -> None:
        self._base_url = base_url.strip().rstrip("/")
        self._outbound = outbound
        self._headers = {"User-Agent": "Postroom", "Accept": "application/json", **(headers or {})}
        self._secrets = secrets
        self._wire = Wire(allow_private=outbound.allow_private, seconds=outbound.deadline_seconds)
        self._session: requests.Session | None = None
        self._system = "The system"
        self._has_written = False

    def get(self, path: str, **options: Unpack[Options]) -> Reply:
        """Read. Takes what `request` takes."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Unpack[Options]) -> Reply:
        """Write, unless `reads=True` says otherwise. Takes what `request` takes."""
        return self.request("POST", path, **options)

    def request(self, method: str, path: str, **options: Unpack[Options]) -> Reply:
        """Send one request and give the answer: any 2xx, any 4xx but 401, 408 and 429, and each status in `returns`.

        Raises `Misconfigured` for an address or a header that cannot be used and for a redirected read, `Unauthorised`
        on 401, `Retryable` on 429 and where no byte was sent, `LeaseLost` from `still_ours`. Everything else that
        leaves the result open (timeout, broken connection, 408, 5xx, a redirected write, an oversize or unreadable
        answer) is `OutcomeUnknown` for a write and `Retryable` for a read. Once a write of this attempt has begun, no
        later request can prove that nothing happened: whatever it raises is `OutcomeUnknown` too.
        """
        wrote = method not in _READING_METHODS and not options.get("reads", False)
        wrote_before = self._has_written
        try:
            prepared = self._prepared(method, path, options)
            if wrote and self._outbound.hold_back is not None:
                self._outbound.hold_back(_Note(prepared, self._secrets).held_back())
                raise Rehearsed
            self._outbound.permit()
            reply = self._send(prepared, wrote)
            return reply if reply.status in options.get("returns", ()) else judged(reply)
        except IntegrationError as error:
            if wrote_before:
                raise OutcomeUnknown(f"An earlier step went out, then: {error.message}", field=error.field) from error
            raise

    def _prepared(self, method: str, path: str, options: Options) -> requests.PreparedRequest:
        headers, body = {**self._headers, **options.get("headers", {})}, options.get("body")
        if "json" in options:
            body = to_json(options["json"]).encode()
            headers.setdefault("Content-Type", "application/json")
        url = f"{self._base_url}/{path.lstrip('/')}"
        made = requests.Request(method, url, _sendable(headers), data=body, params=options.get("params"))
        return self._open().prepare_request(made)

    def _open(self) -> requests.Session:
        if self._session is None:
            self._system = host_of(self._base_url, allow_private=self._outbound.allow_private)
            self._session = session(self._base_url, self._wire)
        return self._session

    def _send(self, request: requests.PreparedRequest, wrote: bool) -> Reply:
        note = _Note(request, self._secrets)
        try:
            self._wire.begin(self._outbound.still_ours if wrote else None)
            status, headers, body = self._exchange(request)
        except (OSError, HTTPError, _TooLarge) as error:
            self._outbound.record(note.broken(error))
            raise self._broken(error, wrote) from error
        finally:
            self._has_written |= wrote and self._wire.began
        self._outbound.record(note.answered(status, headers, body))
        return Reply(system=self._system, status=status, headers=headers, body=body, wrote=self._has_written)

    def _exchange(self, request: requests.PreparedRequest) -> tuple[int, Mapping[str, str], bytes]:
        timeout = (CONNECT_SECONDS, READ_SECONDS)
        with self._open().send(request, stream=True, allow_redirects=False, timeout=timeout) as response:
            body = bytearray()
            for chunk in response.iter_content(_CHUNK):
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise _TooLarge("the answer is larger than 10 MB")
            return response.status_code, response.headers, bytes(body)

    def _broken(self, error: Exception, wrote: bool) -> IntegrationError:
        if not self._wire.began:
            return Retryable(f"{self._system} {_unreached(error)}, so nothing was sent. It will be tried again.")
        return unclear(f"{self._system} {_broke(error)}", wrote=wrote)


def _sendable(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not (value.isprintable() and value.isascii()):
            message = f"The value for the header {name} has characters that cannot be sent. Enter it again."
            raise Misconfigured(message)
    return headers


class _TooLarge(Exception):
    """An answer that is not read to its end."""


class _Note:
    """A request on its way into an `Exchange`."""

    def __init__(self, request: requests.PreparedRequest, secrets: Collection[str]) -> None:
        self._redactor = Redactor(secrets, request.headers)
        self._request = request
        self._started = time.monotonic()

    def answered(self, status: int, headers: Mapping[str, str], body: bytes) -> Exchange:
        return self._exchange(status, self._redactor.headers(headers), self._redactor.body(body), "")

    def held_back(self) -> HeldBack:
        told = self._exchange(None, {}, "", "")
        whole = self._redactor.text(self._sent().decode(errors="replace"))
        return HeldBack(method=told.method, url=told.url, headers=told.request_headers, body=whole)

    def broken(self, error: Exception) -> Exchange:
        return self._exchange(None, {}, "", self._redactor.text(f"{type(error).__name__}: {error}"))

    def _exchange(self, status: int | None, headers: dict[str, str], body: str, failure: str) -> Exchange:
        return Exchange(
            method=self._request.method or "",
            url=self._redactor.text(self._request.url or ""),
            request_headers=self._redactor.headers(self._request.headers),
            request_body=self._redactor.body(self._sent()),
            status=status,
            response_headers=headers,
            response_body=body,
            duration_ms=round((time.monotonic() - self._started) * 1000),
            failure=failure,
        )

    def _sent(self) -> bytes:
        body = self._request.body or b""
        return body if isinstance(body, bytes) else str(body).encode()


def _unreached(error: Exception) -> str:
    if isinstance(error, SSLError):
        return "could not prove that it is the right system (its TLS certificate was not accepted)"
    return "could not be reached"


def _broke(error: Exception) -> str:
    if isinstance(error, _TooLarge):
        return f"gave an answer of more than {MAX_ANSWER // 1024 // 1024} MB, which is not read"
    return "did not answer in time" if _timed_out(error) else "broke off, or its answer could not be read"


def _timed_out(error: BaseException | None) -> bool:
    """Whether a timeout is anywhere among the reasons: the libraries wrap it in errors of their own."""
    while error and not isinstance(error, TimeoutError):
        error = error.__cause__ or error.__context__
    return error is not None
