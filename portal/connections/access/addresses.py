"""Where secrets are sent: to the addresses among the settings. At another one they have to be typed in again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_ENDING = "url"


def lead_elsewhere(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether any address among these settings leads to another host, port or scheme than it did.

    One that is left out of `after` stays as it is.
    """
    names = {name for name in {*before, *after} if name.endswith(_ENDING)}
    return any(_place(before.get(name, "")) != _place(after.get(name, before.get(name, ""))) for name in names)


def _place(address: object) -> tuple[str, str]:
    """What cannot be read leads elsewhere than everything else."""
    text = str(address).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return "", text
    return parts.scheme.casefold(), parts.netloc.casefold()
