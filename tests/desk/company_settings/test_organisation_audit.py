"""Who did what in an organisation: its own matters and those of its companies, for its owners alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.desk.company_settings.trail import of_no_company, trail_of_tenant
from portal.events.models import AuditEvent
from portal.events.services import tell
from portal.tenants.models import Company, Role
from tests.desk.company_settings.conftest import of_company, of_tenant, page, with_role
from tests.desk.scene import Scene, a_scene
from tests.factories import CompanyFactory, StaffFactory

pytestmark = pytest.mark.engine


def did(scene: Scene, message: str, *, company: Company | None = None, who: str = "olga") -> None:
    of_which = company.pk if company else None
    tell("member.invited", message, who=who, tenant_id=scene.tenant.pk, company_id=of_which)


@pytest.fixture
def address(scene: Scene) -> str:
    return of_tenant(scene, "organisation-audit")


def test_owners_see_the_organisations_own_matters_and_those_of_its_companies(scene: Scene, address: str) -> None:
    sister = CompanyFactory.create(tenant=scene.tenant, name="Mill Lane Ltd")
    did(scene, "Ned was invited.")
    did(scene, "Linked there.", company=scene.company)
    did(scene, "Paused there.", company=sister)
    body = page(scene.client, address)
    assert body.index("Paused there.") < body.index("Linked there.") < body.index("Ned was invited.")
    assert f'<a href="{of_company(scene, "audit")}">{scene.company.name}</a>' in body
    assert 'data-label="Company" class="wide">–</td>' in body


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
def test_it_is_for_owners(scene: Scene, address: str, role: Role) -> None:
    did(scene, "Ned was invited.")
    body = page(with_role(scene.tenant, role)[0], address)
    assert "This is for owners" in body
    assert "Ned was invited." not in body


def test_it_is_narrowed_to_one_company_or_to_the_organisation_itself(scene: Scene, address: str) -> None:
    sister = CompanyFactory.create(tenant=scene.tenant, name="Mill Lane Ltd")
    did(scene, "Ned was invited.")
    did(scene, "Linked there.", company=scene.company)
    did(scene, "Paused there.", company=sister)

    def seen(wanted: object) -> list[str]:
        body = page(scene.client, f"{address}?company={wanted}")
        return [one for one in ("Ned was invited.", "Linked there.", "Paused there.") if one in body]

    assert seen("itself") == ["Ned was invited."]
    assert seen(scene.company.pk) == ["Linked there."]
    assert seen(sister.pk) == ["Paused there."]
    assert len(seen("")) == len(seen("nonsense")) == 3
    chosen = page(scene.client, f"{address}?company={sister.pk}")
    assert f'<option value="{sister.pk}" selected>Mill Lane Ltd</option>' in chosen


def test_nothing_of_another_organisation_is_in_it(scene: Scene, address: str) -> None:
    elsewhere = a_scene(name="Elsewhere Ltd")
    did(elsewhere, "Elsewhere was changed.", company=elsewhere.company)
    did(elsewhere, "Elsewhere invited Ned.")
    for wanted in ("", "?company=itself", f"?company={elsewhere.company.pk}"):
        assert "Elsewhere" not in page(scene.client, address + wanted)


def test_our_people_are_our_support_and_a_company_that_is_gone_is_said_to_be(scene: Scene, address: str) -> None:
    StaffFactory.create(username="agent-smith")
    did(scene, "Seen to.", company=CompanyFactory.build(), who="agent-smith")
    body = page(scene.client, address)
    assert "agent-smith" not in body
    assert "Our support" in body
    assert "A company that is not there any more" in body


def test_pages_go_on_where_they_ended_and_cost_the_same(scene: Scene, address: str) -> None:
    did(scene, "First of all.")
    page(scene.client, address)
    with CaptureQueriesContext(connection) as few:
        page(scene.client, address)
    for number in range(60):
        did(scene, f"Number {number:02}.", company=CompanyFactory.create(tenant=scene.tenant) if number % 9 else None)
    with CaptureQueriesContext(connection) as many:
        body = page(scene.client, address)
    assert len(few) == len(many)
    assert "Number 59." in body
    assert "Number 10." in body
    assert "Number 09." not in body
    last = trail_of_tenant(scene.tenant).order_by("-pk")[49]
    older = page(scene.client, f"{address}?after={last.pk}")
    assert "Number 09." in older
    assert "First of all." in older


def test_the_page_says_what_to_do_when_empty_and_is_linked_where_the_people_are(scene: Scene, address: str) -> None:
    assert "Whatever somebody changes stands here" in page(scene.client, address)
    assert f'href="{address}"' in page(scene.client, of_tenant(scene, "people"))
    assert f'href="{address}"' in page(scene.client, of_company(scene, "audit"))


@pytest.mark.parametrize(
    ("narrowed", "index"), [(lambda rows: rows, "audit_event_by_tenant"), (of_no_company, "audit_event_of_no_company")]
)
def test_an_index_that_begins_with_the_organisation_serves_it(
    scene: Scene, narrowed: Callable[[Any], Any], index: str
) -> None:
    """Neither the whole trail of everybody nor a sort of all of the organisation's."""
    rows = [
        AuditEvent(who="x", verb="posting.retried", subject_type="portal", subject_id="", tenant_id=tenant,
                   company_id=company, message="m")
        for tenant in (scene.tenant.pk, a_scene().tenant.pk)
        for company in [scene.company.pk] * 9 + [None]
        for _ in range(100)
    ]  # fmt: skip
    AuditEvent.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan = narrowed(trail_of_tenant(scene.tenant)).order_by("-pk")[:51].explain()
    assert index in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
