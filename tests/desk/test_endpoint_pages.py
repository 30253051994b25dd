"""The addresses that iCompleat sends to: opened once, given tokens, watched at the first delivery."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Connection, Endpoint, EndpointToken
from portal.connections.tokens import issue_token
from portal.digests import digest
from portal.intake.models import Capture
from portal.tenants.models import Member, Role
from tests.desk.scene import Scene
from tests.factories import SourceConnectionFactory, with_token

pytestmark = pytest.mark.engine
KINDS = ["credit_note", "invoice", "purchase_order", "receipt"]
TOKEN = "a-token-that-icompleat-made"


@pytest.fixture
def source(scene: Scene) -> Connection:
    source: Connection = SourceConnectionFactory.create(company=scene.company)
    return source


@pytest.fixture
def endpoint(source: Connection) -> Endpoint:
    return with_token(connection=source, kind="invoice")[0]


def address(scene: Scene, name: str, *more: object) -> str:
    return reverse(f"desk:{name}", args=[scene.company.pk, *more])


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def post(scene: Scene, name: str, *more: object, **data: str) -> Any:
    return scene.client.post(address(scene, name, *more), data, follow=True)


def test_every_missing_address_is_opened_once(scene: Scene, source: Connection, endpoint: Endpoint) -> None:
    assert "Open the missing addresses" in text_of(scene.client.get(address(scene, "source")))
    post(scene, "endpoints-open")
    body = text_of(post(scene, "endpoints-open"))
    opened = Endpoint.objects.filter(connection=source).order_by("kind")
    assert [each.kind for each in opened] == KINDS
    for each in opened:
        assert f"/webhooks/icompleat/{each.pk}/" in body
    assert "Open the missing addresses" not in body


def test_an_address_for_all_kinds_is_enough(scene: Scene, source: Connection) -> None:
    with_token(connection=source)
    post(scene, "endpoints-open")
    assert [each.kind for each in Endpoint.objects.filter(connection=source)] == [""]


def test_without_a_link_none_is_opened(scene: Scene) -> None:
    assert "First link iCompleat" in text_of(post(scene, "endpoints-open"))
    assert not Endpoint.objects.exists()


def test_a_token_is_shown_once_and_kept_as_a_digest(scene: Scene, endpoint: Endpoint) -> None:
    newest = str(EndpointToken.objects.latest("pk").pk)
    body = text_of(post(scene, "endpoint-token", endpoint.pk, newest=newest))
    token = re.findall(r'data-copy="(prm_[^"]+)"', body)[0]
    assert EndpointToken.objects.latest("pk").digest == digest(token)
    assert token not in text_of(scene.client.get(address(scene, "endpoint", endpoint.pk)))


def test_a_reload_makes_no_second_token(scene: Scene, endpoint: Endpoint) -> None:
    newest = str(EndpointToken.objects.latest("pk").pk)
    post(scene, "endpoint-token", endpoint.pk, newest=newest)
    body = text_of(post(scene, "endpoint-token", endpoint.pk, newest=newest))
    assert "A token was made meanwhile, so nothing was done." in body
    assert EndpointToken.objects.count() == 2


def test_a_token_of_icompleats_own_is_taken_over(scene: Scene, endpoint: Endpoint) -> None:
    body = text_of(post(scene, "endpoint-token", endpoint.pk, token=TOKEN))
    assert EndpointToken.objects.latest("pk").digest == digest(TOKEN)
    assert "Ends in" in body
    assert TOKEN not in body


@pytest.mark.parametrize(
    "token,why", [("short", "at least 16 characters"), ("", "This field is required"), ("ä" * 20, "ASCII")]
)
def test_a_token_that_cannot_be_says_why_at_its_field(scene: Scene, endpoint: Endpoint, token: str, why: str) -> None:
    body = text_of(post(scene, "endpoint-token", endpoint.pk, token=token))
    assert why in re.findall(r'<p class="error" id="field-token_error">([^<]*)</p>', body)[0]
    assert EndpointToken.objects.count() == 1


def test_discovery_is_open_for_a_day(scene: Scene, endpoint: Endpoint) -> None:
    before = timezone.now()
    body = text_of(post(scene, "endpoint-discovery", endpoint.pk))
    endpoint.refresh_from_db()
    assert endpoint.discovery_until is not None
    assert timedelta(hours=23, minutes=59) < endpoint.discovery_until - before < timedelta(hours=24, minutes=1)
    assert "the token is looked for in every header" in body


def test_the_next_delivery_is_waited_for_and_then_shown_with_masked_headers(scene: Scene, endpoint: Endpoint) -> None:
    token = issue_token(endpoint, who="tests")
    waiting = text_of(post(scene, "endpoint-capture", endpoint.pk))
    assert 'hx-trigger="every 2s"' in waiting
    Client().post(
        f"/webhooks/icompleat/{endpoint.pk}/", b'{"Transaction":{"Id":7}}', content_type="application/json",
        headers={"x-unheard-of": token},
    )  # fmt: skip
    part = text_of(scene.client.get(address(scene, "endpoint-captured", endpoint.pk)))
    assert "It was refused (401). The token came in the header x-unheard-of." in part
    assert '<dt class="code">x-unheard-of</dt><dd class="code">***</dd>' in part
    assert '"Id": 7' in part
    assert token not in part
    assert "hx-get" not in part


def test_waiting_is_stopped(scene: Scene, endpoint: Endpoint) -> None:
    post(scene, "endpoint-capture", endpoint.pk)
    body = text_of(post(scene, "endpoint-capture", endpoint.pk, stop="yes"))
    assert Capture.objects.get().disarmed_at is not None
    assert "hx-trigger" not in body


def test_what_was_captured_is_shown_to_owners_alone(scene: Scene, endpoint: Endpoint) -> None:
    now = timezone.now()
    Capture.objects.create(
        endpoint=endpoint, armed_at=now, armed_until=now, taken_at=now, method="POST", body=b"Kestrel77"
    )
    Member.objects.filter(user=scene.user).update(role=Role.OPERATOR)
    body = text_of(scene.client.get(address(scene, "endpoint", endpoint.pk)))
    assert "Kestrel77" not in body
    assert "is shown to owners of" in body


def test_a_captured_body_that_is_no_text_is_shown_as_numbers(scene: Scene, endpoint: Endpoint) -> None:
    now = timezone.now()
    Capture.objects.create(endpoint=endpoint, armed_at=now, armed_until=now, taken_at=now, body=b"\xff\xfeK\x00")
    assert "00000000  ff fe 4b 00" in text_of(scene.client.get(address(scene, "endpoint", endpoint.pk)))


def test_a_closed_address_is_not_there(scene: Scene, endpoint: Endpoint) -> None:
    Endpoint.objects.update(is_active=False)
    assert scene.client.get(address(scene, "endpoint", endpoint.pk)).status_code == 404
