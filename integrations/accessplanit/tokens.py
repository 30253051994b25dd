"""Getting in: an API key that is the Bearer token itself, or a token for the API user's name and password."""

from __future__ import annotations

from typing import Final

from integrations import oauth
from integrations.accessplanit.terms import Terms
from integrations.errors import Misconfigured, Unauthorised
from integrations.http import Outbound
from integrations.linking import Access, Token

# The vendor's own client sends these names (README); lower-case ones work, too.
_NAME: Final = "UserName"
_WORD: Final = "Password"


class Key:
    """The `Access` of a connection with an API key: there is no other one than this."""

    def __init__(self, key: str) -> None:
        self._key = key

    def token(self) -> str:
        """The key."""
        return self._key

    def renewed(self, refused: str) -> str:
        """Raises `Unauthorised`: a key that is refused is refused."""
        raise Unauthorised("accessplanit does not accept the API key. Enter a new one, made by the API user there.")


def obtained(terms: Terms, outbound: Outbound, previous: Token | None) -> Token:
    """A fresh token, by the refresh token where there is one that is still good, else by logging in again.

    Raises `Unauthorised`, `Misconfigured`, `Retryable`.
    """
    if terms.api_key:
        return Token(access=terms.api_key)
    app = oauth.Application(
        client_id="", client_secret="", token_url=f"{terms.base_url}{terms.api_path}{terms.login_path}"
    )
    try:
        return _refreshed(app, outbound, previous) or _logged_in(app, terms, outbound)
    except Misconfigured as error:
        field = "login_path" if error.field == "token_url" else error.field
        raise Misconfigured(error.message, field=field) from error


def access(terms: Terms, outbound: Outbound, given: Access | None) -> Access:
    """Where the token of a connection comes from; without a keeper of tokens it is asked for each time."""
    if terms.api_key:
        return Key(terms.api_key)
    return given or oauth.Fresh(lambda previous: obtained(terms, outbound, previous))


def _refreshed(app: oauth.Application, outbound: Outbound, previous: Token | None) -> Token | None:
    """None where there is nothing to refresh, or it is not taken: logging in is always possible."""
    if previous is None or not previous.refresh:
        return None
    try:
        return oauth.refresh(app, outbound, previous)
    except (Unauthorised, Misconfigured):
        return None


def _logged_in(app: oauth.Application, terms: Terms, outbound: Outbound) -> Token:
    try:
        return oauth.password(app, outbound, {_NAME: terms.username, _WORD: terms.password})
    except Unauthorised as error:
        message = "accessplanit does not accept the user name and password. Enter them again."
        raise Unauthorised(message, field="password") from error
