"""The lengths of time that live in modules with models, and those of the connectors."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta

from integrations.http import Outbound
from tests.chaos import pace
from tests.chaos.inside.grafts import graft
from tests.chaos.pace import DEMO, VARIABLE

PACE: dict[str, object] = {
    "portal.connections.breaker:FIRST_SECONDS": pace.BREAKER_FIRST,
    "portal.connections.breaker:LONGEST_SECONDS": pace.BREAKER_LONGEST,
    "portal.postings.sweep:EVERY_SECONDS": pace.SWEEP_EVERY,
    "portal.postings.sweep:GRACE": timedelta(seconds=pace.SWEEP_GRACE),
    "portal.postings.order_first:ASK_AGAIN": timedelta(seconds=pace.ORDER_AGAIN),
}
TOKENS: dict[str, object] = {
    "portal.connections.access.grants:LEASE_SECONDS": pace.TOKEN_LEASE,
    "portal.connections.access.stored:WAITS_FOR_SECONDS": pace.TOKEN_WAIT,
}
# What a campaign against another system needs beside it, by its name.
PACE_OF: Mapping[str, Mapping[str, object]] = {
    "accountsiq-rest": TOKENS,
    "accountsiq-soap": TOKENS,
    "codat": {
        "integrations.codat.pushing:_ASK_AFTER_SECONDS": pace.PUSH_ASKED,
        "integrations.codat.pushing:_READ_AFTER_SECONDS": pace.READ_ASKED,
        "integrations.codat.pushing:LOOKUP_SECONDS": pace.LOOKUP,
        "integrations.codat.syncing:ASK_AGAIN_SECONDS": pace.READ_ASKED,
    },
}


def hurry() -> None:
    """Put the run's pace in place of the engine's own. A name that is gone fails: the run would not be the engine's."""
    system = os.environ.get(VARIABLE, DEMO)
    for place, length in {**PACE, **PACE_OF.get(system, {})}.items():
        graft(place, lambda _, length=length: length)  # type: ignore[misc]
    defaults = Outbound.__init__.__kwdefaults__
    if defaults is None or "deadline_seconds" not in defaults:
        raise AttributeError("An attempt's deadline is not where it was.")
    defaults["deadline_seconds"] = pace.ATTEMPT
