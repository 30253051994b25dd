"""The dashboard: what it shows, what it costs, and that it stays true while it is looked at."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO

import pytest
import time_machine
from django.db import connection as database
from django.db.models import OuterRef, Subquery
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from portal.connections.models import AccessGrant, Connection, Endpoint
from portal.desk.dashboard.bounded import newest_first
from portal.intake.models import Verdict
from portal.postings.figures.counting import count
from portal.postings.models import Transaction
from portal.postings.states import State
from portal.tenants.models import Company, Member, Role
from tests.admin.world import delivery
from tests.desk.scene import Scene, a_demo_scene
from tests.desk.syncs import a_sync
from tests.environment import database_kind
from tests.factories import CompanyFactory, MemberFactory, SourceConnectionFactory, with_token
from tests.postings.figures.days import count_all, moved
from tests.postings.test_growth import rows_read

pytestmark = pytest.mark.engine
PAGES = ("company", "company-now")
NOW = datetime(2026, 7, 14, 13, 3, tzinfo=UTC)


def page(scene: Scene, name: str = "company") -> str:
    """Its address."""
    return reverse(f"desk:{name}", args=[scene.company.pk])


@pytest.fixture
def noon() -> Iterator[None]:
    """14:03 in London."""
    with time_machine.travel(NOW, tick=False):
        yield


# --- what it shows ---------------------------------------------------------------------------------------------------


def test_figures_of_today_and_of_the_month(demo: Scene, source: Connection, noon: None) -> None:
    for back, state in ((0, State.POSTED), (0, State.REJECTED), (9, State.POSTED), (20, State.POSTED)):
        moved(demo.in_state(state), NOW - timedelta(days=back, minutes=30), timedelta(seconds=9))
    count(NOW)
    body = demo.client.get(page(demo)).content.decode()
    assert _row(body, "Received") == ("2", "3")
    assert _row(body, "Posted") == ("1", "2")
    assert _row(body, "Rejected") == ("1", "1")
    assert _row(body, "Median time to a number") == ("8.3 s", "8.3 s")  # 9 s, within a fifth
    assert "Counted up to" in body
    assert "14 Jul 2026 14:01</time>" in body


def _row(body: str, word: str) -> tuple[str, str]:
    found = re.search(rf'<th scope="row">{word}</th><td[^>]*>([^<]*)</td><td[^>]*>([^<]*)</td>', body)
    assert found, word
    return found[1], found[2]


def test_the_charts_have_words_for_who_does_not_see_them(demo: Scene, noon: None) -> None:
    moved(demo.in_state(State.POSTED), NOW - timedelta(days=3), timedelta(seconds=40))
    count(NOW)
    body = demo.client.get(page(demo)).content.decode()
    assert 'role="img" aria-labelledby="posted-title posted-about"' in body
    assert "1 posted in 30 days; the most on 11 Jul 2026: 1." in body
    assert "<title>11 Jul 2026: 1 posted</title>" in body
    assert re.search(r"<title>11 Jul 2026: median (3\d|4\d) s</title>", body)
    assert body.count('<rect class="chart-bar"') == 1
    assert len(re.findall(r'<th scope="row" data-label="Day"', body)) == 30


def test_before_anything_happened_it_says_what_will_come(demo: Scene, source: Connection) -> None:
    response = demo.client.get(page(demo))
    assertContains(response, "Nothing was posted in these 30 days.")
    assertContains(response, "Nothing was counted yet")
    assertContains(response, "None yet", count=3)
    assertNotContains(response, "chart-drawing")


def test_the_connections_are_told_with_what_happened_last(demo: Scene, source: Connection) -> None:
    posting = demo.in_state(State.POSTED)
    endpoint, _ = with_token(connection=source)
    delivery(endpoint, Verdict.ACCEPTED, posting)
    run = a_sync(demo.connection)
    ends_at = timezone.now() + timedelta(minutes=50)
    AccessGrant.objects.create(connection=demo.connection, expires_at=ends_at)
    response = demo.client.get(page(demo))
    assertContains(response, "Linked</span>", count=2)
    assertContains(response, posting.external_number)
    assertContains(response, reverse("desk:run", args=[demo.company.pk, run.pk]))
    assertContains(response, "Renewed by itself.")
    assertNotContains(response, "None yet")


def test_what_stands_now_leads_to_its_list(demo: Scene, source: Connection) -> None:
    for state in (State.READY, State.UNKNOWN, State.SENDING, State.HELD):
        demo.in_state(state)
    a_demo_scene().in_state(State.READY)
    body = demo.client.get(page(demo)).content.decode()
    found = re.findall(r'<a id="standing-([a-z-]+)" class="strong" href="[^"]*state=([a-z-]+)">(\d+)<', body)
    assert found == [("waiting", "under-way", "2"), ("under-way", "under-way", "1"), ("person", "attention", "1")]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"live_at": None}, "is not live yet"),
        ({"live_at": NOW + timedelta(days=4_000)}, "is not live yet"),
        ({"closed_at": NOW}, "is closed since"),
    ],
)
def test_a_company_that_takes_nothing_in_says_so(demo: Scene, fields: dict[str, object], said: str) -> None:
    Company.objects.filter(pk=demo.company.pk).update(**fields)
    assertContains(demo.client.get(page(demo)), f"Harbour Street Studios Ltd {said}")


def test_a_live_company_says_nothing_of_it(demo: Scene) -> None:
    assertNotContains(demo.client.get(page(demo)), "not live yet")


def test_who_is_not_live_is_shown_the_way(demo: Scene) -> None:
    Company.objects.update(live_at=None)
    assertContains(demo.client.get(page(demo)), f'href="{reverse("desk:set-up", args=[demo.company.pk])}"')


# --- it stays true ---------------------------------------------------------------------------------------------------


def test_a_part_of_it_is_asked_for_every_half_minute(demo: Scene) -> None:
    body = demo.client.get(page(demo)).content.decode()
    assert f'id="now" hx-get="{page(demo, "company-now")}" hx-trigger="every 30s" hx-swap="outerHTML"' in body
    part = demo.client.get(page(demo, "company-now"), headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div class="now" id="now" hx-get=')
    assert "<html" not in part
    assert "chart" not in part


def test_every_link_that_is_replaced_has_an_id_so_that_the_focus_stays(demo: Scene, source: Connection) -> None:
    demo.in_state(State.HELD)
    part = demo.client.get(page(demo, "company-now")).content.decode()
    links = re.findall(r"<a [^>]*>", part)
    assert links
    assert [link for link in links if ' id="' not in link] == []
    ids = re.findall(r' id="([^"]+)"', part)
    assert len(ids) == len(set(ids))


# --- the file --------------------------------------------------------------------------------------------------------


def test_the_days_can_be_taken_away(demo: Scene, noon: None) -> None:
    moved(demo.in_state(State.POSTED), NOW - timedelta(days=1), timedelta(seconds=60))
    demo.in_state(State.REJECTED)
    count_all()
    response = demo.client.get(page(demo, "company-days"))
    assert response.headers["Content-Disposition"] == 'attachment; filename="days-20260714.csv"'
    rows = list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"), newline="")))
    assert len(rows) == 30
    assert (rows[0]["Day"], rows[0]["Rejected"], rows[0]["Median seconds to a number"]) == ("2026-07-14", "1", "")
    assert (rows[1]["Posted"], rows[1]["Time zone"]) == ("1", "Europe/London")
    assert float(rows[1]["Median seconds to a number"]) == pytest.approx(60, rel=0.19)


def test_the_first_document_of_a_new_company_is_seen_at_once(demo: Scene) -> None:
    demo.in_state(State.POSTED)
    for name in PAGES:
        body = demo.client.get(page(demo, name)).content.decode()
        assert (_row(body, "Received"), _row(body, "Posted")) == (("1", "1"), ("1", "1"))
        assert "Nothing was counted yet" not in body
    assert "1 posted in 30 days" in demo.client.get(page(demo)).content.decode()


# --- what it costs ---------------------------------------------------------------------------------------------------


def _full(scene: Scene, source: Connection, times: int) -> None:
    for number in range(times):
        for state in State:
            scene.in_state(state, number=f"{state.value}-{number}")
        a_sync(scene.connection)
    endpoint, _ = with_token(connection=source)
    delivery(endpoint, Verdict.ACCEPTED)
    count_all()


@pytest.mark.parametrize("name", ["company", "company-now", "company-days"])
def test_the_number_of_queries_does_not_grow(demo: Scene, source: Connection, name: str) -> None:
    _full(demo, source, 1)
    client, asked = demo.client, []
    for more in (3, 7, 0):
        with CaptureQueriesContext(database) as queries:
            client.get(page(demo, name))
        asked.append(len(queries))
        _full(demo, source, more)
    assert asked[0] == asked[1] <= 24
    assert asked[2] < asked[0], "who has many is shown what was counted"


if database_kind() == "postgres":

    @pytest.mark.django_db(transaction=True)
    def test_nothing_reads_the_history() -> None:
        """Nor more than is counted of what needs a person; nor anybody else's for a company that has none."""
        scene, beside = a_demo_scene(), a_demo_scene()
        empty = CompanyFactory(tenant=scene.tenant)
        for one in (scene, beside):
            _full(one, SourceConnectionFactory.create(company=one.company), 30)
            for verdict in (Verdict.ACCEPTED, Verdict.REFUSED):
                for _ in range(60):
                    delivery(Endpoint.objects.get(connection__company=one.company), verdict)
        analyse()
        client = scene.client
        addresses = ["/", *(reverse(f"desk:{name}", args=[one.pk]) for one in (scene.company, empty) for name in PAGES)]
        few = {address: _read(partial(client.get, address)) for address in addresses}
        for one in (scene, beside):
            for number in range(120):
                for state in (State.POSTED, State.WITHDRAWN, State.REJECTED):
                    one.in_state(state, number=f"{state.value}-more-{number}")
        count_all()
        analyse()
        many = {address: _read(partial(client.get, address)) for address in addresses}
        assert {address: (few[address], read) for address, read in many.items() if read > few[address] + 15} == {}

    @pytest.mark.django_db(transaction=True)
    def test_the_latest_of_a_company_without_any_is_not_looked_for_among_the_others() -> None:
        """To a plan that is made for any company, all rows are those of the one that it knows."""
        scene = a_demo_scene()
        for _ in range(150):
            scene.receive()
        empty = CompanyFactory(tenant=scene.tenant)
        analyse()
        rows = Company.objects.filter(pk=empty.pk)
        latest = Subquery(newest_first(Transaction.objects.all(), OuterRef("pk")).values("pk")[:1])
        assert rows_read(lambda: list(rows.annotate(latest=latest).values_list("latest"))) < 10

    def analyse() -> None:
        """The ORM's statements are planned anew each time, by what the server knows of the tables."""
        with database.cursor() as cursor:
            cursor.execute("ANALYZE")


def _read(what: Callable[[], object]) -> float:
    what()
    return rows_read(what)


# --- the start page --------------------------------------------------------------------------------------------------


def test_with_one_company_the_start_page_is_its_dashboard(demo: Scene) -> None:
    response = demo.client.get("/")
    assert (response.status_code, response.headers["Location"]) == (302, page(demo))


def test_with_one_company_another_can_be_added_from_there(demo: Scene) -> None:
    url = reverse("desk:company-new", args=[demo.tenant.pk])
    assertContains(demo.client.get(page(demo)), f'href="{url}"')
    Member.objects.update(role=Role.VIEWER)
    assertNotContains(demo.client.get(page(demo)), url)


def test_several_companies_are_listed(demo: Scene) -> None:
    CompanyFactory(tenant=demo.tenant, name="Southgate Ltd", live_at=None)
    CompanyFactory(tenant=demo.tenant, name="Closed Ltd", closed_at=NOW)
    for _ in range(2):
        demo.in_state(State.HELD)
    client = demo.client
    with CaptureQueriesContext(database) as queries:
        response = client.get("/")
    assert len(queries) == 7  # session, user, companies, connections, counts, latest, where one may add
    assertContains(response, f'href="{page(demo)}"')
    assertContains(response, f"?company={demo.company.pk}&amp;state=attention")
    assertContains(response, "</svg>2</span>")
    for word in ("Live", "Not live", "Closed", "None linked yet", "Linked"):
        assertContains(response, word)
    assertNotContains(response, 'role="search"')
    assertContains(response, f'href="{reverse("desk:company-new", args=[demo.tenant.pk])}"')


def test_no_more_than_fifty_are_counted_on_the_start_page(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.desk.dashboard.bounded.MOST_COUNTED", 1)
    CompanyFactory(tenant=demo.tenant)
    demo.in_state(State.HELD)
    assertContains(demo.client.get("/"), "</svg>1</span>")
    demo.in_state(State.REJECTED)
    demo.in_state(State.REJECTED)
    assertContains(demo.client.get("/"), "</svg>1+</span>")


def test_many_companies_can_be_searched(demo: Scene) -> None:
    for number in range(11):
        CompanyFactory(tenant=demo.tenant, name=f"Northgate {number} Ltd")
    response = demo.client.get("/?q=GATE 7")
    assertContains(response, "Northgate 7 Ltd")
    assertNotContains(response, "Northgate 8 Ltd")
    assertContains(response, '<label for="filter-q">Name</label>')
    assertContains(demo.client.get("/?q=kestrel"), "Nothing matches")


def test_who_has_no_company_yet_may_add_the_first(db: None) -> None:
    member = MemberFactory.create()
    scene = Scene(member.tenant, Company(), Connection(), member.user)
    response = scene.client.get("/")
    assertContains(response, "You belong to no company yet")
    assertContains(response, f'href="{reverse("desk:company-new", args=[member.tenant_id])}"')
    Member.objects.update(role=Role.VIEWER)
    assertNotContains(scene.client.get("/"), "Add a company")
