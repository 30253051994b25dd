"""The hands of a conformance run: marked documents, patient sends, and counts of what is there."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.utils import timezone

from integrations.documents import Awaiting, Document, IdempotencyKey, Kind, Line, Posted, Supplier
from integrations.errors import OutcomeUnknown, Retryable
from integrations.http import Exchange, Outbound
from portal.connections.conformance.account import Account

AMOUNT: Final = Decimal("1.00")
MARK: Final = "Postroom conformance check"
TRIES: Final = 4
LONGEST_WAIT_SECONDS: Final = 60.0
BOOKED_WITHIN_SECONDS: Final = 300.0
SEEN_WITHIN_SECONDS: Final = 60.0
LOOK_EVERY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """What the documents name: codes that exist over there. `supplier_code` None: found or made by its name."""

    account_code: str | None = None
    tax_code: str | None = None
    supplier_code: str | None = None
    supplier_name: str = MARK
    kind: Kind = Kind.INVOICE


@dataclass(slots=True, kw_only=True)
class Trial:
    """One run against one account. `currency` is the company's; `sleep` is the clock's, and a test's own."""

    account: Account
    codes: Codes
    currency: str
    sleep: Callable[[float], None] = time.sleep
    started_at: datetime = field(default_factory=timezone.now)
    exchanges: list[Exchange] = field(default_factory=list)
    made: int = 0
    writes: int = 0
    """How many requests of the latest post wrote that wrote at all; the first may have made its supplier as well."""
    _writing: int = 0

    def document(self) -> tuple[Document, IdempotencyKey]:
        """A document that nobody takes for another one, of 1.00 without tax, and its key.

        The key is of another version than those of postings, so that a reconciliation does not take it for a posting's.
        """
        self.made += 1
        name = f"{MARK} {self.started_at:%Y-%m-%d %H:%M:%S} UTC, {self.made}"
        number = f"PRC{self.started_at:%y%m%d%H%M%S}{self.made:02}"
        key = str(uuid.uuid5(uuid.uuid4(), number))
        line = Line(
            number=1, description=name, net=AMOUNT, tax=Decimal(0), gross=AMOUNT, quantity=Decimal(1),
            unit_price=AMOUNT, account_code=self.codes.account_code, tax_code=self.codes.tax_code,
            base_net=AMOUNT, base_tax=Decimal(0),
        )  # fmt: skip
        document = Document(
            kind=self.codes.kind, source="conformance", external_id=key, identity=key, number=number,
            party=Supplier(code=self.codes.supplier_code, name=self.codes.supplier_name),
            currency=self.currency, base_currency=self.currency, net=AMOUNT, tax=Decimal(0), gross=AMOUNT,
            lines=(line,), base_net=AMOUNT, base_tax=Decimal(0), base_gross=AMOUNT,
            supplier_reference=number, title=name, date=self._today(), due_date=self._today(),
            created_at=self.started_at,
        )  # fmt: skip
        return document, IdempotencyKey(key)

    def _today(self) -> date:
        return self.started_at.date()

    def terms(self) -> Outbound:
        """The terms of one call; what it says is kept."""
        self._writing = 0
        return self.account.terms(record=self.exchanges.append, still_ours=self._count)

    def _count(self) -> None:
        self._writing += 1

    def send(self, document: Document, key: IdempotencyKey, terms: Outbound | None = None) -> Posted:
        """Post once, and wait for what is booked later. Waits and tries again only after proof that nothing happened.

        Raises what a connector raises; `OutcomeUnknown` too where a document is not booked within five minutes.
        """
        for left in range(TRIES - 1, -1, -1):
            try:
                system = self.account.system(terms or self.terms())
                result = system.post(document, key=key, reference=document.number)
                self.writes = self._writing or self.writes
                return self._booked(document, result)
            except Retryable as error:
                if not left:
                    raise
                self.sleep(min(error.retry_after or LOOK_EVERY_SECONDS, LONGEST_WAIT_SECONDS))
        raise AssertionError("the last try returns or raises")

    def _booked(self, document: Document, result: Posted | Awaiting) -> Posted:
        waited = 0.0
        while isinstance(result, Awaiting):
            if waited > BOOKED_WITHIN_SECONDS:
                raise OutcomeUnknown("It took the document and has not booked it within five minutes.")
            self.sleep(result.ask_after_seconds)
            waited += max(result.ask_after_seconds, LOOK_EVERY_SECONDS)
            result = self.account.system(self.terms()).poll(document, operation=result.operation)
        return result

    def look(self, document: Document, key: IdempotencyKey) -> tuple[Posted, ...]:
        """What is there with this key now. Tries again where the question was not answered."""
        for left in range(TRIES - 1, -1, -1):
            try:
                return self.account.system(self.terms()).find(document, key=key)
            except Retryable as error:
                if not left:
                    raise
                self.sleep(min(error.retry_after or LOOK_EVERY_SECONDS, LONGEST_WAIT_SECONDS))
        raise AssertionError("the last try returns or raises")

    def look_until_seen(self, document: Document, key: IdempotencyKey) -> tuple[Posted, ...]:
        """The same, again and again for a minute while nothing is seen: some lookups lag behind."""
        waited = 0.0
        while not (found := self.look(document, key)) and waited < SEEN_WITHIN_SECONDS:
            self.sleep(LOOK_EVERY_SECONDS)
            waited += LOOK_EVERY_SECONDS
        return found


def dearer(document: Document) -> Document:
    """The same document, twice as dear: another body under the same key."""
    twice = 2 * AMOUNT
    line = replace(document.lines[0], net=twice, gross=twice, unit_price=twice, base_net=twice)
    return replace(document, net=twice, gross=twice, base_net=twice, base_gross=twice, lines=(line,))
