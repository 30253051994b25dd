"""Who did what at a company: for its owners, part by part, a page at a time."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import CaptureQueriesContext

from portal.desk.company_settings.trail import trail_of
from portal.events.models import AuditEvent
from portal.events.services import tell
from portal.tenants.models import Role
from tests.desk.company_settings.conftest import of_company, page, text_of, with_role
from tests.desk.scene import Scene, a_scene
from tests.factories import StaffFactory

pytestmark = pytest.mark.engine


def did(scene: Scene, verb: str, message: str, who: str = "olga") -> AuditEvent:
    return tell(verb, message, who=who, tenant_id=scene.tenant.pk, company_id=scene.company.pk)


def test_owners_see_who_did_what_newest_first(scene: Scene) -> None:
    did(scene, "connection.linked", "It was linked.")
    did(scene, "posting.voided", "P-000001 was voided: twice.")
    body = page(scene.client, of_company(scene, "audit"))
    assert body.index("P-000001 was voided: twice.") < body.index("It was linked.")
    assert "olga" in body


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
def test_it_is_for_owners(scene: Scene, role: Role) -> None:
    did(scene, "connection.linked", "It was linked.")
    body = page(with_role(scene.tenant, role)[0], of_company(scene, "audit"))
    assert "This is for owners" in body
    assert "It was linked." not in body


def test_one_part_is_shown_by_itself(scene: Scene) -> None:
    did(scene, "connection.linked", "It was linked.")
    did(scene, "posting.voided", "P-000001 was voided.")
    body = page(scene.client, of_company(scene, "audit") + "?area=posting")
    assert "P-000001 was voided." in body
    assert "It was linked." not in body
    assert "It was linked." in page(scene.client, of_company(scene, "audit") + "?area=nonsense")
    assert "Nothing of this was done yet" in page(scene.client, of_company(scene, "audit") + "?area=sync")


def test_another_companys_events_are_not_in_it(scene: Scene) -> None:
    did(a_scene(name="Elsewhere Ltd"), "connection.linked", "Elsewhere was linked.")
    assert "Elsewhere" not in page(scene.client, of_company(scene, "audit"))


def test_our_own_people_are_our_support_and_machines_are_postroom(scene: Scene) -> None:
    StaffFactory.create(username="agent-smith")
    did(scene, "posting.retried", "Made due again.", who="agent-smith")
    did(scene, "connection.deauthorised", "Refused.", who="worker")
    body = page(scene.client, of_company(scene, "audit"))
    assert "agent-smith" not in body
    assert "Our support" in body
    assert ">Postroom</td>" in body


def test_staff_who_belong_to_the_organisation_are_named(scene: Scene) -> None:
    scene.user.is_staff = True
    scene.user.save()
    did(scene, "posting.retried", "Made due again.", who=scene.user.username)
    assert f">{scene.user.username}</td>" in page(scene.client, of_company(scene, "audit"))


def test_pages_go_on_where_they_ended_and_cost_the_same(scene: Scene) -> None:
    client, address = scene.client, of_company(scene, "audit")
    did(scene, "posting.retried", "First of all.")
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(60):
        did(scene, "posting.retried", f"Number {number:02}.")
    with CaptureQueriesContext(connection) as many:
        body = page(client, address)
    assert len(few) == len(many)
    assert "Number 59." in body
    assert "Number 10." in body
    assert "Number 09." not in body
    last = trail_of(scene.company).order_by("-pk")[49]
    older = page(client, f"{address}?after={last.pk}")
    assert "Number 09." in older
    assert "First of all." in older


@pytest.mark.parametrize("area", ["", "posting"])
def test_an_index_that_begins_with_the_company_serves_it(scene: Scene, area: str) -> None:
    """Neither the whole trail of everybody nor a sort of all of the company's."""
    rows = [
        AuditEvent(who="x", verb=verb, area=verb.partition(".")[0], subject_type="portal", subject_id="",
                   company_id=company, message="m")
        for company in (scene.company.pk, a_scene().company.pk)
        for verb in ("posting.retried", "connection.linked")
        for _ in range(500)
    ]  # fmt: skip
    AuditEvent.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan = trail_of(scene.company, area).order_by("-pk")[:51].explain()
    assert ("audit_event_by_area" if area else "audit_event_by_company") in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_every_event_has_its_part(scene: Scene) -> None:
    assert did(scene, "api_token.issued", "Made.").area == "api_token"
    assert did(scene, "odd", "Made.").area == "odd"


@pytest.mark.django_db(transaction=True)
def test_what_was_told_before_there_were_parts_gets_them(transactional_db: Any) -> None:
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    executor.migrate([("events", "0003_webhooks_and_customers")])
    try:
        old = executor.loader.project_state([("events", "0003_webhooks_and_customers")]).apps
        old.get_model("events", "AuditEvent").objects.create(
            who="x", verb="posting.voided", subject_type="portal", subject_id="", message="m"
        )
    finally:
        executor.loader.build_graph()
        executor.migrate(leaves)
    assert AuditEvent.objects.get().area == "posting"


def test_the_page_says_what_to_do_when_empty(scene: Scene) -> None:
    assert "Whatever somebody changes stands here" in text_of(scene.client.get(of_company(scene, "audit")))
