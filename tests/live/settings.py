"""The portal's own settings, with the engine's clock sped up as far as a real accounting system can follow."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

from tests.chaos import pace

# In the order of the engine's own; a server that was stopped goes on before absence could be proven.
pace.LEASE, pace.SEND_WITHIN, pace.READ, pace.ATTEMPT, pace.QUIET, pace.RECHECK = 14.0, 4.0, 4.0, 12.0, 10, 3

from tests.chaos.settings import *  # noqa: E402, F403 - settings are names in a module
from tests.chaos.settings import CONNECTORS  # noqa: E402
from tests.chaos.settings import INSTALLED_APPS as SPED_UP  # noqa: E402

for _module, _, _name in (dotted.rpartition(".") for dotted in CONNECTORS if dotted.startswith("integrations.")):
    _connector = getattr(import_module(_module), _name)
    _connector.can = replace(_connector.can, quiet_seconds=pace.QUIET)

INSTALLED_APPS = [*SPED_UP, "tests.live.inside"]
