"""What is done to the servers, and when: a timetable drawn from the seed, and whoever carries it out."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.hands import HANDS, Hands
from tests.chaos.stage import Mines, Stage

# How often each befalls a run, per hundred documents; not in the first and last moments.
RATES = {
    "kill a worker": 5.0,
    "kill a web process": 2.5,
    "kill a web server": 0.75,
    "kill a web server's master": 0.25,
    "kill a beat": 0.5,
    "freeze a worker": 1.5,
    "freeze a beat": 0.25,
    "freeze everything": 0.125,
    "crash the database": 0.5,
    "freeze the database": 0.25,
    "cut all database connections": 0.5,
    "kill redis": 0.5,
    "flush redis": 0.75,
    "freeze redis": 0.375,
    "fill redis": 0.25,
    "cut all redis connections": 0.5,
    "restart web in order": 0.5,
    "staff retry what waits for them": 2.0,
}
KILLS = frozenset(name for name in RATES if name.startswith("kill") and name != "kill redis")
STOPS_ALL = frozenset({"freeze everything"})
CRASHES = "crash the database"
MINES = Mines(crash=0.7, held_up=0.05)
# A deliberate bug in a small run must meet what makes it show.
MINES_WITH_A_MUTANT = Mines(crash=0.7, held_up=0.25)
# What cannot be done yet, because something is away, is done this much later.
POSTPONED_SECONDS = 1.0


@dataclass(order=True, slots=True)
class Act:
    """Something to be done `at` seconds after the beginning."""

    at: float
    name: str = field(compare=False)
    draw: float = field(compare=False, default=0.0)
    then: Callable[[], object] | None = field(compare=False, default=None)


def timetable(seed: int, documents: int, seconds: float) -> list[Act]:
    """Everything that will be done in a run of this many documents and seconds."""
    dice = random.Random(f"{seed} nemeses")
    acts = list[Act]()
    for name in RATES:
        count = how_often(name, documents)
        slot = (seconds - 2) / max(count, 1)
        acts.extend(Act(1 + slot * (position + dice.random()), name, dice.random()) for position in range(count))
    return sorted(acts)


def how_often(name: str, documents: int) -> int:
    """How many times it befalls a run of this many documents: once at least, but for what stops a small run."""
    return max(0 if name in STOPS_ALL else 1, round(RATES[name] * documents / 100))


class Nemeses:
    """Carries out a timetable. `step` is called often, by one thread; `done` counts what could be done."""

    def __init__(self, stage: Stage, acts: list[Act], tell: Callable[[str], None]) -> None:
        self._stage, self._tell = stage, tell
        self._acts = list(acts)
        heapq.heapify(self._acts)
        self.done: Counter[str] = Counter()
        self.hands = Hands(stage, self._later, self._is_away)
        self._now = 0.0

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done."""
        return not self._acts

    def step(self, now: float) -> None:
        """Do what is due at `now`, seconds after the beginning; start again what has ended."""
        self._now = now
        while self._acts and self._acts[0].at <= now:
            self._do(heapq.heappop(self._acts))
        for name in self._stage.revive():
            self._tell(f"started {name} again")

    def end(self) -> None:
        """Leave nothing frozen."""
        while self._acts:
            act = heapq.heappop(self._acts)
            if act.then is not None:
                act.then()

    def _do(self, act: Act) -> None:
        if act.then is not None:
            self._tell(act.name)
            act.then()
        elif not self._is_away("everything") and HANDS[act.name](self.hands, act.draw):
            self._tell(act.name)
            self.done[act.name] += 1
        else:
            heapq.heappush(self._acts, Act(self._now + POSTPONED_SECONDS, act.name, act.draw))

    def _later(self, seconds: float, name: str, then: Callable[[], object]) -> None:
        heapq.heappush(self._acts, Act(self._now + seconds, name, then=then))

    def _is_away(self, what: str) -> bool:
        """Whether it is down or frozen now, and something will be done about that."""
        return any(what in waiting.name for waiting in self._acts if waiting.then)
