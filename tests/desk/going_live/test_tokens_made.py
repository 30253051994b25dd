"""All addresses and their tokens at one press, shown once; and a page that notices what comes to them."""

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
from portal.digests import digest
from portal.intake.before_live.making import make_due
from portal.intake.models import KeptDryRun, RefusedCalls
from portal.intake.views import receiving
from portal.tenants.models import Company
from tests.desk.scene import Scene
from tests.factories import EndpointFactory, SourceConnectionFactory, with_token
from tests.intake.payloads import a_transaction, body

pytestmark = pytest.mark.engine


@pytest.fixture
def source(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """iCompleat, of a company that is not live yet."""
    monkeypatch.setattr(receiving, "look", lambda _: None)
    Company.objects.update(live_at=None)
    source: Connection = SourceConnectionFactory.create(company=scene.company)
    return source


def address(scene: Scene, name: str) -> str:
    return reverse(f"desk:{name}", args=[scene.company.pk])


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def made(scene: Scene) -> str:
    return text_of(scene.client.post(address(scene, "tokens-made"), follow=True))


def tokens_in(shown: str) -> list[str]:
    return re.findall(r'data-copy="(prm_[^"]+)"', shown)


OURS_GOES_THERE = "Paste its token into <strong>Secret token</strong>, in the place of what may stand there."
THEIRS_COMES_HERE = "If iCompleat made one already, copy that one and store it"


def test_where_tokens_are_shown_nobody_is_told_to_paste_one_here(scene: Scene, source: Connection) -> None:
    shown = made(scene)
    assert OURS_GOES_THERE in shown
    assert THEIRS_COMES_HERE not in shown
    one = Endpoint.objects.filter(connection=source)[0]
    for name, more, can_paste in (("endpoint", [one.pk], True), ("source", [], False)):
        page = text_of(scene.client.get(reverse(f"desk:{name}", args=[scene.company.pk, *more])))
        assert THEIRS_COMES_HERE in page
        assert OURS_GOES_THERE not in page
        assert ("it on this page instead" in page) is can_paste is ('name="token"' in page)
    newest = EndpointToken.objects.get(endpoint=one).pk
    anew = scene.client.post(reverse("desk:endpoint-token", args=[scene.company.pk, one.pk]), {"newest": newest})
    assert OURS_GOES_THERE in text_of(anew)
    assert THEIRS_COMES_HERE not in text_of(anew)


def test_every_address_is_opened_and_every_token_shown_once(scene: Scene, source: Connection) -> None:
    shown = made(scene)
    tokens = tokens_in(shown)
    assert len(tokens) == 4
    assert {digest(token) for token in tokens} == set(EndpointToken.objects.values_list("digest", flat=True))
    for endpoint in Endpoint.objects.all():
        assert f"/webhooks/icompleat/{endpoint.pk}/" in shown
    assert "What to click in iCompleat" in shown
    after = text_of(scene.client.get(address(scene, "source")))
    assert [token for token in tokens if token in after] == []


def test_sent_again_it_makes_no_second_token(scene: Scene, source: Connection) -> None:
    made(scene)
    again = made(scene)
    assert tokens_in(again) == []
    assert "Every address has its token already" in again
    assert EndpointToken.objects.count() == 4


def test_what_has_a_token_keeps_it(scene: Scene, source: Connection) -> None:
    kept, token = with_token(connection=source, kind="invoice")
    EndpointFactory.create(connection=source, kind="receipt")
    shown = made(scene)
    assert len(tokens_in(shown)) == 3
    assert [each.hint for each in kept.tokens.all()] == [token[-4:]]
    assert "Make the missing tokens" not in text_of(scene.client.get(address(scene, "source")))


def test_without_a_link_nothing_is_made(scene: Scene) -> None:
    assert "First connect iCompleat" in made(scene)
    assert not Endpoint.objects.exists()


def deliver(endpoint: Endpoint, token: str, content: bytes) -> int:
    return Client().post(
        f"/webhooks/icompleat/{endpoint.pk}/", content, content_type="application/json",
        headers={"x-api-compleat-token": token},
    ).status_code  # fmt: skip


def part(scene: Scene, **query: str) -> str:
    return text_of(scene.client.get(address(scene, "deliveries-watch"), query))


def test_the_first_delivery_is_noticed_and_what_would_have_been_done(scene: Scene, source: Connection) -> None:
    endpoint, token = with_token(connection=source, kind="invoice")
    page = text_of(scene.client.get(address(scene, "source")))
    assert "Nothing has come in yet." in page
    seen = re.findall(r"turn=0&seen=(\w+)", page)[0]
    assert 'id="deliveries"' not in part(scene, turn="0", seen=seen)
    assert deliver(endpoint, token, body(a_transaction())) == 400
    noticed = part(scene, turn="3", seen=seen)
    assert "Invoice INV000123" in noticed
    assert "It is being looked at." in noticed
    assert "load delay:2s" in noticed
    make_due(scene.company.pk)
    kept = KeptDryRun.objects.get()
    noticed = part(scene)
    assert "Would be posted" in noticed
    assert reverse("desk:before-live-one", args=[scene.company.pk, kept.pk]) in noticed


def test_what_a_live_company_took_in_is_noticed_with_its_number(scene: Scene, source: Connection) -> None:
    Company.objects.update(live_at=timezone.now())
    endpoint, token = with_token(connection=source)
    assert deliver(endpoint, token, body(a_transaction())) == 200
    assert 'Taken in</span><span class="second">As P-000001.' in part(scene)


def test_what_was_refused_of_a_live_company_says_why(scene: Scene, source: Connection) -> None:
    Company.objects.update(live_at=timezone.now())
    endpoint, token = with_token(connection=source)
    assert deliver(endpoint, token, body(a_transaction(Lines=None))) == 400
    assert "Refused" in part(scene)


def test_who_knocks_in_vain_is_noticed(scene: Scene, source: Connection) -> None:
    endpoint, _ = with_token(connection=source)
    now = timezone.now()
    for hours in (0, 1):
        RefusedCalls.objects.create(
            endpoint_id_called=str(endpoint.pk), hour=now - timedelta(hours=hours), count=2, last_at=now
        )  # fmt: skip
    assert "4 calls without a good token in the last day" in part(scene)


def test_it_costs_the_same_however_much_came(scene: Scene, source: Connection, django_assert_num_queries: Any) -> None:
    made(scene)
    client = scene.client
    client.get(address(scene, "source"))
    endpoint = Endpoint.objects.get(kind="invoice")
    token = "a-token-of-icompleats-own"
    client.post(reverse("desk:endpoint-token", args=[scene.company.pk, endpoint.pk]), {"token": token})
    for few, count in ((True, 1), (False, 5)):
        for _ in range(count):
            deliver(endpoint, token, body(a_transaction()))
        with django_assert_num_queries(10):
            assert client.get(address(scene, "deliveries-watch"), {"turn": str(few)}).status_code == 200
