"""What an outside system answered, and what each class of status means for the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.errors import IntegrationError, Misconfigured, OutcomeUnknown, Retryable, Unauthorised
from integrations.exact import from_json

LOOKED_UP = "It will be looked up."
"""How the sentence of a write with an unknown outcome ends; whoever repeats it instead leaves this out."""
_SHORTEST_WAIT_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that was read to its end.

    `system` is the host that gave it, for messages. `wrote` says whether the request may have changed something.
    Names in `headers` match in any letter case.
    """

    system: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    wrote: bool

    @property
    def is_json(self) -> bool:
        """Whether the answer calls itself JSON."""
        media_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return media_type == "application/json" or media_type.endswith("+json")

    def json(self) -> Any:
        """The body with numbers as int or Decimal. Raises what `unclear` gives where it is no readable JSON."""
        if not self.is_json:
            raise self.unclear("something that is not JSON")
        try:
            return from_json(self.body.decode())
        except ValueError as error:
            raise self.unclear("unreadable JSON") from error

    def unclear(self, what: str, *, retry_after: float | None = None) -> IntegrationError:
        """The error for an answer that leaves open what happened: `OutcomeUnknown` for a write, else `Retryable`."""
        answered = f"{self.system} answered with {what} (status {self.status})"
        return unclear(answered, wrote=self.wrote, retry_after=retry_after)


def unclear(what: str, *, wrote: bool, retry_after: float | None = None) -> IntegrationError:
    """The error for a request of which nobody knows whether it was carried out. A read may simply be repeated."""
    if wrote:
        return OutcomeUnknown(f"{what}, so it is not known whether the request was carried out. {LOOKED_UP}")
    return Retryable(f"{what}. It will be tried again.", retry_after=retry_after)


def judged(reply: Reply) -> Reply:
    """Give back a 2xx, and a 4xx that is the connector's to judge; raise the error that any other status stands for."""
    if reply.status == 401:
        raise Unauthorised(f"{reply.system} does not accept the credentials. Link the connection again.")
    if reply.status == 429:
        message = f"{reply.system} asks to wait, because its limit of requests was reached. It will be tried again."
        raise Retryable(message, retry_after=_retry_after(reply), free=True)
    if 300 <= reply.status < 400:
        raise _redirected(reply)
    # 408 comes from gateways, too, which may have passed the request on.
    if reply.status < 200 or reply.status >= 500 or reply.status == 408:
        raise reply.unclear("an error", retry_after=_retry_after(reply))
    return reply


def _redirected(reply: Reply) -> IntegrationError:
    if reply.wrote:
        return reply.unclear("a redirect")
    message = f"{reply.system} redirects to another address (status {reply.status}). Enter the final address."
    return Misconfigured(message, field="base_url")


def _retry_after(reply: Reply) -> float | None:
    """The wish of a `Retry-After` header in seconds, kept within bounds; None without a readable one."""
    wish = reply.headers.get("Retry-After", "").strip()
    seconds = float(wish) if wish.isascii() and wish.isdigit() else _seconds_until(wish, reply.headers.get("Date", ""))
    return None if seconds is None else min(max(seconds, _SHORTEST_WAIT_SECONDS), _LONGEST_WAIT_SECONDS)


def _seconds_until(wish: str, sent: str) -> float | None:
    """Measured on the sender's own clock where it tells the time, for clocks differ."""
    then, now = _instant(wish), _instant(sent) or datetime.now(UTC)
    return (then - now).total_seconds() if then else None


def _instant(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
