"""What payments, refunds and credit notes settle, what is open then, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.base import Link
from integrations.documents import Document, Kind
from integrations.errors import Rejected
from ledger.connector import BuiltInLedger
from ledger.models import Books, Counter, Entry, EntryAllocation
from ledger.services import keep_memo, open_books, reverse
from ledger.services.open_items import items_of
from tests.factories import a_document
from tests.ledger.booked import key, money, part_of, post, sold
from tests.samples import CUSTOMER, settling

pytestmark = pytest.mark.engine
DAY = date(2024, 3, 20)


@pytest.fixture
def invoice(books: Books) -> Entry:
    """JNL-000001 over 100.00, which the source calls INV-1."""
    return post(books, sold("100.00", number="INV-1"), "invoice")


def open_of(*entries: Entry) -> list[Decimal]:
    """What is open of each."""
    found = {item.entry.pk: item.open for item in items_of(Entry.objects.all())}
    return [found[entry.pk] for entry in entries]


def kept(entry: Entry) -> list[tuple[str, Decimal]]:
    """What an entry settles, in order."""
    return [(one.settled.number, one.amount) for one in entry.allocations.order_by("position")]


def test_a_payment_settles_invoices(books: Books, invoice: Entry) -> None:
    second = post(books, sold("50.00"), "second")
    payment = post(books, money("130.00", ("100.00", invoice), ("20.00", second)), "payment")
    assert kept(payment) == [("JNL-000001", Decimal(100)), ("JNL-000002", Decimal(20))]
    assert payment.allocation_count == 2
    assert open_of(invoice, second, payment) == [0, 30, 10]


def test_what_is_left_can_be_settled_later_to_the_last_penny(books: Books, invoice: Entry) -> None:
    post(books, money("99.99", ("99.99", invoice)), "first")
    post(books, money("0.01", ("0.01", invoice)), "second")
    with pytest.raises(Rejected, match=r"0\.00 GBP is open"):
        post(books, money("0.01", ("0.01", invoice)), "third")


def test_a_credit_note_settles_an_invoice(books: Books, invoice: Entry) -> None:
    allocations = (part_of("40.00", invoice),)
    note = post(books, sold("60.00", Kind.SALES_CREDIT_NOTE, allocations=allocations), "note")
    assert open_of(invoice, note) == [60, 20]


def test_a_refund_settles_a_credit_note_and_what_was_paid_too_much(books: Books, invoice: Entry) -> None:
    note = post(books, sold("60.00", Kind.SALES_CREDIT_NOTE), "note")
    payment = post(books, money("120.00", ("100.00", invoice)), "payment")
    refund = post(books, money("80.00", ("60.00", note), ("20.00", payment), kind=Kind.REFUND), "refund")
    assert open_of(invoice, note, payment, refund) == [0, 0, 0, 0]


def test_a_refund_takes_back_what_was_paid_on_an_invoice(books: Books, invoice: Entry) -> None:
    """So sources tell it: the money went back, and the invoice is open until it is credited."""
    payment = post(books, money("70.00", ("70.00", invoice)), "payment")
    refund = post(books, money("30.00", ("30.00", invoice), kind=Kind.REFUND), "refund")
    assert open_of(invoice, payment, refund) == [60, 0, 0]
    with pytest.raises(Rejected) as caught:
        post(books, money("40.01", ("40.01", invoice), kind=Kind.REFUND), "too much")
    assert caught.value.message == (
        "Of invoice INV-1 (JNL-000001) 40.00 GBP is settled, but the refund takes back 40.01 GBP of it."
    )
    post(books, sold("60.00", Kind.SALES_CREDIT_NOTE, allocations=(part_of("60.00", invoice),)), "note")
    assert open_of(invoice) == [0]


@pytest.mark.parametrize("which", ["the payment", "the invoice"])
def test_what_a_reversed_entry_settled_or_was_settled_with_is_open_again(
    books: Books, invoice: Entry, which: str
) -> None:
    payment = post(books, money("100.00", ("100.00", invoice)), "payment")
    undone, other = (payment, invoice) if which == "the payment" else (invoice, payment)
    mirror = reverse(undone, "Wrong", DAY)
    assert (mirror.party, mirror.customer_id, mirror.allocation_count) == (undone.party, undone.customer_id, 0)
    assert open_of(other, undone) == [100, 0]


@pytest.fixture
def others(books: Books, invoice: Entry) -> dict[str, Entry]:
    """Entries that a payment of Harbour Logistics in sterling does not settle, beside the one that it may."""
    theirs = replace(CUSTOMER, code="METRO01", name="Metro Telecom")
    dollars = sold("10.00", currency="USD")
    line = replace(dollars.lines[0], base_net=Decimal(8), base_tax=Decimal(0))
    gone = post(books, sold("10.00", number="INV-7"), "gone")
    reverse(gone, "Raised twice", DAY)
    return {
        "invoice": invoice,
        "theirs": post(books, sold("10.00", party=theirs, number="INV-2"), "theirs"),
        "dollars": post(books, replace(dollars, lines=(line,), number="INV-3"), "dollars"),
        "bought": post(books, a_document(), "bought"),
        "memo": keep_memo(books, sold("10.00", number="INV-5"), key("memo"), "P-000001"),
        "elsewhere": post(open_books("Another", "GBP"), sold("10.00", number="INV-6"), "elsewhere"),
        "gone": gone,
    }


Makes = Callable[[dict[str, Entry]], Document]
REFUSALS: dict[str, tuple[Makes, str, str]] = {
    "an invoice that the portal has not found": (
        lambda _: money("10.00", allocations=settling("10.00", "")),
        "allocations[0]",
        "Invoice INV-2024-0001 is not in these books yet.",
    ),
    "an entry that there is not": (
        lambda _: money("10.00", allocations=settling("10.00", "987654")),
        "allocations[0]",
        "Invoice INV-2024-0001 should be entry 987654, which these books do not have.",
    ),
    "no id at all": (
        lambda _: money("10.00", allocations=settling("10.00", "²")),
        "allocations[0]",
        "Invoice INV-2024-0001 should be entry ², which these books do not have.",
    ),
    "an id without end": (
        lambda _: money("10.00", allocations=settling("10.00", "9" * 400)),
        "allocations[0]",
        f"Invoice INV-2024-0001 should be entry {'9' * 400}, which these books do not have.",
    ),
    "another company's invoice": (
        lambda one: money("10.00", allocations=settling("10.00", str(one["elsewhere"].pk))),
        "allocations[0]",
        "Invoice INV-2024-0001 should be entry {elsewhere.pk}, which these books do not have.",
    ),
    "another customer's invoice, in the second place": (
        lambda one: money("10.00", ("1.00", one["invoice"]), ("2.00", one["theirs"])),
        "allocations[1]",
        "Invoice INV-2 (JNL-000004) is of METRO01 Metro Telecom, but the payment is of HARB01 Harbour Logistics Ltd.",
    ),
    "a customer who is new": (
        lambda one: money("10.00", ("1.00", one["invoice"]), party=replace(CUSTOMER, code="NEW01")),
        "allocations[0]",
        "Invoice INV-1 (JNL-000001) is of HARB01 Harbour Logistics Ltd, but the payment is of NEW01.",
    ),
    "another currency": (
        lambda one: money("10.00", ("1.00", one["dollars"])),
        "allocations[0]",
        "Invoice INV-3 (JNL-000005) is in USD, but the payment is in GBP.",
    ),
    "a supplier's invoice": (
        lambda one: money("10.00", ("1.00", one["bought"])),
        "allocations[0]",
        "Invoice INV000123 (JNL-000006) is an entry of the kind invoice, which a payment does not settle.",
    ),
    "a memo": (
        lambda one: money("10.00", ("1.00", one["memo"])),
        "allocations[0]",
        "Invoice INV-5 (MEM-000001) is an entry of the kind memo, which a payment does not settle.",
    ),
    "a reversed invoice": (
        lambda one: money("10.00", ("1.00", one["gone"])),
        "allocations[0]",
        "Invoice INV-7 (JNL-000002) was reversed.",
    ),
    "more than is open": (
        lambda one: money("100.01", ("100.01", one["invoice"])),
        "allocations[0]",
        "Of invoice INV-1 (JNL-000001) 100.00 GBP is open, but the payment settles 100.01 GBP of it.",
    ),
    "more than is open in two parts": (
        lambda one: money("100.01", ("60.00", one["invoice"]), ("40.01", one["invoice"])),
        "allocations[1]",
        "Of invoice INV-1 (JNL-000001) 100.00 GBP is open, but the payment settles 100.01 GBP of it.",
    ),
    "more than the payment": (
        lambda one: money("50.00", ("50.01", one["invoice"])),
        "allocations",
        "The payment is 50.00 GBP, but 50.01 GBP of it are allocated.",
    ),
    "nothing": (
        lambda one: money("50.00", ("0.00", one["invoice"])),
        "allocations[0]",
        "Invoice INV-1 cannot be settled with 0.00 GBP: it is not above zero.",
    ),
    "a hundredth of a penny's tenth": (
        lambda one: money("50.00", ("0.00001", one["invoice"])),
        "allocations[0]",
        "Invoice INV-1 cannot be settled with 0.00001 GBP. 0.00001 has more than four decimals.",
    ),
    "an amount that is none": (
        lambda one: money("50.00", ("NaN", one["invoice"])),
        "allocations[0]",
        "Invoice INV-1 cannot be settled with NaN GBP. NaN is not an amount of money.",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_names_the_allocation_and_writes_nothing(books: Books, others: dict[str, Entry], name: str) -> None:
    makes, field, message = REFUSALS[name]
    document, before = makes(others), list(Counter.objects.order_by("pk").values_list("last"))
    ledger = BuiltInLedger(Link(settings={"books": str(books.pk)}))
    expected = (field, message.replace("{elsewhere.pk}", str(others["elsewhere"].pk)))
    (objection,) = ledger.objections(document)
    with pytest.raises(Rejected) as caught:
        ledger.post(document, key=key("payment"), reference="P-000009")
    assert (caught.value.field, caught.value.message) == expected
    assert (objection.field, objection.message) == expected
    assert EntryAllocation.objects.count() == 0
    assert not Entry.objects.filter(external_key="payment").exists()
    assert list(Counter.objects.order_by("pk").values_list("last")) == before


def test_every_allocation_that_is_wrong_is_an_objection(books: Books, others: dict[str, Entry]) -> None:
    document = money("10.00", ("1.00", others["theirs"]), ("200.00", others["invoice"]), ("2.00", others["memo"]))
    ledger = BuiltInLedger(Link(settings={"books": str(books.pk)}))
    fields = [one.field for one in ledger.objections(document)]
    assert fields == ["allocations[0]", "allocations[1]", "allocations[2]", "allocations"]


def test_the_same_key_is_not_judged_anew(books: Books, invoice: Entry) -> None:
    document = money("100.00", ("100.00", invoice))
    first = post(books, document, "payment")
    assert post(books, document, "payment") == first
    assert EntryAllocation.objects.count() == 1


def test_a_refused_payment_can_be_sent_again(books: Books, invoice: Entry) -> None:
    with pytest.raises(Rejected):
        post(books, money("10.00", allocations=settling("10.00", "")), "payment")
    assert post(books, money("10.00", ("10.00", invoice)), "payment").number == "JNL-000002"


def test_a_preview_shows_what_would_be_settled_and_settles_nothing(books: Books, invoice: Entry) -> None:
    ledger = BuiltInLedger(Link(settings={"books": str(books.pk)}))
    document = money("100.00", ("60.00", invoice))
    (request,) = ledger.preview(document, key=key("payment"), reference="P-000002").requests
    told = json.loads(request.body)
    assert told["customer"] == {"code": "HARB01", "name": "Harbour Logistics Ltd"}
    assert told["allocations"] == [{"settles": "JNL-000001", "document_number": "INV-1", "amount": "60.00"}]
    assert (EntryAllocation.objects.count(), open_of(invoice)) == (0, [100])


@pytest.mark.parametrize("count", [1, 20])
def test_the_number_of_queries_does_not_grow_with_the_allocations(
    books: Books, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    entries = [post(books, sold("10.00"), f"invoice-{number}") for number in range(count)]
    document = money("200.00", *(("10.00", entry) for entry in entries))
    with django_assert_num_queries(7):  # what is named, lock, what is open, number, entry, lines, allocations
        post(books, document, "payment")
