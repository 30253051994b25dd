"""How long a disturbed system remembers idempotency keys: after its life a key is a new one to the stand-in behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Life:
    number: int
    began_at: float


class KeyLives:
    """The keys of one plan. `seconds` is how long each lives; 0 is for ever."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._lives: dict[str, _Life] = {}

    def known_as(self, key: str) -> str:
        """What the stand-in is told for `key`: the key itself at first, another one in each later life."""
        if not key or not self._seconds:
            return key
        with self._lock:
            now = self._clock()
            life = self._lives.setdefault(key, _Life(1, now))
            if now - life.began_at >= self._seconds:
                life.number, life.began_at = life.number + 1, now
            return key if life.number == 1 else f"{key} (life {life.number})"
