"""What a failed run tells: the broken promises, and the history of each document that broke one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from tests.chaos.campaign import Outcome
from tests.chaos.papers import Paper
from tests.chaos.seen import Problem
from tests.chaos.world import Row, World

SHOWN = 12


def story(outcome: Outcome) -> str:
    """The whole story as text."""
    counted = Counter(problem.rule for problem in outcome.problems)
    lines = [f"{len(outcome.problems)} broken promises: {dict(counted)}", f"Again: {outcome.order}"]
    for problem in _worth_showing(outcome.problems):
        lines += ["", f"* {problem.rule}: {problem.about}", *_history(outcome, problem)]
    lines += ["", "What was done:", *(f"  {_clock(at)} {what}" for at, what in outcome.timeline)]
    return "\n".join(lines)


def _worth_showing(problems: list[Problem]) -> list[Problem]:
    """The first of each rule, then the others."""
    first = {problem.rule: problem for problem in reversed(problems)}
    return [*first.values(), *(problem for problem in problems if first[problem.rule] is not problem)][:SHOWN]


def _history(outcome: Outcome, problem: Problem) -> Iterator[str]:
    """Deliveries, transitions, attempts and bookings of one document, in the order of time."""
    if outcome.world is None:
        return
    row = next((row for row in outcome.world.postings if row["id"] == problem.posting), None)
    identity = row["identity"] if row else problem.identity
    events = [event for paper in outcome.papers if paper.identity == identity for event in _deliveries(paper)]
    if row:
        events += [*_steps(outcome.world, row), *_bookings(outcome.world, row)]
    for at, what in sorted(events):
        yield f"    {_clock(at)} {what}"


def _steps(world: World, row: Row) -> Iterator[tuple[float, str]]:
    for step in world.transitions.get(row["id"], ()):
        what = f"{step['before'] or 'new'} -> {step['after']} ({step['who']}) {step['why'][:90]}"
        yield step["at"].timestamp(), what
    for attempt in world.attempts.get(row["id"], ()):
        began, ended = attempt["started_at"], attempt["ended_at"]
        after = f"after {(ended - began).total_seconds():.2f} s" if ended else "is open"
        what = f"attempt {attempt['number']} to {attempt['purpose']}: {attempt['outcome']} {after}"
        yield began.timestamp(), what


def _bookings(world: World, row: Row) -> Iterator[tuple[float, str]]:
    """What was booked with the posting's key, or with its number and a key that nobody has."""
    others = {posting["key"] for posting in world.postings} - {row["key"]}
    for document in world.books:
        key = document["external_key"]
        if key == row["key"] or (document["reference"] == row["number"] and key not in others):
            at = datetime.fromisoformat(document["booked_at"]).timestamp()
            yield at, f"BOOKED {document['number']} over {document['gross']} with key {key}"


def _deliveries(paper: Paper) -> Iterator[tuple[float, str]]:
    for sent in paper.sent:
        yield sent.began, f"delivery of version {sent.version} begins"
        yield sent.ended, f"delivery of version {sent.version}: {sent.told.value} {sent.status} {sent.text[:120]}"


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%H:%M:%S.%f")[:-3]  # noqa: DTZ006 - shown beside logs of this machine
