"""How many postings this process has run since it began, and what woke it for them."""

from __future__ import annotations

import threading


class Tally:
    """Two counts, added to by many threads: run after a nudge, and found by the sweep because no nudge came."""

    def __init__(self) -> None:
        self.by_nudge = self.by_sweep = 0
        self._lock = threading.Lock()

    def add(self, *, by_nudge: int = 0, by_sweep: int = 0) -> None:
        """So many more."""
        with self._lock:
            self.by_nudge += by_nudge
            self.by_sweep += by_sweep


tally = Tally()
