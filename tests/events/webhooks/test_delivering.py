"""Messages arrive: signed, once where all goes well, by the table where it does not, and nobody waits for another."""

from __future__ import annotations

import threading
import tomllib
import uuid
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings as conf
from django.db import connections
from django.utils import timezone
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from portal.events import waits as registry
from portal.events.models import AuditEvent, Matter
from portal.events.noticing import notice
from portal.events.webhooks import services
from portal.events.webhooks.delivering import AT_ONCE, LEASE, claim, deliver, due, settle
from portal.events.webhooks.models import Consumer, Dispatch, DispatchState
from portal.events.webhooks.runner import Runner, chosen
from portal.events.webhooks.schedule import MOST_TRIES, PAUSES_SECONDS, pause
from portal.events.webhooks.sending import VERSION, Outcome
from tests.events.webhooks.ear import Ear, a_consumer, a_dispatch, wait_for

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
FAILED = Outcome(status=500, problem="Answered 500.")


@pytest.fixture
def ear(httpserver: HTTPServer) -> Ear:
    """A customer's server."""
    return Ear(httpserver)


def sent(consumer: Consumer, now: datetime | None = None) -> Dispatch:
    """The consumer's next message, sent and settled."""
    row = claim(consumer.pk, now or timezone.now())
    assert row is not None
    deliver(row)
    return Dispatch.objects.select_related("consumer").get(pk=row.pk)


def test_a_message_arrives_signed_and_with_exact_numbers(ear: Ear) -> None:
    consumer, secret = a_consumer(ear.url)
    message = a_dispatch(consumer)
    row = sent(consumer)
    assert (row.state, row.status_code, row.problem, row.tries) == (DispatchState.ARRIVED, 204, "", 1)
    assert row.next_try_at is row.lease_token is None
    assert ear.ids(secret) == [str(message.announcement.public_id)]
    headers, _ = ear.heard[0]
    assert headers["User-Agent"] == f"Postroom/{VERSION}"
    assert headers["Content-Type"] == "application/json"
    (body,) = ear.bodies()
    assert set(body) == {"id", "eventType", "generatedDate", "payload"}
    assert body["id"] == headers["Webhook-Id"]
    assert due(timezone.now()) == []


def test_the_version_is_the_products() -> None:
    project = tomllib.loads((Path(conf.BASE_DIR) / "pyproject.toml").read_text())
    assert project["project"]["version"] == VERSION


def test_a_query_of_the_address_is_kept(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/in", query_string="code=a%2Fb&sig=1").respond_with_data("ok")
    consumer, _ = a_consumer(httpserver.url_for("/in?code=a%2Fb&sig=1"))
    a_dispatch(consumer)
    assert sent(consumer).state == DispatchState.ARRIVED


def test_what_fails_is_tried_by_the_table_and_then_given_up(ear: Ear) -> None:
    ear.status, ear.body = 500, "<h1>Broken</h1>\n" * 100
    consumer, _ = a_consumer(ear.url)
    a_dispatch(consumer)
    now, pauses = timezone.now(), list[float]()
    with time_machine.travel(now, tick=False) as clock:
        for _ in PAUSES_SECONDS:
            row = sent(consumer)
            assert row.state == DispatchState.WAITING
            assert row.next_try_at is not None
            pauses.append((row.next_try_at - timezone.now()).total_seconds())
            assert claim(consumer.pk, row.next_try_at - timedelta(milliseconds=1)) is None
            clock.move_to(row.next_try_at)
        row = sent(consumer)
    assert (row.state, row.tries, row.next_try_at) == (DispatchState.GIVEN_UP, MOST_TRIES, None)
    assert all(wanted <= found <= wanted * 1.1 for found, wanted in zip(pauses, PAUSES_SECONDS, strict=True))
    assert len({body for _, body in ear.heard}) == 1
    assert len(row.problem) <= 300
    assert row.problem.startswith("Answered 500: <h1>Broken</h1> <h1>")
    assert len(row.tries_told) == MOST_TRIES
    assert row.consumer.failing_since == now


def test_the_table_is_codats() -> None:
    assert PAUSES_SECONDS == (5, 300, 1800, 7200, 18000, 36000, 36000)
    assert pause(MOST_TRIES) is None


def test_a_wish_to_be_left_alone_is_respected_up_to_an_hour(ear: Ear) -> None:
    consumer, _ = a_consumer(ear.url)
    ear.status = 429
    for wish, least, most in (("90", 90, 91), ("86400", 3600, 3601), ("soon", 5, 6)):
        ear.headers = {"Retry-After": wish}
        a_dispatch(consumer)
        row = sent(consumer)
        told = datetime.fromisoformat(row.tries_told[-1]["at"])
        assert row.next_try_at is not None
        assert least <= round((row.next_try_at - told).total_seconds()) <= most
        Dispatch.objects.all().delete()


def test_success_ends_a_time_of_failures(ear: Ear) -> None:
    consumer, _ = a_consumer(ear.url, failing_since=timezone.now() - timedelta(days=4))
    a_dispatch(consumer)
    assert sent(consumer).consumer.failing_since is None


def test_a_redirect_is_not_followed(httpserver: HTTPServer) -> None:
    ear = Ear(httpserver, status=302, headers={"Location": httpserver.url_for("/elsewhere")})
    elsewhere = Ear(httpserver, path="/elsewhere")
    consumer, _ = a_consumer(ear.url)
    a_dispatch(consumer)
    row = sent(consumer)
    assert (row.state, row.status_code) == (DispatchState.WAITING, 302)
    assert "not followed" in row.problem
    assert elsewhere.heard == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_private_address_is_refused_where_the_installation_allows_none(
    ear: Ear, settings: Settings, host: str
) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False
    consumer, _ = a_consumer(ear.url.replace("http://127.0.0.1", f"https://{host}"))
    a_dispatch(consumer)
    row = sent(consumer)
    assert (row.state, row.status_code) == (DispatchState.WAITING, None)
    assert "does not connect to" in row.problem
    assert ear.heard == []


def test_without_tls_nothing_is_sent_where_private_addresses_are_not_allowed(ear: Ear, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_TARGETS = False
    consumer, _ = a_consumer(ear.url)
    a_dispatch(consumer)
    assert "https://" in sent(consumer).problem
    assert ear.heard == []


def test_a_server_that_is_not_there_costs_a_try() -> None:
    consumer, _ = a_consumer("http://127.0.0.1:9/hook")
    a_dispatch(consumer)
    row = sent(consumer)
    assert (row.state, row.status_code) == (DispatchState.WAITING, None)
    assert row.problem == "127.0.0.1 could not be reached, so nothing was sent."


def test_who_answers_gone_is_told_no_more(ear: Ear) -> None:
    ear.status = 410
    consumer, _ = a_consumer(ear.url)
    a_dispatch(consumer)
    waiting = a_dispatch(consumer, next_try_at=timezone.now() + timedelta(hours=1))
    row = sent(consumer)
    waiting.refresh_from_db()
    assert (row.state, waiting.state) == (DispatchState.GIVEN_UP, DispatchState.GIVEN_UP)
    assert row.consumer.disabled_at is not None
    assert "410" in row.consumer.disabled_why
    assert AuditEvent.objects.get(verb="webhook.disabled").tenant_id == consumer.tenant_id


def test_after_five_days_without_a_success_it_is_switched_off_and_its_owners_are_told(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {kind: wait for kind, wait in registry._waits.items() if kind == "webhook.disabled"}
    monkeypatch.setattr(registry, "_waits", kinds)
    company_id = uuid.uuid4()
    ear.status = 503
    consumer, _ = a_consumer(ear.url)
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for day in range(6):
            clock.move_to(start + timedelta(days=day))
            _given_up(consumer)
            consumer.refresh_from_db()
            assert (consumer.disabled_at is not None) == (day >= 5)
        row = Dispatch.objects.order_by("-pk")[0]
        type(row.announcement).objects.filter(pk=row.announcement_id).update(company_id=company_id)
        notice(timezone.now())
        matter = Matter.objects.get(kind="webhook.disabled")
        assert (matter.tenant_id, matter.company_id) == (consumer.tenant_id, company_id)
        assert str(consumer.pk) in matter.desk_path
        assert claim(consumer.pk, timezone.now()) is None
        services.enable(consumer, "owner")
        notice(timezone.now())
    matter.refresh_from_db()
    assert matter.settled_at is not None


def test_one_failure_after_a_quiet_month_switches_nothing_off(ear: Ear) -> None:
    ear.status = 500
    consumer, _ = a_consumer(ear.url, failing_since=timezone.now() - timedelta(days=30))
    a_dispatch(consumer)
    assert sent(consumer).consumer.disabled_at is None


def test_who_lost_the_lease_writes_nothing(ear: Ear) -> None:
    consumer, _ = a_consumer(ear.url)
    a_dispatch(consumer)
    first = claim(consumer.pk, timezone.now())
    assert first is not None
    assert claim(consumer.pk, timezone.now()) is None
    later = timezone.now() + LEASE + timedelta(seconds=1)
    second = claim(consumer.pk, later)
    assert second is not None
    assert (second.pk, second.tries) == (first.pk, 2)
    assert not settle(first, FAILED, later)
    assert settle(second, Outcome(status=200), later)
    assert Dispatch.objects.get().state == DispatchState.ARRIVED
    assert not settle(first, FAILED, later)
    assert Dispatch.objects.get().state == DispatchState.ARRIVED


def test_a_message_that_ends_its_worker_each_time_is_given_up_at_last() -> None:
    consumer, _ = a_consumer("http://127.0.0.1:9/hook")
    a_dispatch(consumer)
    now = timezone.now()
    for _ in range(MOST_TRIES):
        assert claim(consumer.pk, now) is not None
        now += LEASE + timedelta(seconds=1)
    assert claim(consumer.pk, now) is None
    row = Dispatch.objects.get()
    assert (row.state, row.lease_token) == (DispatchState.GIVEN_UP, None)
    assert "worker" in row.problem


def test_two_of_one_consumer_are_under_way_and_no_third() -> None:
    consumer, _ = a_consumer("http://127.0.0.1:9/hook")
    for number in range(4):
        a_dispatch(consumer, number)
    now = timezone.now()
    taken = [claim(consumer.pk, now) for _ in range(4)]
    assert [row is not None for row in taken] == [True, True, False, False]
    assert len({row.pk for row in taken if row}) == AT_ONCE


@pytest.mark.django_db(transaction=True)
def test_of_many_who_claim_at_once_two_get_something() -> None:
    consumer, _ = a_consumer("http://127.0.0.1:9/hook")
    for number in range(6):
        a_dispatch(consumer, number)
    gate, taken = threading.Barrier(6, timeout=20), list[int]()

    def take() -> None:
        gate.wait()
        try:
            row = claim(consumer.pk, timezone.now())
            taken.extend([row.pk] if row else [])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(taken) == len(set(taken)) == AT_ONCE


def test_an_answer_without_a_secret_to_sign_with_is_a_failure(ear: Ear) -> None:
    consumer, _ = a_consumer(ear.url)
    Consumer.objects.filter(pk=consumer.pk).update(secrets=_of_another(consumer))
    a_dispatch(consumer)
    assert "signing secret" in sent(consumer).problem
    assert ear.heard == []


def test_turns_are_fair_and_the_slow_share_half() -> None:
    fast, slow = [uuid.UUID(int=n) for n in range(3)], [uuid.UUID(int=n) for n in range(10, 20)]
    waiting = [*((one, True) for one in slow), *((one, False) for one in fast)]
    taken = Counter(chosen(waiting, Counter(), set(), 8))
    assert taken.total() == 8
    assert sum(taken[one] for one in slow) <= 4
    assert all(taken[one] >= 1 for one in fast)
    assert chosen([(fast[0], False)], Counter(), set(), 8) == [fast[0]] * AT_ONCE
    assert chosen([(fast[0], False)], Counter(), {fast[0]}, 8) == [fast[0]]
    assert chosen([(fast[0], False)], Counter({fast[1]: 8}), set(), 8) == []


@pytest.mark.django_db(transaction=True)
def test_slow_consumers_do_not_delay_a_fast_one(httpserver: HTTPServer) -> None:
    held = threading.Event()
    slow = [Ear(httpserver, path=f"/slow{n}", hold=held) for n in range(3)]
    fast = Ear(httpserver, path="/fast")
    for each in slow:
        consumer, _ = a_consumer(each.url)
        for number in range(5):
            a_dispatch(consumer, number)
    consumer, secret = a_consumer(fast.url)
    for number in range(20):
        a_dispatch(consumer, number)
    runner = Runner()
    runner.start()
    try:
        wait_for(lambda: len(fast.heard) == 20)
        assert all(len(each.heard) == each.most_at_once == AT_ONCE for each in slow)
        held.set()
        wait_for(lambda: Dispatch.objects.exclude(state=DispatchState.ARRIVED).count() == 0)
    finally:
        held.set()
        runner.stop()
        runner.join(20)
    assert len(set(fast.ids(secret))) == 20
    assert all(each.most_at_once == AT_ONCE for each in slow)


def _given_up(consumer: Consumer) -> None:
    a_dispatch(consumer, tries=MOST_TRIES - 1)
    row = claim(consumer.pk, timezone.now())
    assert row is not None
    deliver(row)
    assert Dispatch.objects.get(pk=row.pk).state == DispatchState.GIVEN_UP


def _of_another(consumer: Consumer) -> object:
    """A ciphertext that was moved here from another row."""
    other, _ = a_consumer(consumer.url)
    return Consumer.objects.defer(None).get(pk=other.pk).__dict__["secrets"]
