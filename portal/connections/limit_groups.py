"""Which connections share a vendor's limit: those that agree in everything that it counts by, such as one key."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portal.connections.registry import UnknownIntegration, system
from portal.digests import digest


def limit_group(integration: str, settings: Mapping[str, str], secrets: Callable[[], Mapping[str, str]]) -> str:
    """A keyed digest over the values that the integration's limit is counted by; empty where it has none.

    `secrets` is asked only where they are needed.
    """
    try:
        names = system(integration).limit_by
    except UnknownIntegration:
        return ""
    if not names:
        return ""
    values = {**settings, **secrets()}
    counted = [str(values.get(name, "")).strip().rstrip("/") for name in names]
    return digest("\n".join(["limit", integration, *counted])) if all(counted) else ""
