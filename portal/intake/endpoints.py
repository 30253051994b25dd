"""An endpoint as a delivery finds it: all that is asked of it, of its company and of where documents go, at once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery

from portal import prepared
from portal.connections.models import Endpoint, Status
from portal.connections.services import accounting_connection
from portal.connections.tokens import live_tokens
from portal.intake.models import Capture
from portal.intake.statements import FIND_ENDPOINT


@dataclass(frozen=True, slots=True)
class Accounting:
    """The company's accounting connection, in whatever status but Unlinked."""

    connection_id: uuid.UUID
    integration: str
    kept_kinds: Sequence[str]
    taken_kinds: Sequence[str] | None
    is_sending: bool


@dataclass(frozen=True, slots=True)
class OpenEndpoint:
    """An active endpoint. `kind` is empty for all kinds; `digests` are those of the tokens that are live; `capture_id`
    is the capture that waits for its next request, None where nobody has asked for one."""

    id: uuid.UUID
    kind: str
    token_header_names: Sequence[str]
    discovery_until: datetime | None
    answer: str
    answer_within_seconds: int
    answer_template: Mapping[str, Any]
    external_company_id: str
    company_id: uuid.UUID
    company_name: str
    base_currency: str
    live_at: datetime | None
    closed_at: datetime | None
    digests: Sequence[str]
    accounting: Accounting | None
    capture_id: int | None = None


def find(integration: str, endpoint_id: uuid.UUID, now: datetime) -> OpenEndpoint | None:
    """The endpoint with this id, if it is active and belongs to a source connection of this integration.

    `now` is an aware UTC time: tokens that retired before it are left out.
    """
    return (_prepared if prepared.can_run() else _general)(integration, endpoint_id, now)


def _prepared(integration: str, endpoint_id: uuid.UUID, now: datetime) -> OpenEndpoint | None:
    row = prepared.run(FIND_ENDPOINT, {"integration": integration, "endpoint_id": endpoint_id, "now": now})
    return None if row is None else read(row)


def read(row: Sequence[Any]) -> OpenEndpoint:
    """The endpoint of a row that one of this room's kept statements gave."""
    (
        found_id, kind, header_names, discovery_until, answer, within, template,
        external_company_id, company_id, name, base_currency, live_at, closed_at, digests,
        connection_id, accounting_integration, kept_kinds, taken_kinds, status, paused, capture_id,
    ) = row  # fmt: skip
    accounting = None
    if connection_id is not None:
        is_sending = status == Status.LINKED and not paused
        accounting = Accounting(
            connection_id, accounting_integration, json.loads(kept_kinds), json.loads(taken_kinds or "null"), is_sending
        )
    return OpenEndpoint(
        found_id, kind, json.loads(header_names), discovery_until, answer, within, json.loads(template),
        external_company_id, company_id, name, base_currency, live_at, closed_at, (digests or "").split(), accounting,
        capture_id,
    )  # fmt: skip


def _general(integration: str, endpoint_id: uuid.UUID, now: datetime) -> OpenEndpoint | None:
    active = Endpoint.objects.filter(pk=endpoint_id, is_active=True, connection__integration=integration)
    waiting = Capture.objects.filter(endpoint=OuterRef("pk"), **open_at(now)).values("pk")
    endpoint = active.select_related("connection__company").annotate(capture_id=Subquery(waiting)).first()
    if endpoint is None:
        return None
    company = endpoint.connection.company
    linked = accounting_connection(company)
    accounting = None
    if linked is not None:
        is_sending = linked.status == Status.LINKED and not linked.paused
        accounting = Accounting(linked.pk, linked.integration, linked.kept_kinds, linked.taken_kinds, is_sending)
    return OpenEndpoint(
        endpoint.pk, endpoint.kind, endpoint.token_header_names, endpoint.discovery_until, endpoint.answer,
        endpoint.answer_within_seconds, endpoint.answer_template, endpoint.connection.external_company_id,
        company.pk, company.name, company.base_currency, company.live_at, company.closed_at,
        [token.digest for token in live_tokens(endpoint, now)], accounting,
        endpoint.capture_id,
    )  # fmt: skip


def open_at(now: datetime) -> dict[str, Any]:
    """Which captures wait for a request, as conditions; the kept statement has the same."""
    return {"taken_at__isnull": True, "disarmed_at__isnull": True, "armed_until__gt": now}
