"""Settings and secrets that a person gives to a command. A secret never stands on a command line, open to all."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from integrations.metadata import Metadata, Setting

HOW = "Give it as env:NAME (an environment variable) or file:PATH."


class BadCredentials(ValueError):
    """Something is missing, unknown, or stands where it may not stand; the message says what."""


def settings_from(metadata: Metadata, given: Iterable[str]) -> dict[str, str]:
    """The settings of `key=value` words, defaults included. Raises `BadCredentials`."""
    values = _words(given, [one for one in metadata.settings if not one.secret])
    plain = {one.key: values.get(one.key, one.default) for one in metadata.settings if not one.secret}
    if missing := [one.key for one in metadata.settings if not one.secret and one.required and not plain[one.key]]:
        raise BadCredentials(f"{metadata.name} needs --setting {missing[0]}=…")
    return {key: value for key, value in plain.items() if value}


def secrets_from(
    metadata: Metadata, given: Iterable[str], *, ask: Callable[[str], str] | None = None
) -> dict[str, str]:
    """The secrets of `key=env:NAME` and `key=file:PATH` words. `ask` is asked for the required ones that are missing;
    None: nobody is there to ask. Raises `BadCredentials`."""
    wanted = [one for one in metadata.settings if one.secret]
    found = {key: _secret(key, where) for key, where in _words(given, wanted).items()}
    for one in wanted:
        if one.key not in found and one.required:
            found[one.key] = _asked(one, ask)
    return found


def prompt(label: str) -> str:
    """Ask on the terminal, without showing what is typed."""
    return getpass.getpass(f"{label}: ")


def _words(given: Iterable[str], known: Iterable[Setting]) -> Mapping[str, str]:
    keys, values = {one.key for one in known}, {}
    for word in given:
        key, is_given, value = word.partition("=")
        if not is_given or key not in keys:
            raise BadCredentials(f"“{key}” is not known here. Known are: {', '.join(sorted(keys)) or 'none'}.")
        values[key] = value
    return values


def _secret(key: str, where: str) -> str:
    kind, _, name = where.partition(":")
    if kind == "env" and name in os.environ:
        return os.environ[name]
    if kind == "file":
        return _read(key, Path(name))
    # What was given is not repeated: it may be the secret itself.
    raise BadCredentials(f"The secret {key} was not found. {HOW}")


def _read(key: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise BadCredentials(f"The secret {key} could not be read: {error.strerror}.") from error


def _asked(setting: Setting, ask: Callable[[str], str] | None) -> str:
    value = ask(setting.label).strip() if ask else ""
    if not value:
        raise BadCredentials(f"The secret {setting.key} is missing. {HOW}")
    return value
