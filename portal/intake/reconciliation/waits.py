"""What of the reconciliation with sources waits for a person: open differences, and what cannot be read for days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.urls import reverse

from portal.events.waits import Found, Wait, register
from portal.intake.reconciliation.due import ALARM_AFTER, open_differences, unread_for_long

DIFFERENCE, UNREAD = "source.difference", "source.unread"
OPEN: Final = "state__exact=open"


def register_waits() -> None:
    """Let these kinds be watched."""
    register(
        Wait(
            kind=DIFFERENCE,
            one="transaction that the source and we disagree about",
            many="transactions that the source and we disagree about",
            advice="Its page says what to do: receive it now, or have it reversed and dismiss it.",
            list_path=lambda: f"{reverse('admin:intake_sourcedifference_changelist')}?{OPEN}",
            begins=_begun,
            still=lambda _, known: (
                str(pk)
                for pk in open_differences().filter(pk__in=[int(one) for one in known]).values_list("pk", flat=True)
            ),
        )
    )
    register(
        Wait(
            kind=UNREAD,
            one="source that could not be read for three days",
            many="sources that could not be read for three days",
            advice="Its last run says why it could not be read.",
            list_path=lambda: f"{reverse('admin:intake_sourcerun_changelist')}?state__exact=unread",
            begins=_unread,
            still=lambda now, _: (str(pk) for pk in unread_for_long(now).values_list("pk", flat=True)),
        )
    )


def _begun(_: datetime, known: frozenset[str]) -> Iterator[Found]:
    new = open_differences().exclude(pk__in=[int(one) for one in known]).order_by("pk")
    for one in new.select_related("connection__company").defer("connection__secrets")[:500]:
        path = reverse("admin:intake_sourcedifference_change", args=[one.pk])
        title = f"{one}, {one.connection.company.name}"
        yield Found(subject_id=str(one.pk), title=title, path=path, since=one.first_seen_at)


def _unread(now: datetime, known: frozenset[str]) -> Iterator[Found]:
    for connection in unread_for_long(now).exclude(pk__in=known).select_related("company"):
        path = reverse("admin:connections_connection_change", args=[connection.pk])
        yield Found(subject_id=str(connection.pk), title=str(connection), path=path, since=now - ALARM_AFTER)
