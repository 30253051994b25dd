"""One run from its seed: stage, sender, nemeses, rest, checker."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos import world
from tests.chaos.checker import Problem, check
from tests.chaos.inside.mines import HELD_UP
from tests.chaos.nemeses import KILLS, MINES, MINES_WITH_A_MUTANT, Nemeses, timetable
from tests.chaos.papers import Paper, Told, drawn
from tests.chaos.sender import Sender
from tests.chaos.stage import FAULTS, Stage, staged
from tests.chaos.world import World

DOCUMENTS_PER_SECOND = 5.5
SHORTEST_SECONDS = 30.0
RESTS_WITHIN_SECONDS = 90.0
STEP_SECONDS = 0.05
LOOK_EVERY_SECONDS = 0.25


@dataclass(slots=True)
class Outcome:
    """What a run came to. `timeline` holds (epoch seconds, what)."""

    seed: int
    problems: list[Problem] = field(default_factory=list)
    timeline: list[tuple[float, str]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    papers: list[Paper] = field(default_factory=list)
    world: World | None = None


def run(seed: int, documents: int, directory: Path, say: Callable[[str], None], *, mutant: str = "") -> Outcome:
    """Run it all. The directory gets the logs. `mutant` names a deliberate bug that goes with it."""
    outcome = Outcome(seed)

    def tell(what: str) -> None:
        outcome.timeline.append((time.time(), what))
        say(what)

    seconds = max(SHORTEST_SECONDS, documents / DOCUMENTS_PER_SECOND)
    mines = MINES_WITH_A_MUTANT if mutant else MINES
    with staged(directory, seed, tell, mines=mines, mutant=mutant) as stage:
        mail = drawn(seed, documents, seconds, len(stage.companies))
        outcome.papers = mail.papers
        sender = Sender(mail, stage.url, stage.companies, seed)
        nemeses = Nemeses(stage, timetable(seed, documents, seconds), tell)
        stage.disturb(FAULTS, seed)
        began = time.monotonic()
        sender.start()
        try:
            _storm(sender, nemeses, began, seconds)
            tell("the storm is over")
            faults = _end_faults(stage)
            rested = _rest(stage, sender, nemeses)
            held = world.held(stage)
            if held and rested is not None:
                tell(f"staff retry the {len(held)} that are held")
                stage.command("chaos_staff")
                rested = _rest(stage, sender, nemeses)
            if rested is None:
                tell("it did not come to rest in time")
            outcome.figures = {
                "seconds": round(time.monotonic() - began, 1),
                "seconds until rest": rested,
                "held before staff retried": dict(Counter(held)),
                **_figures(stage, mail.papers, nemeses, faults),
            }
        finally:
            sender.stop()
            nemeses.end()
        if rested is not None:
            _replay(sender)
        outcome.world = world.read(stage)
        outcome.problems = check(outcome.world, mail.papers, stage.companies)
        outcome.figures["states"] = dict(Counter(row["state"] for row in outcome.world.postings))
        outcome.figures["documents in the books"] = len(outcome.world.books) + len(outcome.world.entries)
    return outcome


def _storm(sender: Sender, nemeses: Nemeses, began: float, seconds: float) -> None:
    """Until everything was done to the servers and every first delivery was tried."""
    while (now := time.monotonic() - began) < seconds or not nemeses.is_over:
        nemeses.step(now)
        time.sleep(STEP_SECONDS)


def _end_faults(stage: Stage) -> dict[str, Any]:
    """The last kill of everything, then no fault any more; gives what the accounting system was made to do."""
    stage.crash = stage.held_up = 0.0
    for program in stage.programs.values():
        program.kill()
    stage.end_commands()
    faults = stage.disturbed()
    stage.disturb("none", 0)
    return faults


def _rest(stage: Stage, sender: Sender, nemeses: Nemeses) -> float | None:
    """Wait until nothing moves any more; the seconds that it took, or None when time ran out."""
    began = time.monotonic()
    while (waited := time.monotonic() - began) < RESTS_WITHIN_SECONDS:
        nemeses.step(float("inf"))
        if sender.is_done and not stage.disturbed()["waiting"] and not world.unsettled(stage):
            return round(waited, 1)
        time.sleep(LOOK_EVERY_SECONDS)
    return None


def _replay(sender: Sender) -> None:
    """Long after: the same content gets the same number once more."""
    for paper in sender.papers:
        if paper.numbers and not paper.is_edited:
            sender.once_more(paper, 0)


def _figures(stage: Stage, papers: list[Paper], nemeses: Nemeses, faults: dict[str, Any]) -> dict[str, Any]:
    crashes = _crash_points(stage)
    answers = Counter(f"{sent.told.value} {sent.status or ''}".strip() for paper in papers for sent in paper.sent)
    lost = Counter(sent.text.split(":")[0] for paper in papers for sent in paper.sent if sent.told is Told.LOST)
    kills = sum(count for name, count in nemeses.done.items() if name in KILLS)
    return {
        "documents": len(papers),
        "deliveries": dict(answers),
        "lost because": dict(lost.most_common(5)),
        "nemeses": dict(nemeses.done),
        "crash points": dict(crashes),
        "kills": kills + sum(count for name, count in crashes.items() if name != HELD_UP),
        "calls": faults["requests"],
        "disturbed calls": faults["totals"],
    }


def _crash_points(stage: Stage) -> Counter[str]:
    if not stage.crashes.exists():
        return Counter()
    return Counter(line.split(" ", 2)[2] for line in stage.crashes.read_text().splitlines())
