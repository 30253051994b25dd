"""The suite's own servers are real ones, and the run's database is what the run asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from django.db import connection

from tests import environment
from tests.operations.running import wait_for
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
@pytest.mark.parametrize("end", [Postgres.kill, Postgres.crash])
def test_postgres_keeps_what_was_committed_when_killed(end: Callable[[Postgres], None]) -> None:
    with Postgres(durable=True) as server:
        server.execute("CREATE TABLE kept (number integer)", "INSERT INTO kept VALUES (7)")
        end(server)
        server.start()
        with server.connect() as rows:
            assert rows.execute("SELECT number FROM kept").fetchall() == [(7,)]


@pytest.mark.postgres
def test_a_frozen_postgres_answers_nothing_until_it_goes_on() -> None:
    with Postgres() as server, server.connect() as rows:
        with server.frozen():
            for pid in (server.pid, rows.info.backend_pid):
                wait_for(lambda pid=pid: _state(pid) == "T", "it is stopped")  # type: ignore[misc]
            rows.pgconn.send_query(b"SELECT 7")
            rows.pgconn.flush()
            rows.pgconn.consume_input()
            assert rows.pgconn.is_busy()
        answer, end = rows.pgconn.get_result(), rows.pgconn.get_result()
        assert answer is not None
        assert (answer.get_value(0, 0), end) == (b"7", None)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


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
