"""The portal's own settings, with the engine's clock sped up before anything imports it."""

from __future__ import annotations

import os
from dataclasses import replace

from integrations import wire
from tests.chaos import pace

if pace.is_slow(os.environ.get(pace.VARIABLE, pace.DEMO)):
    pace.slow_down()
# Before `integrations.http` and the rooms take these by name.
wire.READ_SECONDS = pace.READ

from integrations.accountsiq.connector import AccountsIQ  # noqa: E402
from integrations.base import System  # noqa: E402
from integrations.codat.connector import Codat  # noqa: E402
from integrations.demo.connector import DemoBooks  # noqa: E402
from portal.postings import schedule  # noqa: E402
from portal.settings import *  # noqa: E402, F403 - settings are names in a module
from portal.settings import INSTALLED_APPS as PORTALS_OWN  # noqa: E402


def _hurried(connector: type[System]) -> None:
    """What a connection can do stays what the connector says of it; only its quiet period is the run's."""
    told = connector.can_for
    connector.can_for = classmethod(  # type: ignore[assignment,method-assign]
        lambda _, settings, said: replace(told(settings, said), quiet_seconds=pace.QUIET)
    )


DemoBooks.can = replace(DemoBooks.can, quiet_seconds=pace.QUIET)
for narrowed in (AccountsIQ, Codat):
    _hurried(narrowed)
# A limit by the minute, on a clock on which the time to send in is so much shorter.
Codat.app_limits = replace(
    Codat.app_limits, seconds=Codat.app_limits.seconds * pace.SEND_WITHIN / schedule.SEND_WITHIN_SECONDS
)
schedule.LEASE_SECONDS = pace.LEASE  # type: ignore[assignment]
schedule.SEND_WITHIN_SECONDS = pace.SEND_WITHIN  # type: ignore[assignment]
schedule.RECHECK_SECONDS = pace.RECHECK
schedule.DELAYS_SECONDS = pace.RETRIES  # type: ignore[assignment]

INSTALLED_APPS = [*PORTALS_OWN, "tests.chaos.inside"]
# The sender delivers hundreds a second to one endpoint.
WEBHOOK_RATE = 0
