"""Short forms for the back end's tests: extra databases under names of their own, and threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from django.db import connections
from django.db.utils import ConnectionHandler

from portal.sqlite.base import DatabaseWrapper

WITHIN_SECONDS = 20.0
TABLE = "CREATE TABLE IF NOT EXISTS thing (id integer PRIMARY KEY, name text NOT NULL UNIQUE)"
INSERT = "INSERT INTO thing (name) VALUES (%s)"


def add_database(alias: str, name: str | Path, **options: Any) -> None:
    """Make Django know a SQLite database, opened as the embedded shape opens its own."""
    chosen = {
        "transaction_mode": "IMMEDIATE",
        "timeout": WITHIN_SECONDS,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF",
    }
    database = {"ENGINE": "portal.sqlite", "NAME": name, "OPTIONS": {**chosen, **options}}
    connections.settings[alias] = ConnectionHandler({"default": database}).settings["default"]


def here(alias: str = "one") -> DatabaseWrapper:
    """This thread's connection."""
    return cast("DatabaseWrapper", connections[alias])


def run(query: str, *parameters: str, alias: str = "one") -> list[tuple[Any, ...]]:
    """Run one statement in this thread; give its rows."""
    with here(alias).cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []


def names(alias: str = "one") -> list[str]:
    """What is in the table, in the order of writing."""
    return [name for (name,) in run("SELECT name FROM thing ORDER BY id", alias=alias)]


def waiting(alias: str = "one") -> int:
    """How many threads wait for their turn at this database."""
    return here(alias)._turn._lock.waiting


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for a condition; fail when it does not come true."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "It did not happen."
        time.sleep(0.001)


def start(work: Callable[..., object], *arguments: object) -> threading.Thread:
    """A thread that works."""
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread


def finish(*threads: threading.Thread) -> None:
    """Wait until these have ended."""
    for thread in threads:
        thread.join(WITHIN_SECONDS)
        assert not thread.is_alive(), "A thread hangs."
