"""Who is calling: an endpoint's live tokens against the headers that may carry one, without an oracle."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils import timezone

from integrations.base import Source
from portal.connections.models import Endpoint
from portal.connections.tokens import carries_live_token, digest, header_with_token, learn_header

BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Refused:
    """The call carries no good token. `endpoint_id` is None when there is no such endpoint."""

    endpoint_id: uuid.UUID | None


def authenticate(source: Source, endpoint_id: uuid.UUID, headers: Mapping[str, str]) -> Endpoint | Refused:
    """The endpoint that this call may use. `headers` has lower-case names.

    Constant time over all live tokens and all headers that may carry one; an unknown endpoint costs a comparison too.
    """
    endpoint = _find(source, endpoint_id)
    if endpoint is None:
        carries_live_token([digest("no such endpoint")], _presented(source.token_headers, headers))
        return Refused(None)
    names = endpoint.token_header_names or list(source.token_headers)
    live = _live_digests(endpoint)
    if carries_live_token(live, _presented(names, headers)):
        return endpoint
    if endpoint.discovery_until and endpoint.discovery_until > timezone.now():
        name = header_with_token(live, headers)
        if name is not None:
            learn_header(endpoint, name, names)
            return endpoint
    return Refused(endpoint.pk)


def _find(source: Source, endpoint_id: uuid.UUID) -> Endpoint | None:
    return (
        Endpoint.objects.select_related("connection__company__tenant")
        .prefetch_related("tokens")
        .filter(pk=endpoint_id, is_active=True, connection__integration=source.metadata.slug)
        .first()
    )


def _live_digests(endpoint: Endpoint) -> list[str]:
    now = timezone.now()
    return [row.digest for row in endpoint.tokens.all() if row.retires_at is None or row.retires_at > now]


def _presented(names: Iterable[str], headers: Mapping[str, str]) -> list[str]:
    return [_bare(headers[name.lower()]) for name in names if name.lower() in headers]


def _bare(value: str) -> str:
    value = value.strip()
    return value[len(BEARER) :].strip() if value.lower().startswith(BEARER) else value
