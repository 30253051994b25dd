"""What a run did, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.chaos.demands import Done
from tests.chaos.inside.mines import HELD_UP, happened
from tests.chaos.nemeses import CRASHES, KILLS
from tests.chaos.papers import Paper, Told
from tests.chaos.stage import Stage
from tests.chaos.world import tables


def done(stage: Stage, documents: int, preset: str, acts: Counter[str], disturbed: Mapping[str, Any]) -> Done:
    """From what the nemeses did, what the mines wrote down, and what the accounting system tells."""
    points = happened(stage.crashes)
    totals: Mapping[str, int] = disturbed["totals"]
    return Done(
        documents=documents,
        preset=preset,
        kills=sum(acts[name] for name in KILLS) + sum(count for name, count in points.items() if name != HELD_UP),
        crashes=acts[CRASHES],
        writes=disturbed["requests"]["write"],
        disturbed_writes=sum(count for name, count in totals.items() if not name.startswith("lookup_")),
        points=points,
        tables=tables(stage),
    )


def figures(
    what: Done, papers: list[Paper], acts: Counter[str], clicks: Counter[str], disturbed: Mapping[str, Any]
) -> dict[str, Any]:
    """For people and for JSON."""
    sents = [sent for paper in papers for sent in paper.sent]
    forged = Counter(sent.status for paper in papers for sent in paper.forged)
    return {
        "documents": what.documents,
        "preset": what.preset,
        "deliveries": dict(Counter(f"{sent.told.value} {sent.status or ''}".strip() for sent in sents)),
        "lost because": dict(
            Counter(sent.text.split(":")[0][:60] for sent in sents if sent.told is Told.LOST).most_common(6)
        ),
        "with a wrong token": {str(status): count for status, count in forged.items()},
        "nemeses": dict(acts),
        "staff": dict(clicks),
        "crash points": dict(what.points),
        "crash points not hit": what.not_hit,
        "kills": what.kills,
        "calls": disturbed["requests"],
        "disturbed writes": f"{what.disturbed_writes} of {what.writes}",
        "disturbed calls": disturbed["totals"],
    }
