"""The list of transactions: what it shows, how it is narrowed, paged and taken away."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.documents import Kind, Supplier
from portal.desk import paging
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from tests.desk.scene import Scene, a_scene
from tests.factories import CompanyFactory, LedgerConnectionFactory, a_document, accepted

pytestmark = pytest.mark.engine
LIST = "/transactions/"


def _numbers(client: Client, query: str = "") -> list[str]:
    """The documents' own numbers, in the order of the page."""
    return re.findall(r'<a class="strong number"[^>]*>([^<]*)</a>', client.get(LIST + query).content.decode())


def _receive_many(scene: Scene, count: int) -> list[str]:
    numbers = [f"INV{index:06d}" for index in range(1, count + 1)]
    for number in numbers:
        scene.receive(number=number)
    return numbers


def test_a_row_shows_both_numbers_and_what_the_source_was_told(scene: Scene) -> None:
    posting = scene.receive(number="INV000123")
    Transaction.objects.update(answered_number="JRN-0007", received_at=datetime(2026, 11, 20, 14, 3, 22, tzinfo=UTC))
    response = scene.client.get(LIST)
    for text in ("20 Nov 2026 14:03", "Invoice", "INV000123", "Crown Conference Centre", "P-000001", "JRN-0007"):
        assertContains(response, text)
    assertContains(response, '<data value="120.00">120.00</data> <span class="currency">GBP</span>')
    assertContains(response, "badge-posted")
    assertContains(response, f'class="number">{posting.external_number}</td>')
    assertContains(response, "iCompleat was told")


def test_times_are_on_the_tenants_clock_with_the_zone_on_hover(scene: Scene) -> None:
    scene.tenant.time_zone = "America/New_York"
    scene.tenant.save()
    scene.receive()
    Transaction.objects.update(received_at=datetime(2026, 7, 1, 2, 30, tzinfo=UTC))
    response = scene.client.get(LIST)
    assertContains(response, 'title="30 Jun 2026 22:30:00 EDT (America/New_York)">30 Jun 2026 22:30</time>')


def test_a_time_zone_that_does_not_exist_breaks_no_page(scene: Scene) -> None:
    scene.tenant.time_zone = "Middle/Earth"
    scene.tenant.save()
    scene.receive()
    assertContains(scene.client.get(LIST), "(UTC)")


def test_what_was_refused_says_so(scene: Scene) -> None:
    scene.refuse()
    response = scene.client.get(LIST)
    assertContains(response, "Rejected")
    assertContains(response, ">Refused</td>")


@pytest.mark.parametrize(
    "query,states",
    [
        ("posted", {"posted"}),
        ("attention", {"rejected", "held"}),
        ("under-way", {"ready", "sending", "awaiting", "unknown", "checking"}),
        ("closed", {"withdrawn", "void"}),
    ],
)
def test_states_are_asked_for_in_groups(demo: Scene, query: str, states: set[str]) -> None:
    for state in State:
        demo.in_state(state, number=state.value)
    assert set(_numbers(demo.client, f"?state={query}")) == states


def test_kinds_are_filtered(scene: Scene) -> None:
    scene.receive(number="INV1")
    scene.receive(number="CRN1", kind=Kind.CREDIT_NOTE)
    assert _numbers(scene.client, "?kind=credit_note") == ["CRN1"]


def test_days_are_the_tenants_days_and_both_ends_count(scene: Scene) -> None:
    """In New York the 2nd of March begins at 05:00 UTC."""
    scene.tenant.time_zone = "America/New_York"
    scene.tenant.save()
    moments = {
        "before": datetime(2026, 3, 2, 4, 59, 59, tzinfo=UTC),
        "first": datetime(2026, 3, 2, 5, 0, tzinfo=UTC),
        "last": datetime(2026, 3, 3, 4, 59, 59, tzinfo=UTC),
        "after": datetime(2026, 3, 3, 5, 0, tzinfo=UTC),
    }
    for number, moment in moments.items():
        posting = scene.receive(number=number)
        Transaction.objects.filter(pk=posting.transaction_id).update(received_at=moment)
    assert _numbers(scene.client, "?since=2026-03-02&until=2026-03-02") == ["last", "first"]
    assert _numbers(scene.client, "?since=2026-03-03") == ["after"]
    assert _numbers(scene.client, "?until=2026-03-01") == ["before"]


def test_companies_are_filtered_where_there_are_several(scene: Scene) -> None:
    second = LedgerConnectionFactory(company=CompanyFactory(tenant=scene.tenant, name="Southgate Ltd"))
    scene.receive(number="NORTH")
    accepted(second, a_document(number="SOUTH"))
    assert _numbers(scene.client) == ["SOUTH", "NORTH"]
    assert _numbers(scene.client, f"?company={second.company_id}") == ["SOUTH"]
    assertContains(scene.client.get(LIST), "Southgate Ltd")


@pytest.mark.parametrize(
    "query",
    [
        "P-000001",
        "p-1",
        "1",
        "jrn-0007",
        "inv000123",
        "ORD000056",
        " ord000056 ",
        "SI-48213",
        "108a6af2-890c-5487-9802-4708897d9888",
        "108A6AF2-890C-5487-9802-4708897D9888",
        "EXT-9",
        "ext-9",
    ],
)
def test_a_transaction_is_found_by_each_of_its_numbers(scene: Scene, query: str) -> None:
    posting = scene.receive(
        number="INV000123", order_number="ORD000056", external_id="108a6af2-890c-5487-9802-4708897d9888"
    )
    Transaction.objects.update(answered_number="JRN-0007")
    Posting.objects.filter(pk=posting.pk).update(external_number="EXT-9")
    scene.receive(number="INV000124", supplier_reference="SI-1")
    response = scene.client.get(LIST, {"q": query})
    assert re.findall(r'<a class="strong number"[^>]*>([^<]*)</a>', response.content.decode()) == ["INV000123"]


def test_a_search_for_nothing_that_exists_says_so(scene: Scene) -> None:
    scene.receive()
    response = scene.client.get(LIST, {"q": "INV9"})
    assertContains(response, "Nothing matches")
    assertContains(response, "Show all transactions")


@pytest.mark.parametrize(
    "query,complaint",
    [
        ("?state=lost", "Select a valid choice"),
        ("?company=7", "Select a valid choice"),
        ("?since=yesterday", "Enter a valid date"),
    ],
)
def test_a_filter_that_makes_no_sense_shows_no_rows(scene: Scene, query: str, complaint: str) -> None:
    scene.receive(number="INV000123")
    assertNotContains(scene.client.get(LIST + query), "INV000123")
    assert scene.client.get("/transactions.csv" + query).status_code == 400
    assertContains(scene.client.get(LIST + query), complaint)


def test_pages_follow_each_other_and_lose_no_row(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_SIZE", 3)
    numbers = _receive_many(scene, 7)
    client, walked, query = scene.client, [], ""
    backwards: list[str] = []
    for _ in range(3):
        body = client.get(LIST + query).content.decode()
        walked += re.findall(r'<a class="strong number"[^>]*>([^<]*)</a>', body)
        query = _link(body, "next")
        backwards.append(_link(body, "prev"))
    assert walked == numbers[::-1]
    assert query == ""
    assert backwards[0] == ""
    assert _numbers(client, backwards[2]) == numbers[::-1][3:6]
    assert _numbers(client, backwards[1]) == numbers[::-1][:3]
    assert _link(client.get(LIST + backwards[1]).content.decode(), "prev") == ""


def test_the_oldest_come_first_on_request(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_SIZE", 2)
    numbers = _receive_many(scene, 3)
    body = scene.client.get(f"{LIST}?sort=oldest").content.decode()
    assert _numbers(scene.client, "?sort=oldest") == numbers[:2]
    assert _numbers(scene.client, _link(body, "next")) == numbers[2:]


def test_a_row_that_arrives_in_between_moves_no_page(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_SIZE", 2)
    _receive_many(scene, 4)
    following = _link(scene.client.get(LIST).content.decode(), "next")
    scene.receive(number="LATE")
    assert _numbers(scene.client, following) == ["INV000002", "INV000001"]


def test_filters_stay_while_paging(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE_SIZE", 1)
    _receive_many(scene, 2)
    scene.receive(number="CRN", kind=Kind.CREDIT_NOTE)
    body = scene.client.get(f"{LIST}?kind=invoice").content.decode()
    assert _numbers(scene.client, _link(body, "next")) == ["INV000001"]


@pytest.mark.parametrize("query", ["?after=7", "?before=x"])
def test_a_position_that_is_none_does_not_exist(scene: Scene, query: str) -> None:
    assert scene.client.get(LIST + query).status_code == 404


def test_the_number_of_queries_does_not_grow(scene: Scene, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    """Session, user, companies, transactions, postings, the sources that the navigation names."""
    _receive_many(scene, 2)
    client = scene.client
    with django_assert_num_queries(6):
        client.get(LIST)
    _receive_many(a_scene(), 1)
    for index in range(20):
        scene.receive(number=f"MORE{index}")
    with django_assert_num_queries(6):
        client.get(LIST)
    with django_assert_num_queries(7):  # and the search
        client.get(f"{LIST}?q=INV000001&state=posted&kind=invoice&since=2020-01-01")
    with django_assert_num_queries(7):  # and how far may be looked
        client.get(f"{LIST}?state=posted&kind=invoice&since=2020-01-01")
    scene.refuse()
    with django_assert_num_queries(7):  # and whether the reader may tick what was refused
        client.get(LIST)


def test_no_page_looks_through_more_than_its_share(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind that hardly ever comes would be looked for in all of the log."""
    monkeypatch.setattr(paging, "LOOKED_THROUGH", 3)
    scene.receive(number="CRN-OLD", kind=Kind.CREDIT_NOTE)
    _receive_many(scene, 3)
    scene.receive(number="CRN-NEW", kind=Kind.CREDIT_NOTE)
    client = scene.client
    first = client.get(f"{LIST}?kind=credit_note").content.decode()
    assert re.findall(r'<a class="strong number"[^>]*>([^<]*)</a>', first) == ["CRN-NEW"]
    assert "3 transactions were looked through for this page. There are more." in first
    second = client.get(LIST + _link(first, "next")).content.decode()
    assert re.findall(r'<a class="strong number"[^>]*>([^<]*)</a>', second) == ["CRN-OLD"]
    assert "looked through" not in second
    assert _link(second, "next") == ""
    between = client.get(LIST + _link(second, "prev")).content.decode()
    assert "None of these 3 matches" in between
    assert _numbers(client, _link(between, "prev")) == ["CRN-NEW"]


def test_a_share_in_which_nothing_matches_leads_on(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LOOKED_THROUGH", 2)
    scene.receive(number="CRN-OLD", kind=Kind.CREDIT_NOTE)
    _receive_many(scene, 4)
    client, query = scene.client, "?kind=credit_note"
    seen: list[list[str]] = []
    while query and len(seen) < 5:
        body = client.get(LIST + query).content.decode()
        seen.append(re.findall(r'<a class="strong number"[^>]*>([^<]*)</a>', body))
        assert ("None of these 2 matches" in body) == (not seen[-1])
        query = _link(body, "next")
    assert seen == [[], [], ["CRN-OLD"]]


def test_a_log_of_just_one_share_has_no_more(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "LOOKED_THROUGH", 2)
    _receive_many(scene, 2)
    assertContains(scene.client.get(f"{LIST}?kind=credit_note"), "Nothing matches")


@pytest.mark.parametrize("query", ["?q=INV000001&kind=invoice", "?state=attention&kind=invoice", "?sort=oldest"])
def test_what_an_index_finds_is_found_however_old_it_is(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(paging, "LOOKED_THROUGH", 1)
    scene.refuse(number="INV000001")
    for index in range(3):
        scene.receive(number=f"LATER{index}")
    assert "INV000001" in _numbers(scene.client, query)


NUMBER_INDEXES = (
    "transaction_by_answered", "transaction_by_source_number", "transaction_by_order_number",
    "transaction_by_supplier_ref", "transaction_by_external_id", "one_use_of_a_portal_number",
    "posting_by_external_number", "posting_by_external_id",
)  # fmt: skip


def test_a_search_reads_each_numbers_own_index(scene: Scene) -> None:
    # With few rows, and whatever statistics stand there, PostgreSQL takes any index, or walks along the key.
    _receive_many(scene, 300 if connection.vendor == "postgresql" else 3)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE postings_transaction, postings_posting")
    with CaptureQueriesContext(connection) as asked:
        scene.client.get(LIST, {"q": "INV000002"})
    (search,) = [one["sql"] for one in asked if "UNION" in one["sql"]]
    plan = _plan(search)
    missing = [name for name in NUMBER_INDEXES if name not in plan and not _is_made_by_sqlite(name, plan)]
    assert missing == [], plan
    assert re.findall(r"Seq Scan on postings_|SCAN postings_\w+(?! USING)", plan) == []


def _plan(sql: str) -> str:
    """How the database would go about it in tables that are large."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + sql)
        return "\n".join(str(row) for row in cursor.fetchall())


def _is_made_by_sqlite(name: str, plan: str) -> bool:
    """A constraint inside of its table has an index without a name of ours there."""
    return name == "one_use_of_a_portal_number" and bool(re.search(r"INDEX sqlite_autoindex\w* \(number=\?\)", plan))


def test_nothing_is_counted(scene: Scene) -> None:
    _receive_many(scene, 1)
    client = scene.client
    with CaptureQueriesContext(connection) as asked:
        client.get(LIST)
    assert [query["sql"] for query in asked if "COUNT(" in query["sql"].upper()] == []


def test_an_empty_list_says_what_to_do_first(scene: Scene) -> None:
    response = scene.client.get(LIST)
    assertContains(response, "Nothing has come in for Northgate Training Ltd yet")
    assertContains(response, "Postroom ledger is linked.")
    assertContains(response, "Connect what sends documents.")
    assertNotContains(response, "Nothing matches")


def test_one_company_leads_straight_to_its_page(scene: Scene) -> None:
    response = scene.client.get("/")
    assert (response.status_code, response.headers["Location"]) == (302, f"/companies/{scene.company.pk}/")


def test_several_companies_are_listed_with_what_needs_a_person(
    scene: Scene, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    CompanyFactory(tenant=scene.tenant, name="Southgate Ltd")
    scene.refuse()
    scene.refuse()
    scene.receive()
    client = scene.client
    with django_assert_num_queries(7):  # session, user, companies, connections, counts, latest, membership
        response = client.get("/")
    assertContains(response, f'href="{LIST}?company={scene.company.pk}&amp;state=attention"')
    assertContains(response, "</svg>2</span>")
    assertContains(response, "None linked yet")


def test_who_belongs_to_no_company_is_told_what_to_do(db: None, client: Client, django_user_model: Any) -> None:
    client.force_login(django_user_model.objects.create_user("alone"))
    assertContains(client.get("/"), "You belong to no company yet")


# --- CSV -----------------------------------------------------------------------------------------------------------


def _file(client: Client, query: str = "") -> list[dict[str, str]]:
    response = client.get(reverse("desk:export") + query)
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="transactions-\d{8}-\d{4}\.csv"', response.headers["Content-Disposition"]
    )
    text = b"".join(response).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


def test_the_file_holds_the_filtered_list(scene: Scene) -> None:
    scene.receive(number="INV000123", order_number="ORD000056")
    scene.receive(number="CRN000009", kind=Kind.CREDIT_NOTE)
    Transaction.objects.update(received_at=datetime(2026, 7, 1, 12, 0, tzinfo=UTC), answered_number="JRN-1")
    (row,) = _file(scene.client, "?kind=invoice")
    posting = Posting.objects.get(transaction__source_number="INV000123")
    assert row == {
        "Received": "2026-07-01 13:00",
        "Time zone": "Europe/London",
        "Company": "Northgate Training Ltd",
        "Kind": "Invoice",
        "Number": "INV000123",
        "Supplier": "Crown Conference Centre",
        "Order number": "ORD000056",
        "Supplier's reference": "SI-48213",
        "Document date": "2026-03-14",
        "Currency": "GBP",
        "Net": "100.00",
        "Tax": "20.00",
        "Gross": "120.00",
        "State": "Posted",
        "Reason": "",
        "Portal number": "P-000001",
        "Accounting system": "Postroom ledger",
        "Accounting number": posting.external_number,
        "Source was told": "JRN-1",
        "External id": posting.transaction.external_id,
    }


@pytest.mark.parametrize(
    "name", ["=HYPERLINK(1)", "+44", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\N{FULLWIDTH EQUALS SIGN}1+1"]
)
def test_no_cell_is_taken_for_a_formula(scene: Scene, name: str) -> None:
    scene.receive(party=Supplier(code="CROWN01", name=name))
    assert _file(scene.client)[0]["Supplier"] == f"'{name}"


def test_a_negative_amount_stays_a_number(scene: Scene) -> None:
    posting = scene.receive()
    Transaction.objects.filter(pk=posting.transaction_id).update(gross="-12.50")
    assert _file(scene.client)[0]["Gross"] == "-12.50"


def test_the_file_is_complete_over_many_batches(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr("portal.desk.export.BATCH", 2)
    numbers = _receive_many(scene, 5)
    assert [row["Number"] for row in _file(scene.client)] == numbers[::-1]
    assert [row["Number"] for row in _file(scene.client, "?sort=oldest")] == numbers


def _link(body: str, rel: str) -> str:
    """The query of the link to the next or previous page; empty where there is none."""
    found = re.search(rf'rel="{rel}" href="(\?[^"]*)"', body)
    return found[1].replace("&amp;", "&") if found else ""
