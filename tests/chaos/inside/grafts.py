"""Put something else in the place of a function of the portal, in this process."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def graft(place: str, make: Callable[[Any], Any]) -> None:
    """Replace what stands at `place` (module:name or module:class.name) by what `make` makes of it."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for step in owners:
        owner = getattr(owner, step)
    setattr(owner, name, make(getattr(owner, name)))
