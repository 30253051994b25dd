"""Staff pages of what is sold: customers, what they owe, what settles what, and payments that a person records."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.documents import Kind
from ledger.models import Books, Customer, Entry
from ledger.services import open_books
from ledger.services import reverse as reverse_entry
from ledger.signals import changed_by_staff
from tests.ledger.booked import booked, credit, debit, money, post, sold

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice(books: Books) -> Entry:
    """JNL-000001 over 100.00, which the source calls INV-1."""
    return post(books, sold("100.00", number="INV-1"), "invoice")


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    """What is announced of staff's work."""
    told: list[Any] = []

    def listen(**what: Any) -> None:
        told.append((what["row"], what["user"].get_username(), what["added"]))

    changed_by_staff.connect(listen)
    yield told
    changed_by_staff.disconnect(listen)


def address(books: Books, **query: str) -> str:
    """The page, with whose money it is."""
    return f"{reverse('admin:ledger_record_payment', args=[books.pk])}?{urlencode(query)}"


def of_harbour(books: Books, kind: str = "payment") -> str:
    """The page for the customer of these tests."""
    return address(books, kind=kind, customer="HARB01")


def filled(invoice: Entry, part: str = "40.00", **changes: str) -> dict[str, str]:
    """A payment over 50.00 of which a part goes to the invoice."""
    values = {"amount": "50.00", "day": "2026-11-20", "bank_account": "1200", "note": "BACS 20/11"}
    return {**values, "mark": str(uuid.uuid4()), f"settles_{invoice.pk}": part, **changes}


def text(response: Any) -> str:
    """A page that is there."""
    assert response.status_code == 200
    shown: str = response.content.decode()
    return shown


def test_a_payment_is_recorded(admin_client: Client, books: Books, invoice: Entry, heard: list[Any]) -> None:
    asked = text(admin_client.get(of_harbour(books)))
    assert "HARB01 Harbour Logistics Ltd" in asked
    assert "INV-1" in asked
    assert "Sales invoice of 14 Mar 2024 (JNL-000001), 100.00 GBP open" in asked
    assert "1200 Bank current account" in asked
    assert "1100 Debtors control" not in asked
    response = admin_client.post(of_harbour(books), filled(invoice))
    entry = Entry.objects.get(kind="payment")
    assert (response.status_code, response["Location"]) == (302, reverse("admin:ledger_entry_change", args=[entry.pk]))
    assert booked(entry) == [debit("1200", None, "50.00"), credit("1100", None, "50.00")]
    assert [(one.settled, one.amount) for one in entry.allocations.all()] == [(invoice, Decimal(40))]
    assert entry.description == "Recorded by admin"
    assert heard == [(entry, "admin", True)]


def test_sent_twice_it_is_recorded_and_told_once(
    admin_client: Client, books: Books, invoice: Entry, heard: list[Any]
) -> None:
    values = filled(invoice)
    for _ in range(2):
        assert admin_client.post(of_harbour(books), values).status_code == 302
    assert (Entry.objects.filter(kind="payment").count(), len(heard)) == (1, 1)


def test_a_refund_is_offered_what_was_paid(admin_client: Client, books: Books, invoice: Entry) -> None:
    post(books, money("70.00", ("70.00", invoice)), "payment")
    assert "(JNL-000001), 70.00 GBP settled" in text(admin_client.get(of_harbour(books, "refund")))
    assert admin_client.post(of_harbour(books, "refund"), filled(invoice)).status_code == 302
    assert booked(Entry.objects.get(kind="refund")) == [credit("1200", None, "50.00"), debit("1100", None, "50.00")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"part": "50.01"}, "The payment is 50.00 GBP, but 50.01 GBP of it are allocated."),
        ({"part": "100.01", "amount": "200.00"}, "100.00 GBP is open, but the payment settles 100.01 GBP of it."),
        ({"day": "2020-01-01"}, "1 Jan 2020 is in a closed period"),
        ({"amount": "0"}, "greater than or equal to 0.0001"),
        ({"bank_account": "1100"}, "Select a valid choice"),
        ({"day": "soon"}, "Enter a valid date"),
    ],
)
def test_what_cannot_be_recorded_is_said_and_nothing_is_booked(
    admin_client: Client, books: Books, invoice: Entry, heard: list[Any], changes: dict[str, str], said: str
) -> None:
    Books.objects.filter(pk=books.pk).update(closed_through="2020-12-31")
    shown = text(admin_client.post(of_harbour(books), filled(invoice, **changes)))
    assert said in shown
    assert 'value="BACS 20/11"' in shown
    assert (Entry.objects.count(), heard) == (1, [])


def test_another_companys_customer_is_nobody_here(admin_client: Client, books: Books, invoice: Entry) -> None:
    other = open_books("Harbour Street Catering Ltd", "GBP")
    shown = text(admin_client.get(of_harbour(other)))
    assert "These books have no customer HARB01." in shown
    assert "INV-1" not in shown
    assert admin_client.post(of_harbour(other), filled(invoice)).status_code == 200
    assert Entry.objects.count() == 1


def test_the_first_page_asks_whose_money_it_is(admin_client: Client, books: Books) -> None:
    shown = text(admin_client.get(address(books)))
    assert 'name="customer"' in shown
    assert "This field is required" not in shown


def test_it_is_for_who_may_add_entries(client: Client, books: Books, invoice: Entry) -> None:
    assert client.get(of_harbour(books)).status_code == 302
    clerk = get_user_model().objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="change_books"))
    client.force_login(clerk)
    assert client.get(of_harbour(books)).status_code == 403
    assert client.post(of_harbour(books), filled(invoice)).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="add_entry"))
    assert client.post(of_harbour(books), filled(invoice)).status_code == 302
    assert client.get(address(Books(pk=uuid.UUID(int=1)))).status_code == 404


def test_entries_show_what_they_settle_and_what_is_open(admin_client: Client, books: Books, invoice: Entry) -> None:
    payment = post(books, money("70.00", ("70.00", invoice)), "payment")
    post(books, money("30.00", ("30.00", invoice), kind=Kind.REFUND), "refund")
    undone = post(books, money("10.00", ("10.00", invoice)), "undone")
    reverse_entry(undone, "Returned by the bank", undone.date)
    shown = text(admin_client.get(reverse("admin:ledger_entry_change", args=[invoice.pk])))
    assert "Settled by" in shown
    for word in (payment.number, "Taken back", "Reversed", "HARB01 Harbour Logistics Ltd"):
        assert word in shown
    assert '<dt>Open</dt><dd><span class="numeric">60.00</span> GBP</dd>' in shown
    shown = text(admin_client.get(reverse("admin:ledger_entry_change", args=[payment.pk])))
    assert "Settles" in shown
    assert invoice.number in shown
    assert "<dt>Open</dt><dd>0.00 GBP</dd>" in shown


def test_the_page_of_an_entry_does_not_query_per_allocation(
    admin_client: Client, books: Books, invoice: Entry, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        post(books, money("1.00", ("1.00", invoice)), f"payment-{number}")
    with django_assert_max_num_queries(18):
        text(admin_client.get(reverse("admin:ledger_entry_change", args=[invoice.pk])))


def test_the_entries_are_listed_with_their_customers(admin_client: Client, books: Books, invoice: Entry) -> None:
    assert "Harbour Logistics Ltd" in text(admin_client.get(reverse("admin:ledger_entry_changelist") + "?o=4"))


def test_what_customers_owe_is_a_table(admin_client: Client, books: Books, invoice: Entry) -> None:
    shown = text(admin_client.get(reverse("admin:ledger_customer_balances", args=[books.pk])))
    assert "HARB01" in shown
    assert shown.count('<span class="numeric">100.00</span>') == 2


def test_customers_are_kept_here(admin_client: Client, books: Books) -> None:
    new = {"books": str(books.pk), "code": "METRO01", "name": "Metro Telecom", "active": "on", "town": "Leeds"}
    assert admin_client.post(reverse("admin:ledger_customer_add"), new).status_code == 302
    customer = Customer.objects.get()
    assert (customer.name_key, customer.made_on_sight, customer.town) == ("metro telecom", False, "Leeds")
    deleted = admin_client.post(reverse("admin:ledger_customer_delete", args=[customer.pk]), {"post": "yes"})
    assert deleted.status_code == 403


def test_the_pages_have_no_inline_script_or_style(admin_client: Client, books: Books, invoice: Entry) -> None:
    for page in (of_harbour(books), address(books)):
        shown = text(admin_client.get(page))
        assert not any(inline in shown for inline in ("<style", " style=", " onclick=", "<script>"))
