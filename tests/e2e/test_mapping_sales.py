"""A company that sells says what becomes of its courses, its payments and its tax, in a real browser."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from integrations.documents import Kind
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.models import MappedCode, Record
from tests.desk.scene import Scene, a_scene
from tests.desk.syncs import a_record
from tests.e2e.browser import Watched
from tests.e2e.conftest import Visit
from tests.factories import PASSWORD, SourceConnectionFactory
from tests.samples import sale, with_line

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    """One invoice over a course and a manual, and a payment; nobody has said yet what becomes of them."""
    scene = a_scene(name="Northgate Training Ltd")
    SourceConnectionFactory.create(company=scene.company, integration="accessplanit", external_company_id="")
    for code, name, rate in (("T0", "Zero rated", "0"), ("T1", "Standard rate", "20"), ("T5", "Reduced rate", "5")):
        record = a_record(scene.connection, code, kind="tax", name=name)
        Record.objects.filter(pk=record.pk).update(details={"rate": rate})
    document = sale()
    for place, code in enumerate(("20", "0")):
        document = with_line(document, place, account_code=None, tax_code=code)
    scene.receive(document)
    scene.receive(with_line(sale(Kind.PAYMENT), 0, account_code=None))
    return scene


@pytest.fixture
def watched(scene: Scene, visit: Visit) -> Watched:
    watched = visit()
    watched.open(reverse("desk:gaps", args=[scene.company.pk]))
    watched.log_in(scene.user.username, PASSWORD)
    return watched


def test_one_row_for_a_type_and_one_for_a_part_of_a_name(watched: Watched, scene: Scene) -> None:
    page = watched.page
    expect(page.get_by_text("“First aid at work, 12 places” (course/4711)")).to_be_visible()
    watched.shoot("mapping-sales-gaps")
    assert watched.too_narrow() == []
    page.get_by_role("link", name="course", exact=True).click()
    expect(page.get_by_role("columnheader", name="What was sold")).to_be_visible()
    page.get_by_label("Sent for course, line 1").fill("4000")
    page.get_by_label("What was sold, or its type, new line 3").fill("*manual*")
    page.get_by_label("Sent for the new line, line 3").fill("4020")
    watched.shoot("mapping-sales-revenue")
    assert watched.too_narrow() == []
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved: 2 added.")).to_be_visible()
    page.get_by_role("link", name="Gaps", exact=True).click()
    expect(page.get_by_text("“First aid at work, 12 places”")).to_have_count(0)
    expect(page.get_by_text("resource/12")).to_have_count(0)
    assert MappedCode.objects.filter(family="revenue").count() == 2


def test_tax_codes_of_the_rate_are_offered_first_and_nothing_is_retried_by_itself(
    watched: Watched, scene: Scene
) -> None:
    page = watched.page
    for family, source, sent in (("revenue", "course", "4000"), ("revenue", "resource", "4020")):
        MappedCode.objects.create(connection=scene.connection, family=family, source_code=source, accounting_code=sent)
    page.get_by_role("link", name="Codes", exact=True).click()
    page.get_by_role("link", name="Sales tax code", exact=True).click()
    field = page.get_by_label("Sent for 20, line 2")
    offered = page.locator(f"#{field.get_attribute('list')} option")
    assert [one.get_attribute("value") for one in offered.all()] == ["T1", "T0", "T5"]
    field.fill("T1")
    page.get_by_label("Sent for 0, line 1").fill("T0")
    watched.shoot("mapping-sales-tax")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Bank account", exact=True).click()
    page.get_by_label("Sent for BACS, line 1").fill("1200")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved: 1 added.")).to_be_visible()
    page.get_by_role("link", name="Rules", exact=True).click()
    expect(page.get_by_role("group", name="Revenue, by what was sold")).to_be_visible()
    watched.shoot("mapping-sales-rules")
    assert watched.too_narrow() == []
    assert [one.state for one in Posting.objects.order_by("pk")] == [State.REJECTED, State.REJECTED]
