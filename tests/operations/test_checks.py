"""One test per combination that would lie."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from portal.operations.checks import check_servers, check_settings, refuse_lies
from tests.operations.running import PRODUCTION, environment, manage
from tests.servers import Postgres, Redis

pytestmark = pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")
GOOD: dict[str, Any] = {
    "SHAPE": "production",
    "EMBEDDED": False,
    "DEBUG": False,
    "DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql"}},
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
    "ALLOWED_HOSTS": ["post.example.com"],
    "BASE_URL": "https://post.example.com",
}


def found(settings: Settings, **changes: Any) -> list[str]:
    for name, value in {**GOOD, **changes}.items():
        setattr(settings, name, value)
    return [str(finding.id).removeprefix("postroom.") for finding in check_settings()]


def test_a_good_production_shape_is_let_through(settings: Settings) -> None:
    assert found(settings) == []


def test_the_embedded_shape_needs_nothing() -> None:
    assert [finding.id for finding in check_settings() if finding.id != "postroom.W001"] == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"SHAPE": "prodution"}, ["E001"]),
        ({"SECRET_KEY": ""}, ["E002"]),
        ({"FIELD_KEYS": []}, ["E002"]),
        ({"TOKEN_PEPPER": ""}, ["E002"]),
        ({"DATABASES": {"default": {}}}, ["E002"]),
        ({"REDIS_URL": "", "CELERY_BROKER_URL": "memory://localhost"}, ["E002", "E004"]),
        ({"FIELD_KEYS": ["k1:tooshort"]}, ["E003"]),
        ({"FIELD_KEYS": ["k1:AAAA"]}, ["E003"]),
        ({"CELERY_BROKER_URL": "memory://localhost"}, ["E004"]),
        ({"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}, ["E006"]),
        ({"DEBUG": True}, ["E007"]),
        ({"ALLOWED_HOSTS": []}, ["E008"]),
        ({"ALLOWED_HOSTS": ["post.example.com", "*"]}, ["E008"]),
        ({"WEB_THREADS": 1}, ["E009"]),
        ({"WORKER_THREADS": 0}, ["E009"]),
        ({"EMBEDDED": True, "SHAPE": "embedded"}, ["W001"]),
        ({"BASE_URL": "http://post.example.com"}, ["W002"]),
    ],
)
def test_what_would_lie_is_found(settings: Settings, changes: dict[str, Any], expected: list[str]) -> None:
    assert found(settings, **changes) == expected


def test_all_that_is_missing_is_named_at_once(settings: Settings) -> None:
    found(settings, SECRET_KEY="", TOKEN_PEPPER="", REDIS_URL="")
    with pytest.raises(ImproperlyConfigured, match="needs SECRET_KEY, TOKEN_PEPPER, REDIS_URL"):
        refuse_lies()


@pytest.mark.parametrize("variable", ["GRANIAN_WORKERS", "WEB_CONCURRENCY"])
def test_the_memory_broker_is_for_one_process(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "1")
    assert "postroom.E005" not in [finding.id for finding in check_settings()]
    monkeypatch.setenv(variable, "2")
    assert "postroom.E005" in [finding.id for finding in check_settings()]


def test_granian_is_never_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "granian", object())
    with pytest.raises(ImproperlyConfigured, match=r"postroom\.E005: .* granian starts processes of its own"):
        refuse_lies()


def test_a_warning_refuses_nothing(settings: Settings) -> None:
    assert found(settings, BASE_URL="http://post.example.com") == ["W002"]
    refuse_lies()


def test_the_servers_are_only_asked_when_a_database_is(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert check_servers() == []


@pytest.mark.django_db
def test_redis_must_not_throw_things_away(settings: Settings, redis_server: Redis) -> None:
    settings.REDIS_URL = redis_server.url
    with redis.Redis.from_url(redis_server.url) as client:
        assert server_findings() == []
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            assert server_findings() == ["postroom.E011"]
        finally:
            client.config_set("maxmemory-policy", "noeviction")


@pytest.mark.django_db
def test_an_unreachable_redis_is_a_warning(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert server_findings() == ["postroom.W004"]


def server_findings() -> list[str | None]:
    """PostgreSQL's own findings apart: the suite's server trades durability for speed."""
    return [finding.id for finding in check_servers(databases=["default"]) if finding.id != "postroom.E010"]


@pytest.mark.postgres
def test_a_postgresql_that_may_forget_is_refused(
    tmp_path: Path, postgres_server: Postgres, redis_server: Redis
) -> None:
    """By the command that operators run, and by `migrate`, before anything is written."""
    url = postgres_server.create_database("forgetful")
    env = environment(tmp_path, **{**PRODUCTION, "DATABASE_URL": url, "REDIS_URL": redis_server.url})
    checked = manage("check", "--database", "default", env=env)
    assert checked.returncode == 1
    assert "(postroom.E010) PostgreSQL runs with fsync, " in checked.stderr
    assert "synchronous_commit off: an answered number could be lost" in checked.stderr
    assert "postroom.E010" in manage("migrate", env=env).stderr
    postgres_server.execute("ALTER DATABASE forgetful SET synchronous_commit = on")
    assert "synchronous_commit" not in manage("check", "--database", "default", env=env).stderr


def test_an_empty_production_shape_says_what_it_lacks(tmp_path: Path) -> None:
    checked = manage("check", env=environment(tmp_path, POSTROOM_SHAPE="production"))
    assert checked.returncode == 1
    assert "SECRET_KEY" in checked.stderr
    assert "REDIS_URL" in checked.stderr
    assert "ALLOWED_HOSTS" in checked.stderr
