"""A company's way to its accounting system begins, before anybody was let in."""

from __future__ import annotations

import pytest
from django.utils import timezone

from ledger.models import Books
from portal.connections.access.linked import CannotLink, unlink
from portal.connections.beginning import begin, open_books
from portal.connections.models import Connection, IntegrationSettings, Status
from portal.events.models import AuditEvent
from portal.tenants.models import Company
from tests.factories import CompanyFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def company() -> Company:
    made: Company = CompanyFactory.create(live_at=None, name="Northgate Ltd", base_currency="EUR")
    return made


def offer_codat() -> None:
    IntegrationSettings.objects.create(
        integration="codat", settings={"base_url": "http://127.0.0.1:9"}, secrets={"api_key": "a-key"}
    )


def test_a_connection_waits_for_a_platform_and_then_for_a_visit(company: Company) -> None:
    offer_codat()
    blank = begin(company, "codat", who="olga")
    assert blank.status == Status.BLANK
    chosen = begin(company, "codat", who="olga", settings={"platform": "gbol"})
    assert (chosen.pk, chosen.status, chosen.settings) == (blank.pk, Status.PENDING_AUTH, {"platform": "gbol"})
    begin(company, "codat", who="olga", settings={"platform": "gbol"})
    assert AuditEvent.objects.filter(verb="connection.begun", company_id=company.pk).count() == 2


def test_what_needs_no_platform_waits_for_its_form(company: Company) -> None:
    assert begin(company, "odoo", who="olga").status == Status.PENDING_AUTH


def test_another_choice_takes_the_place_of_one_that_was_never_linked(company: Company) -> None:
    first, second = begin(company, "odoo", who="olga"), begin(company, "tryton", who="olga")
    first.refresh_from_db()
    assert (first.status, second.status) == (Status.UNLINKED, Status.PENDING_AUTH)


@pytest.mark.parametrize("status", [Status.LINKED, Status.DEAUTHORISED, Status.PENDING_AUTH])
def test_what_was_linked_has_to_be_unlinked_first(company: Company, status: Status) -> None:
    found = begin(company, "odoo", who="olga")
    Connection.objects.filter(pk=found.pk).update(status=status, linked_at=timezone.now())
    for slug in ("tryton", "odoo"):
        with pytest.raises(CannotLink, match="Northgate Ltd is linked to Odoo already"):
            begin(company, slug, who="olga")
    found.refresh_from_db()
    assert found.status == status


def test_nothing_begins_that_is_not_offered_or_for_a_closed_company(company: Company) -> None:
    with pytest.raises(CannotLink, match="Codat is not offered here"):
        begin(company, "codat", who="olga")
    with pytest.raises(CannotLink, match="Odoo has no setting api_key"):
        begin(company, "odoo", who="olga", settings={"api_key": "a-secret-is-no-setting"})
    company.closed_at = timezone.now()
    with pytest.raises(CannotLink, match="is closed"):
        begin(company, "odoo", who="olga")
    assert not Connection.objects.exists()


def test_books_are_opened_in_the_currency_of_the_company_and_confirmed_at_once(company: Company) -> None:
    connection = open_books(begin(company, "ledger", who="olga"), who="olga")
    connection.refresh_from_db()
    books = Books.objects.get()
    assert (connection.status, connection.paused, connection.settings) == (
        Status.LINKED, False, {"books": str(books.pk)},
    )  # fmt: skip
    assert (books.name, books.base_currency, connection.there) == ("Northgate Ltd", "EUR", {"base_currency": "EUR"})
    assert connection.confirmed_at == connection.linked_at
    open_books(connection, who="olga")
    assert Books.objects.count() == 1


def test_books_of_before_are_taken_up_again(company: Company) -> None:
    first = open_books(begin(company, "ledger", who="olga"), who="olga")
    unlink(first, who="olga", why="A try.")
    again = open_books(begin(company, "ledger", who="olga"), who="olga")
    assert (again.pk != first.pk, again.settings) == (True, first.settings)
    assert Books.objects.count() == 1


def test_a_system_that_is_linked_by_a_form_opens_no_books(company: Company) -> None:
    with pytest.raises(CannotLink, match="Odoo makes no books by itself"):
        open_books(begin(company, "odoo", who="olga"), who="olga")
