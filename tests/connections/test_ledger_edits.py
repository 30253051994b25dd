"""What staff change in the ledger stands in the audit trail, with the old and the new value."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from ledger.models import Account, Books, Supplier, TaxCode
from ledger.services import open_books
from ledger.signals import changed_by_staff
from portal.connections.models import Connection
from portal.events.models import AuditEvent
from tests.factories import DemoConnectionFactory, LedgerConnectionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def connection() -> Connection:
    """A company with books of its own."""
    made: Connection = LedgerConnectionFactory.create()
    return made


@pytest.fixture
def books(connection: Connection) -> Books:
    """Its books."""
    return Books.objects.get(pk=connection.settings["books"])


def change(client: Client, row: Account | Books | Supplier | TaxCode, **values: str) -> None:
    """Save a row's form as a superuser."""
    response = client.post(reverse(f"admin:ledger_{row._meta.model_name}_change", args=[row.pk]), values)
    assert response.status_code == 302


def test_a_changed_tax_code_says_who_what_and_for_which_company(
    admin_client: Client, connection: Connection, books: Books
) -> None:
    code = TaxCode.objects.get(books=books, code="T1")
    change(admin_client, code, name="Standard rate 22.5%", rate="22.5", active="on")
    event = AuditEvent.objects.get(verb="taxcode.changed")
    assert (event.who, event.subject_type, event.subject_id) == ("admin", "ledger.taxcode", str(code.pk))
    assert (event.company_id, event.tenant_id) == (connection.company_id, connection.company.tenant_id)
    assert event.message == f"Changed tax code T1 Standard rate 22.5% in the books {books}."
    assert event.details == {
        "changes": {"name": ["Standard rate 20%", "Standard rate 22.5%"], "rate": ["20.0000", "22.5"]}
    }


def test_an_account_and_a_closed_period(admin_client: Client, books: Books) -> None:
    account = Account.objects.get(books=books, code="5010")
    change(admin_client, account, name=account.name, type="expense", active="")
    change(admin_client, books, name=books.name, closed_through="2025-12-31")
    told = AuditEvent.objects.order_by("pk").values_list("verb", "message", "details")
    assert list(told) == [
        (
            "account.changed",
            f"Changed account 5010 Course venue hire in the books {books}.",
            {"changes": {"active": ["True", "False"]}},
        ),
        ("books.changed", f"Changed books {books}.", {"changes": {"closed_through": ["", "2025-12-31"]}}),
    ]


def test_a_new_supplier(admin_client: Client, books: Books) -> None:
    values = {"books": str(books.pk), "code": "METRO01", "name": "Metro Telecom", "active": "on"}
    assert admin_client.post(reverse("admin:ledger_supplier_add"), values).status_code == 302
    event = AuditEvent.objects.get()
    assert (event.verb, event.subject_id) == ("supplier.added", str(Supplier.objects.get().pk))
    assert event.details["changes"]["code"] == ["", "METRO01"]


def test_a_form_that_changes_nothing_tells_nothing(admin_client: Client, books: Books) -> None:
    account = Account.objects.get(books=books, code="5010")
    change(admin_client, account, name=account.name, type="expense", active="on")
    assert not AuditEvent.objects.exists()


def test_memo_books_belong_to_their_company_and_forgotten_books_to_none(admin_client: Client) -> None:
    memos, nobodys = open_books("Memo entries", "GBP"), open_books("Nobody", "GBP")
    kept = DemoConnectionFactory.create(settings={"memo_books": str(memos.pk)})
    for each in (memos, nobodys):
        change(admin_client, each, name=each.name, closed_through="2025-12-31")
    assert list(AuditEvent.objects.order_by("pk").values_list("company_id", flat=True)) == [kept.company_id, None]


def test_a_change_that_cannot_be_told_is_not_made(admin_client: Client, books: Books) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError("The audit trail is full.")

    changed_by_staff.connect(fail)
    try:
        with pytest.raises(RuntimeError, match="audit trail is full"):
            change(admin_client, books, name="Another name", closed_through="")
    finally:
        changed_by_staff.disconnect(fail)
    assert Books.objects.get(pk=books.pk).name == books.name
    assert not AuditEvent.objects.exists()
