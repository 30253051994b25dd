"""What the look before sending comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from integrations.documents import Posted

TWIN: Final = "twin"
TOO_MUCH: Final = "too_much"


@dataclass(frozen=True, slots=True)
class Go:
    """Nothing speaks against it: send."""


@dataclass(frozen=True, slots=True)
class There:
    """It is there already: nothing is sent, and it counts as posted."""

    posted: Posted
    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Something is being written on the other side; ask again in a while."""

    why: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A person must decide. `about` is `TWIN` or `TOO_MUCH`."""

    why: str
    about: str


Verdict = Go | There | Wait | Ask
