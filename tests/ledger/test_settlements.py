"""Payments and refunds as they travel back, and those that a person records."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.base import Link
from integrations.documents import Allocation, Customer, Document, IdempotencyKey, Kind, Line, Settled
from integrations.errors import Rejected
from ledger.connector import BuiltInLedger
from ledger.memo_book import MemoBook
from ledger.models import Books, Entry
from ledger.models import Customer as BookedCustomer
from ledger.services import ByHand, customer_balances, listing, open_books, record_payment, reverse
from tests.factories import a_document
from tests.ledger.booked import booked, credit, debit, money, post, sold
from tests.samples import CUSTOMER

pytestmark = pytest.mark.engine
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = date(2026, 11, 20)


@pytest.fixture
def invoice(books: Books) -> Entry:
    """JNL-000001 over 100.00, which the source calls INV-1."""
    return post(books, sold("100.00", number="INV-1"), "invoice")


def told(books: Books, since: datetime = NOON - timedelta(days=3650)) -> list[Settled]:
    """What the connector tells."""
    return list(BuiltInLedger(Link(settings={"books": str(books.pk)})).settled_since(since))


def by_hand(invoice: Entry, amount: str = "40.00", **changes: object) -> ByHand:
    """A payment for an invoice."""
    customer = BookedCustomer.objects.get(entries=invoice)
    recorded = ByHand(
        kind=Kind.PAYMENT,
        customer=customer,
        bank_account="1200",
        amount=Decimal(amount),
        day=DAY,
        settles=((invoice, Decimal(amount)),),
        note="BACS 20/11",
    )
    return replace(recorded, **changes)  # type: ignore[arg-type]


def test_a_payment_is_told_whole(books: Books, invoice: Entry) -> None:
    with time_machine.travel(NOON, tick=False):
        entry = post(books, money("100.00", ("60.00", invoice), title="Booking 4711"), "payment")
    assert told(books) == [
        Settled(
            key="payment",
            written_at=NOON,
            document=Document(
                kind=Kind.PAYMENT,
                source="ledger",
                external_id=str(entry.pk),
                identity=str(entry.pk),
                number="JNL-000002",
                party=CUSTOMER,
                currency="GBP",
                base_currency="GBP",
                net=Decimal(100),
                tax=Decimal(0),
                gross=Decimal(100),
                base_net=Decimal(100),
                base_tax=Decimal(0),
                base_gross=Decimal(100),
                lines=(
                    Line(
                        number=1,
                        description="BACS",
                        net=Decimal(100),
                        tax=Decimal(0),
                        gross=Decimal(100),
                        account_code="1200",
                        base_net=Decimal(100),
                        base_tax=Decimal(0),
                    ),
                ),
                title="Booking 4711",
                date=date(2024, 3, 14),
                created_at=NOON,
                allocations=(
                    Allocation(
                        kind=Kind.SALES_INVOICE,
                        external_id=str(invoice.pk),
                        amount=Decimal(60),
                        number="INV-1",
                        posted_as=str(invoice.pk),
                    ),
                ),
            ),
        )
    ]


def test_a_refund_has_positive_amounts_too(books: Books, invoice: Entry) -> None:
    post(books, money("25.00", kind=Kind.REFUND), "refund")
    (one,) = told(books)
    assert (one.document.kind, one.document.gross, one.document.lines[0].net) == (Kind.REFUND, 25, 25)


def test_only_payments_and_refunds_that_stand_are_told(books: Books, invoice: Entry) -> None:
    """What was reversed moved no money in the end, and what it settled may be gone as well."""
    post(books, a_document(), "bought")
    undone = post(books, money("10.00", ("10.00", invoice)), "undone")
    reverse(undone, "Returned by the bank", DAY)
    kept = post(books, money("20.00", ("20.00", invoice)), "kept")
    post(open_books("Another", "GBP"), money("5.00"), "another's")
    assert [(one.key, len(one.document.allocations)) for one in told(books)] == [("kept", 1)]
    reverse(invoice, "Raised twice", DAY)
    assert [(one.key, one.document.allocations) for one in told(books)] == [("kept", ())]
    assert kept.allocations.count() == 1
    assert (BuiltInLedger.can.tells_settlements, MemoBook.can.tells_settlements) == (True, False)


def test_it_stops_where_entries_are_too_old(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    with time_machine.travel(NOON, tick=False) as clock:
        for day in range(20):
            clock.move_to(NOON + timedelta(days=day))
            post(books, money("1.00"), f"key-{day}")
    with CaptureQueriesContext(connection) as asked:
        keys = [one.key for one in told(books, NOON + timedelta(days=17))]
    assert keys == ["key-19", "key-18", "key-17"]
    pages = [query["sql"] for query in asked.captured_queries if query["sql"].endswith("LIMIT 2")]
    assert len(pages) == 3


def test_a_page_costs_the_same_however_much_is_told(
    books: Books, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        settled = post(books, sold("1.00"), f"invoice-{number}")
        post(books, money("1.00", ("1.00", settled)), f"payment-{number}")
    with django_assert_num_queries(6):  # books, page, no more pages, payments, allocations, lines
        assert len(told(books)) == 12


def test_what_a_person_records_is_booked_and_carries_no_key_of_ours(books: Books, invoice: Entry) -> None:
    entry = record_payment(books, by_hand(invoice), who="Ada Clerk")
    assert booked(entry) == [debit("1200", None, "40.00"), credit("1100", None, "40.00")]
    assert entry.external_key.startswith("manual:")
    assert (entry.number, entry.date, entry.description) == ("JNL-000002", DAY, "Recorded by Ada Clerk")
    assert (entry.reference, entry.document_number) == ("", "")
    assert [line.description for line in entry.lines.order_by("position")] == ["BACS 20/11", "Harbour Logistics Ltd"]
    (one,) = told(books)
    assert (one.key, one.document.number, one.document.allocations[0].amount) == ("", "JNL-000002", 40)


def test_a_listing_of_our_keys_leaves_out_what_a_person_recorded(books: Books, invoice: Entry) -> None:
    record_payment(books, by_hand(invoice), who="Ada Clerk")
    listed = BuiltInLedger(Link(settings={"books": str(books.pk)})).written_since(NOON - timedelta(days=3650))
    assert [one.key for one in listed] == ["invoice"]


def test_one_mark_is_one_payment(books: Books, invoice: Entry) -> None:
    mark = uuid.uuid4()
    entries = [record_payment(books, by_hand(invoice, "60.00", mark=mark), who="Ada Clerk") for _ in range(2)]
    assert entries[0] == entries[1]
    with pytest.raises(Rejected, match=r"40\.00 GBP is open"):
        record_payment(books, by_hand(invoice, "60.00"), who="Ada Clerk")


def test_a_refund_by_hand_takes_back_what_was_paid(books: Books, invoice: Entry) -> None:
    record_payment(books, by_hand(invoice, "100.00"), who="Ada Clerk")
    refund = record_payment(books, by_hand(invoice, "30.00", kind=Kind.REFUND), who="Ada Clerk")
    assert booked(refund) == [credit("1200", None, "30.00"), debit("1100", None, "30.00")]
    assert [row.balance for row in customer_balances(books)] == [30]


@pytest.mark.parametrize("kind", [Kind.SALES_INVOICE, Kind.INVOICE, Kind.RECEIPT])
def test_only_money_is_recorded_by_hand(books: Books, invoice: Entry, kind: Kind) -> None:
    with pytest.raises(Rejected, match="only payments and refunds"):
        record_payment(books, by_hand(invoice, kind=kind), who="Ada Clerk")


def test_what_customers_owe_by_day_and_books(books: Books, invoice: Entry) -> None:
    theirs = Customer(code="METRO01", name="Metro Telecom")
    post(books, sold("10.00", party=theirs, date=DAY), "theirs")
    post(books, money("130.00", ("100.00", invoice), date=DAY), "payment")
    post(books, a_document(), "bought")
    post(open_books("Another", "GBP"), sold("5.00"), "another's")
    assert [(row.code, row.name, row.balance) for row in customer_balances(books)] == [
        ("HARB01", "Harbour Logistics Ltd", Decimal(-30)),
        ("METRO01", "Metro Telecom", Decimal(10)),
    ]
    assert [(row.code, row.balance) for row in customer_balances(books, DAY - timedelta(days=1))] == [("HARB01", 100)]


def test_a_key_of_a_posting_is_told_as_it_is(books: Books) -> None:
    post(books, money("1.00"), IdempotencyKey("8f14e45f").value)
    assert [one.key for one in told(books)] == ["8f14e45f"]
