"""Open connections that nobody uses at the moment: opening one costs more than many a request."""

from __future__ import annotations

import atexit
import os
import sqlite3
import threading
from dataclasses import dataclass

FileId = tuple[int, int]


def file_id(path: str) -> FileId | None:
    """Which file this path names now (device and inode); None when there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path would cost more than the call
    except OSError:
        return None
    return found.st_dev, found.st_ino


@dataclass(frozen=True, slots=True)
class Place:
    """What a connection is good for: the database at an absolute path, opened with these options."""

    path: str
    options: str


class KeptConnections:
    """A stack for each place, so that the connection used last, whose caches are warm, is used next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Place, list[tuple[FileId, sqlite3.Connection]]] = {}
        self._inherited: list[object] = []

    def take(self, place: Place) -> sqlite3.Connection | None:
        """A connection to the file that is there now, or None. Those to a file that is gone are closed."""
        while found := self._pop(place):
            file, connection = found
            if file == file_id(place.path):
                return connection
            connection.close()
        return None

    def _pop(self, place: Place) -> tuple[FileId, sqlite3.Connection] | None:
        with self._lock:
            kept = self._kept.get(place)
            return kept.pop() if kept else None

    def keep(self, place: Place, file: FileId, connection: sqlite3.Connection, at_most: int) -> bool:
        """Keep a connection without an open transaction or cursor. False when there are `at_most` already."""
        with self._lock:
            kept = self._kept.setdefault(place, [])
            if len(kept) >= at_most:
                return False
            kept.append((file, connection))
            return True

    def close(self) -> None:
        """Close all that are kept."""
        with self._lock:
            connections = [connection for kept in self._kept.values() for _, connection in kept]
            self._kept.clear()
        for connection in connections:
            connection.close()

    def forget(self) -> None:
        """For a forked child: SQLite forbids to use a parent's connections there, and closing is a use."""
        self._lock = threading.Lock()
        self._inherited.append(self._kept)
        self._kept = {}


kept = KeptConnections()
atexit.register(kept.close)
os.register_at_fork(after_in_child=kept.forget)
