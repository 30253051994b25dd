"""Leave something that just failed alone for a while: see `portal.connections.resting`."""

from __future__ import annotations

from portal.connections.resting import Resting as Resting
