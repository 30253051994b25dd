"""The suite's own servers are real ones, and the run's database is what the run asked for."""

from __future__ import annotations

import pytest
import redis
from django.db import connection

from tests import environment
from tests.servers import Postgres, Redis


def test_redis_answers_and_loses_everything_when_killed() -> None:
    with Redis() as server, redis.Redis.from_url(server.url) as client:
        client.set("posted", "1")
        assert client.get("posted") == b"1"
        url = server.url
        server.kill()
        with pytest.raises(redis.ConnectionError):
            client.get("posted")
        server.start()
        assert server.url == url
        assert client.get("posted") is None


@pytest.mark.postgres
def test_postgres_keeps_what_was_committed_when_killed() -> None:
    with Postgres(durable=True) as server:
        server.execute("CREATE TABLE kept (number integer)", "INSERT INTO kept VALUES (7)")
        server.kill()
        server.start()
        with server.connect() as rows:
            assert rows.execute("SELECT number FROM kept").fetchall() == [(7,)]


@pytest.mark.postgres
def test_the_shared_postgres_makes_databases(postgres_server: Postgres) -> None:
    assert postgres_server.create_database("elsewhere").startswith("postgres://postgres@/elsewhere?host=/")
    with postgres_server.connect("elsewhere") as rows:
        assert rows.execute("SELECT current_database()").fetchone() == ("elsewhere",)


def test_the_shared_redis_answers(redis_server: Redis) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.ping() is True


@pytest.mark.engine
@pytest.mark.django_db
def test_the_run_uses_the_database_that_it_asked_for() -> None:
    vendor = {"sqlite": "sqlite", "postgres": "postgresql"}[environment.database_kind()]
    assert connection.vendor == vendor
    assert connection.settings_dict["NAME"] == environment.test_database_name()


@pytest.mark.skipif(environment.database_kind() == "postgres", reason="asks SQLite for its own settings")
@pytest.mark.django_db(transaction=True)
def test_sqlite_is_a_file_that_keeps_promises() -> None:
    assert _pragma("journal_mode") == "wal"
    assert _pragma("synchronous") == 2  # FULL
    assert _pragma("foreign_keys") == 1
    assert connection.settings_dict["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def _pragma(name: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        row = cursor.fetchone()
    assert row is not None
    return row[0]
