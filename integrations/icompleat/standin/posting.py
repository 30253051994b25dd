"""Posting: deliver, look for the journal number, move to Approved or to Posting failures. One at a time for each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from integrations.documents import Kind
from integrations.icompleat.standin.companies import Companies
from integrations.icompleat.standin.deliveries import Deliveries
from integrations.icompleat.standin.faults import Faults
from integrations.icompleat.standin.kinds import Tray
from integrations.icompleat.standin.memory import Settings
from integrations.icompleat.standin.options import options
from integrations.icompleat.standin.outgoing import UNANSWERED, Outcome, send
from integrations.icompleat.standin.people import ITSELF
from integrations.icompleat.standin.receiving import is_received
from integrations.icompleat.standin.refusals import UnderWay
from integrations.icompleat.standin.transactions import Event, Held, Transactions


class Claims:
    """Which transactions somebody works on at this moment."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._lock = threading.Lock()

    def take(self, transaction_id: str) -> None:
        """Claim it. Raises `UnderWay`."""
        with self._lock:
            if transaction_id in self._ids:
                raise UnderWay("The transaction is being delivered.")
            self._ids.add(transaction_id)

    def give_back(self, transaction_id: str) -> None:
        """Let others have it."""
        with self._lock:
            self._ids.discard(transaction_id)

    @contextmanager
    def claimed(self, transaction_id: str) -> Iterator[None]:
        """Claim it for the length of a `with` block. Raises `UnderWay`."""
        self.take(transaction_id)
        try:
            yield
        finally:
            self.give_back(transaction_id)

    @property
    def count(self) -> int:
        """How many are being worked on."""
        with self._lock:
            return len(self._ids)


@dataclass(frozen=True, slots=True)
class Posting:
    """Delivers what is fully approved."""

    settings: Settings
    faults: Faults
    companies: Companies
    transactions: Transactions
    deliveries: Deliveries
    claims: Claims

    def post(self, held: Held) -> Held:
        """Deliver a transaction that the caller has claimed, and file it by the answer."""
        # Among the failures first: if this process is killed while it waits, the transaction can be retried.
        held = self.transactions.save(replace(held, tray=Tray.POSTING_FAILURES, journal_number="", reason=UNANSWERED))
        target = self.companies.targets(held.company_id).get(held.kind)
        if target is None:
            return self._filed(held, Outcome("", f"No endpoint is configured for {held.kind.label.lower()}s."))
        for _ in range(2 if self.faults.is_on("deliver_twice") else 1):
            sent, outcome = send(held, target, options(self.settings), self.faults)
            self.deliveries.add(sent)
            held = self._filed(replace(held, status=sent.status, milliseconds=sent.milliseconds), outcome)
        return held

    def post_later(self, transaction_id: str, work: Callable[[], object]) -> None:
        """Work on a transaction that the caller has claimed, in a thread of its own that gives it back."""

        def run() -> None:
            try:
                work()
            finally:
                self.claims.give_back(transaction_id)

        threading.Thread(target=run, name="posting", daemon=True).start()

    def _filed(self, held: Held, outcome: Outcome) -> Held:
        if not outcome.journal_number:
            held = replace(held, tray=Tray.POSTING_FAILURES, journal_number="", reason=outcome.reason)
            return self.transactions.save(held, Event(ITSELF, "Posting failed", outcome.reason))
        is_all = held.kind is Kind.PURCHASE_ORDER and is_received(held.body, self.transactions.received(held.id))
        tray = Tray.RECEIPTED if is_all else Tray.APPROVED
        held = replace(held, tray=tray, journal_number=outcome.journal_number, reason="")
        return self.transactions.save(held, Event(ITSELF, "Posted", f"Journal number {outcome.journal_number}"))
