"""What is done to the servers, and when: a timetable drawn from the seed, and the hands that carry it out."""

from __future__ import annotations

import heapq
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis

from tests.chaos import pace
from tests.chaos.stage import Mines, Stage

# How often each befalls a run, per hundred documents; not in the first and last moments.
RATES = {
    "kill a worker": 4.5,
    "kill a web process": 3.0,
    "kill the web server": 1.0,
    "freeze a worker": 1.5,
    "crash the database": 0.5,
    "kill redis": 0.5,
    "flush redis": 0.75,
    "freeze redis": 0.375,
    "restart web in order": 0.5,
    "staff retry what is held": 1.0,
}
KILLS = frozenset({"kill a worker", "kill a web process", "kill the web server"})
MINES = Mines(crash=0.004, held_up=0.05)
# A deliberate bug in a small run must meet what makes it show.
MINES_WITH_A_MUTANT = Mines(crash=0.004, held_up=0.25)


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
    for name, rate in RATES.items():
        count = max(1, round(rate * documents / 100))
        slot = (seconds - 2) / count
        acts.extend(Act(1 + slot * (position + dice.random()), name, dice.random()) for position in range(count))
    return sorted(acts)


class Nemeses:
    """Carries out a timetable. `step` is called often, by one thread; `done` counts what could be done."""

    def __init__(self, stage: Stage, acts: list[Act], tell: Callable[[str], None]) -> None:
        self._stage, self._tell = stage, tell
        self._acts = list(acts)
        heapq.heapify(self._acts)
        self.done: Counter[str] = Counter()
        self._redis_is_frozen: Any = None

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done."""
        return not self._acts

    def step(self, now: float) -> None:
        """Do what is due at `now`, seconds after the beginning; start again what has ended."""
        while self._acts and self._acts[0].at <= now:
            act = heapq.heappop(self._acts)
            self._tell(act.name)
            if act.then is not None:
                act.then()
            else:
                self.done[act.name] += _HANDS[act.name](self, act, now)
        for name in self._stage.revive():
            self._tell(f"started {name} again")

    def end(self) -> None:
        """Leave nothing frozen."""
        while self._acts:
            act = heapq.heappop(self._acts)
            if act.then is not None:
                act.then()

    def _later(self, at: float, name: str, then: Callable[[], object]) -> None:
        heapq.heappush(self._acts, Act(at, name, then=then))

    def _worker(self, act: Act) -> Any:
        workers = self._stage.workers
        return workers[int(act.draw * len(workers))]

    def _kill_worker(self, act: Act, _: float) -> bool:
        self._worker(act).kill()
        return True

    def _kill_web_process(self, act: Act, _: float) -> bool:
        return self._stage.programs["web"].kill_child(lambda pids: pids[int(act.draw * len(pids))])

    def _kill_web(self, _: Act, __: float) -> bool:
        self._stage.programs["web"].kill()
        return True

    def _freeze_worker(self, act: Act, now: float) -> bool:
        """Longer than the lease, and over before absence can be proven.

        A process can be stopped between its last look at the lease and the first byte: nothing can be done about that
        window, which the documents name. Threads that are held up before that look cover the longer freezes.
        """
        program = self._worker(act)
        program.freeze()
        length = pace.LEASE + 0.5 + act.draw * (pace.QUIET - 1)
        self._later(now + length, f"{program.name} goes on", program.thaw)
        return True

    def _is_away(self, what: str) -> bool:
        """Whether it is down or frozen now, and something will be done about that."""
        return any(what in waiting.name for waiting in self._acts if waiting.then)

    def _crash_database(self, act: Act, now: float) -> bool:
        if self._is_away("database"):
            return False
        self._stage.postgres.kill()
        self._later(now + act.draw, "the database starts again", self._stage.postgres.start)
        return True

    def _kill_redis(self, act: Act, now: float) -> bool:
        if self._is_away("redis"):
            return False
        self._stage.redis.kill()
        self._later(now + act.draw * 2, "redis starts again", self._stage.redis.start)
        return True

    def _flush_redis(self, _: Act, __: float) -> bool:
        try:
            with redis.Redis.from_url(self._stage.redis.url, socket_timeout=1, socket_connect_timeout=1) as client:
                client.flushall()
        except redis.RedisError:
            self._tell("redis was away")
            return False
        return True

    def _freeze_redis(self, act: Act, now: float) -> bool:
        if self._is_away("redis"):
            return False
        self._redis_is_frozen = self._stage.redis.frozen()
        self._redis_is_frozen.__enter__()
        self._later(now + 2 + act.draw * 4, "redis goes on", self._thaw_redis)
        return True

    def _thaw_redis(self) -> None:
        frozen, self._redis_is_frozen = self._redis_is_frozen, None
        frozen.__exit__(None, None, None)

    def _staff(self, _: Act, __: float) -> bool:
        self._stage.background("chaos_staff")
        return True

    def _restart_web(self, _: Act, __: float) -> bool:
        self._stage.programs["web"].ask(signal.SIGHUP)
        return True


_HANDS: dict[str, Callable[[Nemeses, Act, float], bool]] = {
    "kill a worker": Nemeses._kill_worker,
    "kill a web process": Nemeses._kill_web_process,
    "kill the web server": Nemeses._kill_web,
    "freeze a worker": Nemeses._freeze_worker,
    "crash the database": Nemeses._crash_database,
    "kill redis": Nemeses._kill_redis,
    "flush redis": Nemeses._flush_redis,
    "freeze redis": Nemeses._freeze_redis,
    "restart web in order": Nemeses._restart_web,
    "staff retry what is held": Nemeses._staff,
}
