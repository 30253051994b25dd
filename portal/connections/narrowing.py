"""What one connection can do where its settings, or what its system told, leave less than its integration can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from integrations.documents import Kind
from portal.connections.registry import UnknownIntegration, system


def narrowed(
    integration: str, settings: Mapping[str, str], told: Mapping[str, Any]
) -> tuple[list[str] | None, bool | None]:
    """The kinds that it takes, and whether it lists, as they are stored; None for what is as the integration says."""
    try:
        most = system(integration).can
    except UnknownIntegration:
        return None, None
    can = system(integration).can_for(settings, told)
    kinds = None if can.kinds == most.kinds else sorted(kind.value for kind in can.kinds)
    return kinds, None if can.lists == most.lists else can.lists


def takes(integration: str, taken_kinds: Iterable[str] | None) -> frozenset[Kind]:
    """The kinds that a connection takes, from what is stored of it. Raises `UnknownIntegration`."""
    return system(integration).can.kinds if taken_kinds is None else frozenset(Kind(kind) for kind in taken_kinds)
