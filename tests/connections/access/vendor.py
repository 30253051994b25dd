"""A vendor with OAuth2, served: codes with PKCE, rotating refresh tokens, revocation, lost and slow answers."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from integrations.base import AccountingSystem, Link
from integrations.documents import Awaiting, Company, Document, IdempotencyKey, Kind, Posted
from integrations.errors import Cancelled, Unauthorised
from integrations.http import Http
from integrations.linking import Arrival, Departure, Token
from integrations.metadata import Abilities, Metadata, Setting
from integrations.oauth import (
    VERIFIER,
    Application,
    Fresh,
    authorise_url,
    client_credentials,
    exchange,
    refresh,
)

SLUG = "agreed"
CLIENT_ID, CLIENT_SECRET = "postroom-app", "the-client-secret-of-the-tests"


@dataclass
class Vendor:
    """What it knows, and what it does at its next calls.

    A refresh token is good once; an access token dies with its `revoked` grant. `lose` answers of the token endpoint
    are worked on and then cut off; with `forgives` a refresh token whose answer was lost is taken once more. `gate` is
    waited for before an answer of the token endpoint goes out.
    """

    company: Mapping[str, str] = field(default_factory=lambda: {"id": "1042", "name": "Northgate Ltd"})
    says: str = "approve"
    life_seconds: int | None = 3600
    lose: int = 0
    forgives: bool = True
    fails_with: int = 0
    gate: threading.Event | None = None
    asked: list[str] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    told: dict[str, Any] = field(default_factory=lambda: {"status": "linked", "kinds": ["invoice"]})
    secret: str = CLIENT_SECRET
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refreshes: set[str] = field(default_factory=set)
    accesses: set[str] = field(default_factory=set)
    bills: list[dict[str, Any]] = field(default_factory=list)
    made: int = 0
    url: str = ""

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Door", (_Door,), {"vendor": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.gate:
            self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    def revoke(self) -> None:
        """The consent is withdrawn: no token is good any more."""
        self.refreshes.clear()
        self.accesses.clear()

    def expire(self) -> None:
        """Access tokens are refused from now on; refresh tokens are not."""
        self.accesses.clear()

    def grant(self) -> Token:
        """A token as if somebody had agreed."""
        with self._lock:
            access, again = self._fresh()
        return Token(access=access, refresh=again)

    def authorise(self, query: dict[str, str]) -> str:
        """Somebody is sent back by the vendor's page."""
        state = {"state": query.get("state", "")}
        if self.says != "approve":
            return f"{query['redirect_uri']}?{urlencode({'error': 'access_denied', **state})}"
        code = f"code-{len(self.codes) + 1}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, **state})}"

    def give(self, form: dict[str, str], client: str) -> tuple[int, dict[str, Any]]:
        """Answer a request for a token."""
        with self._lock:
            self.asked.append(form["grant_type"])
            if self.fails_with:
                return self.fails_with, {"error": "server_error"}
            if client != f"{CLIENT_ID}:{self.secret}":
                return 401, {"error": "invalid_client"}
            if not _GRANTS[form["grant_type"]](self, form):
                return 400, {"error": "invalid_grant", "error_description": "The consent was withdrawn."}
            access, again = self._fresh()
            if form["grant_type"] == "refresh_token" and not (self.lose and self.forgives):
                self.refreshes.discard(form["refresh_token"])
        members = {"access_token": access, "token_type": "Bearer", "refresh_token": again}
        return 200, members if self.life_seconds is None else {**members, "expires_in": self.life_seconds}

    def _fresh(self) -> tuple[str, str]:
        self.made += 1
        access, again = f"access-{self.made}", f"refresh-{self.made}"
        self.accesses.add(access)
        self.refreshes.add(again)
        return access, again

    def by_code(self, form: dict[str, str]) -> bool:
        """A code is good once, for who has the verifier."""
        asked = self.codes.pop(form["code"], {})
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        return bool(asked) and (asked["code_challenge"], asked["redirect_uri"]) == (challenge, form["redirect_uri"])

    def by_refresh(self, form: dict[str, str]) -> bool:
        """Whether this refresh token is good."""
        return form["refresh_token"] in self.refreshes


_GRANTS: Mapping[str, Callable[[Vendor, dict[str, str]], bool]] = {
    "authorization_code": Vendor.by_code,
    "refresh_token": Vendor.by_refresh,
    "client_credentials": lambda _, __: True,
}


class _Door(BaseHTTPRequestHandler):
    vendor: Vendor

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/authorize":
            self._away(self.vendor.authorise(dict(parse_qsl(parts.query))))
        elif self.headers.get("Authorization", "").removeprefix("Bearer ") not in self.vendor.accesses:
            self._json(401, {"error": "no such token"})
        else:
            self._json(200, dict(self.vendor.company) if parts.path == "/company" else self.vendor.told)

    def do_POST(self) -> None:
        if self.path == "/bills":
            self._book()
            return
        form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()))
        client = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        status, answered = self.vendor.give(form, client)
        self.vendor.reached.set()
        if self.vendor.gate:
            self.vendor.gate.wait(20)
        if self.vendor.lose:
            self.vendor.lose -= 1
            self.close_connection = True
            self.connection.close()
            return
        self._json(status, answered)

    def _book(self) -> None:
        bill = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        if self.headers.get("Authorization", "").removeprefix("Bearer ") not in self.vendor.accesses:
            self._json(401, {"error": "no such token"})
            return
        self.vendor.bills.append(bill)
        self._json(201, {"id": str(len(self.vendor.bills))})

    def _away(self, url: str) -> None:
        self.send_response(302)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ValueError, OSError):
            self.close_connection = True

    def log_message(self, *args: Any) -> None:
        """Quiet."""


class Agreed(AccountingSystem):
    """The connector to `Vendor`: by a visit where the setting says so, else by client credentials."""

    metadata = Metadata(
        slug=SLUG, name="Agreed Books", summary="For tests.", monogram="AB",
        settings=(
            Setting(key="base_url", label="Address"),
            Setting(key="way", label="Way", choices=(("visit", "A visit"), ("form", "A form")), default="visit"),
            Setting(key="client_secret", label="Client secret", secret=True),
        ),
    )  # fmt: skip
    can: ClassVar[Abilities] = Abilities(kinds=frozenset({Kind.INVOICE, Kind.CREDIT_NOTE}))
    uses_tokens = True

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._app = Application(
            client_id=CLIENT_ID, client_secret=link.secrets.get("client_secret", ""),
            token_url=f"{link.settings['base_url']}/token", authorize_url=f"{link.settings['base_url']}/authorize",
        )  # fmt: skip
        self._access = link.access or Fresh(self.obtain)

    @classmethod
    def is_linked_by_visit(cls, settings: Mapping[str, str]) -> bool:
        return settings.get("way", "visit") == "visit"

    @classmethod
    def can_for(cls, settings: Mapping[str, str], told: Mapping[str, Any]) -> Abilities:
        return Abilities(kinds=frozenset(Kind(kind) for kind in told.get("kinds", [])))

    def obtain(self, previous: Token | None) -> Token:
        if not self.is_linked_by_visit(self.link.settings):
            return client_credentials(self._app, self.link.outbound)
        if previous is None:
            raise Unauthorised("Nobody has authorised the connection.")
        return refresh(self._app, self.link.outbound, previous)

    def depart(self, *, state: str, return_url: str) -> Departure:
        return authorise_url(self._app, state=state, return_url=return_url)

    def arrive(self, query: Mapping[str, str], *, keep: Mapping[str, str], return_url: str) -> Arrival:
        if query.get("error"):
            raise Cancelled("You did not agree at Agreed Books. Nothing was linked.")
        code, outbound = query.get("code", ""), self.link.outbound
        token = exchange(self._app, outbound, code=code, verifier=keep[VERIFIER], return_url=return_url)
        return Arrival(token=token, told={"arrived": "yes"})

    def company(self) -> Company:
        told = self._get("company")
        return Company(external_id=told["id"], name=told["name"], base_currency="GBP")

    def survey(self) -> Mapping[str, Any]:
        found: dict[str, Any] = self._get("survey")
        return found

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted | Awaiting:
        access, bill = self._access.token(), {"reference": reference, "gross": document.gross}
        try:
            answered = self._http(access).post("bills", json=bill).json()
        except Unauthorised:
            answered = self._http(self._access.renewed(access)).post("bills", json=bill).json()
        return Posted(external_id=answered["id"], number=f"AB-{answered['id']}")

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        return ()

    def _get(self, path: str) -> Any:
        access = self._access.token()
        try:
            return self._http(access).get(path).json()
        except Unauthorised:
            return self._http(self._access.renewed(access)).get(path).json()

    def _http(self, access: str) -> Http:
        return Http(self.link.settings["base_url"], self.link.outbound, headers={"Authorization": f"Bearer {access}"})
