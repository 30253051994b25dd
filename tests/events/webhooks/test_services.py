"""What owners and programs may do: subscribe, change, switch, new secret, test, replay. All of it leaves a trace."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from integrations.standard_webhooks import NotGenuine
from portal.events.models import AuditEvent
from portal.events.webhooks import services
from portal.events.webhooks.addresses import shown
from portal.events.webhooks.delivering import claim, deliver
from portal.events.webhooks.forgetting import KEPT, prune
from portal.events.webhooks.models import Announcement, Consumer, Dispatch, DispatchState
from portal.events.webhooks.services import CannotDo, replay, replay_failed
from tests.events.webhooks.ear import Ear, a_consumer, a_dispatch

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
TENANT = uuid.UUID(int=5)
URL = "https://hooks.example.com/postroom?code=s3cret"


def test_a_subscription_gives_its_secret_once_and_keeps_it_encrypted() -> None:
    consumer, secret = services.subscribe(
        TENANT, f" {URL} ", ["posting.posted", "sync.failed", "posting.posted"], None, "ann"
    )
    row = Consumer.objects.get()
    assert (row.url, row.hint, row.created_by) == (URL, secret[-4:], "ann")
    assert row.event_types == ["sync.failed", "posting.posted"]
    assert row.secrets == {"signing": secret}
    assert secret not in str(Consumer.objects.values_list("secrets", flat=True)[0])
    event = AuditEvent.objects.get(verb="webhook.added")
    assert (event.tenant_id, event.subject_id, event.who) == (TENANT, str(consumer.pk), "ann")
    assert "s3cret" not in f"{event.message}{event.details}"
    assert shown(row.url) == "https://hooks.example.com/postroom?…"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "ftp://hooks.example.com/",
        "https://",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com/a b",
        'https://hooks.example.com/"',
        "https://ann:pass@hooks.example.com/",
        "https://hooks.example.com/#top",
        f"https://hooks.example.com/{'x' * 500}",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/",
    ],
)
def test_what_is_no_address_to_send_to_is_refused_at_its_field(url: str) -> None:
    with pytest.raises(CannotDo) as refusal:
        services.subscribe(TENANT, url, [], None, "ann")
    assert refusal.value.field == "url"
    assert Consumer.objects.count() == 0


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example.com/", "https://10.0.0.7/", "https://[::1]/", "https://localhost/", "https://127.0.0.1/"],
)
def test_where_private_addresses_are_not_allowed_they_are_refused_and_so_is_plain_http(
    settings: Settings, url: str
) -> None:
    services.subscribe(TENANT, url, [], None, "ann")
    settings.ALLOW_PRIVATE_TARGETS = False
    with pytest.raises(CannotDo):
        services.subscribe(TENANT, url, [], None, "ann")


def test_an_event_that_does_not_exist_is_refused_by_its_name() -> None:
    with pytest.raises(CannotDo, match="called posting") as refusal:
        services.subscribe(TENANT, URL, ["posting.exploded"], None, "ann")
    assert refusal.value.field == "event_types"


def test_there_are_fifty_at_most() -> None:
    Consumer.objects.bulk_create(Consumer(tenant_id=TENANT, url=URL, hint="1234") for _ in range(50))
    with pytest.raises(CannotDo, match="50"):
        services.subscribe(TENANT, URL, [], None, "ann")
    services.delete(services.consumers_of(TENANT)[0], "ann")
    services.subscribe(TENANT, URL, [], None, "ann")


def test_a_change_keeps_the_secret() -> None:
    consumer, secret = services.subscribe(TENANT, URL, [], None, "ann")
    services.change(consumer, "https://other.example.com/", ["sync.failed"], uuid.UUID(int=9), "bob")
    row = Consumer.objects.get()
    assert (row.url, row.event_types, row.company_id) == (
        "https://other.example.com/", ["sync.failed"], uuid.UUID(int=9),
    )  # fmt: skip
    assert row.secrets["signing"] == secret
    assert AuditEvent.objects.filter(verb="webhook.changed", who="bob").exists()


def test_what_is_switched_off_is_told_nothing_and_what_waited_can_be_replayed() -> None:
    consumer, _ = a_consumer(URL, TENANT)
    waiting = a_dispatch(consumer)
    services.disable(consumer, "ann")
    services.disable(consumer, "ann")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.next_try_at) == (DispatchState.GIVEN_UP, None)
    for refused in (
        lambda: replay(waiting, "ann"),
        lambda: services.send_test(consumer, "ann"),
        lambda: replay_failed(consumer, timezone.now(), "ann"),
    ):
        with pytest.raises(CannotDo, match="Switch it on"):
            refused()
    assert AuditEvent.objects.filter(verb="webhook.disabled").count() == 1
    services.enable(consumer, "ann")
    assert replay_failed(consumer, timezone.now() - timedelta(days=1), "ann") == 1


def test_for_a_day_a_new_secret_and_the_one_before_sign(httpserver: HTTPServer) -> None:
    ear = Ear(httpserver)
    consumer, old = a_consumer(ear.url, TENANT)
    new = services.rotate(consumer, "ann")
    for hours, counts in ((0, (1, 1)), (23, (1, 1)), (25, (0, 1))):
        with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
            ear.heard.clear()
            _sent(consumer)
            assert (_verifies(ear, old), _verifies(ear, new)) == counts
    assert Consumer.objects.get().hint == new[-4:]


def test_after_a_second_new_secret_the_first_of_all_counts_no_more(httpserver: HTTPServer) -> None:
    ear = Ear(httpserver)
    consumer, first = a_consumer(ear.url, TENANT)
    second, third = services.rotate(consumer, "ann"), services.rotate(consumer, "ann")
    _sent(consumer)
    assert [_verifies(ear, one) for one in (first, second, third)] == [0, 1, 1]


def test_what_is_deleted_has_no_secret_left_and_nothing_works_on_it() -> None:
    consumer, _ = a_consumer(URL, TENANT)
    message = a_dispatch(consumer)
    services.delete(consumer, "ann")
    row = Consumer.objects.get()
    assert (row.secrets, row.deleted_at is None) == ({}, False)
    assert claim(consumer.pk, timezone.now()) is None
    assert list(services.consumers_of(TENANT)) == []
    with pytest.raises(CannotDo, match="deleted"):
        replay(message, "ann")


def test_a_test_is_tried_once_and_says_what_it_is(httpserver: HTTPServer) -> None:
    ear = Ear(httpserver, status=500)
    consumer, _ = a_consumer(ear.url, TENANT)
    services.send_test(consumer, "ann")
    row = claim(consumer.pk, timezone.now())
    assert row is not None
    deliver(row)
    row.refresh_from_db()
    consumer.refresh_from_db()
    assert (row.state, row.tries, consumer.failing_since) == (DispatchState.GIVEN_UP, 1, None)
    (body,) = ear.bodies()
    assert (body["eventType"], body["payload"]) == ("webhook.test", {"message": services.TEST_SAYS})
    assert replay_failed(consumer, timezone.now() - timedelta(days=1), "ann") == 0


def test_a_replay_is_the_same_message_in_a_row_of_its_own(httpserver: HTTPServer) -> None:
    ear = Ear(httpserver)
    consumer, secret = a_consumer(ear.url, TENANT)
    message = a_dispatch(consumer)
    _deliver_due(consumer)
    first = replay(Dispatch.objects.get(), "ann")
    second = replay(first, "ann")
    assert second == first, "it was on its way still"
    _deliver_due(consumer)
    again = replay(Dispatch.objects.get(pk=first.pk), "ann")
    _deliver_due(consumer)
    assert first.replay_of_id == again.replay_of_id == message.pk
    assert ear.ids(secret) == [str(message.announcement.public_id)] * 3
    assert len({body for _, body in ear.heard}) == 1


def test_what_waits_for_its_next_try_is_tried_at_once() -> None:
    consumer, _ = a_consumer(URL, TENANT)
    message = a_dispatch(consumer, tries=3, next_try_at=timezone.now() + timedelta(hours=5))
    assert replay(message, "ann").pk == message.pk
    message.refresh_from_db()
    assert message.next_try_at is not None
    assert message.next_try_at <= timezone.now()
    assert Dispatch.objects.count() == 1


def test_of_all_that_failed_since_each_goes_out_once() -> None:
    consumer, _ = a_consumer(URL, TENANT)
    given_up: dict[str, Any] = {"state": DispatchState.GIVEN_UP, "next_try_at": None}
    old = a_dispatch(consumer, made_at=timezone.now() - timedelta(days=8), **given_up)
    once, twice, mended = (a_dispatch(consumer, number, **given_up) for number in range(3))
    a_dispatch(consumer, state=DispatchState.ARRIVED, next_try_at=None)
    for original, state in ((twice, DispatchState.GIVEN_UP), (mended, DispatchState.ARRIVED)):
        Dispatch.objects.create(
            consumer=consumer, announcement=original.announcement, replay_of=original, state=state,
            made_at=timezone.now(),
        )  # fmt: skip
    waits = a_dispatch(consumer, tries=2, next_try_at=timezone.now() + timedelta(hours=5))
    a_dispatch(a_consumer(URL, TENANT)[0], **given_up)
    assert replay_failed(consumer, timezone.now() - timedelta(days=7), "ann") == 3
    fresh = Dispatch.objects.filter(consumer=consumer, next_try_at__lte=timezone.now())
    assert {row.announcement_id for row in fresh} == {
        once.announcement_id, twice.announcement_id, waits.announcement_id,
    }  # fmt: skip
    assert old.announcement_id not in {row.announcement_id for row in fresh}
    assert replay_failed(consumer, timezone.now() - timedelta(days=7), "ann") == 0


def test_after_thirty_days_announcements_are_forgotten_with_all_their_messages() -> None:
    consumer, _ = a_consumer(URL, TENANT)
    now = timezone.now()
    old = a_dispatch(consumer, announced_at=now - KEPT - timedelta(minutes=1), state=DispatchState.ARRIVED,
                     next_try_at=None)  # fmt: skip
    replay(old, "ann")
    young = a_dispatch(consumer, announced_at=now - KEPT + timedelta(minutes=1))
    assert prune(now) == {"announcements deleted": 1, "webhook messages deleted": 2}
    assert (Announcement.objects.get(), Dispatch.objects.get()) == (young.announcement, young)
    assert prune(now) == {"announcements deleted": 0, "webhook messages deleted": 0}


def _sent(consumer: Consumer) -> None:
    a_dispatch(consumer)
    _deliver_due(consumer)


def _deliver_due(consumer: Consumer) -> None:
    while (row := claim(consumer.pk, timezone.now())) is not None:
        deliver(row)


def _verifies(ear: Ear, secret: str) -> int:
    try:
        return len(ear.ids(secret))
    except NotGenuine:
        return 0
