"""The dry run and the gaps in a real browser: both columns, every width, light and dark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.connections.models import Connection
from portal.postings.models import Posting
from portal.reference.rules import DimensionRule, How, Rule, Rules
from portal.reference.services import save_rules
from tests.e2e.conftest import Visit
from tests.factories import (
    PASSWORD,
    LedgerConnectionFactory,
    MemberFactory,
    SourceConnectionFactory,
    StaffFactory,
    UserFactory,
    a_line,
    accepted,
)
from tests.intake.payloads import a_transaction
from tests.postings.preview.stand_ins import KINDS, TOKEN, StandIn, served
from tests.samples import sample

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def demo(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv(KINDS["demo"].variable, TOKEN)
    with served("demo", tmp_path) as stand_in:
        yield stand_in


@pytest.fixture
def posting(demo: StandIn) -> Posting:
    rules = Rules(dimensions=(DimensionRule(name="Department", to="Dept"),))
    save_rules(demo.connection, rules, who="tests")
    SourceConnectionFactory.create(company=demo.connection.company)
    accepted(demo.connection, sample(external_id="b", identity="b", lines=(a_line(account_code=None),)))
    return accepted(demo.connection, sample()).posting


def test_a_customer_sees_what_would_be_sent(visit: Visit, demo: StandIn, posting: Posting) -> None:
    user = UserFactory.create(username="carla")
    MemberFactory.create(tenant=demo.connection.company.tenant, user=user)
    watched = visit()
    watched.open(reverse("desk:transaction", args=[posting.transaction.public_id]))
    watched.log_in("carla", PASSWORD)
    page = watched.page
    watched.shoot("dry-run-transaction")
    page.get_by_role("link", name="Dry run").click()
    expect(page.get_by_text("Demo Books would be sent what stands here.")).to_be_visible()
    watched.shoot("dry-run")
    assert watched.too_narrow() == []
    save_rules(demo.connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    page.reload()
    expect(page.get_by_text("the mapping lacks 2 codes")).to_be_visible()
    watched.shoot("dry-run-missing")
    assert watched.too_narrow() == []
    page.get_by_role("link", name="Mapping").first.click()
    watched.shoot("gaps")
    assert watched.too_narrow() == []
    page.get_by_role("link", name="Dry run of a document").click()
    save_rules(demo.connection, Rules(), who="tests")
    page.get_by_label("JSON from iCompleat").fill("{}")
    page.get_by_role("button", name="Show what would be sent").click()
    expect(page.get_by_text("The transaction has no Id.")).to_be_visible()
    watched.shoot("dry-run-form")
    page.get_by_label("JSON from iCompleat").fill(json.dumps(a_transaction()))
    page.get_by_role("button", name="Show what would be sent").click()
    expect(page.get_by_text("P-DRY-RUN and the key are made up")).to_be_visible()
    watched.shoot("dry-run-pasted")
    assert watched.too_narrow() == []
    assert demo.writes() == []


def test_staff_see_it_too(visit: Visit, demo: StandIn, posting: Posting) -> None:
    StaffFactory.create(username="sam")
    watched = visit()
    watched.open(reverse("admin:postings_posting_change", args=[posting.pk]))
    watched.log_in("sam", PASSWORD)
    watched.page.get_by_role("link", name="Dry run").click()
    expect(watched.page.get_by_text("Demo Books would be sent what stands here.").first).to_be_visible()
    watched.shoot("staff-dry-run")
    assert watched.too_narrow() == []
    watched.open(f"/admin/postings/posting/gaps/?connection={demo.connection.pk}&in=lists")
    watched.shoot("staff-gaps")
    assert watched.too_narrow() == []
    ledger: Connection = LedgerConnectionFactory.create()
    bad = accepted(ledger, sample(external_id="z", identity="z", lines=(a_line(account_code="9999"),))).posting
    watched.open(reverse("admin:postings_transaction_dry_run", args=[bad.transaction_id]))
    watched.shoot("staff-dry-run-objections")
    assert watched.too_narrow() == []
