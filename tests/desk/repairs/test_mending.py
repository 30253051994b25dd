"""Refused for want of a code: to the mapping with the code at fault, and back to retry once it is there."""

from __future__ import annotations

import html

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from portal.postings import work
from portal.postings.models import Posting
from portal.postings.states import State
from portal.reference.models import MappedCode
from portal.reference.rules import How, Rule, Rules, defaults
from portal.reference.services import save_rules
from portal.tenants.models import Role
from tests.desk.repairs.conftest import People
from tests.desk.repairs.pages import given, its_page, path, text
from tests.desk.scene import Scene
from tests.factories import a_line

pytestmark = pytest.mark.engine


def _refused(scene: Scene, code: str | None = "VENUE & MORE") -> Posting:
    """Its account has no row in the table."""
    save_rules(scene.connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    posting = scene.receive(lines=(a_line(account_code=code),))
    work.run(posting.pk)
    posting.refresh_from_db()
    assert posting.state == State.REJECTED
    return posting


def _add_the_code(scene: Scene) -> None:
    MappedCode.objects.create(
        connection=scene.connection, family="account", source_code="VENUE & MORE", accounting_code="5010"
    )


def test_the_way_leads_to_the_code_at_fault_and_back(scene: Scene) -> None:
    posting = _refused(scene)
    page = html.unescape(scene.client.get(its_page(posting)).content.decode())
    back = its_page(posting).replace("/", "%2F")
    way = f"/companies/{scene.company.pk}/mapping/codes/?family=account&code=VENUE+%26+MORE&back={back}"
    assert f'class="button button-main" href="{way}">Mend the mapping</a>' in page
    asked = scene.client.get(path(posting, "retry/"))
    assert f'href="{way}">Mend the mapping first</a>' in html.unescape(asked.content.decode())
    assert "Line 1: account code VENUE & MORE is not in the mapping table of the connection." in text(asked)


def test_once_the_code_is_there_the_page_says_retry_and_it_is_booked(scene: Scene, rung: list[int]) -> None:
    posting = _refused(scene)
    assertNotContains(scene.client.get(its_page(posting)), "The mapping has what was missing now.")
    _add_the_code(scene)
    page = scene.client.get(its_page(posting))
    assertContains(page, "The mapping has what was missing now. Retry it.")
    assertNotContains(page, "Mend the mapping")
    scene.client.post(path(posting, "retry/"), given("retry"))
    assert rung == [posting.pk]
    work.run(posting.pk)
    posting.refresh_from_db()
    assert posting.state == State.POSTED


def test_a_line_without_a_code_leads_to_the_rules(scene: Scene) -> None:
    posting = _refused(scene, None)
    assertContains(scene.client.get(its_page(posting)), f"/companies/{scene.company.pk}/mapping/rules/?back=")
    save_rules(scene.connection, defaults(account="5010"), who="tests")
    assertContains(scene.client.get(its_page(posting)), "The mapping has what was missing now.")


def test_what_was_refused_for_another_reason_is_not_mended_there(scene: Scene) -> None:
    assertNotContains(scene.client.get(its_page(scene.refuse())), "/mapping/codes/")


def test_viewers_are_not_sent_to_mend(demo: Scene, people: People) -> None:
    posting = _refused(demo)
    assertNotContains(people.client(Role.VIEWER).get(its_page(posting)), "Mend the mapping")
