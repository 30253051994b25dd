"""What staff may see of an exchange: everything but the secrets, and not more than they can read."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

HIDDEN = "***"
MOST_CHARACTERS = 4000

# Headers that carry credentials by their nature, whatever their value.
_SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "x-auth-token",
        "x-access-token",
    }
)


class Redactor:
    """Hides secrets in text, in each spelling in which they travel: plain, in URLs, in JSON and in base64."""

    def __init__(self, secrets: Iterable[str], headers: Mapping[str, str]) -> None:
        known = {*secrets, *_credentials(headers)}
        spellings = {spelling for secret in known if secret for spelling in _spellings(secret)}
        # A spelling that contains another one goes first, or its rest would stay readable.
        self._spellings = sorted(spellings, key=len, reverse=True)

    def text(self, text: str) -> str:
        """`text` with `***` for each secret, and without NUL, which PostgreSQL cannot store."""
        for spelling in self._spellings:
            text = text.replace(spelling, HIDDEN)
        return text.replace("\0", "\N{REPLACEMENT CHARACTER}")

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """`headers` with `***` for values that are secret by name, and for the secrets within other values."""
        return {
            name: HIDDEN if name.lower() in _SECRET_HEADERS else self.text(value) for name, value in headers.items()
        }

    def body(self, body: bytes) -> str:
        """`body` as text, without secrets, cut to what can be stored and read."""
        # Redacted before it is cut: half a secret at the end would not be recognised.
        return self.text(body.decode(errors="replace"))[:MOST_CHARACTERS]


def _credentials(headers: Mapping[str, str]) -> Iterable[str]:
    """The values that a server may echo: `Bearer abc` as a whole and `abc` alone."""
    for name, value in headers.items():
        if name.lower() in _SECRET_HEADERS:
            yield value
            yield value.rpartition(" ")[2]


def _spellings(secret: str) -> set[str]:
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        base64.b64encode(secret.encode()).decode(),
    }
