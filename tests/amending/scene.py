"""A company whose sales invoices come from a source in memory and are booked in the built-in ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from integrations.amendments import Amendment
from ledger.models import Entry
from ledger.services.amending import amend
from portal.amending import reading, running
from portal.amending.due import due_postings
from portal.amending.models import AmendmentDuty, BooksReader, KnownTerms
from portal.connections.models import Connection
from portal.intake.feeds import leases, setting_up, taking
from portal.intake.feeds.models import FeedReader
from portal.intake.feeds.reading import perform
from portal.postings.due import Where
from portal.postings.models import Posting
from portal.reference.rules import How, Missing, Rule, Rules
from tests.amending.sold_there import Till

ROUNDS = 30


def _always(code: str) -> Rule:
    return Rule(how=How.TABLE, absent=Missing.DEFAULT, unknown=Missing.DEFAULT, default=code)


SALES = Rules(revenue=_always("4000"), bank=_always("1200"), sales_tax=_always("T1"))


@dataclass
class Scene:
    """The two sides, and the portal's jobs one by one."""

    till: Till
    source: Connection
    books: Connection

    # --- the portal ----------------------------------------------------------------------------------------------

    def read_source(self) -> None:
        """One pass of the feed, due now."""
        setting_up.ensure(self.source, timezone.now())
        FeedReader.objects.filter(connection=self.source).update(next_at=timezone.now())
        for pk in leases.due(timezone.now()):
            perform(pk, nobody)
        taking.take_again(timezone.now() + timedelta(days=2), nobody)

    def read_books(self) -> None:
        """One pass over what was changed in the books, due now."""
        reading.due_readers(timezone.now())
        BooksReader.objects.update(next_at=timezone.now())
        reading.perform(self.books.pk)

    def match(self) -> int:
        """Whatever is due, also what was put off."""
        KnownTerms.objects.filter(next_at__isnull=False).update(next_at=timezone.now())
        found = due_postings(timezone.now())
        for pk in found:
            running.perform(pk)
        return len(found)

    def settle(self) -> int:
        """Everything, until nothing is due any more. Returns after how many rounds."""
        for number in range(ROUNDS):
            self.read_source()
            self.read_books()
            if not self.match():
                return number
        raise AssertionError("The exchange does not end.")

    # --- people --------------------------------------------------------------------------------------------------

    def change_books(self, external_id: str = "S1", **wanted: Any) -> None:
        """Somebody changes the invoice in the staff site."""
        entry = self.entry(external_id)
        amend(entry.books, str(entry.pk), Amendment(**wanted), who="ann", why="The customer asked.")

    # --- what stands where ---------------------------------------------------------------------------------------

    def entry(self, external_id: str = "S1") -> Entry:
        return Entry.objects.get(document_number=external_id, kind="sales_invoice")

    def posting(self, external_id: str = "S1") -> Posting:
        return Posting.objects.get(transaction__external_id=external_id)

    def in_books(self, external_id: str = "S1") -> tuple[str, date | None]:
        entry = self.entry(external_id)
        return entry.order_number, entry.due_date

    def at_source(self, external_id: str = "S1") -> tuple[str, date | None]:
        row = self.till.records[external_id]
        return row["order_number"], date.fromisoformat(row["due_date"]) if row["due_date"] else None

    def duties(self, external_id: str = "S1") -> list[tuple[str, str, str, str, str]]:
        """Side, member, before, after, state; the oldest first."""
        rows = AmendmentDuty.objects.filter(posting__transaction__external_id=external_id).order_by("pk")
        return [(one.connection.side, one.member, one.before, one.after, one.state) for one in rows]


def nobody(_: int, __: Where) -> None:
    """The ledger books at once: nobody has to be woken."""
