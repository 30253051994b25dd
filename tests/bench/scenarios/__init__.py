"""What the rows cannot show: limits, a hanging vendor, memory, fairness, long histories, a big sync, its pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.bench.finding import Finding, Tell
from tests.bench.scenarios import backlog, dashboard, fairness, feeds, hang, limits, memory, reference

# Each takes a directory, how much of everything (1.0 is the whole), and whom to tell what it does.
SCENARIOS: Mapping[str, Callable[[Path, float, Tell], Finding]] = {
    "limits": limits.run,
    "hang": hang.run,
    "memory": memory.run,
    "fairness": fairness.run,
    "backlog": backlog.run,
    "reference": reference.run,
    "dashboard": dashboard.run,
    "feeds": feeds.run,
}
