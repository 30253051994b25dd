"""The portal's own settings and one application more: the view that everything is compared with."""

from __future__ import annotations

import os

from integrations.demo.connector import DemoBooks
from integrations.metadata import Limits
from portal.settings import *  # noqa: F403 - settings are names in a module
from portal.settings import INSTALLED_APPS as PORTALS_OWN

INSTALLED_APPS = [*PORTALS_OWN, "tests.bench.floor"]
ROOT_URLCONF = "tests.bench.urls"
# How many requests a second the accounting system allows for one company; empty: any number.
if _limit := os.environ.get("BENCH_LIMIT_PER_SECOND"):
    DemoBooks.limits = Limits(requests=int(_limit), seconds=1.0)
# All webhooks of a row go to one endpoint, as fast as they are taken.
WEBHOOK_RATE = 0
