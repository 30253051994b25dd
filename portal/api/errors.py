"""What the API says when it does not do what was asked: one shape for every status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from portal.raising.wanted import Problem

SERVICE: Final = "Postroom"
WHO_CALLS: Final = "A live API token is needed: send it as Authorization: Bearer, followed by the token."
NO_SCOPE: Final = "This token may not do that: it lacks the scope {scope}."
NOT_FOUND: Final = "There is nothing here, or it is not yours."
NOT_ALLOWED: Final = "The method {method} is not taken here."
NOT_JSON: Final = "The body must be JSON: send Content-Type: application/json."
NO_BODY: Final = "This request takes no body."
TOO_LARGE: Final = "The body is larger than 1 MB. Nothing was done."
TOO_OFTEN: Final = "More than {limit} requests in a minute. Ask again in {seconds} s; nothing was done."
UNAVAILABLE: Final = "Postroom cannot reach its database for the moment. Send it again."
AND_MORE: Final = "And {count:,} more."
MOST_TOLD: Final = 100
FAILED: Final = "An error on our side. Send it again, with the same Idempotency-Key if it had one."
WRONG_QUERY: Final = "The query has errors."
WRONG_BODY: Final = "The body has errors; nothing was done."
MAY_PASS: Final = frozenset({429, 500, 503})
"""The same request may be answered otherwise later."""


class ApiError(Exception):
    """An answer other than success. `error` is one plain sentence, `details` are (field, message).

    `can_be_retried` says whether the same request may be answered otherwise later; by default the status tells.
    """

    def __init__(
        self,
        status: int,
        error: str,
        *,
        details: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        can_be_retried: bool | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.details = tuple(details)
        self.headers = dict(headers or {})
        self.can_be_retried = status in MAY_PASS if can_be_retried is None else can_be_retried

    def body(self, correlation_id: str) -> dict[str, Any]:
        """The documented shape."""
        return {
            "statusCode": self.status,
            "service": SERVICE,
            "error": self.error,
            "correlationId": correlation_id,
            "canBeRetried": "Yes" if self.can_be_retried else "No",
            "details": [{"field": field, "message": message} for field, message in self.details],
        }


def told(problems: Iterable[Problem]) -> list[tuple[str, str]]:
    """Problems as details: which member of the body, and why."""
    return at_most([(problem.path, problem.message) for problem in problems])


def at_most(every: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A hundred of them: a body can have as many as it has members, and the answer would be many times its size."""
    more = [("", AND_MORE.format(count=len(every) - MOST_TOLD))] if len(every) > MOST_TOLD else []
    return every[:MOST_TOLD] + more
