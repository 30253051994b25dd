"""What webhooks tell of connections: read from the audit trail, which has every change of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from portal.connections.models import Connection, Status
from portal.events.models import AuditEvent
from portal.events.webhooks.exactly import instant
from portal.events.webhooks.logs import PAGE, Log, News, Span, register

TYPES: Final = {
    "connection.linked": "A company was linked to a system for the first time.",
    "connection.relinked": "It was linked again, with new credentials.",
    "connection.deauthorised": "The system does not accept the credentials any more; postings wait for a new link.",
    "connection.unlinked": "The link was ended for good.",
    "connection.paused": "Nothing is sent until it is resumed; postings wait.",
    "connection.resumed": "Sending goes on.",
}
VERBS: Final = {
    "connection.linked": ("connection.linked", Status.LINKED),
    "connection.linked_again": ("connection.relinked", Status.LINKED),
    "connection.deauthorised": ("connection.deauthorised", Status.DEAUTHORISED),
    "connection.unlinked": ("connection.unlinked", Status.UNLINKED),
    "connection.paused": ("connection.paused", None),
    "connection.resumed": ("connection.resumed", None),
}
"""By the verb of the audit event: the type, and the status that the connection had from then on; None: its own."""
PAUSED: Final = {"connection.paused": True, "connection.resumed": False}
SUBJECT: Final = Connection._meta.label_lower


def register_log() -> None:
    """Let it be read."""
    register(
        Log(
            name="connections", types=TYPES, rows=AuditEvent.objects.all, moment="at", news=_news, payloads=_payloads
        )
    )  # fmt: skip


def _told() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(verb__in=list(VERBS), subject_type=SUBJECT)


def _news(span: Span) -> list[News]:
    rows = _told().filter(id__gt=span.after, tenant_id__in=span.tenants).order_by("id")
    columns = rows.values_list("id", "verb", "at", "company_id", "tenant_id")
    return [
        News(
            origin=f"audit:{pk}", type=VERBS[verb][0], tenant_id=tenant_id or UUID(int=0), company_id=company_id,
            happened_at=at, key=pk,
        )
        for pk, verb, at, company_id, tenant_id in columns[:PAGE]
    ]  # fmt: skip


def _payloads(keys: Sequence[int]) -> Mapping[int, dict[str, Any]]:
    events = dict(_told().filter(pk__in=keys).values_list("pk", "subject_id"))
    verbs = dict(_told().filter(pk__in=keys).values_list("pk", "verb"))
    found = Connection.objects.filter(pk__in=set(events.values())).select_related("company").defer("secrets", "mapping")
    connections = {str(one.pk): one for one in found}
    return {
        pk: _payload(connections[subject], verbs[pk]) for pk, subject in events.items() if subject in connections
    }  # fmt: skip


def _payload(connection: Connection, verb: str) -> dict[str, Any]:
    status = VERBS[verb][1] or Status(connection.status)
    return {
        "company": {"id": str(connection.company.pk), "name": connection.company.name},
        "connection": {
            "id": str(connection.pk),
            "integration": connection.integration,
            "side": connection.side,
            "status": str(status.label),
            "paused": PAUSED.get(verb, connection.paused),
            "externalCompanyId": connection.external_company_id,
            "externalCompanyName": connection.external_company_name,
            "linkedAt": instant(connection.linked_at),
        },
    }
