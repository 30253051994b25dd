"""Reference data on a company's pages: how each kind stands, its runs, its rows, and what a person decides."""

from __future__ import annotations

import csv
import html
import re
from datetime import time
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.connections.models import Connection, Status
from portal.connections.registry import source as source_of
from portal.desk import keyset
from portal.desk.syncing import summary
from portal.reference import tasks
from portal.reference.sync.models import Change, Record, SyncRun, SyncSchedule, SyncState
from tests.desk.scene import Scene
from tests.desk.syncs import a_change, a_record, a_schedule, a_sync, an_incomplete_list, refused
from tests.factories import CompanyFactory, SourceConnectionFactory

pytestmark = pytest.mark.engine
KINDS = ["supplier", "account", "tax", "currency", "delivery_site", "dimension"]
WHY = "It was only a test."


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs for which a door rang."""
    ids: list[int] = []
    monkeypatch.setattr(tasks, "ring", ids.append)
    return ids


@pytest.fixture
def source(demo: Scene) -> Connection:
    """A finished link to iCompleat."""
    defaults = {one.key: one.default for one in source_of("icompleat").metadata.settings if not one.secret}
    settings = {**defaults, "base_url": "https://api.example", "tenant_id": "t", "company_id": "c"}
    source: Connection = SourceConnectionFactory.create(
        company=demo.company, settings=settings, secrets={"security_key": "k"}
    )
    return source


def address(scene: Scene, name: str, *more: object) -> str:
    return reverse(f"desk:{name}", args=[scene.company.pk, *more])


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def page(scene: Scene, name: str, *more: object, query: str = "") -> str:
    response = scene.client.get(address(scene, name, *more) + query)
    assert response.status_code == 200
    return text_of(response)


def post(scene: Scene, name: str, *more: object, **data: str) -> Any:
    return scene.client.post(address(scene, name, *more), data, follow=True)


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# --- what stands on the page ------------------------------------------------------------------------------------------


def test_without_an_accounting_system_it_says_what_to_do_first(scene: Scene) -> None:
    bare = CompanyFactory.create(tenant=scene.tenant)
    body = text_of(scene.client.get(reverse("desk:reference", args=[bare.pk])))
    assert "Link an accounting system first" in body
    assert "Sync all" not in body


def test_a_system_that_tells_nothing_is_named(demo: Scene) -> None:
    Connection.objects.update(integration="unheard-of")
    assert "unheard-of tells no reference data" in page(demo, "reference")


def test_without_icompleats_api_the_rows_go_nowhere_and_it_says_so(demo: Scene) -> None:
    assert "so what is read stays here and goes nowhere" in page(demo, "reference")


def test_with_it_nothing_of_that_is_said(demo: Scene, source: Connection) -> None:
    assert "goes nowhere" not in page(demo, "reference")


def test_each_kind_has_its_row_and_a_schedule_from_the_start(demo: Scene, source: Connection) -> None:
    body = page(demo, "reference")
    assert re.findall(r'id="sync-(\w+)"', body) == KINDS
    assert body.count("Daily at 00:00 (Europe/London)") == len(KINDS)
    assert body.count("badge-closed") == len(KINDS)
    assert SyncSchedule.objects.filter(connection=demo.connection).count() == len(KINDS)


def test_codats_words_counts_and_an_incomplete_list_are_said(demo: Scene, source: Connection) -> None:
    a_sync(demo.connection, source=source, added=3, removed=1)
    a_record(demo.connection, "ONE")
    refused(demo.connection, "TWO", "Its code is too long.")
    an_incomplete_list(source)
    body = page(demo, "reference")
    assert re.search(r"badge-posted.*?Complete</span>", body)
    for text in ("3 added, 1 removed", "1 refused by iCompleat", "list is incomplete since"):
        assert text in body


def test_a_list_that_is_being_replaced_did_not_break_off(demo: Scene, source: Connection) -> None:
    a_sync(demo.connection, SyncState.PROCESSING, source=source)
    an_incomplete_list(source, broke_off_at=None)
    body = page(demo, "reference")
    assert "is being replaced and is incomplete until this ends" in body
    assert "broke off" not in body


def test_a_run_under_way_is_asked_for_again_until_it_ends(demo: Scene, source: Connection) -> None:
    run = a_sync(demo.connection, SyncState.PROCESSING, source=source, done=200, total=1000)
    for name, more in (("reference", ()), ("reference-progress", ()), ("run", (run.pk,)), ("run-progress", (run.pk,))):
        body = page(demo, name, *more)
        assert 'hx-trigger="every 2s"' in body, name
        assert "Sending to iCompleat: 200 of 1,000" in body
        assert '<progress value="200" max="1000"' in body
    assert 'id="sync-supplier" class="button" disabled' in page(demo, "reference")
    SyncRun.objects.update(state=SyncState.COMPLETE, lease_token=None, lease_until=None)
    assert "hx-get" not in page(demo, "reference-progress")
    ended = demo.client.get(address(demo, "run-progress", run.pk))
    assert (ended.headers["HX-Refresh"], ended.content) == ("true", b"")
    assert "hx-get" not in page(demo, "run", run.pk)


def test_what_waits_for_a_person_is_not_asked_for_again(demo: Scene, source: Connection) -> None:
    a_sync(demo.connection, SyncState.VALIDATION_QUEUED, source=source, message="1,197 would disappear.")
    body = page(demo, "reference")
    assert "hx-get" not in body
    assert "Look and decide" in body


def test_a_part_that_is_asked_for_after_logging_out_reloads_the_page(demo: Scene) -> None:
    answer = Client().get(address(demo, "reference-progress"), headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("name", ["reference", "reference-progress", "runs", "records"])
def test_more_rows_cost_no_more_queries(
    demo: Scene, source: Connection, name: str, django_assert_num_queries: Any
) -> None:
    more = ("supplier",) if name == "records" else ()
    client, asked = demo.client, address(demo, name, *more)
    page(demo, "reference")
    a_sync(demo.connection, source=source, asked_by=demo.user)
    a_record(demo.connection, "FIRST")
    client.get(asked)
    with django_assert_num_queries({"reference": 13, "reference-progress": 12, "runs": 6, "records": 7}[name]):
        client.get(asked)
    for number in range(20):
        a_sync(demo.connection, source=source, asked_by=demo.user, kind=KINDS[number % 6])
        a_record(demo.connection, f"N{number}")
        an_incomplete_list(source, dimension=str(number))
    with django_assert_num_queries({"reference": 13, "reference-progress": 12, "runs": 6, "records": 7}[name]):
        client.get(asked)


# --- what is asked for and decided ------------------------------------------------------------------------------------


def test_one_kind_is_synchronised_now(demo: Scene, source: Connection, rung: list[int]) -> None:
    response = post(demo, "sync", "tax")
    run = SyncRun.objects.get()
    assert (run.kind, run.state, run.is_full, run.asked_by, run.source) == (
        "tax", SyncState.QUEUED, False, demo.user, source,
    )  # fmt: skip
    assert rung == [run.pk]
    assert response.redirect_chain == [(address(demo, "reference"), 302)]


def test_a_second_one_is_refused_with_the_name_of_the_first(demo: Scene, source: Connection, rung: list[int]) -> None:
    a_sync(demo.connection, SyncState.PROCESSING, source=source, done=300, total=1000)
    assert said(post(demo, "sync", "supplier"))[0].startswith(
        "Suppliers: a sync is running already (sending, 300 of 1,000, since "
    )
    assert (SyncRun.objects.count(), rung) == (1, [])


def test_all_kinds_at_once_names_what_runs_already(demo: Scene, source: Connection, rung: list[int]) -> None:
    running = a_sync(demo.connection, SyncState.PROCESSING, source=source)
    messages = said(post(demo, "sync-all"))
    assert len(messages) == 1
    assert "Suppliers: a sync is running already" in messages[0]
    made = SyncRun.objects.exclude(pk=running.pk)
    assert sorted(run.kind for run in made) == sorted(set(KINDS) - {"supplier"})
    assert sorted(rung) == sorted(run.pk for run in made)


def test_everything_is_sent_again_when_somebody_asks_for_it(demo: Scene, source: Connection) -> None:
    response = post(demo, "sync", "supplier", full="yes")
    run = SyncRun.objects.get()
    assert run.is_full
    assert response.redirect_chain == [(address(demo, "run", run.pk), 302)]
    assert "everything is sent again" in text_of(response)


def test_a_system_that_cannot_be_read_says_why(demo: Scene, rung: list[int]) -> None:
    Connection.objects.update(status=Status.DEAUTHORISED)
    assert "Link it first." in said(post(demo, "sync", "supplier"))[0]
    assert rung == []


@pytest.mark.parametrize("name", ["sync", "schedule", "records"])
def test_a_kind_that_there_is_not_is_not_found(demo: Scene, name: str) -> None:
    method = demo.client.post if name == "sync" else demo.client.get
    assert method(address(demo, name, "unheard-of")).status_code == 404


def test_a_schedule_is_changed(demo: Scene) -> None:
    response = post(demo, "schedule", "supplier", frequency="weekly", at="06:30", weekday="4", day="1")
    kept = SyncSchedule.objects.get(connection=demo.connection, kind="supplier")
    assert (kept.frequency, kept.at, kept.weekday) == ("weekly", time(6, 30), 4)
    assert kept.next_at is not None
    assert said(response) == ["Suppliers: Weekly on Friday at 06:30 (Europe/London)."]


@pytest.mark.parametrize(
    "field,value", [("at", "25:00"), ("day", "32"), ("weekday", "7"), ("frequency", "yearly"), ("at", "")]
)
def test_a_schedule_that_cannot_be_says_so_at_its_field_and_keeps_the_old_one(
    demo: Scene, field: str, value: str
) -> None:
    a_schedule(demo.connection)
    given = {"frequency": "monthly", "at": "06:30", "weekday": "4", "day": "1"}
    body = text_of(post(demo, "schedule", "supplier", **{**given, field: value}))
    assert re.findall(r'id="field-(\w+)_error">[^<]+<', body) == [field]
    kept = SyncSchedule.objects.get(kind="supplier")
    assert (kept.frequency, kept.at) == ("daily", time(0, 0))


def waiting(demo: Scene, source: Connection) -> SyncRun:
    guard = [{"dimension": "", "before": 1204, "after": 3}, {"dimension": "Department", "before": 10, "after": 0}]
    return a_sync(demo.connection, SyncState.VALIDATION_QUEUED, source=source, guard=guard)


def test_what_would_disappear_is_said_in_numbers(demo: Scene, source: Connection) -> None:
    body = page(demo, "run", waiting(demo, source).pk)
    assert "1,211 rows would disappear from iCompleat" in body
    assert "Confirm: 1,211 rows disappear" in body
    cells = re.findall(r'<td data-label="(?:Now|Afterwards|Would disappear)"[^>]*>(?:<strong>)?([\d,]+)', body)
    assert cells == ["1,204", "3", "1,201", "10", "0", "10"]


def test_it_is_confirmed(demo: Scene, source: Connection, rung: list[int]) -> None:
    run = waiting(demo, source)
    post(demo, "run-confirm", run.pk)
    run.refresh_from_db()
    assert (run.state, run.confirmed_by, rung) == (SyncState.PROCESSING_QUEUED, demo.user, [run.pk])


def test_it_is_discarded_with_a_reason(demo: Scene, source: Connection) -> None:
    run = waiting(demo, source)
    post(demo, "run-discard", run.pk, why=WHY)
    run.refresh_from_db()
    assert (run.state, run.message) == (SyncState.CANCELLED, f"Discarded by {demo.user.username}: {WHY}")


@pytest.mark.parametrize("name", ["run-discard", "run-cancel"])
def test_without_a_reason_nothing_is_thrown_away(demo: Scene, source: Connection, name: str) -> None:
    run = waiting(demo, source)
    assert said(post(demo, name, run.pk, why="  ")) == ["Say why: it is kept in the history, with your name."]
    run.refresh_from_db()
    assert run.state == SyncState.VALIDATION_QUEUED


def test_a_run_is_cancelled_in_the_middle(demo: Scene, source: Connection) -> None:
    run = a_sync(demo.connection, SyncState.PROCESSING, source=source)
    assert "Cancel this sync" in page(demo, "run", run.pk)
    post(demo, "run-cancel", run.pk, why=WHY)
    run.refresh_from_db()
    assert (run.state, run.lease_token) == (SyncState.CANCELLED, None)


def test_what_has_ended_cannot_be_decided_any_more(demo: Scene, source: Connection, rung: list[int]) -> None:
    run = a_sync(demo.connection, source=source)
    assert "has ended already" in said(post(demo, "run-cancel", run.pk, why=WHY))[0]
    assert "does not wait for confirmation any more" in said(post(demo, "run-confirm", run.pk))[0]
    assert rung == []


# --- a run, its changes, its history ----------------------------------------------------------------------------------


def test_the_changes_of_a_run_are_shown_and_narrowed(demo: Scene, source: Connection) -> None:
    run = a_sync(demo.connection, source=source)
    a_change(run, Change.ADDED, "NEW01")
    a_change(run, Change.CHANGED, "OLD01", fields=[["name", "Before Ltd", "After Ltd"]])
    a_change(run, Change.REFUSED, "BAD01", reason="Its name is too long.")
    body = page(demo, "run", run.pk)
    for text in ("NEW01", "Name: Before Ltd → After Ltd", "Its name is too long."):
        assert text in body
    narrowed = page(demo, "run", run.pk, query="?change=refused")
    assert "BAD01" in narrowed
    assert "NEW01" not in narrowed


def test_a_run_without_changes_says_that_nothing_was_sent_for_the_rest(demo: Scene, source: Connection) -> None:
    run = a_sync(demo.connection, source=source, unchanged=1200)
    assert "1,200 were unchanged, and nothing was sent for them" in page(demo, "run", run.pk)


def test_the_changes_are_paged_both_ways(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset, "PAGE_SIZE", 2)
    run = a_sync(demo.connection)
    keys = [a_change(run, Change.ADDED, f"N{number}").pk for number in range(5)]
    shown = {query: re.findall(r">(N\d)</th>", page(demo, "run", run.pk, query=query)) for query in (
        "", f"?after={keys[1]}", f"?after={keys[3]}", f"?before={keys[4]}", f"?before={keys[0]}",
    )}  # fmt: skip
    assert list(shown.values()) == [["N0", "N1"], ["N2", "N3"], ["N4"], ["N2", "N3"], []]


@pytest.mark.parametrize("query", ["?after=x", "?before=-1", f"?after={2**70}"])
def test_a_page_that_makes_no_sense_is_not_found(demo: Scene, query: str) -> None:
    assert demo.client.get(address(demo, "runs") + query).status_code == 404


def test_the_history_is_the_newest_first_and_of_one_kind_if_asked(demo: Scene) -> None:
    first, second = a_sync(demo.connection), a_sync(demo.connection, kind="tax")
    found = re.findall(r"/reference/runs/(\d+)/", page(demo, "runs"))
    assert found == [str(second.pk), str(first.pk)]
    assert re.findall(r"/reference/runs/(\d+)/", page(demo, "runs", query="?kind=supplier")) == [str(first.pk)]


# --- what is mirrored -------------------------------------------------------------------------------------------------


def codes(scene: Scene, kind: str = "supplier", query: str = "") -> list[str]:
    return re.findall(r'class="code code-cell">([^<]*)</th>', page(scene, "records", kind, query=query))


def test_mirrored_rows_are_searched_in_any_letter_case(demo: Scene) -> None:
    a_record(demo.connection, "CROWN01", name="Crown Conference Centre")
    a_record(demo.connection, "METRO01", name="Metro Telecom")
    assert codes(demo) == ["CROWN01", "METRO01"]
    assert codes(demo, query="?q=crown") == ["CROWN01"]
    assert codes(demo, query="?q=telecom") == ["METRO01"]
    assert "Nothing matches" in page(demo, "records", "supplier", query="?q=nothing")


def test_a_refused_row_says_why_and_can_be_asked_for(demo: Scene) -> None:
    a_record(demo.connection, "GOOD")
    refused(demo.connection, "BAD", "Its code holds a slash.")
    assert codes(demo, query="?refused=yes") == ["BAD"]
    assert "Its code holds a slash." in page(demo, "records", "supplier")


def test_dimensions_are_narrowed_to_one(demo: Scene) -> None:
    for dimension, code in (("Department", "TRN"), ("Department", "OPS"), ("Project", "P1")):
        a_record(demo.connection, code, kind="dimension", dimension=dimension)
    assert codes(demo, "dimension") == ["OPS", "TRN", "P1"]
    assert codes(demo, "dimension", "?dimension=Project") == ["P1"]


def test_mirrored_rows_are_paged_by_code_also_where_codes_repeat(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset, "PAGE_SIZE", 2)
    keys = [a_record(demo.connection, code, external_id=f"x{n}").pk for n, code in enumerate("BBBAC")]
    assert codes(demo) == ["A", "B"]
    assert codes(demo, query=f"?after={keys[0]}") == ["B", "B"]
    assert codes(demo, query=f"?after={keys[2]}") == ["C"]
    assert codes(demo, query=f"?before={keys[4]}") == ["B", "B"]


def test_another_kinds_row_is_no_place_to_page_from(demo: Scene) -> None:
    a_record(demo.connection, "A")
    other = a_record(demo.connection, "B", kind="account")
    assert codes(demo, query=f"?after={other.pk}") == []


def test_the_rows_are_taken_away_as_csv_whole_and_safe(demo: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.desk.record_export.BATCH", 2)
    for code in ("C", "A", "B"):
        a_record(demo.connection, code, details={"city": "Leeds"})
    refused(demo.connection, "=D", "=1+1")
    response = demo.client.get(address(demo, "records-export", "supplier"))
    rows = list(csv.DictReader(StringIO(response.getvalue().decode("utf-8-sig"))))
    assert [row["Code"] for row in rows] == ["'=D", "A", "B", "C"]
    assert (rows[0]["Why not"], rows[1]["At iCompleat"], rows[1]["Details"]) == ("'=1+1", "A", "city: Leeds")
    assert 'filename="supplier-' in response.headers["Content-Disposition"]


def test_texts_of_others_are_escaped(demo: Scene) -> None:
    Record.objects.all().delete()
    a_record(demo.connection, "<i>", name="<script>alert(1)</script>", details={"city": "<b>"})
    body = demo.client.get(address(demo, "records", "supplier")).content.decode()
    assert "<script>alert" not in body
    assert "<b>" not in body


@pytest.mark.parametrize("query", ["?kind=%00", "?kind=nonsense"])
def test_a_kind_that_there_is_not_narrows_nothing(demo: Scene, query: str) -> None:
    run = a_sync(demo.connection, SyncState.COMPLETE)
    assert address(demo, "run", run.pk) in page(demo, "runs", query=query)
    assert page(demo, "run", run.pk, query=query.replace("kind", "change"))


@pytest.mark.parametrize(
    "counts,words",
    [
        ({"added": 3, "removed": 1, "sent": 3, "deleted": 1}, "3 added, 1 removed"),
        ({"unchanged": 9}, "9 unchanged, nothing to send"),
        ({"unchanged": 1, "sent": 1, "deleted": 2}, "1 sent, 2 deleted at the source"),
    ],
)
def test_a_run_is_summed_up_by_what_it_did(counts: dict[str, int], words: str) -> None:
    assert summary(SyncRun(**counts)) == words
