"""What the demo tells of sales: what was read from accessplanit, then one invoice and its payment while you watch."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from integrations.documents import Kind
from ledger.models import EntryAllocation
from portal.connections.models import Connection
from portal.intake.models import Delivery, FeedReader, Origin, Verdict
from portal.notation import amount_text
from portal.operations.demo.children import Child
from portal.operations.demo.copies import Copies
from portal.operations.demo.selling import SandboxAccessPlanit, link
from portal.postings.models import Posting
from portal.postings.states import State

READ_WITHIN_SECONDS: Final = 120.0
BOOKED_WITHIN_SECONDS: Final = 60.0
# Four invoices, a credit note and two payments; one invoice waits, and one was cancelled before anybody saw it.
READ_AT_LEAST: Final = 7
OPEN: Final = (State.READY, State.SENDING, State.AWAITING, State.UNKNOWN, State.CHECKING)
GROSS: Final = "Gross"
HEADS: Final = ("Document", "Kind", "Customer", GROSS, "Journal number", "What of it")
MONEY: Final = (Kind.PAYMENT, Kind.REFUND)


@dataclass(slots=True)
class Sales:
    """The sales of one run. `took` are the seconds from the stand-in's page to a journal number."""

    stand_in: SandboxAccessPlanit
    source: Connection
    took: dict[str, float] = field(default_factory=dict)

    @classmethod
    def begin(cls, sandbox_url: str, portal_url: str, copies: Copies) -> Sales:
        """Link the company, and have everything read."""
        stand_in = SandboxAccessPlanit(f"{sandbox_url}/accessplanit")
        return cls(stand_in, link(stand_in, portal_url, copies))

    def watch(self, portal: Child) -> None:
        """Until everything is read and booked; then raise an invoice, and take its payment. Raises `DemoFailed`."""
        portal.wait_until(self._is_read, "read accessplanit", READ_WITHIN_SECONDS)
        invoice = self.stand_in.raise_invoice()
        self._follow(portal, "Invoice", f"invoice-{invoice['ID']}")
        payment = self.stand_in.pay(invoice)
        self._follow(portal, "Payment", f"transaction-{payment['ID']}")

    def postings(self) -> list[Posting]:
        """Of all that came from the stand-in, in the order in which it came."""
        rows = Posting.objects.filter(
            transaction__company=self.source.company, transaction__source=self.source.integration
        )
        return list(rows.select_related("transaction").order_by("transaction_id"))

    def lines(self) -> Iterator[str]:
        """The table, how long the last two took, and what to click next."""
        found = self.postings()
        settled = _settled(found)
        rows = [HEADS, *(_cells(one, settled.get(one.external_id or "", "")) for one in found)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
        for row in rows:
            yield _line(row, widths)
        yield ""
        for what, seconds in self.took.items():
            yield f"{what} made at accessplanit just now: its journal number came {seconds:.1f} s later."
        yield f"Next: raise an invoice or take a payment at {self.stand_in.web}"
        yield f"      and watch its journal number come under Transactions of {self.source.company}, seconds later."

    def surprises(self) -> list[str]:
        """What differs from what was expected, one sentence each."""
        return list(self._surprises())

    def _surprises(self) -> Iterator[str]:
        found = self.postings()
        if len(found) < READ_AT_LEAST + len(self.took):
            yield f"accessplanit: {len(found)} documents were taken, {READ_AT_LEAST + len(self.took)} were expected."
        for one in found:
            if one.state != State.POSTED:
                yield f"accessplanit: {one.transaction.source_number} is {one.state}. {one.reason}"
        settled = _settled(found)
        for one in found:
            if one.kind in MONEY and (one.external_id or "") not in settled:
                yield f"accessplanit: {one.transaction.source_number} settles nothing."
        for record in self._not_taken():
            yield f"accessplanit: what was read could not be taken. {record.reason}"

    def _not_taken(self) -> Sequence[Delivery]:
        bad = (Verdict.REFUSED, Verdict.UNREADABLE, Verdict.FAILED, Verdict.CONTESTED)
        return list(Delivery.objects.filter(endpoint__connection=self.source, verdict__in=bad).order_by("id")[:20])

    def _is_read(self) -> bool:
        """Every feed has been read to its end, and nothing that was read is left to be taken or booked."""
        readers = FeedReader.objects.filter(connection=self.source)
        not_taken = Delivery.objects.filter(
            endpoint__connection=self.source, origin=Origin.FEED, verdict=Verdict.RECEIVED
        )
        if readers.filter(ended_at=None).exists() or not_taken.exists():
            return False
        found = self.postings()
        return len(found) >= READ_AT_LEAST and not any(one.state in OPEN for one in found)

    def _follow(self, portal: Child, what: str, external_id: str) -> None:
        began = time.monotonic()
        mine = Posting.objects.filter(
            transaction__company=self.source.company, transaction__external_id=external_id, state=State.POSTED
        )
        portal.wait_until(mine.exists, f"book the {what.lower()} {external_id}", BOOKED_WITHIN_SECONDS)
        self.took[what] = time.monotonic() - began


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    aligned = (
        cell.rjust(width) if head == GROSS else cell.ljust(width)
        for head, cell, width in zip(HEADS, row, widths, strict=True)
    )
    return "  ".join(aligned).rstrip()


def _settled(found: Sequence[Posting]) -> dict[str, str]:
    """By the id of a payment's entry, the numbers of what it settles."""
    money = [int(one.external_id) for one in found if one.kind in MONEY and one.external_id]
    rows = EntryAllocation.objects.filter(entry__in=money).select_related("settled")
    numbers: dict[str, list[str]] = {}
    for row in rows:
        numbers.setdefault(str(row.entry_id), []).append(row.settled.number)
    return {entry: ", ".join(sorted(these)) for entry, these in numbers.items()}


def _cells(posting: Posting, settles: str) -> tuple[str, ...]:
    transaction = posting.transaction
    became = posting.external_number or transaction.number if posting.state == State.POSTED else "none"
    return (
        transaction.source_number,
        Kind(transaction.kind).label,
        transaction.supplier_name,
        f"{amount_text(transaction.gross, transaction.currency)} {transaction.currency}",
        became,
        f"settles {settles}" if settles else posting.reason,
    )
