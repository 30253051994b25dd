"""Named points at which a process kills itself, or a thread is held up, with a small probability drawn from a seed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.chaos import pace
from tests.chaos.inside.grafts import graft

VARIABLE = "CHAOS_MINES"
# (name, place, when: before the call, after it, or after it if it gave something)
POINTS = (
    ("kept the delivery", "portal.intake.receive:_keep", "after"),
    ("accepted", "portal.intake.receive:accept", "after"),
    ("decided the answer", "portal.intake.receive:decide", "after"),
    ("kept the answer", "portal.intake.receive:_close", "after"),
    ("inside a claim", "portal.postings.claim:_take", "after a yes"),
    ("claimed", "portal.postings.work:claim", "after a yes"),
    ("about to settle a success", "portal.postings.settle:posted", "before"),
    ("settled a success", "portal.postings.settle:posted", "after"),
    ("about to settle a failure", "portal.postings.settle:failed", "before"),
    ("settled a failure", "portal.postings.settle:failed", "after"),
    ("about to settle a lookup", "portal.postings.settle:found", "before"),
    ("settled a lookup", "portal.postings.settle:found", "after"),
    ("inside a settlement", "portal.postings.moves:close", "after"),
    ("released the dead", "portal.postings.sweep:_release", "after a yes"),
)
HELD_UP = "held up after a claim"


def lay(told: str) -> None:
    """`told` is `seed:rate of crashes:rate of held-up threads:file of what happened`."""
    seed, crashes, held_up, path = told.split(":", 3)
    mines = _Mines(random.Random(f"{seed} {os.getpid()}"), float(crashes), float(held_up), path)
    for name, place, when in POINTS:
        graft(place, partial(mines.mined, name, when))
    # Before the attempt's own clock starts: nothing but the look at the lease is left then.
    graft("portal.postings.work:_connector", mines.slow)


class _Mines:
    def __init__(self, dice: random.Random, crashes: float, held_up: float, path: str) -> None:
        self._dice, self._crashes, self._held_up, self._path = dice, crashes, held_up, path

    def mined(self, name: str, when: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def mined(*given: Any, **named: Any) -> Any:
            if when == "before":
                self._step(name)
            done = call(*given, **named)
            if when == "after" or (when == "after a yes" and done):
                self._step(name)
            return done

        return mined

    def slow(self, connector: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A thread that goes on after this is one that was frozen since its claim."""

        def held_up(claim: Any) -> Any:
            if self._dice.random() < self._held_up:
                self._tell(HELD_UP)
                time.sleep(self._dice.uniform(*pace.HELD_UP))
            return connector(claim)

        return held_up

    def _step(self, name: str) -> None:
        if self._dice.random() < self._crashes:
            self._tell(name)
            os.kill(os.getpid(), signal.SIGKILL)

    def _tell(self, name: str) -> None:
        line = f"{time.time():.3f} {os.getpid()} {name}\n".encode()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, line)
        os.close(descriptor)
