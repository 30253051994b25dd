"""What goes wrong at the accounting system, by name. The words are those of `python -m integrations --help`."""

from __future__ import annotations

from collections.abc import Mapping

from tests.chaos import pace

TERMS = f"hang_seconds={pace.HANG},late_seconds={pace.LATE},retry_after_seconds=1,trust_keys=no"
WILD = (
    "429=0.04,429_bare=0.04,500_before_commit=0.05,500_after_commit=0.05,hang_after_commit=0.05,late_commit=0.06,"
    "reset_before_commit=0.04,reset_after_commit=0.05,failure_in_200=0.04,no_id=0.04,html_200=0.04,html_500=0.04,"
    "redirect=0.03,moved_date=0.03,drip=0.01,latency=0.03,lookup_429=0.05,lookup_500=0.1,lookup_reset=0.05,"
    "drip_seconds=0.2,latency_seconds=0.5"
)
PRESETS: Mapping[str, str] = {
    "none": "none",
    "mild": "mild",
    # Half of all writes.
    "chaos": "chaos",
    # More than half, and every sort of nonsense that an answer can be.
    "wild": WILD,
}


def faults(preset: str) -> str:
    """The plan of a preset, at the run's pace. Idempotency keys are ignored in all of them."""
    return f"{PRESETS[preset]},{TERMS}"
