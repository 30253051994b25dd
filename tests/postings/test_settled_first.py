"""A payment waits for the invoice that it settles, in whatever order the two come in, and a day at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from integrations.documents import Allocation, Customer, Document, Kind, Posted
from integrations.errors import Rejected
from ledger.models import Entry
from portal.connections.models import Connection
from portal.postings import work
from portal.postings.content import document_of
from portal.postings.models import Posting
from portal.postings.repair import void
from tests.factories import SALES_AS_THEY_COME, LedgerConnectionFactory, StaffFactory, a_document, a_line, accepted
from tests.postings.fake_books import Books, FakeBooks

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
CUSTOMER = Customer(code="BRIGHT7KQ2", name="Brightwater Care Ltd")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime.fromisoformat("2026-11-20T12:00:00+00:00"), tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def takes_sales(books: Books, connection: Connection) -> None:
    """The fake accounting system takes every kind, in the document's own codes."""
    Connection.objects.filter(pk=connection.pk).update(mapping=SALES_AS_THEY_COME)
    connection.refresh_from_db()
    FakeBooks.can = replace(FakeBooks.can, kinds=frozenset(Kind))


def invoice(connection: Connection, external_id: str = "10482", **options: Any) -> Posting:
    """A sales invoice, accepted."""
    document = a_document(kind=Kind.SALES_INVOICE, external_id=external_id, party=CUSTOMER, **options)
    return accepted(connection, document).posting


def payment_of(*external_ids: str, kind: Kind = Kind.PAYMENT) -> Document:
    """A payment that settles these invoices, 120.00 each."""
    gross = Decimal("120.00") * len(external_ids)
    line = a_line(net=gross, tax=Decimal(0), gross=gross, account_code=None, tax_code=None, item_code="BACS")
    allocations = tuple(
        Allocation(kind=Kind.SALES_INVOICE, external_id=one, amount=Decimal("120.00"), number=f"INV-{one}")
        for one in external_ids
    )
    return a_document(kind=kind, external_id="7741", party=CUSTOMER, lines=(line,), allocations=allocations)


def payment(connection: Connection, *external_ids: str) -> Posting:
    """The same, accepted and run once."""
    posting = accepted(connection, payment_of(*external_ids)).posting
    work.run(posting.pk)
    return fresh(posting)


def fresh(posting: Posting) -> Posting:
    posting.refresh_from_db()
    return posting


def test_it_waits_without_an_attempt_and_goes_when_the_invoice_is_posted(connection: Connection) -> None:
    sold = invoice(connection)
    paid = payment(connection, "10482")
    assert (paid.state, paid.attempt_count, paid.waits_for) == ("ready", 0, "sales_invoice 10482")
    assert paid.reason == "It waits for sales invoice INV-10482, which is not in the books yet."
    work.run(paid.pk)
    assert fresh(paid).state == "ready"
    work.run(sold.pk)
    work.run(paid.pk)
    assert (fresh(paid).state, paid.waits_for, paid.reason) == ("posted", "", "")


def test_it_may_come_before_its_invoice_has_come_at_all(connection: Connection, clock: time_machine.Traveller) -> None:
    paid = payment(connection, "10482")
    assert paid.waits_for == "sales_invoice 10482"
    work.run(invoice(connection).pk)
    work.run(paid.pk)
    assert fresh(paid).state == "posted"


def test_it_is_told_what_it_settles_over_there(
    connection: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Document] = []
    book = books.book

    def keep(document: Document, key: str) -> Posted:
        seen.append(document)
        return book(document, key)

    monkeypatch.setattr(books, "book", keep)
    first, second = invoice(connection, "1"), invoice(connection, "2")
    work.run(first.pk)
    work.run(second.pk)
    paid = payment(connection, "2", "1")
    assert paid.state == "posted"
    assert [one.posted_as for one in seen[-1].allocations] == [fresh(second).external_id, fresh(first).external_id]


def test_it_waits_for_the_last_of_several(connection: Connection) -> None:
    work.run(invoice(connection, "1").pk)
    paid = payment(connection, "1", "2")
    assert (paid.state, paid.waits_for) == ("ready", "sales_invoice 2")


def test_an_invoice_that_was_refused_is_waited_for_until_it_is_mended(
    connection: Connection, books: Books, clock: time_machine.Traveller
) -> None:
    sold = invoice(connection)
    books.before_booking = _raising(Rejected("Unknown customer."))
    work.run(sold.pk)
    books.before_booking = None
    paid = payment(connection, "10482")
    assert (fresh(sold).state, paid.state, paid.waits_for) == ("rejected", "ready", "sales_invoice 10482")


def test_an_invoice_that_was_voided_is_waited_for_no_longer(connection: Connection, books: Books) -> None:
    sold = invoice(connection)
    books.before_booking = _raising(Rejected("Unknown customer."))
    work.run(sold.pk)
    books.before_booking = None
    void(fresh(sold), by=StaffFactory.create(), why="Raised by mistake.")
    paid = payment(connection, "10482")
    assert paid.state == "posted"
    assert document_of(paid).allocations[0].posted_as == ""


def test_after_a_day_a_person_must_look(connection: Connection, clock: time_machine.Traveller) -> None:
    paid = payment(connection, "10482")
    clock.shift(timedelta(hours=24, seconds=1))
    work.run(paid.pk)
    assert (fresh(paid).state, paid.attempts_made) == ("held", 0)
    assert "sales invoice INV-10482" in paid.reason


@pytest.mark.parametrize("kind", [Kind.REFUND, Kind.SALES_CREDIT_NOTE])
def test_refunds_and_credit_notes_wait_the_same_way(connection: Connection, kind: Kind) -> None:
    posting = accepted(connection, payment_of("10482", kind=kind)).posting
    work.run(posting.pk)
    assert fresh(posting).waits_for == "sales_invoice 10482"


def test_a_payment_that_settles_nothing_waits_for_nothing(connection: Connection) -> None:
    assert payment(connection).state == "posted"


def test_an_invoice_of_another_source_does_not_count(connection: Connection) -> None:
    elsewhere = accepted(
        connection, a_document(kind=Kind.SALES_INVOICE, external_id="10482", source="other", party=CUSTOMER)
    ).posting
    work.run(elsewhere.pk)
    assert payment(connection, "10482").state == "ready"


def test_a_sale_never_waits_for_one_of_our_own_orders_with_the_customer_s_number(connection: Connection) -> None:
    accepted(connection, a_document(kind=Kind.PURCHASE_ORDER, order_number="PO-7781"))
    sold = invoice(connection, order_number="PO-7781")
    work.run(sold.pk)
    assert fresh(sold).state == "posted"


@pytest.fixture
def ledger() -> Connection:
    """A company on the built-in ledger, which books inside our own transaction."""
    made: Connection = LedgerConnectionFactory.create(mapping=SALES_AS_THEY_COME)
    return made


def sold_in(ledger: Connection) -> Posting:
    """The invoice, coded to sales."""
    return invoice(ledger, number="INV-10482", lines=(a_line(account_code="4000"),))


def paid_in(ledger: Connection) -> Posting:
    """Its payment, into the bank account."""
    document = payment_of("10482")
    return accepted(ledger, replace(document, lines=(replace(document.lines[0], account_code="1200"),))).posting


def test_in_the_ledger_a_payment_that_came_first_is_booked_once_its_invoice_is(ledger: Connection) -> None:
    paid = paid_in(ledger)
    assert (paid.state, paid.waits_for, paid.attempt_count) == ("ready", "sales_invoice 10482", 0)
    assert not Entry.objects.exists()
    sold = sold_in(ledger)
    assert sold.state == "posted"
    assert (fresh(paid).state, paid.waits_for) == ("ready", "")
    work.run(paid.pk)
    assert fresh(paid).state == "posted"
    [allocated] = Entry.objects.get(pk=int(paid.external_id or 0)).allocations.all()
    assert (str(allocated.settled_id), allocated.amount) == (sold.external_id, Decimal("120.00"))


def test_in_the_ledger_a_payment_is_booked_at_once_where_its_invoice_is_there(ledger: Connection) -> None:
    sold_in(ledger)
    assert paid_in(ledger).state == "posted"


def _raising(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act
