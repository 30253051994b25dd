"""An accounting system without idempotency keys: it books whatever it is sent, at once or later, and may not say so.

Only the engine stands between it and a second document. Each call does what the plan of the calling worker says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import ClassVar

from django.utils import timezone

from integrations.base import AccountingSystem
from integrations.documents import Awaiting, Company, Document, IdempotencyKey, Kind, Posted
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected, Retryable, Unauthorised
from integrations.metadata import Abilities, Metadata
from tests.postings.slow_workers import Killed

EVERYTHING = Abilities(
    kinds=frozenset({Kind.INVOICE, Kind.CREDIT_NOTE}), lookup_complete=True, quiet_seconds=300, awaits=True
)
SLOW_INDEX = timedelta(seconds=60)
OPERATION_TAKES = timedelta(seconds=40)
TAKES_IT = "takes it"


class Books(Enum):
    """When a document that was sent is in the books."""

    NEVER = "never"
    NOW = "now"
    LATER = "later"


ERRORS: dict[str, Callable[[], BaseException]] = {
    "refuses": lambda: Rejected("Account 9999 is unknown."),
    "is set up wrongly": lambda: Misconfigured("It redirects to another address.", field="base_url"),
    "is not reached": lambda: Retryable("No connection could be made."),
    "asks to wait": lambda: Retryable("Slow down.", retry_after=17, free=True),
    "does not know us": lambda: Unauthorised("The token is not accepted."),
    "does not answer": lambda: OutcomeUnknown("No answer came in time."),
    "ends the worker": Killed,
    "hits a bug": lambda: ZeroDivisionError("division by zero"),
}


def error(says: str) -> BaseException:
    """What the caller gets for a word of `ERRORS`."""
    return ERRORS[says]()


OPEN = ("does not answer", "ends the worker", "hits a bug")
"""After these nobody knows whether it was booked."""


@dataclass(frozen=True)
class Outcome:
    """What a call to send does: whether and when it books, whether with another amount, and what the caller gets.

    A vendor that `TAKES_IT` ends its operation some time later: booked, refused (never), or given up and booked later.
    """

    says: str = "posted"
    books: Books = Books.NOW
    wrongly: bool = False


OUTCOMES = (
    *[Outcome()] * 4,
    Outcome(wrongly=True),
    Outcome("does not answer", wrongly=True),
    *[Outcome(TAKES_IT, books) for books in Books] * 2,
    *[Outcome(says, Books.NEVER) for says in ERRORS],
    *[Outcome(says, books) for says in OPEN for books in (Books.NOW, Books.LATER)],
    *[Outcome(says, books) for says in OPEN[:2] for books in (Books.NOW, Books.LATER)],
)
NEVER_TO_A_QUESTION = {"refuses", "does not answer"}
"""A question without an answer was not asked (`Retryable`); to a poll these two are the vendor's own last words."""
TELLING = (*["works"] * 8, *(says for says in ERRORS if says not in NEVER_TO_A_QUESTION))


@dataclass(frozen=True)
class Plan:
    """What the outside system does to one worker: to a send, to a question, how long a send takes, and where it stops.

    A late booking stands in the books `late` before the quiet period is over, counted from the end of the call.
    """

    outcome: Outcome = Outcome()
    telling: str = "works"
    seconds: int = 0
    late: int = 1
    stop: Callable[[], None] = lambda: None


PLAN: ContextVar[Plan] = ContextVar("plan")


@contextmanager
def planned(plan: Plan) -> Iterator[None]:
    """In this block every call goes as `plan` says."""
    token = PLAN.set(plan)
    try:
        yield
    finally:
        PLAN.reset(token)


@dataclass(frozen=True)
class Booking:
    """One document in the books, from `at` on."""

    key: str
    reference: str
    sent: Document
    posted: Posted
    at: datetime


@dataclass(frozen=True)
class Operation:
    """Something that the system took and works on until `ends_at`."""

    ends_at: datetime
    posted: Posted
    books: Books

    def tell(self, name: str) -> Posted | Awaiting:
        """What became of it."""
        if timezone.now() < self.ends_at:
            return Awaiting(operation=name)
        if self.books is Books.NEVER:
            raise Rejected("Account 9999 is unknown.")
        if self.books is Books.LATER:
            raise OutcomeUnknown("It took too long over there.")
        return self.posted


@dataclass
class ClumsyVendor:
    """What the accounting system holds; `shift` lets the time pass."""

    shift: Callable[[float], None]
    bookings: list[Booking] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)

    def of(self, key: object) -> list[Booking]:
        """All documents with this key, those too that will only be there later."""
        return [booking for booking in self.bookings if booking.key == str(key)]

    def visible(self, key: object, *, lag: timedelta = timedelta(0)) -> list[Booking]:
        """What a search finds now that lags behind."""
        return [booking for booking in self.of(key) if booking.at + lag <= timezone.now()]

    def take(self, document: Document, key: str, reference: str, quiet_seconds: int) -> Posted | Awaiting:
        """One call to book, as the plan says."""
        plan, outcome = PLAN.get(), PLAN.get().outcome
        self.shift(plan.seconds)
        ends_at = timezone.now() + (OPERATION_TAKES if outcome.says == TAKES_IT else timedelta(0))
        gross = document.gross + Decimal(10) if outcome.wrongly else document.gross
        number = len(self.bookings) + 1
        posted = Posted(external_id=str(number), number=f"CLUMSY-{number}", gross=gross)
        if outcome.books is not Books.NEVER:
            late = timedelta(seconds=quiet_seconds - plan.late if outcome.books is Books.LATER else 0)
            self.bookings.append(Booking(key, reference, document, posted, ends_at + late))
        if outcome.says in ERRORS:
            raise error(outcome.says)
        return posted if outcome.says != TAKES_IT else self._operation(Operation(ends_at, posted, outcome.books))

    def _operation(self, operation: Operation) -> Awaiting:
        self.operations.append(operation)
        return Awaiting(operation=str(len(self.operations) - 1))


class ClumsyBooks(AccountingSystem):
    """The connector; `vendor` and `can` belong to the example that runs."""

    metadata = Metadata(slug="clumsy", name="Clumsy books", summary="For tests.", monogram="CB")
    can: ClassVar[Abilities] = EVERYTHING
    vendor: ClassVar[ClumsyVendor]

    def company(self) -> Company:
        return Company(external_id="clumsy", name="Clumsy Ltd", base_currency="GBP")

    def post(self, document: Document, *, key: IdempotencyKey, reference: str) -> Posted | Awaiting:
        PLAN.get().stop()
        self.link.outbound.still_ours()
        try:
            return self.vendor.take(document, key.value, reference, self.can.quiet_seconds)
        finally:
            PLAN.get().stop()

    def find(self, document: Document, *, key: IdempotencyKey) -> tuple[Posted, ...]:
        with asked():
            lag = timedelta(0) if self.can.lookup_complete else SLOW_INDEX
            return tuple(booking.posted for booking in self.vendor.visible(key.value, lag=lag))

    def poll(self, document: Document, *, operation: str) -> Posted | Awaiting:
        with asked():
            return self.vendor.operations[int(operation)].tell(operation)


@contextmanager
def asked() -> Iterator[None]:
    """A question: it stops before and after, or gets no answer."""
    plan = PLAN.get()
    plan.stop()
    if plan.telling in ERRORS:
        raise error(plan.telling)
    yield
    plan.stop()
