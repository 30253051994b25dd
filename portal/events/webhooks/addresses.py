"""Where webhooks may go, and how an address is shown: what stands behind its question mark may be a secret."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from integrations.addresses import checked
from integrations.errors import Misconfigured

LONGEST: Final = 500
NO_ADDRESS: Final = "Enter a whole web address, such as https://hooks.example.com/postroom."
NOT_HTTPS: Final = "The address has to start with https://."
NO_PASSWORD: Final = "The address must not contain a user name or password. Messages are signed instead."  # noqa: S105
NO_FRAGMENT: Final = "The address must not contain #."
TOO_LONG: Final = f"The address has more than {LONGEST} characters."
PRIVATE: Final = "This address is not on the public internet, and this installation does not send there."


class BadAddress(Exception):
    """An address that nothing can be sent to. `message` is one plain sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def checked_address(text: str) -> str:
    """The address as it is kept. Raises `BadAddress`.

    A name is looked up when something is sent, each time; an address in figures is judged at once.
    """
    url = text.strip()
    if len(url) > LONGEST:
        raise BadAddress(TOO_LONG)
    parts = _parts(url)
    if parts.scheme != "https" and not settings.ALLOW_PRIVATE_TARGETS:
        raise BadAddress(NOT_HTTPS)
    if parts.username is not None or parts.password is not None:
        raise BadAddress(NO_PASSWORD)
    if "#" in url:
        raise BadAddress(NO_FRAGMENT)
    _refuse_private(parts.hostname or "", parts.port or 443)
    return url


def shown(url: str) -> str:
    """An address without its query."""
    address, mark, _ = url.partition("?")
    return f"{address}?…" if mark else address


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise BadAddress(NO_ADDRESS) from error
    if not usable or not url.isprintable() or any(mark in url for mark in ' \\"<>'):
        raise BadAddress(NO_ADDRESS)
    return parts


def _refuse_private(host: str, port: int) -> None:
    if host == "localhost" and not settings.ALLOW_PRIVATE_TARGETS:
        raise BadAddress(PRIVATE)
    try:
        ip_address(host)
        checked(host, port, allow_private=settings.ALLOW_PRIVATE_TARGETS, seconds=1.0)
    except Misconfigured as error:
        raise BadAddress(PRIVATE) from error
    except (OSError, ValueError):
        return  # a name, not a number: it is judged by what it leads to, whenever something is sent
