"""The calls of the API: how many a key may make within a minute, and a record of each. No secrets."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from integrations.sandbox import Store

WINDOW_SECONDS: Final = 60
REFUSED: Final = 429
Clock = Callable[[], float]
_INSERT: Final = (
    "INSERT INTO calls (at, tenant_id, method, path, operation, status, milliseconds) VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class Limit:
    """A rolling minute for each tenant's key. Calls that were refused do not count."""

    def __init__(self, clock: Clock = time.time) -> None:
        self._clock = clock
        self._taken: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def seconds_to_wait(self, tenant_id: str, most: int) -> int:
        """0 if the call may go on, which counts it; else after how many seconds the next one may."""
        now = self._clock()
        with self._lock:
            taken = self._taken[tenant_id]
            while taken and taken[0] <= now - WINDOW_SECONDS:
                taken.popleft()
            if most and len(taken) >= most:
                return max(1, math.ceil(taken[len(taken) - most] + WINDOW_SECONDS - now))
            taken.append(now)
            return 0


class Calls:
    """The record, until it is pruned."""

    def __init__(self, store: Store, clock: Clock = time.time) -> None:
        self._store = store
        self._clock = clock

    def add(
        self, at: float, tenant_id: str, method: str, path: str, operation: str, status: int | None, milliseconds: int
    ) -> None:
        """Remember one. `status` None: the connection was closed; `operation` is the name in the table of the API."""
        with self._store.transaction() as database:
            database.execute(_INSERT, (at, tenant_id, method, path, operation, status, milliseconds))

    def now(self) -> float:
        """The time by this stand-in's clock, in seconds."""
        return self._clock()

    def told(self, after: int = 0, most: int = 100) -> dict[str, Any]:
        """Counts over everything that is remembered, and the calls after a position, oldest first."""
        question = "SELECT * FROM calls WHERE position > ? ORDER BY position LIMIT ?"
        with self._store.transaction() as database:
            calls = [_told(row) for row in database.execute(question, (after, most))]
        return {**self.counts(), "calls": calls}

    def counts(self) -> dict[str, Any]:
        """How many calls, how many refused by the limit, by operation, and the most of one key in any 60 seconds."""
        question = "SELECT operation, count(*) AS number FROM calls GROUP BY operation ORDER BY operation"
        with self._store.transaction() as database:
            by_operation = {row["operation"]: row["number"] for row in database.execute(question)}
            (refused,) = database.execute("SELECT count(*) FROM calls WHERE operation = 'refused'").fetchone()
            moments = database.execute("SELECT tenant_id, at FROM calls WHERE tenant_id != '' ORDER BY position")
            most = _most_in_a_window((row["tenant_id"], row["at"]) for row in moments)
        return {
            "count": sum(by_operation.values()),
            "refused": refused,
            "most_in_a_minute": most,
            "by_operation": by_operation,
        }

    def latest(self, most: int) -> list[dict[str, Any]]:
        """The last calls, newest first."""
        with self._store.transaction() as database:
            rows = database.execute("SELECT * FROM calls ORDER BY position DESC LIMIT ?", (most,)).fetchall()
        return [_told(row) for row in rows]

    def prune(self) -> int:
        """Forget them all, and begin to count anew; tells how many were forgotten."""
        with self._store.transaction() as database:
            return database.execute("DELETE FROM calls").rowcount


def _told(row: sqlite3.Row) -> dict[str, Any]:
    return {**dict(row), "at": datetime.fromtimestamp(row["at"], UTC).isoformat(timespec="milliseconds")}


def _most_in_a_window(calls: Iterable[tuple[str, float]]) -> int:
    windows: dict[str, deque[float]] = defaultdict(deque)
    most = 0
    for tenant_id, at in calls:
        window = windows[tenant_id]
        window.append(at)
        while window[0] <= at - WINDOW_SECONDS:
            window.popleft()
        most = max(most, len(window))
    return most
