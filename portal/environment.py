"""Reads the settings' values from the environment, from `NAME_FILE` secrets, or from the embedded shape's key file."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def load_secret_files(names: tuple[str, ...]) -> None:
    """For each NAME with a `NAME_FILE` in the environment, put the file's content (stripped) under NAME.

    Raises `ImproperlyConfigured` when both are set or the file cannot be read.
    """
    for name in names:
        path = os.environ.get(f"{name}_FILE")
        if not path:
            continue
        if os.environ.get(name):
            raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
        try:
            os.environ[name] = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which cannot be read: {error}.") from error


def embedded_keys(data_dir: Path) -> dict[str, str]:
    """The embedded shape's own keys: made once, kept in `keys.json` (readable by the owner only)."""
    path = data_dir / "keys.json"
    if not path.exists():
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(_fresh_keys(), file)
        _link_once(temporary, path)
    keys: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return keys


def _fresh_keys() -> dict[str, str]:
    return {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "TOKEN_PEPPER": secrets.token_urlsafe(32),
        "FIELD_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }


def _link_once(temporary: Path, path: Path) -> None:
    """Two processes may start at once: the first one's keys stay."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
