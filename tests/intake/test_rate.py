"""Too many calls to one endpoint: 429 before anything is asked or stored, and soon room again."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.fixtures import DjangoAssertNumQueries

from portal.connections.models import Endpoint
from portal.intake import rate
from portal.intake.models import Delivery, RefusedCalls
from portal.intake.rate import Rates
from portal.postings.models import Transaction
from tests.factories import CompanyFactory, DemoConnectionFactory, SourceConnectionFactory, with_token
from tests.intake.payloads import a_transaction, body

ONE, OTHER = uuid.uuid4(), uuid.uuid4()


class Clock:
    """A clock that stands until it is moved on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def buckets(clock: Clock) -> Rates:
    return Rates(clock)


def taken(buckets: Rates, calls: int, endpoint_id: uuid.UUID = ONE) -> int:
    """How many of some calls at once may go on, with 10 a second and 30 at once."""
    return sum(not buckets.seconds_to_wait(endpoint_id, per_second=10, burst=30) for _ in range(calls))


def test_so_many_at_once_then_so_many_a_second(buckets: Rates, clock: Clock) -> None:
    assert taken(buckets, 100) == 30
    clock.now += 1
    assert taken(buckets, 100) == 10
    clock.now += 0.1
    assert taken(buckets, 100) == 1
    clock.now += 2.95
    assert taken(buckets, 100) == 29
    clock.now += 3600
    assert taken(buckets, 100) == 30


def test_it_says_how_long_to_wait_and_waiting_so_long_is_enough(buckets: Rates, clock: Clock) -> None:
    assert taken(buckets, 30) == 30
    wait = buckets.seconds_to_wait(ONE, per_second=10, burst=30)
    assert wait == pytest.approx(0.1)
    clock.now += wait / 2
    assert buckets.seconds_to_wait(ONE, per_second=10, burst=30) == pytest.approx(0.05)
    clock.now += wait / 2
    assert taken(buckets, 2) == 1


def test_calls_that_were_refused_do_not_make_it_worse(buckets: Rates, clock: Clock) -> None:
    taken(buckets, 5000)
    clock.now += 3
    assert taken(buckets, 100) == 30


def test_over_an_hour_never_more_than_the_rate(buckets: Rates, clock: Clock) -> None:
    """Every 37 ms for an hour: rounding adds nothing up and loses nothing."""
    count = 0
    for _ in range(97_297):
        count += taken(buckets, 1)
        clock.now += 0.037
    assert count in (36_029, 36_030)


def test_endpoints_do_not_share(buckets: Rates) -> None:
    assert (taken(buckets, 31), taken(buckets, 31, OTHER)) == (30, 30)


def test_memory_is_bounded_and_who_called_last_is_remembered(buckets: Rates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "ENDPOINTS_AT_MOST", 100)
    taken(buckets, 20)
    for _ in range(99):
        taken(buckets, 1, uuid.uuid4())
    assert taken(buckets, 1) == 1
    for _ in range(99):
        taken(buckets, 1, uuid.uuid4())
    assert len(buckets._full_at) == 100
    assert taken(buckets, 30) == 9
    for _ in range(100):
        taken(buckets, 1, uuid.uuid4())
    assert taken(buckets, 100) == 30


def test_threads_share_one_bucket() -> None:
    buckets, counts = Rates(Clock()), list[int]()
    threads = [threading.Thread(target=lambda: counts.append(taken(buckets, 20))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sum(counts) == 30


# --- at the door -----------------------------------------------------------------------------------------------------


@pytest.fixture
def endpoint(settings: Settings, monkeypatch: pytest.MonkeyPatch, db: None) -> tuple[Endpoint, str]:
    """An endpoint with its token; two calls at once, then one a second, by a clock that stands."""
    settings.WEBHOOK_RATE, settings.WEBHOOK_BURST = 1, 2
    monkeypatch.setattr(rate, "rates", Rates(Clock()))
    company = CompanyFactory.create()
    DemoConnectionFactory.create(company=company)
    return with_token(connection=SourceConnectionFactory.create(company=company), answer_within_seconds=0)


def post(endpoint: Endpoint, token: str) -> tuple[int, str | None, object]:
    """Status, `Retry-After` and body of one delivery."""
    response = Client().post(
        f"/webhooks/icompleat/{endpoint.pk}/",
        body(a_transaction()),
        content_type="application/json",
        headers={"x-api-compleat-token": token},
    )
    return response.status_code, response.headers.get("Retry-After"), response.json()


@pytest.mark.engine
def test_the_third_call_is_told_to_wait_and_nothing_is_asked_or_stored(
    endpoint: tuple[Endpoint, str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert [post(*endpoint)[0] for _ in range(2)] == [200, 200]
    deliveries, transactions = Delivery.objects.count(), Transaction.objects.count()
    with django_assert_num_queries(0):
        status, after, told = post(*endpoint)
    assert (status, after) == (429, "1")
    message = "Too many postings at once for this address. Nothing was booked. Retry the posting after 1 s."
    assert told == {"ErrorCode": 129, "ErrorMessage": message}
    assert (Delivery.objects.count(), Transaction.objects.count()) == (deliveries, transactions)


def test_wrong_tokens_are_slowed_down_before_they_are_looked_at(
    endpoint: tuple[Endpoint, str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    row, token = endpoint
    assert [post(row, "wrong")[0] for _ in range(2)] == [401, 401]
    counted = list(RefusedCalls.objects.values())
    with django_assert_num_queries(0):
        assert [post(row, "wrong")[0], post(row, token)[0]] == [429, 429]
    assert list(RefusedCalls.objects.values()) == counted


def test_without_a_rate_there_is_no_limit(endpoint: tuple[Endpoint, str], settings: Settings) -> None:
    settings.WEBHOOK_RATE = 0
    assert [post(endpoint[0], "wrong")[0] for _ in range(5)] == [401] * 5


def test_the_limits_are_settings(settings: Settings) -> None:
    assert (settings.WEBHOOK_RATE, settings.WEBHOOK_BURST) == (50, 200)
