"""Codes that came in before go-live are known to the page of the gaps and to the editor, as transactions' are."""

from __future__ import annotations

import csv
import re
import uuid
from html import unescape
from io import StringIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Endpoint
from portal.intake.before_live.making import make_due
from portal.intake.models import Delivery, KeptDryRun
from portal.reference.rules import How, Rule, Rules
from portal.reference.services import save_rules
from portal.tenants.models import Company
from tests.desk.scene import Scene
from tests.factories import EndpointFactory, SourceConnectionFactory
from tests.intake.payloads import a_line, a_transaction, body

pytestmark = pytest.mark.engine


@pytest.fixture
def endpoint(scene: Scene) -> Endpoint:
    Company.objects.update(live_at=None)
    save_rules(scene.connection, Rules(account=Rule(how=How.TABLE)), who="tests")
    endpoint: Endpoint = EndpointFactory.create(connection=SourceConnectionFactory.create(company=scene.company))
    return endpoint


def came(endpoint: Endpoint, number: str, *accounts: str) -> KeptDryRun:
    """A document of these accounts, and its dry run."""
    lines = [a_line(account=each) for each in accounts]
    content = body(
        a_transaction(References={"Identifier": number}, Id=str(uuid.uuid5(uuid.NAMESPACE_URL, number)), Lines=lines)
    )
    now, company = timezone.now(), endpoint.connection.company
    delivery = Delivery.objects.create(
        endpoint=endpoint, company=company, received_at=now, verdict="not_live", body=content
    )  # fmt: skip
    kept = KeptDryRun.objects.create(delivery=delivery, company=company, asked_at=now, next_try_at=now)
    make_due(company.pk)
    return kept


def page(scene: Scene, name: str, **query: str) -> str:
    answer = scene.client.get(reverse(f"desk:{name}", args=[scene.company.pk]), query)
    assert answer.status_code == 200
    return " ".join(unescape(answer.content.decode()).split())


def test_the_gaps_count_each_document_once_and_lead_to_its_dry_run(scene: Scene, endpoint: Endpoint) -> None:
    came(endpoint, "INV-1", "V-1")
    came(endpoint, "INV-1", "V-1")
    latest = came(endpoint, "INV-2", "V-1", "V-2")
    text = page(scene, "gaps")
    assert "What came in before go-live" in text
    assert "Looked at: 2, of them <a" in text
    assert re.findall(r"family=account&code=(V-\d).*?<td[^>]*>(\d)</td>", text) == [("V-1", "2"), ("V-2", "1")]
    address = reverse("desk:before-live-one", args=[scene.company.pk, latest.pk])
    assert f'href="{address}">INV-2</a>' in text
    file = scene.client.get(reverse("desk:gaps-file", args=[scene.company.pk])).getvalue().decode()
    rows = [row[:6] for row in csv.reader(StringIO(file))]
    assert ["Before go-live", "Account code", "V-1", "", "2", "INV-2"] in rows


def test_the_editor_offers_them_to_be_filled_in(scene: Scene, endpoint: Endpoint) -> None:
    came(endpoint, "INV-1", "V-1", "5010")
    text = page(scene, "mapping-codes", family="account")
    assert re.findall(r'<span class="code">([^<]+)</span>', text) == ["5010", "V-1"]
    assert "used by 1 document" in text
    assert text.count("Nothing is sent for it") == 2


def test_what_came_before_counts_until_something_was_taken_in(scene: Scene, endpoint: Endpoint) -> None:
    came(endpoint, "INV-1", "V-1")
    Company.objects.update(live_at=timezone.now())
    assert ">V-1</a>" in page(scene, "gaps")
    scene.receive()
    text = page(scene, "gaps")
    assert ">V-1</a>" not in text
    assert "The last transactions" in text


def test_a_document_that_could_not_be_read_is_passed_over(scene: Scene, endpoint: Endpoint) -> None:
    kept = came(endpoint, "INV-1", "V-1")
    for result in (None, {}, {"document": {"kind": "nothing"}}):
        KeptDryRun.objects.filter(pk=kept.pk).update(result=result)
        assert "nor anything before go-live" in page(scene, "gaps")


def test_a_page_costs_the_same_however_much_came(scene: Scene, endpoint: Endpoint) -> None:
    costs: list[list[str]] = []
    for count in (1, 12):
        for number in range(count):
            came(endpoint, f"INV-{number}", f"V-{number}")
        with CaptureQueriesContext(connection) as asked:
            page(scene, "gaps")
            page(scene, "mapping-codes", family="account")
        costs.append([each["sql"] for each in asked.captured_queries])
    assert len(costs[0]) == len(costs[1])
    if connection.vendor == "sqlite":  # elsewhere small tables are read as they are
        [sql] = {sql for sql in costs[1] if 'FROM "intake_keptdryrun"' in sql}
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            assert "kept_dry_run_by_company" in str(cursor.fetchall())
