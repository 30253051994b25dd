"""A company with books of its own and a till: people on both sides, and our jobs between them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from integrations.documents import Kind
from ledger.models import Books, Customer, Entry
from ledger.services import ByHand, record_payment
from portal.connections.models import Connection
from portal.postings import work
from portal.postings.accept import accept
from portal.postings.destination import Destination
from portal.postings.models import Posting
from portal.settlements import reading
from portal.settlements.models import SettlementReader
from tests.settlements.till import Drawer, Entered, Till, paid, sold

DAY = date(2026, 11, 20)


@dataclass
class Shop:
    """`ledger` and `till` are the company's connections."""

    ledger: Connection
    till: Connection
    rung: list[int] = field(default_factory=list)

    @property
    def drawer(self) -> Drawer:
        return Till.drawer

    @property
    def books(self) -> Books:
        return Books.objects.get(pk=self.ledger.settings["books"])

    def sell(self, invoice: str = "i1", gross: str = "120.00") -> Posting:
        """An invoice in the till, taken into the books."""
        self.drawer.invoices[invoice] = Decimal(gross)
        return self._accepted(sold(invoice, gross))

    def ring_up(self, amount: str = "50.00", invoice: str = "i1", *, day: date = DAY, **more: Any) -> Entered:
        """A person enters a payment in the till."""
        kind = more.pop("kind", Kind.PAYMENT)
        return self.drawer.enter(kind, invoice, Decimal(amount), day, **more)

    def comes(self, one: Entered) -> Posting:
        """The feed brings it."""
        return self._accepted(paid(one))

    def record(self, amount: str = "50.00", *invoices: str, day: date = DAY, **more: Any) -> Entry:
        """A person records a payment in the books; so much for each invoice."""
        entries = [self.entry_of(one) for one in invoices or ("i1",)]
        customer = Customer.objects.get(books=self.books)
        settles = [(entry, Decimal(amount)) for entry in entries]
        recorded = ByHand(
            kind=more.pop("kind", Kind.PAYMENT), customer=customer, bank_account="1200",
            amount=Decimal(amount) * len(entries), day=day, settles=settles, mark=uuid.uuid4(), **more,
        )  # fmt: skip
        return record_payment(self.books, recorded, who="Ada Clerk")

    def entry_of(self, invoice: str) -> Entry:
        """An invoice of the till in the books."""
        posting = Posting.objects.get(connection=self.ledger, transaction__external_id=invoice)
        return Entry.objects.get(pk=int(posting.external_id or 0))

    def read(self) -> None:
        """What was settled in the books is read, now."""
        reading.ensure(timezone.now())
        SettlementReader.objects.update(next_at=timezone.now() - timedelta(seconds=1))
        reading.perform(str(self.ledger.pk), lambda posting_id, _: self.rung.append(posting_id))

    def work(self) -> None:
        """Everything that is open is due, and worked on once."""
        now = timezone.now()
        Posting.objects.filter(state__in=("ready", "unknown")).update(next_attempt_at=now - timedelta(seconds=1))
        for pk in Posting.objects.filter(state__in=("ready", "unknown")).order_by("pk").values_list("pk", flat=True):
            work.run(pk)

    def back(self) -> list[Posting]:
        """The postings into the till."""
        return list(Posting.objects.select_related("transaction").filter(connection=self.till).order_by("pk"))

    def in_books(self, kind: Kind = Kind.PAYMENT) -> list[Entry]:
        """The payments in the books."""
        rows = Entry.objects.filter(books=self.books, document_kind=kind.value, reverses=None)
        return list(rows.order_by("pk"))

    def in_till(self, kind: Kind = Kind.PAYMENT) -> list[Entered]:
        """The payments in the till."""
        return [one for one in self.drawer.entries if one.kind is kind]

    def _accepted(self, document: Any) -> Posting:
        acceptance = accept(document, Destination.of(self.ledger), received_at=timezone.now())
        return acceptance.posting
