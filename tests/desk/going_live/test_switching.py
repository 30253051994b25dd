"""The switch: what it says before it is pressed, who may press it, and the way back."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Connection
from portal.desk.going_live.views import switching
from portal.events.models import AuditEvent
from portal.intake.models import Delivery, Forecast, KeptDryRun
from portal.tenants.models import Company, Member, Role
from tests.desk.scene import Scene, a_scene
from tests.factories import SourceConnectionFactory, with_token

pytestmark = pytest.mark.engine


@pytest.fixture
def scene(db: None) -> Scene:
    """A company that has all that it needs to go live."""
    scene = a_scene(name="Northgate Training Ltd", live_at=None)
    Connection.objects.update(confirmed_at=timezone.now())
    with_token(connection=SourceConnectionFactory.create(company=scene.company))
    return scene


def address(scene: Scene, name: str = "go-live") -> str:
    return reverse(f"desk:{name}", args=[scene.company.pk])


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def live_at(scene: Scene) -> Any:
    return Company.objects.get(pk=scene.company.pk).live_at


def test_it_says_what_will_happen_and_what_is_open(scene: Scene) -> None:
    body = text_of(scene.client.get(address(scene)))
    assert "What will happen" in body
    assert "Retry posting" in body
    assert "Still open, and better done first" in body
    assert "Go live all the same" in body


def test_what_came_in_before_is_counted(scene: Scene) -> None:
    endpoint, now = scene.company.connections.get(integration="icompleat").endpoints.get(), timezone.now()
    for forecast in (Forecast.POSTED, Forecast.REFUSED):
        delivery = Delivery.objects.create(endpoint=endpoint, company=scene.company, received_at=now, body=b"{}")
        KeptDryRun.objects.create(
            delivery=delivery, company=scene.company, asked_at=now, made_at=now, forecast=forecast
        )  # fmt: skip
    assert "(2 kept, 1 of them would be refused)" in text_of(scene.client.get(address(scene)))


def test_pressed_it_is_live_and_says_where_to_click(scene: Scene) -> None:
    response = scene.client.post(address(scene), follow=True)
    assert response.redirect_chain == [(address(scene, "set-up"), 302)]
    assert "press Retry posting, for one document or for all." in text_of(response)
    assert live_at(scene) is not None
    assert AuditEvent.objects.get(verb="company.went_live").who == scene.user.username
    assert "Since" in text_of(scene.client.get(address(scene)))


def test_pressed_twice_it_is_live_since_the_first_time(scene: Scene) -> None:
    scene.client.post(address(scene))
    since = live_at(scene)
    scene.client.post(address(scene))
    assert (live_at(scene), AuditEvent.objects.filter(verb="company.went_live").count()) == (since, 1)


def test_without_what_is_required_it_does_not_go(scene: Scene) -> None:
    Connection.objects.update(confirmed_at=None)
    assert "Confirm the company there" in text_of(scene.client.get(address(scene)))
    body = text_of(scene.client.post(address(scene)))
    assert "Nobody has confirmed" in body
    assert '<button type="submit" class="button button-main">Go live' not in body
    assert live_at(scene) is None


def test_an_owner_without_a_second_factor_sets_one_up_first(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switching, "would_need_second_factor", lambda *_: True)
    assert "Set up a second factor first" in text_of(scene.client.get(address(scene)))
    body = text_of(scene.client.post(address(scene)))
    assert switching.SECOND_FACTOR_FIRST in body
    assert live_at(scene) is None


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
@pytest.mark.parametrize("name", ["go-live", "not-live"])
def test_only_owners_press_it(scene: Scene, role: Role, name: str) -> None:
    before = live_at(scene)
    Member.objects.update(role=role)
    assert "Only owners of" in text_of(scene.client.get(address(scene)))
    assert scene.client.post(address(scene, name), {"why": "Because."}).status_code == 403
    assert live_at(scene) == before


def test_the_way_back_needs_a_reason_that_is_kept(scene: Scene) -> None:
    scene.client.post(address(scene))
    body = text_of(scene.client.post(address(scene, "not-live"), {"why": " "}))
    assert "Say why: it is kept in the history, with your name." in body
    assert live_at(scene) is not None
    response = scene.client.post(address(scene, "not-live"), {"why": "The audit."}, follow=True)
    assert response.redirect_chain == [(address(scene, "set-up"), 302)]
    assert live_at(scene) is None
    event = AuditEvent.objects.get(verb="company.back_to_not_live")
    assert (event.who, "The audit." in event.message) == (scene.user.username, True)


def test_a_closed_company_has_no_switch(scene: Scene) -> None:
    Company.objects.update(closed_at=timezone.now())
    body = text_of(scene.client.get(address(scene)))
    assert "a closed company stays closed" in body
    answer = scene.client.post(address(scene))
    assert (answer.status_code, "is closed" in text_of(answer)) == (403, True)
    assert live_at(scene) is None
