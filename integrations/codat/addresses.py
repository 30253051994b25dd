"""The two addresses of a visit: the link that leads to Codat, and the one that leads back from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from integrations.codat.client import Client
from integrations.errors import Misconfigured, Retryable

_PLACEHOLDER: Final = re.compile(r"\{[^}]*\}")
_TOLD_BACK: Final = ("companyId", "connectionId", "statusCode", "errorMessage")


def redirect_url(return_url: str) -> str:
    """What must be entered in Codat's portal as the address that people come back to."""
    back = "&".join(f"{name}={{{name}}}" for name in ("state", *_TOLD_BACK))
    return f"{return_url}?{back}"


def insist_on_return(client: Client, return_url: str) -> None:
    """Raise `Misconfigured` where people would not come back to us with our state.

    The address is set once for the whole account in Codat's portal; it may have placeholders of its own.
    """
    profile = client.get("profile")
    told = profile.get("redirectUrl") if isinstance(profile, Mapping) else None
    address, _, query = (told if isinstance(told, str) else "").partition("?")
    if ("state", "{state}") in parse_qsl(query) and (address == return_url or _PLACEHOLDER.search(address)):
        return
    message = (
        f"People would not find back from Codat. Enter this redirect URL in its portal: {redirect_url(return_url)}"
    )
    raise Misconfigured(message, field="base_url")


def with_state(url: str, state: str, *, is_private: bool) -> str:
    """The link with our state; what it has in its query already makes it work once, and stays.

    Raises `Retryable` where it is no address that a person may be sent to.
    """
    schemes = {"https", "http"} if is_private else {"https"}
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise Retryable("Codat gave no link to go to. It will be asked again.")
    extra = f"state={quote(state, safe='')}"
    return parts._replace(query=f"{parts.query}&{extra}" if parts.query else extra).geturl()
