"""Who is calling: an endpoint's live tokens against the headers that may carry one, without an oracle."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from integrations.base import Source
from portal.connections.models import Endpoint
from portal.connections.tokens import carries_live_token, header_with_token, learn_header
from portal.digests import digest
from portal.intake.endpoints import OpenEndpoint, find

BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Refused:
    """The call carries no good token. `endpoint_id` is None when there is no such endpoint; `capture_id` is the capture
    that waits for its next request, if one does."""

    endpoint_id: uuid.UUID | None
    capture_id: int | None = None


def authenticate(
    source: Source, endpoint_id: uuid.UUID, headers: Mapping[str, str], *, in_path: str = ""
) -> OpenEndpoint | Refused:
    """The endpoint that this call may use. `headers` has lower-case names; `in_path` is a token that came in the path.

    Constant time over all live tokens and all headers that may carry one; an unknown endpoint costs a comparison too.
    """
    now = timezone.now()
    endpoint = find(source.metadata.slug, endpoint_id, now)
    if endpoint is None:
        carries_live_token([digest("no such endpoint")], _presented(source.token_headers, headers))
        return Refused(None)
    names = names_of(source, endpoint)
    presented = _presented(names, headers) + ([in_path] if in_path else [])
    if carries_live_token(endpoint.digests, presented):
        return endpoint
    if endpoint.discovery_until and endpoint.discovery_until > now:
        name = header_with_token(endpoint.digests, headers)
        if name is not None:
            learn_header(Endpoint.objects.select_related("connection__company").get(pk=endpoint.id), name, list(names))
            return endpoint
    return Refused(endpoint.id, endpoint.capture_id)


def names_of(source: Source, endpoint: OpenEndpoint) -> Sequence[str]:
    """The headers that may carry this endpoint's token: its own, where it has some, else those of its source."""
    return endpoint.token_header_names or source.token_headers


def _presented(names: Iterable[str], headers: Mapping[str, str]) -> list[str]:
    return [bare(headers[name.lower()]) for name in names if name.lower() in headers]


def bare(value: str) -> str:
    """A header's value without blanks around it, and without the word for a bearer's token."""
    value = value.strip()
    return value[len(BEARER) :].strip() if value.lower().startswith(BEARER) else value
