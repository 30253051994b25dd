"""When a key that went out before may be relied on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.connections.conformance import key_is_trusted
from portal.connections.models import Connection
from tests.connections.conformance.rig import with_key_life
from tests.connections.runs import kept_run
from tests.factories import DemoConnectionFactory

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
YOUNG = NOW - timedelta(minutes=29, seconds=59)


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch, db: None) -> Connection:
    """A connection to a system that remembers keys for an hour."""
    with_key_life(monkeypatch, 3600)
    linked: Connection = DemoConnectionFactory.create()
    return linked


def test_a_young_key_after_a_passed_run_is_trusted(connection: Connection) -> None:
    kept_run(connection, NOW - timedelta(days=1))
    assert key_is_trusted(connection, YOUNG, NOW)


def test_half_its_life_is_the_end_of_trust(connection: Connection) -> None:
    kept_run(connection, NOW)
    assert not key_is_trusted(connection, NOW - timedelta(minutes=30), NOW)
    assert not key_is_trusted(connection, NOW - timedelta(days=3), NOW)


def test_without_a_run_nothing_is_trusted(connection: Connection) -> None:
    assert not key_is_trusted(connection, YOUNG, NOW)


@pytest.mark.parametrize("days,trusted", [(180, True), (181, False)])
def test_a_run_holds_for_half_a_year(connection: Connection, days: int, trusted: bool) -> None:
    kept_run(connection, NOW - timedelta(days=days))
    assert key_is_trusted(connection, YOUNG, NOW) is trusted


def test_the_latest_run_counts(connection: Connection) -> None:
    kept_run(connection, NOW - timedelta(days=2))
    kept_run(connection, NOW - timedelta(days=1), trusted=False)
    assert not key_is_trusted(connection, YOUNG, NOW)
    kept_run(connection, NOW)
    assert key_is_trusted(connection, YOUNG, NOW)


def test_a_run_of_another_connection_or_of_none_lends_no_trust(connection: Connection) -> None:
    kept_run(DemoConnectionFactory.create(), NOW)
    kept_run(None, NOW)
    assert not key_is_trusted(connection, YOUNG, NOW)


def test_another_address_or_integration_ends_trust(connection: Connection) -> None:
    kept_run(connection, NOW, integration="another")
    assert not key_is_trusted(connection, YOUNG, NOW)
    kept_run(connection, NOW)
    connection.settings = {**connection.settings, "base_url": "https://live.example"}
    assert not key_is_trusted(connection, YOUNG, NOW)


def test_a_system_without_keys_is_not_trusted_whatever_a_run_says(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_run(connection, NOW)
    with_key_life(monkeypatch, None)
    assert not key_is_trusted(connection, YOUNG, NOW)
