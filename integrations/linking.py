"""What it takes to be let in: access tokens that run out, and the visit of a person at the outside system.

A connector knows the vendor's dance and keeps nothing; whoever calls it keeps tokens, states and what was told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What the vendor gave for getting in. `expires_at` is aware UTC, None where it was not told; `refresh` is empty
    where there is none. All of it is secret."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None


class Access(Protocol):
    """Where a connector gets its access token; the same one serves all workers."""

    def token(self) -> str:
        """One that is good for a while yet. Raises `Unauthorised`, `Misconfigured`, `Retryable`."""

    def renewed(self, refused: str) -> str:
        """Another one than `refused`, which the vendor did not accept; it is asked for once, whoever asks.

        Raises as `token`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Where a person is sent to agree. `keep` is secret, and handed to `System.arrive` when they come back.

    `told` is kept at once, whatever becomes of the visit (`Link.told`): what was made over there on the way.
    """

    url: str
    keep: Mapping[str, str] = field(default_factory=dict, repr=False)
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a person brought back: a token where the vendor gives one, and what it told of itself (`Link.told`)."""

    token: Token | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
