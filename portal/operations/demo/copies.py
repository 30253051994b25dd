"""The demo's own clear copies of tokens and passwords: the portal keeps digests, and the demo shows them again."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

FILE_NAME = "demo.json"


class Copies:
    """Named secrets in a file that only its owner may read."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self._secrets: dict[str, str] = _read(self.path)

    def get(self, name: str) -> str:
        """The copy under this name, or an empty text."""
        return self._secrets.get(name, "")

    def put(self, name: str, secret: str) -> str:
        """Keep `secret` under a name from `save` on, and give it back."""
        self._secrets[name] = secret
        return secret

    def get_or_make(self, name: str) -> str:
        """The copy under this name, a fresh random one when there is none."""
        return self.get(name) or self.put(name, secrets.token_urlsafe(12))

    def save(self) -> None:
        """Write all of them, at once or not at all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self._secrets, file, indent=2)
        temporary.replace(self.path)


def _read(path: Path) -> dict[str, str]:
    try:
        kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return kept
