"""The lengths of time that live in modules with models."""

from __future__ import annotations

from datetime import timedelta

from integrations.http import Outbound
from tests.chaos import pace
from tests.chaos.inside.grafts import graft

PACE: dict[str, object] = {
    "portal.connections.breaker:FIRST_SECONDS": pace.BREAKER_FIRST,
    "portal.connections.breaker:LONGEST_SECONDS": pace.BREAKER_LONGEST,
    "portal.postings.sweep:EVERY_SECONDS": pace.SWEEP_EVERY,
    "portal.postings.sweep:GRACE": timedelta(seconds=pace.SWEEP_GRACE),
    "portal.postings.order_first:ASK_AGAIN": timedelta(seconds=pace.ORDER_AGAIN),
}


def hurry() -> None:
    """Put the run's pace in place of the engine's own. A name that is gone fails: the run would not be the engine's."""
    for place, length in PACE.items():
        graft(place, lambda _, length=length: length)  # type: ignore[misc]
    defaults = Outbound.__init__.__kwdefaults__
    if defaults is None or "deadline_seconds" not in defaults:
        raise AttributeError("An attempt's deadline is not where it was.")
    defaults["deadline_seconds"] = pace.ATTEMPT
