"""Who may write next: the threads of this process take turns at each database, first come, first served.

SQLite waits for its write lock by sleeping and trying again, so that with many writers some never get a turn. Its own
lock stays where it is, and is what other processes meet.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from weakref import WeakValueDictionary

LOCKED = "database is locked"


class WriteLock:
    """The right to write to one database, handed on in the order of asking. Not re-entrant."""

    def __init__(self) -> None:
        self._state = threading.Lock()
        self._taken = False
        self._queue: deque[threading.Lock] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    def take(self, within_seconds: float) -> bool:
        """Wait for the turn, at most so long. False when it did not come."""
        with self._state:
            if not self._taken:
                self._taken = True
                return True
            turn = threading.Lock()
            turn.acquire()
            self._queue.append(turn)
        try:
            came = turn.acquire(timeout=max(within_seconds, 0))
        except BaseException:  # Ctrl-C; a turn that came in that very moment goes to the next
            if not self._leave(turn):
                self.give_back()
            raise
        return came or not self._leave(turn)

    def give_back(self) -> None:
        """Hand the right to whoever waits longest."""
        with self._state:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._taken = False

    def _leave(self, turn: threading.Lock) -> bool:
        """Stand in the queue no longer. False when the turn has come in the meantime."""
        with self._state:
            if turn not in self._queue:
                return False
            self._queue.remove(turn)
            return True


class Turn:
    """One connection's place at the lock: taken before its first write, kept until no transaction is open."""

    def __init__(self, lock: WriteLock, within_seconds: float) -> None:
        self._lock, self._within_seconds = lock, within_seconds
        self.held = False

    def take(self) -> None:
        """Wait for the turn. Raises `sqlite3.OperationalError`, worded as SQLite words it, when it does not come."""
        if not self._lock.take(self._within_seconds):
            raise sqlite3.OperationalError(LOCKED)
        self.held = True

    def give_back(self) -> None:
        """Let the next one write. Nothing happens when the turn is not held."""
        if self.held:
            self.held = False
            self._lock.give_back()


_locks: WeakValueDictionary[str, WriteLock] = WeakValueDictionary()
_making = threading.Lock()


def lock_of(path: str) -> WriteLock:
    """The one lock of this process for the database at an absolute path, for as long as somebody holds on to it."""
    with _making:
        return _locks.setdefault(path, WriteLock())
