"""How a connection over REST is let in: as an application, or as a person who agreed to it."""

from __future__ import annotations

from typing import Final

from integrations import oauth
from integrations.base import Link
from integrations.errors import Misconfigured, Unauthorised
from integrations.linking import Token
from integrations.oauth import Application

_WHERE: Final = "/oauth2/token"
_NO_VISIT: Final = "Nobody has authorised this connection to AccountsIQ yet, or it was withdrawn. Authorise it."


def application(link: Link) -> Application:
    """What AccountsIQ knows us by on this connection. Raises `Misconfigured`."""
    settings = {name: value.strip() for name, value in link.settings.items()}
    base_url = settings.get("base_url", "").rstrip("/")
    if not base_url and not settings.get("token_url"):
        message = "The address of the REST interface is missing. Enter the one that AccountsIQ gave you."
        raise Misconfigured(message, field="base_url")
    return Application(
        client_id=settings.get("client_id", ""),
        client_secret=link.secrets.get("client_secret", "").strip(),
        token_url=settings.get("token_url") or base_url + _WHERE,
        authorize_url=settings.get("authorize_url", ""),
        scope=settings.get("scope", ""),
        revoke_url=settings.get("revoke_url", ""),
    )


def token(link: Link, previous: Token | None) -> Token:
    """A fresh one: by the refresh token where there is one, else by the application's own credentials.

    Raises `Unauthorised`, `Misconfigured`, `Retryable`.
    """
    app = application(link)
    if app.authorize_url:
        if previous is None:
            raise Unauthorised(_NO_VISIT)
        return oauth.refresh(app, link.outbound, previous)
    if previous is not None and previous.refresh:
        try:
            return oauth.refresh(app, link.outbound, previous)
        except Unauthorised:
            # A refresh token that ran out says nothing of the credentials themselves.
            pass
    return oauth.client_credentials(app, link.outbound)
