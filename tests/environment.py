"""The environment of a test run, put in place before Django reads its settings.

`POSTROOM_TEST_DATABASE` chooses the database of the whole run: `sqlite` (a file, since tests use threads) or
`postgres` (a server out of a wheel, one per run). A worker process of pytest-xdist inherits what the first process
prepared and only takes a database of its own.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

from tests.servers import Postgres

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
DIRECTORY_NAME = "POSTROOM_TEST_DIRECTORY"

KEYS = {
    "SECRET_KEY": "a-secret-key-for-tests-only-0123456789-0123456789-0123",
    "TOKEN_PEPPER": "a-token-pepper-for-tests-only",
    "FIELD_KEYS": "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
}

_postgres: Postgres | None = None


def database_kind() -> str:
    """`sqlite` or `postgres`; raises `ValueError` for anything else."""
    kind = os.environ.get("POSTROOM_TEST_DATABASE", "sqlite")
    if kind not in {"sqlite", "postgres"}:
        raise ValueError(f"POSTROOM_TEST_DATABASE is {kind!r}; it may be sqlite or postgres")
    return kind


def directory() -> Path:
    """This run's own directory, shared by its processes."""
    return Path(os.environ[DIRECTORY_NAME])


def prepare() -> None:
    """Set every variable that the settings read; start PostgreSQL when the run wants it."""
    if IS_WORKER:
        return
    for name in _documented_names():
        os.environ.pop(name, None)
        os.environ.pop(f"{name}_FILE", None)
    os.environ[DIRECTORY_NAME] = tempfile.mkdtemp(prefix="postroom-test-")
    atexit.register(_tidy, os.getpid())
    os.environ.update(
        KEYS,
        DJANGO_SETTINGS_MODULE="portal.settings",
        POSTROOM_SHAPE="embedded",
        POSTROOM_DATA_DIR=str(directory()),
        DATABASE_URL=_start_database(),
        STATIC_ROOT=str(directory() / "static"),
        LOG_LEVEL="WARNING",
    )
    (directory() / "static").mkdir()


def test_database_name() -> str:
    """The name of this process's test database: a file on SQLite, a database on PostgreSQL."""
    return str(directory() / f"test-{WORKER}.sqlite3") if database_kind() == "sqlite" else f"test_postroom_{WORKER}"


def _tidy(made_by: int) -> None:
    """Stop and remove what `prepare` made, also when collecting failed; a forked child must not."""
    if os.getpid() != made_by:
        return
    if _postgres is not None:
        _postgres.remove()
    shutil.rmtree(directory(), ignore_errors=True)


def _documented_names() -> list[str]:
    """What the settings read and a developer's shell may hold: a test run must not see it."""
    example = Path(__file__).resolve().parents[1] / ".env.example"
    return re.findall(r"^#?([A-Z][A-Z_]+)=", example.read_text(encoding="utf-8"), re.MULTILINE)


def _start_database() -> str:
    global _postgres  # noqa: PLW0603 - one server per run, stopped by `_tidy`
    if database_kind() == "sqlite":
        return f"sqlite:///{directory() / 'unused.sqlite3'}"
    _postgres = Postgres().start()
    return _postgres.url("postroom")
