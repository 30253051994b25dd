"""What each thread has open, and that it is closed when the thread ends: nobody else could use it, or knows of it."""

from __future__ import annotations

import threading
import weakref
from typing import Protocol


class Closable(Protocol):
    """Something that a thread opens."""

    def end_with_its_thread(self) -> None:
        """The thread ends."""


class _End:
    """Lives as long as its thread."""


def _close_all(things: set[Closable]) -> None:
    for thing in list(things):
        thing.end_with_its_thread()


class _OpenHere(threading.local):
    """One set for each thread. `threading.local` drops it in the thread itself, before anybody's `join` returns."""

    def __init__(self) -> None:
        self.things: set[Closable] = set()
        self._end = _End()
        # The main thread ends with the process, which gives everything back anyway.
        weakref.finalize(self._end, _close_all, self.things).atexit = False


_here = _OpenHere()


def open_here() -> set[Closable]:
    """What this thread has open. Whoever opens something adds it, and takes it out when it is closed."""
    return _here.things
