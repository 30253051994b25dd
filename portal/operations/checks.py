"""Refuses combinations of settings that would lie about what the portal promises.

The first table needs nothing but the settings and runs with every command and at the start of each web process. The
checks of the database and of Redis run with `manage.py check --database default`, `migrate` and `serve`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import redis
from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

from portal.fields import key_ring

TAG = "postroom"
REQUIRED = ("SECRET_KEY", "FIELD_KEYS", "TOKEN_PEPPER", "DATABASE_URL", "REDIS_URL")
# Servers that start processes of their own, and the variables that name how many.
PROCESS_VARIABLES = ("GRANIAN_WORKERS", "WEB_CONCURRENCY")
MUST_BE_ON = ("fsync", "synchronous_commit", "full_page_writes")


def check_settings(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[CheckMessage]:
    """Everything that the settings alone can tell."""
    found = [finding for judge in _JUDGES for finding in judge()]
    return list(found)


def check_servers(
    app_configs: Sequence[AppConfig] | None = None, databases: Iterable[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """What the database and the broker say of themselves; nothing when no database was asked for."""
    if not databases or "default" not in databases:
        return []
    return [*_postgres(), *_redis()]


def refuse_lies() -> None:
    """Raise `ImproperlyConfigured` with every error that the settings alone can tell."""
    errors = [finding for finding in check_settings() if finding.level >= checks.ERROR]
    if errors:
        raise ImproperlyConfigured("\n".join(f"{error.id}: {error.msg} {error.hint or ''}".strip() for error in errors))


def register() -> None:
    """Make Django run these checks."""
    checks.register(check_settings, TAG)
    checks.register(check_servers, Tags.database)


# --- the settings alone ----------------------------------------------------------------------------------------------


def _shape() -> Iterable[CheckMessage]:
    if settings.SHAPE not in ("embedded", "production"):
        yield Error(
            f"POSTROOM_SHAPE is {settings.SHAPE!r}.", hint="It may be embedded or production.", id="postroom.E001"
        )


def _missing() -> Iterable[CheckMessage]:
    missing = [] if settings.EMBEDDED else [name for name in REQUIRED if not _given(name)]
    if missing:
        yield Error(
            f"The production shape needs {', '.join(missing)}.",
            hint="Set each in the environment, or NAME_FILE with the path of a file that holds it; see .env.example.",
            id="postroom.E002",
        )


def _given(name: str) -> bool:
    if name == "DATABASE_URL":
        return bool(settings.DATABASES["default"].get("ENGINE"))
    try:
        return bool(getattr(settings, name))
    except ImproperlyConfigured:  # Django's own refusal of an empty SECRET_KEY
        return False


def _field_keys() -> Iterable[CheckMessage]:
    if not settings.FIELD_KEYS:
        return
    try:
        key_ring()
    except ImproperlyConfigured as error:
        yield Error(str(error), hint="Make one with: openssl rand -base64 32", id="postroom.E003")


def _memory_broker() -> Iterable[CheckMessage]:
    if not settings.CELERY_BROKER_URL.startswith("memory"):
        return
    if not settings.EMBEDDED:
        yield Error(
            "The in-memory broker cannot reach the workers of the production shape: they are other processes.",
            hint="Set REDIS_URL.",
            id="postroom.E004",
        )
    if several := _several_processes():
        yield Error(
            f"The in-memory broker, the cache and the limits live in one process, but {several}.",
            hint="Start `manage.py serve`, or set POSTROOM_SHAPE=production with PostgreSQL and Redis.",
            id="postroom.E005",
        )


def _several_processes() -> str:
    """Why this looks like more than one process; empty when it does not."""
    for name in PROCESS_VARIABLES:
        if os.environ.get(name, "1").strip() not in ("", "1"):
            return f"{name} asks for {os.environ[name]}"
    return "granian starts processes of its own" if "granian" in sys.modules else ""


def _database() -> Iterable[CheckMessage]:
    engine = settings.DATABASES["default"].get("ENGINE", "")
    if not settings.EMBEDDED and "sqlite" in engine:
        yield Error(
            "The production shape runs on several processes and machines; a SQLite file is for one.",
            hint="Set DATABASE_URL to a PostgreSQL database, or POSTROOM_SHAPE=embedded.",
            id="postroom.E006",
        )
    if settings.EMBEDDED and engine and "sqlite" not in engine:
        yield Caution(
            "The embedded shape's lock file guards its data directory, not a database that others can reach.",
            hint="Make sure that nobody else serves this database, or use POSTROOM_SHAPE=production.",
            id="postroom.W001",
        )


def _debug() -> Iterable[CheckMessage]:
    if settings.DEBUG and not settings.EMBEDDED:
        yield Error(
            "DEBUG shows settings and code to whoever causes an error.", hint="Unset DEBUG.", id="postroom.E007"
        )


def _hosts() -> Iterable[CheckMessage]:
    if settings.EMBEDDED:
        return
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS is empty or lets any name through.",
            hint="Set it to the names under which the portal is called, such as ALLOWED_HOSTS=post.example.com.",
            id="postroom.E008",
        )


def _base_url() -> Iterable[CheckMessage]:
    if not settings.EMBEDDED and not settings.BASE_URL.startswith("https://"):
        yield Caution(
            f"BASE_URL is {settings.BASE_URL}: secret tokens and sessions would travel in clear.",
            hint="Set BASE_URL to the https address of the portal.",
            id="postroom.W002",
        )


def _threads() -> Iterable[CheckMessage]:
    if settings.WEB_THREADS < 2 or settings.WORKER_THREADS < 1:
        yield Error(
            "WEB_THREADS must be at least 2 (half of them may wait for an answer), WORKER_THREADS at least 1.",
            id="postroom.E009",
        )


_JUDGES: tuple[Callable[[], Iterable[CheckMessage]], ...] = (
    _shape, _missing, _field_keys, _memory_broker, _database, _debug, _hosts, _base_url, _threads,
)  # fmt: skip


# --- what the servers say --------------------------------------------------------------------------------------------


def _postgres() -> Iterable[CheckMessage]:
    connection = connections["default"]
    if connection.vendor != "postgresql":
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(MUST_BE_ON)])
            off = sorted(name for name, setting in cursor.fetchall() if setting == "off")
    except DatabaseError as error:
        yield Caution(f"PostgreSQL could not be asked for its settings: {error}", id="postroom.W003")
        return
    if off:
        yield Error(
            f"PostgreSQL runs with {', '.join(off)} off: an answered number could be lost in a crash.",
            hint="Set them to on, for the server, the database and the role.",
            id="postroom.E010",
        )


def _redis() -> Iterable[CheckMessage]:
    if not settings.REDIS_URL:
        return
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2) as client:
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction")
    except redis.RedisError as error:
        yield Caution(
            f"Redis could not be asked for its maxmemory-policy: {type(error).__name__}.",
            hint="It must be noeviction. Postings go on without Redis, later.",
            id="postroom.W004",
        )
        return
    if policy != "noeviction":
        yield Error(
            f"Redis runs with maxmemory-policy {policy}: it may throw away nudges and limits at will.",
            hint="Set maxmemory-policy to noeviction.",
            id="postroom.E011",
        )
