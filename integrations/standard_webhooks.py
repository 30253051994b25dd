"""Standard Webhooks: one rule for signing what goes out and for verifying what comes in.

A message has an id that is the same in every repeat, the time at which it was sent, and signatures over both and the
body's very bytes (https://www.standardwebhooks.com, version 1.0.0: `v1`, HMAC-SHA256).
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

TOLERANCE_SECONDS: Final = 300
"""How far the sender's clock and ours may be apart; an older message may be somebody's copy of one."""
ID, STAMP, SIGNATURE = "id", "timestamp", "signature"
# The names of the standard, and those of a service that many send through.
FAMILIES: Final = ("webhook", "svix")
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1"
_KEY_BYTES: Final = 32
_STAMP: Final = re.compile(r"\d{1,12}")


class NotGenuine(Exception):
    """A message that does not prove whom it is from. `why` is one plain sentence, or empty."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class BadSecret(Exception):
    """A signing secret that is not as the standard writes it: `whsec_` and Base64."""


def new_secret() -> str:
    """A signing secret that nobody can guess, of 32 random bytes: `whsec_…`."""
    return f"{_PREFIX}{b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}"


def signature(secret: str, message: str, stamp: str, body: bytes) -> str:
    """The signature of a message, `v1,…`. `stamp` is the time in seconds since 1970. Raises `BadSecret`."""
    try:
        key = b64decode(secret.strip().removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSecret("A signing secret is whsec_ and Base64.") from error
    signed = b".".join((message.encode(), stamp.encode(), body))
    return f"{_VERSION},{b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def headers(keys: Sequence[str], message: str, sent_at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a message; with two secrets, while one is replaced, there are two signatures."""
    stamp = str(int(sent_at.timestamp()))
    signatures = " ".join(signature(key, message, stamp, body) for key in keys)
    return {f"webhook-{ID}": message, f"webhook-{STAMP}": stamp, f"webhook-{SIGNATURE}": signatures}


def verified(keys: Sequence[str], given: Mapping[str, str], body: bytes, now: datetime | None = None) -> str:
    """The id of a message whose signature is right. Headers match in any letter case, under either family's names.

    Raises `NotGenuine` for a signature that is missing or wrong, or a time that is too far off, `BadSecret` for `keys`.
    """
    for family in FAMILIES:
        message, stamp, signatures = (_header(given, f"{family}-{name}") for name in (ID, STAMP, SIGNATURE))
        if message and stamp and signatures:
            _insist_on_time(stamp, now or datetime.now(UTC))
            _insist_on_signature(keys, message, stamp, body, signatures.split())
            return message
    raise NotGenuine


def _insist_on_time(stamp: str, now: datetime) -> None:
    if not _STAMP.fullmatch(stamp) or abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        raise NotGenuine("Its time is more than five minutes off.")


def _insist_on_signature(keys: Sequence[str], message: str, stamp: str, body: bytes, given: Sequence[str]) -> None:
    """One pair that agrees is enough. All of them are compared, so that the time tells nothing."""
    wanted = [signature(key, message, stamp, body).encode() for key in keys]
    found = [hmac.compare_digest(one, each.encode()) for one in wanted for each in given]
    if not any(found):
        raise NotGenuine


def _header(given: Mapping[str, str], name: str) -> str:
    return next((value.strip() for key, value in given.items() if key.lower() == name), "")
