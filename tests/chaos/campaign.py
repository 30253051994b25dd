"""One run from its seed: stage, a calm beginning, sender and nemeses, rest, checker."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import beginning, pace, world
from tests.chaos.checker import check
from tests.chaos.demands import shortfalls
from tests.chaos.nemeses import MINES, MINES_WITH_A_MUTANT, Nemeses, how_often, timetable
from tests.chaos.papers import Paper, drawn
from tests.chaos.presets import faults
from tests.chaos.resolving import resolve
from tests.chaos.seen import Problem
from tests.chaos.sender import Sender
from tests.chaos.stage import Stage, staged
from tests.chaos.totals import done, figures
from tests.chaos.world import World

DOCUMENTS_PER_SECOND = 5.5
SHORTEST_SECONDS = 75.0
# The promise: everything is final, or in front of a person, five minutes after the last fault.
RESTS_WITHIN_SECONDS = 300.0
STEP_SECONDS = 0.05
LOOK_EVERY_SECONDS = 0.25
REPLAYED_AT_MOST, REPLAYED_AT_ONCE = 2_000, 8


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. `mutant` names a deliberate bug that goes with it."""

    seed: int
    documents: int
    preset: str = "chaos"
    mutant: str = ""
    system: str = pace.DEMO

    def __str__(self) -> str:
        """The command that does it again."""
        words = f"--preset {self.preset}" + (f" --mutant '{self.mutant}'" if self.mutant else "")
        system = f"SYSTEM={self.system} " if self.system != pace.DEMO else ""
        return f'make chaos {system}SEED={self.seed} N={self.documents} ARGS="{words}"'


@dataclass(slots=True)
class Outcome:
    """What a run came to. `timeline` holds (epoch seconds, what)."""

    order: Order
    problems: list[Problem] = field(default_factory=list)
    timeline: list[tuple[float, str]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    papers: list[Paper] = field(default_factory=list)
    world: World | None = None


def run(order: Order, directory: Path, say: Callable[[str], None]) -> Outcome:
    """Run it all. The directory gets the logs."""
    outcome = Outcome(order)
    if pace.is_slow(order.system):
        pace.slow_down()

    def tell(what: str) -> None:
        outcome.timeline.append((time.time(), what))
        say(what)

    mines = MINES_WITH_A_MUTANT if order.mutant else MINES
    with staged(directory, order.seed, tell, mines=mines, system=order.system, mutant=order.mutant) as stage:
        calm, before = beginning.calm_restart(stage, order.seed, tell)
        outcome.papers = _under_fire(stage, order, outcome, tell)
        outcome.world = world.read(stage)
        outcome.problems += check(outcome.world, outcome.papers, stage.companies, calm=calm, before=before)
        outcome.papers = [*outcome.papers, *calm]
        outcome.figures["states"] = dict(Counter(row["state"] for row in outcome.world.postings))
        outcome.figures["documents in the books"] = len(outcome.world.books) + len(outcome.world.entries)
        outcome.figures["slots of the timetable"] = dict(Counter(row["outcome"] for row in outcome.world.slots))
    return outcome


def _under_fire(stage: Stage, order: Order, outcome: Outcome, tell: Callable[[str], None]) -> list[Paper]:
    """The storm, and what becomes of it; the papers that were sent in it."""
    seconds = max(SHORTEST_SECONDS, order.documents / DOCUMENTS_PER_SECOND)
    seconds += pace.ALL_FROZEN * how_often("freeze everything", order.documents)
    # The last company is the bystander.
    mail = drawn(order.seed, order.documents, seconds, len(stage.companies) - 1)
    sender = Sender(mail, stage.urls, stage.companies, order.seed)
    nemeses = Nemeses(stage, timetable(order.seed, order.documents, seconds), tell)
    stage.lay_mines()
    stage.disturb(faults(order.preset), order.seed)
    began = time.monotonic()
    sender.start()
    try:
        _storm(sender, nemeses, began, seconds)
        tell("the storm is over")
        disturbed = _end_faults(stage)
        rest = _rest_with_staff(stage, sender, nemeses, tell)
        what = done(stage, order.documents, order.preset, nemeses.done, disturbed)
        outcome.problems.extend(() if order.mutant else shortfalls(what))
        outcome.figures = {
            "seconds": round(time.monotonic() - began, 1),
            "seconds until rest": rest.seconds,
            "held before staff retried": dict(Counter(rest.held)),
            **({"held even so": dict(rest.resolved)} if not stage.system.proves_absence else {}),
            **figures(what, mail.papers, nemeses.done, nemeses.hands.staff.done, disturbed),
        }
    finally:
        sender.stop()
        nemeses.end()
    if rest.seconds is not None:
        _replay(sender)
    return mail.papers


def _storm(sender: Sender, nemeses: Nemeses, began: float, seconds: float) -> None:
    """Until everything was done to the servers and every first delivery was tried."""
    while (now := time.monotonic() - began) < seconds or not nemeses.is_over:
        nemeses.step(now)
        time.sleep(STEP_SECONDS)


def _end_faults(stage: Stage) -> dict[str, Any]:
    """The last kill of everything, then no fault any more; gives what the accounting system was made to do."""
    stage.end_faults()
    disturbed = stage.disturbed()
    stage.disturb("none", 0)
    return disturbed


@dataclass(frozen=True, slots=True)
class _Rested:
    """How long it took, None when time ran out; why postings were held then; and what staff made of those."""

    seconds: float | None
    held: list[str]
    resolved: Counter[str] = field(default_factory=Counter)


def _rest_with_staff(stage: Stage, sender: Sender, nemeses: Nemeses, tell: Callable[[str], None]) -> _Rested:
    """Wait until nothing moves; let staff retry what is held then, and wait again.

    Where nothing proves absence, staff look into the books for what is held even so.
    """
    rested = _rest(stage, sender, nemeses)
    held = world.held(stage)
    if held and rested is not None:
        tell(f"staff retry the {len(held)} that are held")
        stage.command("chaos_staff")
        rested = _rest(stage, sender, nemeses)
    resolved = Counter[str]()
    if rested is not None and not stage.system.proves_absence:
        resolved = resolve(stage, nemeses.hands.staff, tell)
        rested = _rest(stage, sender, nemeses) if resolved else rested
    if rested is None:
        tell("it did not come to rest in time")
    return _Rested(rested, held, resolved)


def _rest(stage: Stage, sender: Sender, nemeses: Nemeses) -> float | None:
    """Wait until nothing moves any more; the seconds that it took, or None when time ran out."""
    began = time.monotonic()
    while (waited := time.monotonic() - began) < RESTS_WITHIN_SECONDS:
        nemeses.step(float("inf"))
        if sender.is_done and not world.unsettled(stage) and not stage.disturbed()["waiting"]:
            return round(waited, 1)
        time.sleep(LOOK_EVERY_SECONDS)
    return None


def _replay(sender: Sender) -> None:
    """Long after: the same content gets the same number once more."""
    taken = [paper for paper in sender.papers if paper.numbers and not paper.is_edited]
    every = -(-len(taken) // REPLAYED_AT_MOST) or 1
    with ThreadPoolExecutor(REPLAYED_AT_ONCE) as pool:
        list(pool.map(lambda paper: sender.once_more(paper, 0), taken[::every]))
