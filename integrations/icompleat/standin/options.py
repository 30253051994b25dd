"""How this iCompleat behaves: how long it waits, the member it looks for, whether it wraps the body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from integrations.icompleat.standin.memory import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options, with their defaults."""

    wait_seconds: int = 30
    journal_member: str = "JournalNumber"
    wrapped: bool = True


def options(settings: Settings) -> Options:
    """As they were set, defaults where nothing was."""
    return Options(**{name: settings.get(name, value) for name, value in asdict(Options()).items()})


def set_options(settings: Settings, given: Mapping[str, object]) -> None:
    """Behave like this from now on. Raises `ValueError` for a name that is none, and for a value of another type."""
    known = asdict(Options())
    if any(name not in known or type(value) is not type(known[name]) for name, value in given.items()):
        raise ValueError(f"Options are {', '.join(known)}, each in its own type.")
    settings.set(given)
