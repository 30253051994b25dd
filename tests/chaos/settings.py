"""The portal's own settings, with the engine's clock sped up before anything imports it."""

from __future__ import annotations

from dataclasses import replace

from integrations import wire
from tests.chaos import pace

# Before `integrations.http` and the rooms take these by name.
wire.READ_SECONDS = pace.READ

from integrations.demo.connector import DemoBooks  # noqa: E402
from portal.postings import schedule  # noqa: E402
from portal.settings import *  # noqa: E402, F403 - settings are names in a module
from portal.settings import INSTALLED_APPS as PORTALS_OWN  # noqa: E402

DemoBooks.can = replace(DemoBooks.can, quiet_seconds=pace.QUIET)
schedule.LEASE_SECONDS = pace.LEASE  # type: ignore[assignment]
schedule.SEND_WITHIN_SECONDS = pace.SEND_WITHIN  # type: ignore[assignment]
schedule.RECHECK_SECONDS = pace.RECHECK
schedule.DELAYS_SECONDS = pace.RETRIES  # type: ignore[assignment]

INSTALLED_APPS = [*PORTALS_OWN, "tests.chaos.inside"]
# The sender delivers hundreds a second to one endpoint.
WEBHOOK_RATE = 0
