"""How a request is read before anybody has looked at it: whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AlwaysJson(BaseContentNegotiation):
    """Answers are JSON whatever a caller says that it accepts: a delivery is not turned away for that."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """The one renderer that there is."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""


@dataclass(frozen=True, slots=True)
class Body:
    """What was read of a body; of one that is too large by its own words, nothing."""

    read: bytes = b""
    is_too_large: bool = False


def body_of(request: Request, limit: int) -> Body:
    """The whole body, if it is not larger than `limit` bytes; a stated length is believed before a byte is read."""
    stated = request.META.get("CONTENT_LENGTH") or "0"
    if not stated.isdigit() or int(stated) > limit:
        return Body(is_too_large=True)
    body: bytes = request._request.read(limit + 1)
    return Body(body, is_too_large=len(body) > limit)
