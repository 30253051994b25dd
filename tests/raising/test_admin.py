"""Raised transactions as staff see them: read-only, found by any number, each with its posting."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.errors import Rejected
from portal.connections.models import Connection
from portal.postings.work import run
from portal.raising.linking import link
from portal.raising.models import Raised
from portal.raising.statuses import Status
from portal.tenants.models import Company
from tests.factories import StaffFactory, accepted
from tests.raising.asking import raised, wanted
from tests.raising.fake_source import Trays
from tests.raising.test_way import back

pytestmark = pytest.mark.django_db
LIST = "/admin/raising/raised/"


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(StaffFactory.create())
    return client


def keys(staff: Client, query: str) -> set[str]:
    """The rows that a list shows, by their links."""
    text = staff.get(LIST + query).content.decode()
    return {one.caller_key for one in Raised.objects.all() if reverse(_page("change"), args=[one.pk]) in text}


def _page(name: str) -> str:
    return f"admin:raising_raised_{name}"


@pytest.fixture
def three(company: Company, source: Connection, books: Connection, trays: Trays) -> list[Raised]:
    """One came back, one is at the source, one was refused."""
    first, second, third = raised(company, wanted("one"), wanted("two"), wanted("three"))
    run(first.posting_id)
    run(second.posting_id)

    def refuse() -> None:
        raise Rejected("The layout is not known.")

    trays.before_taking = refuse
    run(third.posting_id)
    accepted(books, back("AAAA-0001"))
    assert link(Raised.objects.all()) == 1
    return [first, second, third]


def test_the_list_is_filtered_by_status_and_searched_by_any_number(staff: Client, three: list[Raised]) -> None:
    assert keys(staff, "") == {"one", "two", "three"}
    assert keys(staff, f"?status={Status.CAME_BACK}") == {"one"}
    assert keys(staff, f"?status={Status.AT_SOURCE}") == {"two"}
    assert keys(staff, f"?status={Status.REFUSED}") == {"three"}
    assert keys(staff, f"?status={Status.DENIED}") == set()
    assert [keys(staff, f"?q={text}") for text in ("two", "P-000003", "REQ0002", "P-000004", "nothing")] == [
        {"two"}, {"three"}, {"two"}, {"one"}, set(),
    ]  # fmt: skip


def test_a_page_shows_the_posting_and_what_came_back(staff: Client, three: list[Raised]) -> None:
    first, _, third = three
    first.refresh_from_db()
    text = staff.get(reverse(_page("change"), args=[first.pk])).content.decode()
    assert first.came_back is not None
    for address in (
        reverse("admin:postings_posting_change", args=[first.posting_id]),
        reverse("admin:postings_transaction_change", args=[first.posting.transaction_id]),
        reverse("admin:postings_transaction_change", args=[first.came_back.pk]),
    ):
        assert address in text
    assert "The layout is not known." in staff.get(reverse(_page("change"), args=[third.pk])).content.decode()


def test_nobody_changes_a_row_by_hand(staff: Client, three: list[Raised]) -> None:
    before = list(Raised.objects.order_by("pk").values())
    row = three[0].pk
    for name, args in (("add", []), ("change", [row]), ("delete", [row])):
        assert staff.post(reverse(_page(name), args=args), {"caller_key": "x", "post": "yes"}).status_code == 403
    assert list(Raised.objects.order_by("pk").values()) == before


def test_a_list_costs_the_same_however_long_it_is(staff: Client, company: Company, three: list[Raised]) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            staff.get(LIST)
        return len(captured)

    few = queries()
    raised(company, *[wanted(f"more-{n}") for n in range(20)])
    assert queries() == few
