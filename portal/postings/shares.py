"""Fair shares of a worker process: no connection may hold more than half of its threads."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


class Shares:
    """How many threads of this process each connection holds now."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._lock = threading.Lock()
        self._held: Counter[uuid.UUID] = Counter()
        self._refused: set[uuid.UUID] = set()

    def note_refusal(self, connection_id: uuid.UUID) -> None:
        """Something due was left lying: whoever finishes next for this connection looks for more."""
        with self._lock:
            self._refused.add(connection_id)

    def left_lying(self, connection_id: uuid.UUID) -> bool:
        """Whether something was left lying for this connection."""
        with self._lock:
            return connection_id in self._refused

    def nothing_left(self, connection_id: uuid.UUID) -> None:
        """Somebody looked: nothing is due. What is refused in this very moment is found by the sweep."""
        with self._lock:
            self._refused.discard(connection_id)

    def full(self) -> set[uuid.UUID]:
        """The connections that hold their share."""
        with self._lock:
            return {connection_id for connection_id, held in self._held.items() if held >= self._at_most}

    @contextmanager
    def one(self, connection_id: uuid.UUID) -> Iterator[bool]:
        """Hold one thread for a connection in a `with` block; False when it holds its share already."""
        granted = self._enter(connection_id)
        try:
            yield granted
        finally:
            if granted:
                self._leave(connection_id)

    def _enter(self, connection_id: uuid.UUID) -> bool:
        with self._lock:
            if self._held[connection_id] >= self._at_most:
                self._refused.add(connection_id)
                return False
            self._held[connection_id] += 1
            return True

    def _leave(self, connection_id: uuid.UUID) -> None:
        with self._lock:
            self._held[connection_id] -= 1
            if not self._held[connection_id]:
                del self._held[connection_id]


shares = Shares(max(1, settings.WORKER_THREADS // 2))
