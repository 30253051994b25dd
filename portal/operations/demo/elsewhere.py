"""An accounting system that runs beside the demo and is none of its stand-ins: a file says how to link to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.connections.registry import UnknownIntegration, accounting_system
from portal.operations.demo.children import DemoFailed

MEMBERS = {"slug": str, "settings": dict, "secrets": dict, "account_code": str, "tax_code": str, "web": str}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Where it is and how to get in. The codes stand in for those that a document lacks; `web` is a page for people."""

    slug: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    account_code: str
    tax_code: str
    web: str

    @property
    def name(self) -> str:
        """The integration's name."""
        return accounting_system(self.slug).metadata.name


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
