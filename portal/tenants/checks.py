"""Refuses words that the settings about people do not know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

CHOICES: Final = {"SIGN_UP": ("open", "invited"), "SECOND_FACTOR": ("required", "offered")}


def check_people(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """An unknown word counts as the stricter choice, and is an error."""
    return [
        checks.Error(
            f"{name} is {getattr(settings, name)!r}.", hint=f"It may be {' or '.join(known)}.", id="postroom.E021"
        )
        for name, known in CHOICES.items()
        if getattr(settings, name) not in known
    ]


def register() -> None:
    """Make Django run it."""
    checks.register(check_people, "postroom")
