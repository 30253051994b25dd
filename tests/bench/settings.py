"""The portal's own settings and one application more: the view that everything is compared with."""

from __future__ import annotations

from portal.settings import *  # noqa: F403 - settings are names in a module
from portal.settings import INSTALLED_APPS as PORTALS_OWN

INSTALLED_APPS = [*PORTALS_OWN, "tests.bench.floor"]
ROOT_URLCONF = "tests.bench.urls"
