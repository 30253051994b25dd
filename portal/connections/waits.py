"""Which connections wait for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.urls import reverse

from portal.connections.models import Connection, IntegrationSettings, Status
from portal.events.waits import Found, Wait, register

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
    new = _rows().exclude(pk__in=known).values_list("pk", "company__name", "integration")
    for pk, company, integration in new:
        path = reverse("admin:connections_connection_change", args=[pk])
        yield Found(subject_id=str(pk), title=f"{company} to {integration}", path=path, since=now)
