"""The reference sync on the staff site: what is mirrored, what ran, and what staff decide, each with a reason."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import time
from typing import Any, cast

import pytest
from django.contrib.admin.sites import site
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.reference import tasks
from portal.reference.sync.models import Change, Record, SourceList, SyncRun, SyncSchedule, SyncState
from portal.staff.base import StaffAdmin, row_url
from tests.admin.test_pages import INLINE
from tests.admin.test_repairs import said
from tests.desk.syncs import a_change, a_record, a_schedule, a_sync, an_incomplete_list, one_of_each, refused
from tests.factories import DemoConnectionFactory, SourceConnectionFactory

pytestmark = pytest.mark.django_db
WHY = "Agreed on the phone."
GUARD = [{"dimension": "", "before": 1204, "after": 3}]
MODELS = ("record", "sourcelist", "syncschedule", "syncrun")


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs for which the door rang."""
    ids: list[int] = []
    monkeypatch.setattr(tasks, "ring", ids.append)
    return ids


@pytest.fixture
def books(db: None) -> Connection:
    linked: Connection = DemoConnectionFactory.create()
    return linked


@pytest.fixture
def source(books: Connection) -> Connection:
    linked: Connection = SourceConnectionFactory.create(company=books.company)
    return linked


def text_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def button(row: Any, name: str) -> str:
    return reverse(f"admin:reference_{row._meta.model_name}_{name}", args=[row.pk])


def press(client: Client, row: Any, name: str, **data: str) -> Any:
    return client.post(button(row, name), {"confirmed": "yes", **data}, follow=True)


def waiting(books: Connection, source: Connection) -> SyncRun:
    return a_sync(books, SyncState.VALIDATION_QUEUED, source=source, guard=GUARD)


def offered(client: Client, row: Any) -> set[str]:
    text = text_of(client, row_url(row))
    return {name for name in ("confirm", "discard", "cancel", "again", "full") if button(row, name) in text}


# --- lists and pages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_fifty_rows_cost_as_many_queries_as_five(staff: Client, model: str, django_assert_max_num_queries: Any) -> None:
    def make(number: int) -> None:
        books = DemoConnectionFactory.create()
        source = SourceConnectionFactory.create(company=books.company)
        a_record(books, f"R{number}")
        an_incomplete_list(source)
        a_schedule(books)
        a_sync(books, source=source)

    address = reverse(f"admin:reference_{model}_changelist")
    for number in range(50):
        make(number)
    staff.get(address)
    with django_assert_max_num_queries(10):
        response = staff.get(address)
    assert len(response.context["cl"].result_list) == 50


@pytest.mark.parametrize("model", ["record", "sourcelist", "syncrun"])
def test_what_the_portal_wrote_is_nobodys_to_change(
    staff: Client, books: Connection, source: Connection, model: str
) -> None:
    rows = {"record": a_record(books, "ONE"), "sourcelist": an_incomplete_list(source), "syncrun": a_sync(books)}
    base = f"admin:reference_{model}"
    assert staff.get(reverse(f"{base}_add")).status_code == 403
    assert staff.get(reverse(f"{base}_delete", args=[rows[model].pk])).status_code == 403
    assert staff.post(row_url(rows[model]), {"code": "TWO"}).status_code == 403


def test_a_record_shows_both_sides_of_it(staff: Client, books: Connection) -> None:
    record = refused(books, "A/B", "Its code holds a slash.", details={"city": "Leeds"})
    text = text_of(staff, row_url(record))
    for expected in ("A/B", "id-A/B", "Its code holds a slash.", "Leeds", "Refused"):
        assert expected in text


def test_refused_records_are_asked_for(staff: Client, books: Connection) -> None:
    a_record(books, "GOOD")
    bad = refused(books, "BAD", "Too long.")
    response = staff.get(reverse("admin:reference_record_changelist") + "?refused=yes")
    assert list(response.context["cl"].result_list) == [bad]


def test_a_list_that_broke_off_says_what_comes_next(staff: Client, source: Connection) -> None:
    text = text_of(staff, row_url(an_incomplete_list(source)))
    assert "Incomplete" in text
    assert "the next sync sends the list from its first row" in text


def test_a_run_shows_how_it_went_what_it_would_remove_and_its_changes(
    staff: Client, books: Connection, source: Connection
) -> None:
    run = waiting(books, source)
    a_change(run, Change.CHANGED, "LAKES01", fields=[["name", "Before", "After"]])
    a_change(run, Change.REFUSED, "A/B", reason="A slash.")
    text = text_of(staff, row_url(run))
    for expected in ("ValidationQueued", "Waiting for confirmation", "name: Before → After", "A slash.", "Look again"):
        assert expected in text
    assert re.findall(r"<td[^>]*>(1,204|3|1,201)</td>", text) == ["1,204", "3", "1,201"]


def test_every_page_and_every_button_answers_with_nothing_inline(
    staff: Client, books: Connection, source: Connection
) -> None:
    one_of_each(books, source)
    for model in (Record, SourceList, SyncSchedule, SyncRun):
        row = model.objects.get()
        addresses = [reverse(f"admin:reference_{model.__name__.lower()}_changelist"), row_url(row)]
        addresses += [button(row, each.name) for each in cast(StaffAdmin[Any], site._registry[model]).buttons]
        for address in addresses:
            assert INLINE.search(text_of(staff, address)) is None, address


def test_the_front_page_names_what_waits(staff: Client, books: Connection, source: Connection) -> None:
    waiting(books, source)
    an_incomplete_list(source)
    an_incomplete_list(source, kind="tax", broke_off_at=None)
    found = {matter.url: matter.count for matter in staff.get("/admin/").context["attention"]}
    assert found == {
        "/admin/reference/syncrun/?state__exact=ValidationQueued": "1",
        "/admin/reference/sourcelist/?is_incomplete__exact=1": "1",
    }
    for address in found:
        assert staff.get(address).status_code == 200


# --- what staff decide ------------------------------------------------------------------------------------------------


def test_buttons_are_there_where_they_make_sense(staff: Client, books: Connection, source: Connection) -> None:
    assert offered(staff, waiting(books, source)) == {"confirm", "discard"}
    assert offered(staff, a_sync(books, SyncState.PROCESSING, kind="tax")) == {"cancel"}
    assert offered(staff, a_sync(books, kind="account")) == {"again", "full"}


def test_a_confirmation_asks_first_and_then_lets_it_go_on(
    staff: Client, books: Connection, source: Connection, boss: User, rung: list[int]
) -> None:
    run = waiting(books, source)
    assert "removes at the source what the table on its page says" in text_of(staff, button(run, "confirm"))
    run.refresh_from_db()
    assert run.state == SyncState.VALIDATION_QUEUED
    press(staff, run, "confirm")
    run.refresh_from_db()
    assert (run.state, run.confirmed_by, rung) == (SyncState.PROCESSING_QUEUED, boss, [run.pk])


@pytest.mark.parametrize("name,word", [("discard", "Discarded"), ("cancel", "Cancelled")])
def test_throwing_away_needs_a_reason(
    staff: Client, books: Connection, source: Connection, name: str, word: str
) -> None:
    run = waiting(books, source)
    assert "Give a reason." in press(staff, run, name, reason="").content.decode()
    run.refresh_from_db()
    assert run.state == SyncState.VALIDATION_QUEUED
    press(staff, run, name, reason=WHY)
    run.refresh_from_db()
    assert (run.state, run.message) == (SyncState.CANCELLED, f"{word} by sam: {WHY}")


def test_what_has_ended_says_so(staff: Client, books: Connection, rung: list[int]) -> None:
    run = a_sync(books)
    assert said(press(staff, run, "cancel", reason=WHY)) == ["Suppliers: this sync has ended already."]
    assert rung == []


@pytest.mark.parametrize("name,full", [("again", False), ("full", True)])
@pytest.mark.parametrize("of", ["run", "schedule"])
def test_another_run_is_started_from_a_run_and_from_a_schedule(
    staff: Client, books: Connection, boss: User, rung: list[int], name: str, full: bool, of: str
) -> None:
    row = a_sync(books) if of == "run" else a_schedule(books)
    assert "Suppliers of" in text_of(staff, button(row, name))
    response = press(staff, row, name)
    made = SyncRun.objects.latest("pk")
    assert (made.state, made.is_full, made.asked_by, made.kind) == (SyncState.QUEUED, full, boss, "supplier")
    assert (response.redirect_chain, rung) == ([(row_url(made), 302)], [made.pk])


def test_a_second_one_is_refused_with_its_name(staff: Client, books: Connection, rung: list[int]) -> None:
    schedule = a_schedule(books)
    a_sync(books, SyncState.PROCESSING, done=300, total=1000)
    assert "Suppliers: a sync is running already (sending, 300 of 1,000" in said(press(staff, schedule, "again"))[0]
    assert (SyncRun.objects.count(), rung) == (1, [])


def test_a_schedule_is_changed_and_its_next_run_with_it(staff: Client, books: Connection) -> None:
    schedule = a_schedule(books)
    staff.post(row_url(schedule), {"frequency": "weekly", "at": "06:30", "weekday": "4", "day": "1"})
    schedule.refresh_from_db()
    assert (schedule.frequency, schedule.at, schedule.weekday) == ("weekly", time(6, 30), 4)
    assert schedule.next_at is not None
    assert "Weekly on Friday at 06:30" in text_of(staff, reverse("admin:reference_syncschedule_changelist"))
    assert AuditEvent.objects.filter(who="sam").count() == 1


def test_a_schedule_that_cannot_be_is_refused(staff: Client, books: Connection) -> None:
    schedule = a_schedule(books)
    response = staff.post(row_url(schedule), {"frequency": "weekly", "at": "06:30", "weekday": "9", "day": "1"})
    assert "less than or equal to 6" in response.content.decode()
    assert SyncSchedule.objects.get().frequency == "daily"


@pytest.mark.parametrize("name", ["confirm", "discard", "cancel", "again", "full"])
def test_who_may_look_may_not_decide(
    staff_with: Callable[..., Client], books: Connection, source: Connection, name: str, rung: list[int]
) -> None:
    run = waiting(books, source)
    looking = staff_with("reference.view_syncrun")
    assert looking.get(row_url(run)).status_code == 200
    assert press(looking, run, name, reason=WHY).status_code == 403
    run.refresh_from_db()
    assert (run.state, SyncRun.objects.count(), rung) == (SyncState.VALIDATION_QUEUED, 1, [])


def test_none_of_the_pages_shows_a_secret(staff: Client, books: Connection, source: Connection) -> None:
    Connection.objects.filter(pk=source.pk).update(settings={"hint": "planted-setting"})
    rows = [a_record(books, "ONE"), an_incomplete_list(source), a_schedule(books), a_sync(books, source=source)]
    assert {type(row) for row in rows} == {Record, SourceList, SyncSchedule, SyncRun}
    for row in rows:
        text = text_of(staff, row_url(row))
        assert "demo-token-for-tests" not in text
        assert "planted-setting" not in text
