"""The one family of errors. Its class decides what becomes of a posting; see docs/architecture.md."""

from __future__ import annotations

from collections.abc import Mapping


class IntegrationError(Exception):
    """Something an outside system, or what it sent, did not allow.

    `message` is one plain sentence that a customer may read: what happened, to what, and what to do.
    `field` names the member of the document or the setting that is at fault, or is empty.
    """

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class Malformed(IntegrationError):
    """A source sent something that cannot be read as a document. Nothing is booked; the source is told (400)."""


class NotDue(IntegrationError):
    """What a source tells is sound, but nothing to be booked, or not yet: a draft, a record from before the start.

    `for_good` says that time alone does not change it. What is only not due yet is asked for again by itself.
    """

    def __init__(self, message: str, *, field: str = "", for_good: bool = False) -> None:
        super().__init__(message, field=field)
        self.for_good = for_good


class Retryable(IntegrationError):
    """Proof that nothing happened at the outside system: it may be tried again later without a lookup.

    `retry_after` is the outside system's own wish in seconds, or None. `free` says that the try does not count
    (a rate limit is a delay, no failure).
    """

    def __init__(self, message: str, *, field: str = "", retry_after: float | None = None, free: bool = False) -> None:
        super().__init__(message, field=field)
        self.retry_after = retry_after
        self.free = free


class KeyRefused(Retryable):
    """The key of the whole installation is not accepted: its operator must mend it, and until then everything waits."""

    def __init__(self, message: str, *, field: str = "", retry_after: float | None = 600.0) -> None:
        super().__init__(message, field=field, retry_after=retry_after, free=True)


class OutcomeUnknown(IntegrationError):
    """The request may or may not have been carried out. Only a lookup may decide; never send again blindly."""


class Rejected(IntegrationError):
    """The outside system definitely refused, for a reason that somebody can mend."""


class Misconfigured(Rejected):
    """A setting or a mapping is missing or wrong on our side; `field` names it."""


class RowsRefused(Rejected):
    """A source did not take some rows of reference data, and nothing of the request was carried out.

    `refused` maps positions in the request (from 0) to the source's words; empty when it did not say which they are.
    """

    def __init__(self, message: str, *, field: str = "", refused: Mapping[int, str] | None = None) -> None:
        super().__init__(message, field=field)
        self.refused = dict(refused or {})


class NotEditable(Rejected):
    """One row cannot be written by itself; the whole list has to be replaced. Nothing was changed."""


class Missing(Rejected):
    """The outside system knows no such thing."""


class Unauthorised(IntegrationError):
    """The credentials are not accepted (401, revoked consent). Nothing was booked."""


class Cancelled(IntegrationError):
    """The person said no at the outside system, or left. Nothing was linked."""


class AnotherCompany(Rejected):
    """A visit led to other books than those that the connection belongs to. Nothing was linked."""


class LeaseLost(IntegrationError):
    """The posting is no longer ours to send: the lease ran out or somebody else holds it. No byte was written."""
