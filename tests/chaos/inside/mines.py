"""A process kills itself at a named point, or holds up a thread there, by dice of a seed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from tests.chaos import pace
from tests.chaos.inside.boundaries import When, watch
from tests.chaos.inside.points import HELD_UP_AT, POINTS

VARIABLE = "CHAOS_MINES"
HELD_UP = "held up after a claim"
# A process with a mine lives for a moment first, so that some work gets done.
FUSE_SECONDS = (1.0, 4.0)
# A point that nobody comes by for so long gives way to another one; one that was never hit is waited for longer.
PATIENCE_SECONDS, LONG_PATIENCE_SECONDS = 3.0, 8.0


def lay(told: str) -> None:
    """`told` is `seed:part:share of mined processes:rate of held-up threads:file of what happened`."""
    seed, part, crash, held_up, path = told.split(":", 4)
    mines = Mines(random.Random(f"{seed} {os.getpid()}"), part, float(crash), float(held_up), Path(path))
    watch(mines.passed)


def happened(path: Path) -> Counter[str]:
    """How often each point was hit so far, by name."""
    if not path.exists():
        return Counter()
    return Counter(line.split(" ", 2)[2] for line in path.read_text().splitlines())


def over(path: Path) -> Path:
    """The file that says that nobody is held up any more."""
    return path.with_suffix(".over")


class Mines:
    """One mine in a process at most, at a point that was hit less often than others of its part."""

    def __init__(self, dice: random.Random, part: str, crash: float, held_up: float, path: Path) -> None:
        self._dice, self._part, self._held_up, self._path = dice, part, held_up, path
        self._armed_at = time.monotonic() + dice.uniform(*FUSE_SECONDS)
        self.target, patience = self._rarest() if dice.random() < crash else ("", 0.0)
        self._gives_way_at = self._armed_at + patience

    def passed(self, when: When, marks: frozenset[str]) -> None:
        """Die here, be held up here, or go on."""
        if self.target:
            self._step(when, marks)
        if self._held_up and POINTS[HELD_UP_AT].is_passed(when, marks):
            self._hold_up()

    def _hold_up(self) -> None:
        if self._dice.random() < self._held_up and not over(self._path).exists():
            self._tell(HELD_UP)
            time.sleep(self._dice.uniform(*pace.HELD_UP))

    def _step(self, when: When, marks: frozenset[str]) -> None:
        now = time.monotonic()
        if now > self._gives_way_at:
            self._gives_way_at = now + PATIENCE_SECONDS
            self.target = self._dice.choice([name for name, point in POINTS.items() if point.part == self._part])
        if now > self._armed_at and POINTS[self.target].is_passed(when, marks):
            self._tell(self.target)
            os.kill(os.getpid(), signal.SIGKILL)

    def _rarest(self) -> tuple[str, float]:
        """One of the points that were hit least often, and how long it is waited for: all of them get their turn."""
        hits = happened(self._path)
        mine = [name for name, point in POINTS.items() if point.part == self._part]
        fewest = min(hits[name] for name in mine)
        # One more than the fewest may be: a point that nobody comes by must not hold up all the others.
        chosen = self._dice.choice([name for name in mine if hits[name] <= fewest + 1])
        return chosen, PATIENCE_SECONDS if hits[chosen] else LONG_PATIENCE_SECONDS

    def _tell(self, name: str) -> None:
        line = f"{time.time():.3f} {os.getpid()} {name}\n".encode()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, line)
        os.close(descriptor)
