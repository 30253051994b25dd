"""What a scenario finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a scenario came to: lines of (what, figure, what was promised) for people, and the figures for scripts."""

    name: str
    about: str
    lines: Sequence[tuple[str, str, str]]
    figures: Mapping[str, Any] = field(default_factory=dict)
