"""Where the service is: by region, or wherever the connection says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from integrations.errors import Misconfigured

REGIONS: Final = ("uk1", "eu1", "eu2", "us1")
_PATH: Final = "system/dashboard/integration/integration_2_0.asmx"


class Address(NamedTuple):
    """Scheme and host, and the path behind them."""

    base: str
    path: str


def address_of(settings: Mapping[str, str]) -> Address:
    """The address of a connection. One that is given is used as it stands. Raises `Misconfigured`."""
    given = settings.get("base_url", "").strip()
    if not given:
        return Address(f"https://{_region(settings)}.accountsiq.com", _PATH)
    try:
        parts = urlsplit(given)
    except ValueError as error:
        raise Misconfigured("The address of AccountsIQ is no web address. Enter it again.", field="base_url") from error
    return Address(f"{parts.scheme}://{parts.netloc}", parts.path + (f"?{parts.query}" if parts.query else ""))


def _region(settings: Mapping[str, str]) -> str:
    region = settings.get("region", "").strip().lower() or REGIONS[0]
    if region in REGIONS:
        return region
    known = ", ".join(REGIONS)
    raise Misconfigured(f"AccountsIQ has no region {region[:20]}. Choose one of {known}.", field="region")
