"""The request that was waited for at an address, as its reader may see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from portal.connections.models import Endpoint
from portal.intake import capturing
from portal.intake.bodies import body_shown
from portal.intake.models import Capture


@dataclass(frozen=True)
class Captured:
    """The latest capture of an address; what it holds is for owners alone."""

    capture: Capture
    may_see: bool

    @classmethod
    def of(cls, endpoint: Endpoint, user: Any) -> Captured | None:
        """None where nothing was ever waited for."""
        capture = capturing.latest(endpoint)
        return cls(capture, capturing.may_see(user, endpoint)) if capture else None

    @property
    def is_waiting(self) -> bool:
        """Whether the next request is still waited for."""
        return capturing.is_waiting(self.capture, timezone.now())

    @property
    def body(self) -> str:
        """The body as text, JSON with line breaks; as numbers where it is no text."""
        return body_shown(bytes(self.capture.body))

    @property
    def answered(self) -> str:
        """How the caller was answered, in words."""
        status = self.capture.answer_status
        if status is None:
            return "No answer was kept."
        return f"It was {'accepted' if status < 300 else 'refused'} ({status})."

    @property
    def token(self) -> str:
        """Whether the token was there, and in which header."""
        name = self.capture.token_header
        return f"The token came in the header {name}." if name else "No header carried a live token of this address."
