"""What came in before go-live: the list, one of them, and running them again."""

from __future__ import annotations

import html
import uuid
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Endpoint
from portal.desk import keyset
from portal.intake import tasks
from portal.intake.before_live.making import make_due
from portal.intake.models import Delivery, Forecast, KeptDryRun
from portal.tenants.models import Company
from tests.desk.scene import Scene
from tests.factories import EndpointFactory, SourceConnectionFactory
from tests.intake.payloads import a_line, a_transaction, body

pytestmark = pytest.mark.engine


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[uuid.UUID]:
    ids: list[uuid.UUID] = []
    monkeypatch.setattr(tasks, "ring", ids.append)
    return ids


@pytest.fixture
def endpoint(scene: Scene) -> Endpoint:
    Company.objects.update(live_at=None)
    endpoint: Endpoint = EndpointFactory.create(connection=SourceConnectionFactory.create(company=scene.company))
    return endpoint


def came(endpoint: Endpoint, **members: Any) -> KeptDryRun:
    company, now = endpoint.connection.company, timezone.now()
    delivery = Delivery.objects.create(
        endpoint=endpoint, company=company, received_at=now, verdict="not_live", reason="Not live yet.",
        body=body(a_transaction(**members)),
    )  # fmt: skip
    return KeptDryRun.objects.create(delivery=delivery, company=company, asked_at=now, next_try_at=now)


def page(scene: Scene, name: str = "before-live", *more: object, **query: str) -> str:
    address = reverse(f"desk:{name}", args=[scene.company.pk, *more])
    return html.unescape(scene.client.get(address, query).content.decode())


def test_nothing_came_in_says_what_to_do(scene: Scene, endpoint: Endpoint) -> None:
    body = page(scene)
    assert "Nothing came in before go-live" in body
    assert reverse("desk:source", args=[scene.company.pk]) in body


def test_each_is_listed_with_what_would_be_done(scene: Scene, endpoint: Endpoint) -> None:
    came(endpoint)
    came(endpoint, References={"Identifier": "INV000999"}, Lines=[a_line(account="9999")])
    make_due(scene.company.pk)
    came(endpoint)
    body = page(scene)
    for words in (
        "No number",
        "Would be posted",
        "Would be refused",
        "Not known yet",
        "9999",
        "INV000123",
        "INV000999",
        "120.00",
    ):
        assert words in body
    assert "load delay:2s" in body
    only = page(scene, forecast="refused")
    assert ("INV000999" in only, "INV000123" in only) == (True, False)
    assert "None of this kind" in page(scene, forecast="perhaps_refused")


def test_one_of_them_stands_beside_what_came_in(scene: Scene, endpoint: Endpoint) -> None:
    kept = came(endpoint)
    waiting = page(scene, "before-live-one", kept.pk)
    assert "Not known yet" in waiting
    assert "Venue hire" in waiting
    make_due(scene.company.pk)
    body = page(scene, "before-live-one", kept.pk)
    assert "What would be sent" in body
    assert "would book what stands here" in body
    assert '"Title": "Venue hire"' in body


def test_what_could_not_be_read_shows_what_came(scene: Scene, endpoint: Endpoint) -> None:
    kept = came(endpoint, Lines=None)
    make_due(scene.company.pk)
    body = page(scene, "before-live-one", kept.pk)
    assert "Would be refused" in body
    assert '"Title": "Venue hire"' in body


def test_one_is_run_again(scene: Scene, endpoint: Endpoint, rung: list[uuid.UUID]) -> None:
    kept = came(endpoint)
    make_due(scene.company.pk)
    response = scene.client.post(reverse("desk:before-live-again", args=[scene.company.pk, kept.pk]), follow=True)
    assert rung == [scene.company.pk]
    body = html.unescape(response.content.decode())
    assert "It is looked at again" in body
    assert "Would be posted" in body, "what was found before is shown until then"


def test_all_that_would_be_refused_are_run_again(scene: Scene, endpoint: Endpoint, rung: list[uuid.UUID]) -> None:
    good, bad = came(endpoint), came(endpoint, Lines=[a_line(account="9999")])
    make_due(scene.company.pk)
    assert "Run all again that would be refused" in page(scene)
    scene.client.post(reverse("desk:before-live-all-again", args=[scene.company.pk]))
    due = KeptDryRun.objects.filter(next_try_at__isnull=False)
    assert ([kept.pk for kept in due], rung, good.pk) == ([bad.pk], [scene.company.pk], bad.pk - 1)


def test_with_none_to_mend_nothing_is_run(scene: Scene, endpoint: Endpoint, rung: list[uuid.UUID]) -> None:
    came(endpoint)
    make_due(scene.company.pk)
    assert "Run all again" not in page(scene)
    scene.client.post(reverse("desk:before-live-all-again", args=[scene.company.pk]))
    assert rung == []


def test_pages_lead_on_by_position(scene: Scene, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyset, "PAGE_SIZE", 2)
    ids = [came(endpoint).pk for _ in range(3)]
    first = page(scene)
    assert [pk for pk in ids if f'id="kept-{pk}"' in first] == ids[1:]
    assert f"?after={ids[1]}" in first
    second = page(scene, after=str(ids[1]))
    assert [pk for pk in ids if f'id="kept-{pk}"' in second] == ids[:1]


@pytest.mark.parametrize("wrong", ["nonsense", "-1", "9" * 30])
def test_no_position_is_no_page(scene: Scene, endpoint: Endpoint, wrong: str) -> None:
    address = reverse("desk:before-live", args=[scene.company.pk])
    assert scene.client.get(address, {"after": wrong}).status_code == 404


def test_a_number_that_is_too_large_does_not_exist(scene: Scene, endpoint: Endpoint) -> None:
    address = reverse("desk:before-live-one", args=[scene.company.pk, 2**63])
    assert scene.client.get(address).status_code == 404


def test_it_costs_the_same_with_one_as_with_many(
    scene: Scene, endpoint: Endpoint, django_assert_num_queries: Any
) -> None:
    came(endpoint)
    client, address = scene.client, reverse("desk:before-live", args=[scene.company.pk])
    client.get(address)
    for more in (0, 7):
        for _ in range(more):
            came(endpoint)
        with django_assert_num_queries(7):
            client.get(address)


def test_a_live_company_is_told_how_they_come_again(scene: Scene, endpoint: Endpoint) -> None:
    came(endpoint)
    Company.objects.update(live_at=timezone.now())
    assert "Retry posting" in page(scene)
    assert KeptDryRun.objects.get().forecast == Forecast.UNKNOWN
