"""Rules and fixtures of the whole suite: the network ban, the environment, the database, and real servers."""

from __future__ import annotations

from collections.abc import Iterator

import django
import pytest
from django.conf import settings as loaded_settings

from tests import environment, network
from tests.servers import Postgres, Redis

if loaded_settings.configured and not environment.IS_WORKER:
    raise pytest.UsageError("Django's settings were loaded too early: unset DJANGO_SETTINGS_MODULE and leave out --ds.")
pytest.register_assert_rewrite("tests.contract")
network.install()
environment.prepare()
django.setup()
# The real one is slow on purpose, and every log-in of the suite would pay for it.
loaded_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_report_header() -> str:
    """Say at the top which database the run uses."""
    return f"database: {environment.database_kind()}"


@pytest.fixture(autouse=True)
def _network_ban() -> Iterator[None]:
    """Fail the test during which something tried to leave the machine, even when the ban fell in a thread."""
    network.forget_attempts()
    yield
    tried = network.forget_attempts()
    if tried:
        pytest.fail(f"tried to leave the machine: {tried}")


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Counters and limits of one test must not reach the next."""
    from django.core.cache import cache

    cache.clear()


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Give each process a test database of its own: a file on SQLite, so that threads see the same data."""
    for database in loaded_settings.DATABASES.values():
        database.setdefault("TEST", {})["NAME"] = environment.test_database_name()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server of this process's own, whatever the run's database is; tests create databases on it."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Redis]:
    """A Redis protocol server of this process's own; a test that shares it starts by emptying it."""
    with Redis() as server:
        yield server
