"""API tokens of an organisation: made by owners, shown once, revoked for good."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from portal.api import tokens
from portal.api.models import ApiToken, Scope
from portal.events.models import AuditEvent
from portal.tenants.models import Role
from tests.desk.company_settings.conftest import of_tenant, page, said, text_of, with_role
from tests.desk.scene import Scene

pytestmark = pytest.mark.engine
FIRST = next(iter(Scope))


def make(scene: Scene, **given: Any) -> Any:
    data = {"name": "Nightly upload", "scopes": [FIRST.value], "days": "365", **given}
    return scene.client.post(of_tenant(scene, "api-tokens"), data)


def issued(scene: Scene, name: str = "Reader", **options: Any) -> ApiToken:
    return tokens.issue(scene.tenant, name, [FIRST], who="tests", **options)[0]


def test_a_token_is_shown_once_and_works(scene: Scene) -> None:
    response = make(scene)
    clear = re.findall(r"pra_[\w-]{40,}", text_of(response))[0]
    found = tokens.live_token(clear)
    assert found is not None
    assert (found.tenant, found.name, found.scopes, found.created_by) == (
        scene.tenant, "Nightly upload", [FIRST.value], scene.user,
    )  # fmt: skip
    assert f'data-copy="{clear}"' in text_of(response)
    assert "no-store" in response.headers["Cache-Control"]
    assert clear not in page(scene.client, of_tenant(scene, "api-tokens"))
    assert AuditEvent.objects.get(verb="api_token.issued").who == scene.user.username


def test_it_runs_out_after_a_year_unless_said_otherwise(scene: Scene) -> None:
    assert '<option value="365" selected>' in page(scene.client, of_tenant(scene, "api-tokens"))
    make(scene, days="30")
    expires = ApiToken.objects.get().expires_at
    assert expires is not None
    assert timedelta(days=29, hours=23) < expires - timezone.now() <= timedelta(days=30)


def test_every_scope_that_the_api_has_can_be_chosen_in_words(scene: Scene) -> None:
    body = page(scene.client, of_tenant(scene, "api-tokens"))
    for value, label in Scope.choices:
        assert f'value="{value}"' in body
        assert str(label) in body


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"scopes": []}, "Choose what it may do."),
        ({"scopes": ["books:burn"]}, "Select a valid choice"),
        ({"days": "99999"}, "Select a valid choice"),
        ({"name": ""}, "This field is required."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_makes_none(scene: Scene, given: dict[str, Any], sentence: str) -> None:
    assert sentence in text_of(make(scene, **given))
    assert ApiToken.objects.count() == 0


def test_sent_twice_it_makes_one(scene: Scene) -> None:
    make(scene)
    assert "There is a token of this name." in text_of(make(scene))
    assert ApiToken.objects.count() == 1


def test_a_token_is_revoked_after_it_was_said_what_that_means(scene: Scene) -> None:
    token, clear = tokens.issue(scene.tenant, "Reader", [FIRST], who="tests")
    address = of_tenant(scene, "api-token-revoke", token.pk)
    assert "Every call with the token that ends in" in page(scene.client, address)
    assert tokens.live_token(clear) is not None
    response = scene.client.post(address, follow=True)
    assert said(response) == ["The token Reader is refused from now on."]
    assert tokens.live_token(clear) is None
    assert "It is refused already" in page(scene.client, address)


def test_the_list_says_how_each_stands(scene: Scene) -> None:
    now = timezone.now()
    issued(scene, "Live one", expires_at=now + timedelta(days=100))
    issued(scene, "Soon one", expires_at=now + timedelta(days=13))
    old = issued(scene, "Old one")
    ApiToken.objects.filter(pk=old.pk).update(expires_at=now - timedelta(days=1), last_used_at="2026-11-01T10:00Z")
    tokens.revoke(issued(scene, "Gone one"), who="tests")
    body = page(scene.client, of_tenant(scene, "api-tokens"))
    for word in ("Live", "Runs out soon", "Ran out", "Revoked", "1 Nov 2026 10:00", "Never"):
        assert word in body


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.VIEWER])
def test_owners_alone_make_and_revoke(scene: Scene, role: Role) -> None:
    token = issued(scene)
    client, _ = with_role(scene.tenant, role)
    assert "Make a token" not in page(client, of_tenant(scene, "api-tokens"))
    assert client.post(of_tenant(scene, "api-tokens"), {"name": "x"}).status_code == 403
    assert client.post(of_tenant(scene, "api-token-revoke", token.pk)).status_code == 403
    assert ApiToken.objects.get().revoked_at is None


def test_the_list_costs_the_same_however_many_there_are(scene: Scene, django_assert_num_queries: Any) -> None:
    client, address = scene.client, of_tenant(scene, "api-tokens")
    issued(scene, "First", user=scene.user)
    client.get(address)
    with django_assert_num_queries(5):
        client.get(address)
    for number in range(60):
        issued(scene, f"Token {number}", user=scene.user)
    with django_assert_num_queries(5):
        assert "Older" in text_of(client.get(address))
