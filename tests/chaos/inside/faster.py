"""The lengths of time that live in modules with models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

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
    """Put the run's pace in place of the engine's own."""
    for place, length in PACE.items():
        graft(place, lambda _, length=length: length)  # type: ignore[misc]
    graft("portal.postings.work:outbound_terms", _shorter)


def _shorter(terms: Callable[..., Outbound]) -> Callable[..., Outbound]:
    def shorter(**given: Any) -> Outbound:
        return replace(terms(**given), deadline_seconds=pace.ATTEMPT)

    return shorter
