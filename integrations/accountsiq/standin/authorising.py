"""OAuth 2 as the seed wants it: client credentials, and the authorization code with PKCE that a person approves."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from integrations.accountsiq.standin.furniture import COMPANY
from integrations.accountsiq.standin.options import Options
from integrations.accountsiq.standin.tokens import CLIENT_ID, REST, Pair, Tokens
from integrations.exact import to_json
from integrations.sandbox import page

_CARRIED: Final = ("client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")


class Denied(Exception):
    """An OAuth error; the message is its description."""

    def __init__(self, error: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.error, self.message, self.status = error, message, status


class Authorising:
    """The three endpoints."""

    def __init__(self, tokens: Tokens, options: Options, secret: str) -> None:
        self._tokens = tokens
        self._options = options
        self._secret = secret

    def answer(self, name: str, request: Request) -> Response:
        """A token, or the end of one; `name` is token or revoke."""
        try:
            self._check_client(request)
            if name == "revoke":
                self._tokens.revoke(request.form.get("token", ""))
                return Response(status=200)
            return _given(self._granted(request), request.form.get("scope", ""))
        except Denied as denied:
            return _denied(denied)

    # --- tokens ----------------------------------------------------------------------------------------------------

    def _check_client(self, request: Request) -> None:
        """By HTTP Basic or in the form; both are equally good."""
        basic = request.authorization
        name, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
        if basic is not None and basic.type == "basic":
            name, secret = basic.username or "", basic.password or ""
        is_theirs = hmac.compare_digest(secret.encode(), self._secret.encode()) and name == CLIENT_ID
        if not is_theirs or self._options.on("application_revoked"):
            raise Denied("invalid_client", "The application is not known, or it was revoked.", 401)

    def _granted(self, request: Request) -> Pair:
        grants: Mapping[str, Callable[[Request], Pair]] = {
            "client_credentials": lambda _: self._tokens.give(REST, with_refresh=False),
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
        }
        grant = grants.get(request.form.get("grant_type", ""))
        if grant is None:
            raise Denied("unsupported_grant_type", "Grants are client_credentials, authorization_code, refresh_token.")
        return grant(request)

    def _by_code(self, request: Request) -> Pair:
        code = request.form.get("code", "")
        detail = self._tokens.exchanged(code)
        if detail is None or detail["redirect_uri"] != request.form.get("redirect_uri", ""):
            raise Denied("invalid_grant", "The code is not known, too old, or used.")
        proof = _challenge(request.form.get("code_verifier", ""))
        if not hmac.compare_digest(proof.encode(), detail["code_challenge"].encode()):
            raise Denied("invalid_grant", "The code verifier does not fit the code challenge.")
        return self._tokens.of_code(code)

    def _by_refresh(self, request: Request) -> Pair:
        pair = self._tokens.refreshed(REST, request.form.get("refresh_token", ""))
        if pair is None:
            raise Denied("invalid_grant", "The refresh token is not known, too old, or used.")
        return pair

    # --- a person --------------------------------------------------------------------------------------------------

    def authorise(self, request: Request) -> Response:
        """The page with its two buttons, and where a button leads. A wrong client or address is never redirected."""
        asked = {name: request.values.get(name, "") for name in _CARRIED}
        if asked["client_id"] != CLIENT_ID or self._options.on("application_revoked"):
            return _unfit("This application is not known to AccountsIQ, or it was revoked.")
        if urlsplit(asked["redirect_uri"]).scheme not in {"http", "https"}:
            return _unfit("The application did not say where to return to.")
        if request.method == "POST":
            return self._decided(request, asked)
        if request.args.get("response_type") != "code":
            return _return(asked, error="unsupported_response_type")
        if not asked["code_challenge"] or asked["code_challenge_method"] != "S256":
            return _return(asked, error="invalid_request", error_description="PKCE with S256 is needed.")
        return page("Connect an application to AccountsIQ", _form(asked))

    def _decided(self, request: Request, asked: Mapping[str, str]) -> Response:
        if request.form.get("decision") != "approve":
            return _return(asked, error="access_denied", error_description="The person said no.")
        return _return(asked, code=self._tokens.code(asked))


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _return(asked: Mapping[str, str], **told: str) -> Response:
    query = urlencode({**told, **({"state": asked["state"]} if asked["state"] else {})})
    joint = "&" if urlsplit(asked["redirect_uri"]).query else "?"
    return redirect(f"{asked['redirect_uri']}{joint}{query}", 303)


def _form(asked: Mapping[str, str]) -> Markup:
    hidden = Markup("").join(
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value) for name, value in asked.items()
    )
    about = Markup("<p>The application <code>{}</code> asks for access to the books of {}.</p>")
    buttons = Markup(
        '<form method="post">{}<button name="decision" value="approve">Approve</button> '
        '<button name="decision" value="cancel">Cancel</button></form>'
    )
    return about.format(asked["client_id"], COMPANY) + buttons.format(hidden)


def _unfit(message: str) -> Response:
    told = page("Connect an application to AccountsIQ", Markup("<p>{}</p>").format(message))
    told.status_code = 400
    return told


def _given(pair: Pair, scope: str) -> Response:
    told = {"access_token": pair.access, "token_type": "Bearer", "expires_in": pair.seconds}
    told |= {"refresh_token": pair.refresh} if pair.refresh else {}
    told |= {"scope": scope} if scope else {}
    return Response(to_json(told), mimetype="application/json", headers={"Cache-Control": "no-store"})


def _denied(denied: Denied) -> Response:
    told = {"error": denied.error, "error_description": denied.message}
    response = Response(to_json(told), status=denied.status, mimetype="application/json")
    if denied.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="AccountsIQ"'
    return response
