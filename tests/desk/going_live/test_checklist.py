"""The checklist: each step says where it stands, turns green when it is done, and shows its way to who may go it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Connection, EndpointToken, Side, Status
from portal.connections.services import connect
from portal.connections.setup import is_set_up
from portal.desk.access import Place
from portal.desk.going_live.checklist import Checklist, checklist_of
from portal.desk.going_live.steps import Stand
from portal.events.models import AuditEvent
from portal.intake.models import Delivery, Forecast, KeptDryRun, RefusedCalls
from portal.reference import tasks
from portal.reference.sync.models import Frequency, SyncRun, SyncSchedule, SyncState
from portal.tenants.models import Company, Member, Role
from tests.desk.scene import Scene, a_scene
from tests.desk.syncs import a_sync
from tests.factories import EndpointFactory, SourceConnectionFactory, with_token

pytestmark = pytest.mark.engine


@pytest.fixture
def scene(db: None) -> Scene:
    """A company that has an accounting system, and is not live."""
    return a_scene(name="Northgate Training Ltd", live_at=None)


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    ids: list[int] = []
    monkeypatch.setattr(tasks, "ring", ids.append)
    return ids


def checklist(scene: Scene) -> Checklist:
    return checklist_of(Place.of(scene.user, scene.company.pk))


def stands(scene: Scene) -> dict[str, Stand]:
    return {step.key: step.stand for step in checklist(scene).all_steps}


def said(scene: Scene, key: str) -> str:
    return next(step.said for step in checklist(scene).all_steps if step.key == key)


def page(scene: Scene, name: str = "set-up", **query: str) -> str:
    return html.unescape(
        scene.client.get(reverse(f"desk:{name}", args=[scene.company.pk]), query).content.decode()
    )  # fmt: skip


def confirmed(scene: Scene) -> None:
    Connection.objects.filter(pk=scene.connection.pk).update(confirmed_at=timezone.now())


def a_delivery(scene: Scene, **kept: Any) -> Delivery:
    """Something that came in before go-live."""
    source = Connection.objects.filter(company=scene.company, integration="icompleat").first()
    endpoint = source.endpoints.first() if source else None
    now = timezone.now()
    delivery = Delivery.objects.create(
        endpoint=endpoint or with_token(connection=source or SourceConnectionFactory.create(company=scene.company))[0],
        company=scene.company, received_at=now, body=b"{}", verdict="not_live", reason="Not live yet.",
    )  # fmt: skip
    KeptDryRun.objects.create(delivery=delivery, company=scene.company, asked_at=now, **{"made_at": now, **kept})
    return delivery


def test_a_new_company_begins_with_its_accounting_system(scene: Scene) -> None:
    Connection.objects.all().delete()
    assert stands(scene) == {
        "name": Stand.DONE, "system": Stand.TO_DO, "authorise": Stand.TO_DO, "confirm": Stand.TO_DO,
        "source": Stand.TO_DO, "addresses": Stand.TO_DO, "delivery": Stand.OPTIONAL, "mapping": Stand.OPTIONAL,
        "schedules": Stand.OPTIONAL, "sync": Stand.OPTIONAL, "go-live": Stand.TO_DO,
    }  # fmt: skip
    body = page(scene)
    assert "1 of 11 steps done" in body
    assert body.count('<span class="checklist-status">Blank</span>') == 2
    assert reverse("desk:choose", args=[scene.company.pk]) in body
    assert "5 required steps are left" in said(scene, "go-live")


def test_step_by_step_it_turns_green(scene: Scene) -> None:
    assert stands(scene)["confirm"] is Stand.TO_DO
    confirmed(scene)
    source = SourceConnectionFactory.create(company=scene.company, external_company_name="Northgate")
    assert stands(scene)["addresses"] is Stand.TO_DO
    scene.client.post(reverse("desk:tokens-made", args=[scene.company.pk]))
    assert checklist(scene).missing == []
    a_delivery(scene, forecast=Forecast.POSTED)
    assert source.endpoints.count() == 4
    found = stands(scene)
    done = [key for key, stand in found.items() if stand is Stand.DONE]
    assert done == ["name", "system", "authorise", "confirm", "source", "addresses", "delivery", "mapping", "schedules"]
    for kind in SyncSchedule.objects.values_list("kind", flat=True):
        a_sync(scene.connection, kind=kind)
    assert stands(scene)["sync"] is Stand.DONE
    assert checklist(scene).advised == []
    scene.client.post(reverse("desk:go-live", args=[scene.company.pk]))
    assert set(stands(scene).values()) == {Stand.DONE}


@pytest.mark.parametrize(
    "status,stand,word",
    [
        (Status.BLANK, Stand.TO_DO, "Blank"),
        (Status.PENDING_AUTH, Stand.TO_DO, "PendingAuth"),
        (Status.LINKED, Stand.DONE, "Linked"),
        (Status.DEAUTHORISED, Stand.MEND, "Deauthorised"),
        (Status.UNLINKED, Stand.TO_DO, "Unlinked"),
    ],
)
def test_a_status_is_said_in_its_own_word(scene: Scene, status: Status, stand: Stand, word: str) -> None:
    Connection.objects.filter(pk=scene.connection.pk).update(status=status)
    step = next(step for step in checklist(scene).steps if step.key == "authorise")
    assert (step.stand, step.status) == (stand, word)
    assert f'<span class="checklist-status">{word}</span>' in page(scene)


def test_a_temporary_name_is_to_be_replaced(scene: Scene) -> None:
    Company.objects.update(name_is_temporary=True)
    assert (stands(scene)["name"], "temporary name" in said(scene, "name")) == (Stand.OPTIONAL, True)


def test_a_source_that_lost_its_access_is_to_be_mended(scene: Scene) -> None:
    SourceConnectionFactory.create(company=scene.company, status=Status.DEAUTHORISED)
    assert stands(scene)["source"] is Stand.MEND


def test_some_addresses_with_tokens_are_enough(scene: Scene) -> None:
    source = SourceConnectionFactory.create(company=scene.company)
    with_token(connection=source, kind="invoice")
    EndpointFactory.create(connection=source, kind="receipt")
    assert stands(scene)["addresses"] is Stand.DONE
    assert said(scene, "addresses").startswith("Ready: invoices. Without a token: ")
    EndpointToken.objects.update(retires_at=timezone.now())
    assert stands(scene)["addresses"] is Stand.TO_DO


def test_calls_without_a_good_token_are_noticed(scene: Scene) -> None:
    endpoint, _ = with_token(connection=SourceConnectionFactory.create(company=scene.company))
    now = timezone.now()
    RefusedCalls.objects.create(endpoint_id_called=str(endpoint.pk), hour=now, count=3, last_at=now)
    RefusedCalls.objects.create(endpoint_id_called=str(endpoint.pk), hour=now - timedelta(days=2), count=9, last_at=now)
    assert (stands(scene)["delivery"], said(scene, "delivery")) == (
        Stand.MEND, "3 calls came without a good token in the last day. Look why.",
    )  # fmt: skip


@pytest.mark.parametrize(
    "kept,stand,words",
    [
        ({"forecast": Forecast.POSTED}, Stand.DONE, "No code is missing"),
        ({"forecast": Forecast.REFUSED}, Stand.MEND, "The document that came in would be refused."),
        ({"forecast": Forecast.PERHAPS_REFUSED}, Stand.MEND, "The document that came in may be refused."),
        ({"made_at": None, "next_try_at": timezone.now()}, Stand.MOVING, "is being looked at."),
    ],
)
def test_the_mapping_is_judged_by_what_came_in(scene: Scene, kept: Any, stand: Stand, words: str) -> None:
    a_delivery(scene, **kept)
    assert stands(scene)["mapping"] is stand
    assert words in said(scene, "mapping")


def test_what_came_in_before_go_live_says_nothing_of_a_live_company(scene: Scene) -> None:
    a_delivery(scene, forecast=Forecast.REFUSED)
    Company.objects.update(live_at=timezone.now())
    scene.receive()
    assert stands(scene)["mapping"] is Stand.DONE


def test_the_first_sync_is_begun_here_and_shows_how_far_it_is(scene: Scene, rung: list[int]) -> None:
    response = scene.client.post(reverse("desk:set-up-sync", args=[scene.company.pk]), follow=True)
    runs = SyncRun.objects.filter(company=scene.company)
    assert sorted(rung) == sorted(run.pk for run in runs) != []
    body = html.unescape(response.content.decode())
    assert f"0 of {len(rung)} kinds have been read" in body
    assert body.count("<progress") == 1 + len(rung)
    assert 'hx-trigger="load delay:2s, every 90s"' in body


def test_a_sync_that_failed_is_to_be_mended(scene: Scene) -> None:
    a_sync(scene.connection, SyncState.FETCH_ERROR, ended_at=timezone.now(), message="It does not answer.")
    assert stands(scene)["sync"] is Stand.MEND
    assert "It does not answer." in page(scene)


def test_each_kind_says_what_happened_and_what_to_do(scene: Scene) -> None:
    page(scene)  # makes the schedules
    kinds = list(SyncSchedule.objects.values_list("kind", flat=True))
    for kind in kinds:
        a_sync(scene.connection, kind=kind)
    assert stands(scene)["sync"] is Stand.DONE
    a_sync(scene.connection, SyncState.PREREQUISITE_NOT_MET, kind="tax", message="Map it first.")
    a_sync(scene.connection, SyncState.FETCH_ERROR, kind="account", message="It hung up.")
    assert stands(scene)["sync"] is Stand.MEND, "an earlier success does not count"
    assert said(scene, "sync") == "Not come to its end: account codes, tax codes."
    body = page(scene)
    for kind, words in (
        ("tax", ["PrerequisiteNotMet", "Map it first.", "Set up what is missing", "Leave tax codes out"]),
        ("account", ["FetchError", "It hung up.", "lets Postroom read this", "Leave account codes out"]),
        ("supplier", ["Complete"]),
    ):
        line = body.split(f'<li id="sync-{kind}">')[1].split("</li>")[0]
        assert [word for word in words if word not in line] == []
    assert "Leave suppliers out" not in body


def test_a_kind_that_somebody_leaves_out_does_not_count(scene: Scene) -> None:
    page(scene)
    kinds = list(SyncSchedule.objects.values_list("kind", flat=True))
    for kind in kinds:
        a_sync(scene.connection, SyncState.PREREQUISITE_NOT_MET if kind == "tax" else SyncState.COMPLETE, kind=kind)
    address = reverse("desk:set-up-leave-out", args=[scene.company.pk])
    assert stands(scene)["sync"] is Stand.MEND
    for kind in ("supplier", "strange", ""):
        assert "Nothing was changed" in scene.client.post(address, {"kind": kind}, follow=True).content.decode()
    scene.client.post(address, {"kind": "tax"})
    assert (stands(scene)["sync"], stands(scene)["schedules"]) == (Stand.DONE, Stand.DONE)
    assert "Left out: tax codes." in said(scene, "sync")
    assert said(scene, "sync").startswith(f"{len(kinds) - 1} of {len(kinds)} kinds have been read")
    [event] = AuditEvent.objects.filter(verb="sync.scheduled")
    assert (event.who, event.details["kind"], event.details["after"]) == (scene.user.username, "tax", "Off")
    scene.client.post(reverse("desk:schedules-recommended", args=[scene.company.pk]))
    assert SyncSchedule.objects.get(kind="tax").frequency == Frequency.OFF, "it stays left out"
    SyncSchedule.objects.filter(kind="tax").update(frequency=Frequency.DAILY)
    assert stands(scene)["sync"] is Stand.MEND
    a_sync(scene.connection, kind="tax")
    assert stands(scene)["sync"] is Stand.DONE


def test_what_was_read_before_icompleat_was_set_up_is_to_be_sent(scene: Scene) -> None:
    page(scene)
    kinds = list(SyncSchedule.objects.values_list("kind", flat=True))
    for kind in kinds:
        a_sync(scene.connection, kind=kind)
    assert (stands(scene)["sync"], "and sent" in said(scene, "sync")) == (Stand.DONE, False)
    secrets = {"security_key": "k"}
    settings = {"base_url": "https://icompleat.example", "tenant_id": "t", "company_id": "c"}
    source = SourceConnectionFactory.create(company=scene.company, settings=settings, secrets=secrets)
    assert is_set_up(source)
    assert stands(scene)["sync"] is Stand.OPTIONAL
    assert "and not sent there: suppliers, " in said(scene, "sync")
    assert ">Sync now</button>" in page(scene)
    for kind in kinds:
        a_sync(scene.connection, kind=kind, source=source)
    assert stands(scene)["sync"] is Stand.DONE
    assert "have been read and sent to iCompleat." in said(scene, "sync")


def test_what_waits_for_confirmation_is_not_done(scene: Scene) -> None:
    page(scene)
    for kind in SyncSchedule.objects.values_list("kind", flat=True):
        a_sync(scene.connection, kind=kind)
    a_sync(scene.connection, SyncState.VALIDATION_QUEUED, message="Much would disappear.")
    assert stands(scene)["sync"] is Stand.MEND
    assert "Look at what would disappear" in page(scene)


def test_a_system_that_tells_nothing_has_no_sync_to_do(scene: Scene) -> None:
    Connection.objects.filter(pk=scene.connection.pk).update(status=Status.UNLINKED)
    connect(scene.company, "demo", side=Side.ACCOUNTING, who="tests")
    assert {stands(scene)[key] for key in ("schedules", "sync")} <= {Stand.DONE, Stand.OPTIONAL}


def test_the_recommended_schedules_leave_what_somebody_has_set(scene: Scene) -> None:
    page(scene)
    SyncSchedule.objects.filter(kind="supplier").update(frequency=Frequency.WEEKLY)
    SyncSchedule.objects.exclude(kind="supplier").update(frequency=Frequency.OFF, next_at=None)
    assert stands(scene)["schedules"] is Stand.OPTIONAL
    scene.client.post(reverse("desk:schedules-recommended", args=[scene.company.pk]))
    assert stands(scene)["schedules"] is Stand.DONE
    assert SyncSchedule.objects.get(kind="supplier").frequency == Frequency.WEEKLY
    others = SyncSchedule.objects.exclude(kind="supplier")
    assert {(each.frequency, each.next_at is not None) for each in others} == {(Frequency.DAILY, True)}
    assert AuditEvent.objects.filter(verb="sync.scheduled", who=scene.user.username).count() == others.count()


@pytest.mark.parametrize("role,told", [(Role.VIEWER, "Owners can do this."), (Role.OWNER, "")])
def test_who_may_do_it_is_said_to_who_may_not(scene: Scene, role: Role, told: str) -> None:
    Member.objects.update(role=role)
    assert ("Owners can do this." in page(scene)) is bool(told)
    assert ('<form method="post" action="/companies/' in page(scene)) is (role == Role.OWNER)


def test_the_watch_sends_the_part_again_only_where_it_changed(scene: Scene) -> None:
    SourceConnectionFactory.create(company=scene.company)
    scene.client.post(reverse("desk:tokens-made", args=[scene.company.pk]))
    seen = re.findall(r"turn=0&seen=(\w+)", page(scene))[0]
    part = page(scene, "set-up-watch", turn="0", seen=seen)
    assert 'id="checklist"' not in part
    assert f"turn=1&seen={seen}" in part
    a_delivery(scene, forecast=Forecast.POSTED)
    part = page(scene, "set-up-watch", turn="5", seen=seen)
    assert 'id="checklist"' in part
    assert "Noticed:" in part


def test_a_closed_company_says_so(scene: Scene) -> None:
    Company.objects.update(closed_at=timezone.now())
    body = page(scene)
    assert "is closed since" in body
    assert reverse("desk:go-live", args=[scene.company.pk]) not in body


def test_it_costs_the_same_however_much_came_in(scene: Scene, django_assert_num_queries: Any) -> None:
    confirmed(scene)
    scene.client.post(reverse("desk:tokens-made", args=[scene.company.pk]))
    a_delivery(scene, forecast=Forecast.REFUSED)
    scene.receive()
    client, address = scene.client, reverse("desk:set-up", args=[scene.company.pk])
    client.get(address)
    with django_assert_num_queries(20):
        client.get(address)
    for number in range(12):
        a_delivery(scene, forecast=Forecast.POSTED)
        scene.receive(number=f"INV-{number}")
    with django_assert_num_queries(20):
        client.get(address)
