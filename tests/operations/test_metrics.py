"""The numbers for Prometheus: true, guarded, and as cheap after many postings as after few."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from portal.connections.models import Connection, Status
from portal.operations.metrics import exposition
from portal.postings.models import Posting
from tests.factories import DemoConnectionFactory, LedgerConnectionFactory, a_document, a_line, accepted

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def numbers() -> dict[str, float]:
    """Every sample as `name{label}` and value."""
    found = {}
    for family in text_string_to_metric_families(exposition().decode()):
        for sample in family.samples:
            found[sample.name + "".join(f"{{{value}}}" for value in sample.labels.values())] = sample.value
    return found


def test_what_is_open_is_counted_and_how_long_it_waits() -> None:
    demo = DemoConnectionFactory.create()
    posting = accepted(demo).posting
    Posting.objects.filter(pk=posting.pk).update(next_attempt_at=timezone.now() - timedelta(minutes=10))
    ledger = LedgerConnectionFactory.create()
    accepted(ledger)
    accepted(ledger, a_document(lines=(a_line(account_code="9999"),)))
    found = numbers()
    assert found["postroom_postings{ready}"] == 1
    assert found["postroom_postings{rejected}"] == 1
    assert found["postroom_postings{held}"] == 0
    assert "postroom_postings{posted}" not in found
    assert 600 <= found["postroom_oldest_due_seconds"] < 700
    assert 0 < found["postroom_oldest_held_seconds"] < 60


def test_connections_that_send_nothing_are_counted() -> None:
    for fields in (
        {"paused": True},
        {"status": Status.DEAUTHORISED},
        {"open_until": timezone.now() + timedelta(hours=1)},
    ):
        Connection.objects.filter(pk=DemoConnectionFactory.create().pk).update(**fields)
    found = numbers()
    assert [found[f"postroom_connections_stopped{{{why}}}"] for why in ("paused", "not_linked", "broken")] == [1, 1, 1]


def test_the_cost_does_not_grow(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    connection = DemoConnectionFactory.create()
    for _ in range(5):
        accepted(connection, a_document())
    with django_assert_num_queries(7):
        exposition()


@pytest.mark.parametrize(
    "token,header,status",
    [("", "Bearer x", 404), ("right", "", 401), ("right", "Bearer wrong", 401), ("right", "Bearer right", 200)],
)
def test_it_is_for_those_who_know_the_token(
    client: Client, settings: Settings, token: str, header: str, status: int
) -> None:
    settings.METRICS_TOKEN = token
    response = client.get("/metrics", headers={"Authorization": header})
    assert response.status_code == status
    assert (b"postroom_postings" in response.content) is (status == 200)
