"""Databases of each test's own behind the back end, whatever database the run uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connections
from pytest_django import DjangoDbBlocker

from portal.sqlite.kept import kept
from tests.sqlite.files import TABLE, add_database, run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The database file of `one`."""
    return tmp_path / "one.sqlite3"


@pytest.fixture
def database(path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[..., None]]:
    """Adds databases under names that last as long as the test; each has one empty table, `thing`."""
    added: list[str] = []

    def add(alias: str = "one", name: str | Path = path, **options: object) -> None:
        added.append(alias)
        add_database(alias, name, **options)
        run(TABLE, alias=alias)

    with django_db_blocker.unblock():
        yield add
        for alias in added:
            connections[alias].close()
            del connections[alias], connections.settings[alias]
        kept.close()


@pytest.fixture
def one(database: Callable[..., None]) -> None:
    """The database `one`, which keeps nothing open."""
    database()
