"""The OAuth2 dance, once for all connectors: pure functions around Authlib, with our own way out.

Who keeps tokens, states and leases is the portal's business (portal/connections/access). Asking for a token changes
nothing in anybody's books: an answer that was lost is asked for again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from authlib.common.security import generate_token
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from integrations.errors import IntegrationError, Misconfigured, Rejected, Retryable, Unauthorised
from integrations.http import Exchange, Http, Outbound
from integrations.linking import Departure, Token
from integrations.redaction import HIDDEN, Redactor
from integrations.reply import Reply
from integrations.sentences import sentence

VERIFIER: Final = "verifier"
"""Under which name `authorise_url` keeps the PKCE verifier."""
EARLY_SECONDS: Final = 60.0
"""So long before its end a token is renewed; one that lives for less than twice that, after half of its life."""
_VERIFIER_LENGTH: Final = 64
_LONGEST_LIFE: Final = timedelta(days=3650)
_FORM: Final = "application/x-www-form-urlencoded"
# Of a token's answer only these are recorded as they came.
_NO_SECRET: Final = frozenset({"token_type", "expires_in", "scope", "error", "error_description"})
# RFC 6749, sections 4.1.2.1 and 5.2. What is not in here is a setting of ours, or a server that is none.
_REFUSALS: Final[Mapping[str, type[Unauthorised | Retryable]]] = {
    "invalid_grant": Unauthorised,
    "invalid_client": Unauthorised,
    "unauthorized_client": Unauthorised,
    "access_denied": Unauthorised,
    "temporarily_unavailable": Retryable,
    "server_error": Retryable,
}
_FIELDS: Final[Mapping[str, str]] = {"invalid_scope": "scope"}
_NEXT_STEP: Final[Mapping[type[IntegrationError], str]] = {
    Unauthorised: "Link the connection again.",
    Retryable: "It will be tried again.",
    Misconfigured: "Check the settings of the connection.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What the vendor knows us by. Without `client_secret` it is a public client, without `scope` the vendor's default;
    without `client_id` the vendor knows no applications, only users.

    `in_body`: id and secret go into the form and not into a header. The addresses are whole ones; that of the page
    where a person agrees, and of that where a token is given back, are empty where there is none.
    """

    client_id: str
    client_secret: str = field(repr=False)
    token_url: str
    authorize_url: str = ""
    scope: str = ""
    in_body: bool = False
    revoke_url: str = ""


def authorise_url(app: Application, *, state: str, return_url: str, **extra: str) -> Departure:
    """Where a person goes to agree, with a PKCE challenge (S256); its verifier is in `keep`, under `VERIFIER`.

    `extra` are further members of the query that a vendor wants. Raises `Misconfigured` without a usable address.
    """
    parts = urlsplit(app.authorize_url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        message = "The address where people authorise the connection is missing or is no web address. Enter it."
        raise Misconfigured(message, field="authorize_url")
    verifier = generate_token(_VERIFIER_LENGTH)
    url = prepare_grant_uri(
        app.authorize_url, client_id=app.client_id, response_type="code", redirect_uri=return_url,
        scope=app.scope or None, state=state, code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256", **extra,
    )  # fmt: skip
    return Departure(url=url, keep={VERIFIER: verifier})


def exchange(app: Application, outbound: Outbound, *, code: str, verifier: str, return_url: str) -> Token:
    """The token for the code that a person brought back. Raises `Unauthorised`, `Misconfigured`, `Retryable`.

    A code is good once: where the answer was lost, the person has to go again.
    """
    if not code:
        raise Rejected("The outside system sent no code along. Start again.")
    form = {"code": code, "redirect_uri": return_url, "code_verifier": verifier}
    return _asked(app, outbound, "authorization_code", form, secrets=(code, verifier))


def refresh(app: Application, outbound: Outbound, token: Token) -> Token:
    """A fresh token for an old one; the old refresh token stays where no new one comes. Raises as `exchange`."""
    if not token.refresh:
        raise Unauthorised("There is nothing to renew the access with. Link the connection again.")
    fresh = _asked(app, outbound, "refresh_token", {"refresh_token": token.refresh}, secrets=(token.refresh,))
    return fresh if fresh.refresh else replace(fresh, refresh=token.refresh)


def client_credentials(app: Application, outbound: Outbound) -> Token:
    """A token for the application itself. Raises as `exchange`."""
    return _asked(app, outbound, "client_credentials", {"scope": app.scope} if app.scope else {}, secrets=())


def password(app: Application, outbound: Outbound, form: Mapping[str, str]) -> Token:
    """A token for a user's name and password (RFC 6749, section 4.3), under the names that the vendor has for them.

    All of `form` is hidden. Raises as `exchange`.
    """
    return _asked(app, outbound, "password", form, secrets=tuple(form.values()))


def revoke(app: Application, outbound: Outbound, token: Token) -> None:
    """Give a token back (RFC 7009), the refresh token where there is one: with it ends all that a person agreed to.

    One that is not good any more is no error. Raises `Unauthorised`, `Misconfigured`, `Retryable`.
    """
    value, hint = (token.refresh, "refresh_token") if token.refresh else (token.access, "access_token")
    body = urlencode({"token": value, "token_type_hint": hint})
    reply, redactor = _posted(app, outbound, app.revoke_url, body, (value,))
    if reply.status >= 400:
        raise _refused(reply, _members(reply), redactor)


def is_good(token: Token, *, now: datetime, obtained_at: datetime | None = None) -> bool:
    """Whether a token can still be used at `now` (aware UTC): its end, if it is known, is not near."""
    if token.expires_at is None:
        return True
    life = (token.expires_at - obtained_at).total_seconds() if obtained_at else 2 * EARLY_SECONDS
    return now < token.expires_at - timedelta(seconds=max(0.0, min(EARLY_SECONDS, life / 2)))


def without_tokens(record: Callable[[Exchange], None]) -> Callable[[Exchange], None]:
    """A recorder of token requests: what comes cannot be known before, so only what is no secret is kept, by name."""
    return lambda one: record(replace(one, response_body=_named_only(one)))


class Fresh:
    """An `Access` in memory, for one thread: for tests and one-off calls. `obtain` is `System.obtain`."""

    def __init__(self, obtain: Callable[[Token | None], Token]) -> None:
        self._obtain, self._token, self._since = obtain, Token(access=""), datetime.now(UTC)

    def token(self) -> str:
        """The same one for as long as it is good. Raises what `obtain` raises."""
        known = self._token
        if known.access and is_good(known, now=datetime.now(UTC), obtained_at=self._since):
            return known.access
        return self._renew()

    def renewed(self, refused: str) -> str:
        """Another one than `refused`. Raises what `obtain` raises."""
        return self._renew() if self._token.access in ("", refused) else self._token.access

    def _renew(self) -> str:
        since = datetime.now(UTC)
        self._token = self._obtain(self._token if self._token.access else None)
        self._since = since
        return self._token.access


def _asked(
    app: Application, outbound: Outbound, grant: str, form: Mapping[str, str], secrets: tuple[str, ...]
) -> Token:
    asked_at, body = datetime.now(UTC), prepare_token_request(grant, "", **form)
    reply, redactor = _posted(app, outbound, app.token_url, body, secrets)
    return _token(_understood(reply, redactor), reply, asked_at)


def _posted(
    app: Application, outbound: Outbound, url: str, body: str, secrets: tuple[str, ...]
) -> tuple[Reply, Redactor]:
    """A form that the vendor takes from the application, and what hides its secrets from the answer's words."""
    base, path = _split(url)
    headers, body = _authenticated(app, body)
    hidden = tuple(filter(None, (app.client_secret, *secrets)))
    http = Http(base, replace(outbound, record=without_tokens(outbound.record)), secrets=hidden)
    try:
        reply = http.post(path, body=body.encode(), headers=headers, reads=True)
    except Misconfigured as error:
        raise Misconfigured(error.message, field="token_url") from error
    return reply, Redactor(hidden, headers)


def _split(url: str) -> tuple[str, str]:
    """Where `Http` starts, and the path behind it."""
    scheme, separator, rest = url.strip().partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host}", slash + path


def _authenticated(app: Application, body: str) -> tuple[dict[str, str], str]:
    method = ("client_secret_post" if app.in_body else "client_secret_basic") if app.client_secret else "none"
    headers = {"Content-Type": _FORM}
    if not app.client_id:
        return headers, body
    try:
        _, headers, body = ClientAuth(app.client_id, app.client_secret, method).prepare("POST", "", headers, body)
    except UnicodeEncodeError as error:
        message = "The client ID or the client secret has characters that cannot be sent. Enter them again."
        raise Misconfigured(message, field="client_secret") from error
    return headers, body


def _understood(reply: Reply, redactor: Redactor) -> Mapping[str, Any]:
    """The answer's members. A refusal is one, too, where it comes with a status of 200."""
    if reply.status >= 400:
        raise _refused(reply, _members(reply), redactor)
    answered = reply.json()
    if not isinstance(answered, dict):
        raise reply.unclear("something that is no token")
    if answered.get("error"):
        raise _refused(reply, answered, redactor)
    return answered


def _members(reply: Reply) -> Mapping[str, Any]:
    """Those of a refusal; none where it is no JSON: then nobody gives tokens there."""
    try:
        answered = reply.json()
    except IntegrationError:
        return {}
    return answered if isinstance(answered, dict) else {}


def _refused(reply: Reply, answered: Mapping[str, Any], redactor: Redactor) -> IntegrationError:
    word = answered.get("error")
    word = word if isinstance(word, str) else ""
    kind = _REFUSALS.get(word, Misconfigured)
    in_short = sentence(word, otherwise=f"status {reply.status}")
    why = redactor.text(sentence(answered.get("error_description"), otherwise=in_short))
    message = f"{reply.system} gives no access: {why.rstrip('.')}. {_NEXT_STEP[kind]}"
    return kind(message, field=_FIELDS.get(word, "token_url") if kind is Misconfigured else "")


def _token(answered: Mapping[str, Any], reply: Reply, asked_at: datetime) -> Token:
    access, again = answered.get("access_token"), answered.get("refresh_token")
    if not isinstance(access, str) or not access:
        raise reply.unclear("no access token")
    return Token(
        access=access,
        refresh=again if isinstance(again, str) else "",
        expires_at=_expiry(answered.get("expires_in"), asked_at),
    )


def _expiry(seconds: object, asked_at: datetime) -> datetime | None:
    """Counted from before the question: the vendor's clock started later. Some write the number as text."""
    if isinstance(seconds, str) and seconds.strip().isascii() and seconds.strip().isdigit():
        seconds = int(seconds[:20])
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal):
        return None
    return asked_at + timedelta(seconds=float(min(max(seconds, 0), int(_LONGEST_LIFE.total_seconds()))))


def _named_only(told: Exchange) -> str:
    try:
        answered = json.loads(told.response_body)
    except ValueError:
        answered = None
    if isinstance(answered, dict):
        return json.dumps({name: value if name in _NO_SECRET else HIDDEN for name, value in answered.items()})
    has_tokens = told.status is not None and told.status < 400
    return HIDDEN if has_tokens and told.response_body else told.response_body
