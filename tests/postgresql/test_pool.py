"""The pool of connections to PostgreSQL, against a server of its own that is told to end them, and is killed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import Connection

from portal.postgresql.pool import LastUsedFirst
from tests.environment import database_kind
from tests.servers import Postgres

WITHIN_SECONDS = 10.0


@pytest.fixture
def server() -> Iterator[Postgres]:
    with Postgres() as running:
        yield running


@pytest.fixture
def pool(server: Postgres) -> Iterator[LastUsedFirst]:
    with LastUsedFirst(server.url("postgres"), min_size=3, max_size=6, kwargs={"autocommit": True}) as made:
        made.wait(WITHIN_SECONDS)
        yield made


def pid(held: Connection[Any]) -> int:
    return int(held.execute("SELECT pg_backend_pid()").fetchone()[0])  # type: ignore[index] # one row


def taken(pool: LastUsedFirst, count: int) -> list[Connection[Any]]:
    return [pool.getconn(WITHIN_SECONDS) for _ in range(count)]


def given_back(pool: LastUsedFirst, held: list[Connection[Any]]) -> None:
    for one in held:
        pool.putconn(one)


def test_what_was_used_last_is_used_next(pool: LastUsedFirst) -> None:
    held = taken(pool, 3)
    given_back(pool, held)
    assert pool.getconn() is held[2]
    assert pool.getconn() is held[1]


def test_one_user_uses_one_connection(pool: LastUsedFirst) -> None:
    used = set()
    for _ in range(20):
        with pool.connection() as held:
            used.add(pid(held))
    assert len(used) == 1


def test_connections_that_the_server_ended_are_left_out_at_once(server: Postgres, pool: LastUsedFirst) -> None:
    held = taken(pool, 3)
    ended = {pid(one) for one in held}
    given_back(pool, held)
    with psycopg.connect(server.url("postgres"), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s::int[]) AS pid", [list(ended)])
    fresh = taken(pool, 3)
    assert ended.isdisjoint({pid(one) for one in fresh})
    assert pool.get_stats().get("requests_errors", 0) == 0
    given_back(pool, fresh)
    assert pool.get_stats()["pool_size"] <= 6


def test_after_a_crash_of_the_server_it_goes_on(server: Postgres, pool: LastUsedFirst) -> None:
    given_back(pool, taken(pool, 3))
    server.kill()
    server.start()
    held = taken(pool, 6)
    assert len({pid(one) for one in held}) == 6


def test_it_never_has_more_than_it_may(pool: LastUsedFirst) -> None:
    held = taken(pool, 6)
    with pytest.raises(psycopg.OperationalError):
        pool.getconn(timeout=0.2)
    given_back(pool, held)
    assert pool.getconn(WITHIN_SECONDS) is held[5]


if database_kind() == "postgres":

    @pytest.mark.engine
    @pytest.mark.django_db
    def test_django_uses_it() -> None:
        connection.ensure_connection()
        assert isinstance(connection.connection._pool, LastUsedFirst)
