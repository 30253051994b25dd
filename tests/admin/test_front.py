"""The front page begins with what needs a person, in bounded numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.connections.models import Connection, Status
from portal.desk.attention import MOST_COUNTED, attention
from portal.intake.models import RefusedCalls
from portal.postings.models import Posting
from portal.postings.states import State
from tests.admin.world import World, in_state
from tests.factories import DemoConnectionFactory, StaffFactory, a_document

pytestmark = pytest.mark.django_db

INDEX = "/admin/"


def matters(client: Client) -> dict[str, tuple[str, str]]:
    """What the page lists: count and oldest age, by the address that each line leads to."""
    found = client.get(INDEX).context["attention"]
    return {matter.url: (matter.count, matter.oldest) for matter in found}


def test_nothing_to_do_says_so(staff: Client) -> None:
    text = staff.get(INDEX).content.decode()
    assert "Nothing. What comes in is booked by itself." in text


def test_everything_that_waits_is_named_and_leads_to_its_list(staff: Client, world: World) -> None:
    Posting.objects.filter(pk=world.postings[State.HELD].pk).update(created_at=timezone.now() - timedelta(hours=26))
    late = timezone.now() - timedelta(minutes=16)
    Posting.objects.filter(pk=world.postings[State.READY].pk).update(next_attempt_at=late)
    Connection.objects.filter(pk=world.source.pk).update(status=Status.DEAUTHORISED)
    broken = timezone.now() + timedelta(minutes=1)
    Connection.objects.filter(pk=world.demo.pk).update(failures=5, open_until=broken)
    Connection.objects.filter(pk=world.ledger.pk).update(paused=True)
    found = matters(staff)
    assert found["/admin/postings/posting/?state=rejected"][0] == "1"
    assert found["/admin/postings/posting/?state=held"] == ("1", "1 d 2 h")
    assert found["/admin/postings/posting/?state=under-way&age=hour"] == ("1", "16 min")
    assert found["/admin/intake/delivery/?verdict__exact=contested"][0] == "1"
    assert found["/admin/intake/delivery/?verdict__exact=failed"][0] == "1"
    assert found["/admin/postings/difference/?state__exact=open"][0] == "2"
    assert found["/admin/intake/refusedcalls/"] == ("7", "")
    assert found["/admin/connections/connection/"] == ("1", "")
    assert "connections whose calls fail one after another" in staff.get(INDEX).content.decode()
    assert found["/admin/connections/connection/?paused__exact=1"] == ("1", "")
    for address in found:
        assert staff.get(address).status_code == 200


def test_counts_are_bounded_and_say_so(staff: Client, world: World) -> None:
    for n in range(MOST_COUNTED):
        in_state(world.demo, State.HELD, a_document(number=f"N-{n}"))
    with CaptureQueriesContext(connection) as seen:
        assert matters(staff)["/admin/postings/posting/?state=held"][0] == "50+"
    counts = [query["sql"] for query in seen.captured_queries if "COUNT(*)" in query["sql"]]
    assert counts
    assert all("LIMIT 51" in sql for sql in counts)


def test_the_page_costs_the_same_however_much_waits(staff: Client, world: World) -> None:
    staff.get(INDEX)
    with CaptureQueriesContext(connection) as few:
        staff.get(INDEX)
    for n in range(20):
        in_state(DemoConnectionFactory.create(), State.HELD, a_document(number=f"N-{n}"))
    with CaptureQueriesContext(connection) as many:
        staff.get(INDEX)
    assert len(many) == len(few)


def test_refused_calls_of_yesterday_do_not_count(boss: User) -> None:
    hour = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=1)
    RefusedCalls.objects.create(endpoint_id_called="unknown", hour=hour, count=9, last_at=hour)
    assert attention(boss) == []


def test_a_person_sees_only_what_they_may_look_at(world: World, staff_with: Callable[..., Client], rf: Any) -> None:
    only_postings = matters(staff_with("postings.view_posting"))
    assert {address.split("?")[0] for address in only_postings} == {"/admin/postings/posting/"}
    assert matters(staff_with("tenants.view_tenant")) == {}


def test_rooms_stand_in_the_order_of_the_work(staff: Client, world: World) -> None:
    names = [room["app_label"] for room in staff.get(INDEX).context["app_list"]]
    assert names[:8] == [
        "postings", "intake", "connections", "reference", "tenants", "ledger", "events", "timetable",
    ]  # fmt: skip


def test_the_latest_of_the_audit_trail_is_there_for_who_may_read_it(
    world: World, staff_with: Callable[..., Client]
) -> None:
    StaffFactory.create()
    reader = staff_with("events.view_auditevent").get(INDEX).content.decode()
    assert "P-000010 was voided: It was typed in by hand." in reader
    assert "was voided" not in staff_with("postings.view_posting").get(INDEX).content.decode()
