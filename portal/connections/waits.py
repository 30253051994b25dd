"""Which connections wait for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.urls import reverse

from portal.connections.models import Connection, IntegrationSettings, Status
from portal.connections.registry import UnknownIntegration, system
from portal.events.waits import Found, ToMembers, Wait, register

DEAUTHORISED: Final = "connection.deauthorised"
REFUSED: Final = "installation.refused"


def register_waits() -> None:
    """Let this kind be watched."""
    register(
        Wait(
            kind=DEAUTHORISED,
            one="connection that is not authorised any more",
            many="connections that are not authorised any more",
            advice="Its postings wait until somebody links it again.",
            list_path=lambda: (
                f"{reverse('admin:connections_connection_changelist')}?status__exact={Status.DEAUTHORISED}"
            ),
            begins=_begins,
            still=lambda _, known: (str(pk) for pk in _rows().filter(pk__in=known).values_list("pk", flat=True)),
            members=ToMembers(
                one="link that does not accept our access any more",
                many="links that do not accept our access any more",
                advice="Nothing is lost: what comes in waits, and is sent as soon as an owner has authorised it again.",
                list_path=lambda company_id: reverse("desk:settings", args=[company_id]),
                owners_only=True,
                once=True,
            ),
        )
    )
    register(
        Wait(
            kind=REFUSED,
            one="vendor that does not accept the key of this installation",
            many="vendors that do not accept the key of this installation",
            advice="All its connections wait until the operator enters one that is accepted.",
            list_path=lambda: reverse("admin:connections_integrationsettings_changelist"),
            begins=_refused,
            still=lambda _, known: (str(pk) for pk in _keys().filter(pk__in=known).values_list("pk", flat=True)),
        )
    )


def _keys() -> QuerySet[IntegrationSettings]:
    return IntegrationSettings.objects.filter(refused_at__isnull=False)


def _refused(now: datetime, known: frozenset[str]) -> Iterator[Found]:
    for pk, integration, since in _keys().exclude(pk__in=known).values_list("pk", "integration", "refused_at"):
        path = reverse("admin:connections_integrationsettings_change", args=[pk])
        yield Found(subject_id=str(pk), title=integration, path=path, since=since or now)


def _rows() -> QuerySet[Connection]:
    return Connection.objects.filter(status=Status.DEAUTHORISED)


def _begins(now: datetime, known: frozenset[str]) -> Iterator[Found]:
    for connection in _rows().exclude(pk__in=known).select_related("company").defer("secrets"):
        company = connection.company
        yield Found(
            subject_id=str(connection.pk),
            title=f"{company} to {connection.integration}",
            path=reverse("admin:connections_connection_change", args=[connection.pk]),
            since=now,
            tenant_id=company.tenant_id,
            company_id=company.pk,
            desk_path=reverse("desk:settings", args=[company.pk]),
            desk_title=_name(connection.integration),
        )


def _name(slug: str) -> str:
    try:
        return system(slug).metadata.name
    except UnknownIntegration:
        return slug
