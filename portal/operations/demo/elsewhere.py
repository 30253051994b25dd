"""One more accounting system in the demo: one that runs beside it, as a file says, or one of the stand-ins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.connections.registry import UnknownIntegration, accounting_system
from portal.operations.demo.children import DemoFailed

MEMBERS = {"slug": str, "settings": dict, "secrets": dict, "account_code": str, "tax_code": str, "web": str}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where it is and how to get in. The codes stand in for those that a document lacks; `web` is a page for people.

    `way` tells several connections to one system apart. `told` and `company_id` are what a visit there would bring.
    `codes` gives its own codes for iCompleat's by family (`supplier`, `dimension:department`), where they differ.
    """

    slug: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    account_code: str
    tax_code: str
    web: str
    way: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    company_id: str = ""
    codes: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The integration's name, and the way."""
        return " ".join(filter(None, (accounting_system(self.slug).metadata.name, self.way)))


def read(path: Path) -> Elsewhere:
    """Read the file: a JSON object with all members of `Elsewhere`. Raises `DemoFailed`, naming what is wrong."""
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DemoFailed(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(told, dict):
        raise DemoFailed(f"{path} must hold a JSON object.")
    for name, kind in MEMBERS.items():
        if not isinstance(told.get(name), kind):
            raise DemoFailed(f"{path} needs {name}, {'a text' if kind is str else 'an object'}.")
    try:
        accounting_system(told["slug"])
    except UnknownIntegration as error:
        raise DemoFailed(f"{path} names {told['slug']}, which is no accounting system that is installed.") from error
    return Elsewhere(**{name: told[name] for name in MEMBERS})
