"""The staff pages of the ledger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.documents import Kind
from integrations.reference import RecordKind
from ledger.admin.base import figure
from ledger.models import (
    Account,
    Books,
    Currency,
    Customer,
    DeliverySite,
    Dimension,
    DimensionValue,
    Entry,
    Supplier,
    TaxCode,
)
from ledger.services import keep_memo, open_books, post_document
from ledger.services import reverse as reverse_entry
from ledger.services.records import records_of
from tests.factories import a_document, a_line
from tests.ledger.booked import key

pytestmark = pytest.mark.django_db

BALANCES = ("ledger_trial_balance", "ledger_supplier_balances", "ledger_customer_balances")
NEW_KINDS = (RecordKind.CURRENCY, RecordKind.DELIVERY_SITE, RecordKind.DIMENSION)


@pytest.fixture
def entries(books: Books) -> list[Entry]:
    """An invoice, a memo, and a reversal of the invoice."""
    line = a_line(net=Decimal("1234.5"), tax=Decimal("246.9"), gross=Decimal("1481.4"))
    invoice = post_document(books, a_document(lines=(line,), order_number="ORD000056"), key(), "P-000001")
    memo = keep_memo(books, a_document(kind=Kind.RECEIPT, number="REQ000041"), key("memo"), "P-000002")
    return [invoice, memo, reverse_entry(invoice, "Duplicate", date(2026, 4, 1))]


@pytest.fixture
def staff(admin_client: Client) -> Client:
    """A superuser's browser."""
    return admin_client


def page(client: Client, name: str, *args: Any, **query: str) -> str:
    """A page's HTML; it must be there."""
    response = client.get(reverse(f"admin:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1234567.5", "1,234,567.50"), ("-0.1234", "−0.1234"), ("12", "12.00"), ("999.999", "999.999")],
)
def test_figures_have_thousands_and_a_true_minus(text: str, shown: str) -> None:
    assert figure(Decimal(text)) == f'<span class="numeric">{shown}</span>'
    assert (figure(Decimal(0)), figure(None)) == ("", "")


def test_the_entries_are_listed(staff: Client, entries: list[Entry]) -> None:
    html = page(staff, "ledger_entry_changelist")
    assert all(entry.number in html for entry in entries)
    assert '<span class="numeric">1,481.40</span> GBP' in html
    assert '<span class="numeric">−1,481.40</span> GBP' in html


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("JNL-000001", ["JNL-000001"]),
        ("P-000001", ["JNL-000001", "JNL-000002"]),
        ("REQ000041", ["MEM-000001"]),
        ("ORD000056", ["JNL-000001", "JNL-000002"]),
        ("SI-48213", ["JNL-000001", "JNL-000002", "MEM-000001"]),
        ("key-1", ["JNL-000001"]),
        ("JNL-00000", []),
    ],
)
def test_any_whole_number_finds_its_entries(staff: Client, entries: list[Entry], term: str, found: list[str]) -> None:
    response = staff.get(reverse("admin:ledger_entry_changelist"), {"q": term})
    assert sorted(entry.number for entry in response.context["cl"].result_list) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"series__exact": "MEM"}, ["MEM-000001"]),
        ({"kind__exact": "reversal"}, ["JNL-000002"]),
        ({"document_kind__exact": "receipt"}, ["MEM-000001"]),
        ({"date__gte": "2026-04-01", "date__lt": "2026-05-01"}, ["JNL-000002"]),
    ],
)
def test_entries_can_be_filtered(staff: Client, entries: list[Entry], query: dict[str, str], found: list[str]) -> None:
    response = staff.get(reverse("admin:ledger_entry_changelist"), query)
    assert sorted(entry.number for entry in response.context["cl"].result_list) == found


def test_the_books_filter_shows_one_companys_entries(staff: Client, books: Books, entries: list[Entry]) -> None:
    other = open_books("Harbour Street Catering Ltd", "GBP")
    for each, count in ((books, 3), (other, 0)):
        response = staff.get(reverse("admin:ledger_entry_changelist"), {"books__id__exact": str(each.pk)})
        assert response.context["cl"].result_count == count


def test_an_entry_shows_its_lines_and_its_reversal(staff: Client, entries: list[Entry]) -> None:
    html = page(staff, "ledger_entry_change", entries[0].pk)
    for text in ("5010 Course venue hire", "Standard rate 20%", "2100 Creditors control", "1,234.50", "JNL-000002"):
        assert text in html
    assert "Training room, full day" in page(staff, "ledger_entry_change", entries[1].pk)


def test_a_foreign_entry_shows_both_currencies(staff: Client, books: Books) -> None:
    line = a_line(base_net=Decimal("80"), base_tax=Decimal("16.12"))
    entry = post_document(books, a_document(currency="USD", lines=(line,)), key(), "P-000001")
    html = page(staff, "ledger_entry_change", entry.pk)
    assert "Debit GBP" in html
    assert "In USD" in html
    assert html.count('<span class="numeric">96.12</span>') == 4
    assert html.count('<span class="numeric">−120.00</span>') == 1


def test_the_entry_page_does_not_query_per_line(
    staff: Client, books: Books, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    lines = tuple(a_line(number, account_code="5000" if number % 2 else "5010") for number in range(1, 41))
    entry = post_document(books, a_document(lines=lines), key(), "P-000001")
    page(staff, "ledger_entry_change", entry.pk)
    with django_assert_max_num_queries(14):
        page(staff, "ledger_entry_change", entry.pk)


def test_nobody_changes_an_entry(staff: Client, entries: list[Entry]) -> None:
    url = reverse("admin:ledger_entry_change", args=[entries[0].pk])
    assert staff.post(url, {"reference": "P-999999"}).status_code == 403
    assert staff.get(reverse("admin:ledger_entry_add")).status_code == 403
    assert staff.post(reverse("admin:ledger_entry_delete", args=[entries[0].pk]), {"post": "yes"}).status_code == 403
    assert 'name="_save"' not in page(staff, "ledger_entry_change", entries[0].pk)
    assert Entry.objects.count() == 3


def test_master_data_is_kept_here_but_codes_are_fixed(staff: Client, books: Books) -> None:
    account = Account.objects.get(books=books, code="5010")
    changed = {"code": "6666", "name": "Venues", "type": "expense", "active": ""}
    assert staff.post(reverse("admin:ledger_account_change", args=[account.pk]), changed).status_code == 302
    account.refresh_from_db()
    assert (account.code, account.name, account.active) == ("5010", "Venues", False)
    tax = TaxCode.objects.get(books=books, code="T1")
    changed = {"name": "Standard rate 22.5%", "rate": "22.5", "active": "on"}
    assert staff.post(reverse("admin:ledger_taxcode_change", args=[tax.pk]), changed).status_code == 302
    tax.refresh_from_db()
    assert (tax.rate, tax.active) == (Decimal("22.5"), True)
    new = {"books": str(books.pk), "code": "METRO01", "name": "Metro Telecom", "active": "on"}
    assert staff.post(reverse("admin:ledger_supplier_add"), new).status_code == 302
    supplier = Supplier.objects.get()
    assert (supplier.name_key, supplier.made_on_sight) == ("metro telecom", False)
    assert staff.post(reverse("admin:ledger_supplier_delete", args=[supplier.pk]), {"post": "yes"}).status_code == 403


def test_what_others_read_is_kept_here_too(staff: Client, books: Books) -> None:
    fixed = {"books": str(books.pk), "active": "on"}
    site = {"code": "LEEDS", "name": "Leeds training centre", "city": "Leeds", "country_code": "GB"}
    for model, values in (
        ("currency", {"code": "USD", "name": "US dollar", "rate": "1.201"}),
        ("deliverysite", site),
        ("dimension", {"name": "Department"}),
    ):
        assert staff.post(reverse(f"admin:ledger_{model}_add"), {**fixed, **values}).status_code == 302, model
    department = Dimension.objects.get(books=books)
    value = {"dimension": str(department.pk), "code": "TRN", "name": "Training", "active": "on"}
    assert staff.post(reverse("admin:ledger_dimensionvalue_add"), value).status_code == 302
    told = [one for kind in NEW_KINDS for one in records_of(books, kind)]
    assert [(one.code, one.name, one.dimension, one.details) for one in told] == [
        ("GBP", "Pound sterling", "", {"rate": "1", "is_base": "yes"}),
        ("USD", "US dollar", "", {"rate": "1.201"}),
        ("LEEDS", "Leeds training centre", "", {"city": "Leeds", "country_code": "GB"}),
        ("TRN", "Training", "Department", {}),
    ]


def test_codes_and_names_that_others_know_rows_by_are_fixed(staff: Client, books: Books) -> None:
    department = Dimension.objects.create(books=books, name="Department")
    training = DimensionValue.objects.create(dimension=department, code="TRN", name="Training")
    other = Dimension.objects.create(books=books, name="Course")
    changed = {"dimension": str(other.pk), "code": "NEW", "name": "Courses"}
    assert staff.post(reverse("admin:ledger_dimensionvalue_change", args=[training.pk]), changed).status_code == 302
    training.refresh_from_db()
    assert (training.dimension, training.code, training.name, training.active) == (department, "TRN", "Courses", False)
    assert staff.post(reverse("admin:ledger_dimension_change", args=[department.pk]), {"name": "X"}).status_code == 302
    department.refresh_from_db()
    assert (department.name, department.active) == ("Department", False)


def test_a_rate_for_the_base_currency_is_refused_on_its_page(staff: Client, books: Books) -> None:
    base = Currency.objects.get(books=books)
    response = staff.post(
        reverse("admin:ledger_currency_change", args=[base.pk]), {"name": "Sterling", "rate": "2", "active": "on"}
    )
    assert "has the rate 1 and stays active" in response.content.decode()
    base.refresh_from_db()
    assert (base.name, base.rate) == ("Pound sterling", 1)


@pytest.mark.parametrize(
    "model",
    ["account", "taxcode", "supplier", "customer", "books", "currency", "deliverysite", "dimension", "dimensionvalue"],
)
def test_every_list_can_be_searched(staff: Client, entries: list[Entry], books: Books, model: str) -> None:
    DeliverySite.objects.create(books=books, code="LEEDS", name="Leeds")
    Customer.objects.create(books=books, code="HARB01", name="Harbour Logistics")
    department = Dimension.objects.create(books=books, name="Department")
    DimensionValue.objects.create(dimension=department, code="TRN", name="Training")
    assert "Northgate Training Ltd" in page(staff, f"ledger_{model}_changelist", q="Northgate")


def test_closing_a_period_is_done_on_the_books(staff: Client, books: Books) -> None:
    url = reverse("admin:ledger_books_change", args=[books.pk])
    changed = {"name": books.name, "base_currency": "EUR", "closed_through": "2025-12-31"}
    assert staff.post(url, changed).status_code == 302
    books.refresh_from_db()
    assert (books.closed_through, books.base_currency) == (date(2025, 12, 31), "GBP")
    assert staff.get(reverse("admin:ledger_books_add")).status_code == 403


def test_the_books_lead_to_their_balances(staff: Client, books: Books) -> None:
    html = page(staff, "ledger_books_change", books.pk)
    for name in BALANCES:
        assert f'href="{reverse(f"admin:{name}", args=[books.pk])}"' in html


def test_the_trial_balance_is_a_table(staff: Client, books: Books, entries: list[Entry]) -> None:
    html = page(staff, "ledger_trial_balance", books.pk, as_at="2026-03-31")
    assert "Debit GBP" in html
    assert html.count('<span class="numeric">1,481.40</span>') == 3
    assert 'value="2026-03-31"' in html
    assert "Nothing has been booked" in page(staff, "ledger_trial_balance", books.pk, as_at="2025-12-31")
    assert '<span class="numeric">1,481.40</span>' not in page(staff, "ledger_trial_balance", books.pk)


def test_the_supplier_balances_are_a_table(staff: Client, books: Books, entries: list[Entry]) -> None:
    html = page(staff, "ledger_supplier_balances", books.pk, as_at="2026-03-31")
    assert "CROWN01" in html
    assert html.count('<span class="numeric">1,481.40</span>') == 2
    assert "Enter a valid date" in page(staff, "ledger_supplier_balances", books.pk, as_at="yesterday")


@pytest.mark.parametrize("name", BALANCES)
def test_balances_are_for_who_may_see_the_books(client: Client, books: Books, name: str) -> None:
    url = reverse(f"admin:{name}", args=[books.pk])
    assert client.get(url).status_code == 302
    clerk = get_user_model().objects.create_user("clerk", is_staff=True)
    client.force_login(clerk)
    assert client.get(url).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="view_books"))
    assert client.get(url).status_code == 200
    assert client.get(reverse(f"admin:{name}", args=["00000000-0000-0000-0000-000000000001"])).status_code == 404


def test_pages_have_no_inline_script_or_style(staff: Client, books: Books, entries: list[Entry]) -> None:
    html = page(staff, "ledger_trial_balance", books.pk)
    assert "<style" not in html
    assert " style=" not in html
    assert " onclick=" not in html
