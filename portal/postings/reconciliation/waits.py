"""What of the reconciliation waits for a person: each open difference, and connections that cannot be read for days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.urls import reverse

from portal.events.waits import Found, Wait, register
from portal.postings.reconciliation.due import ALARM_AFTER, open_differences, unread_for_long

DIFFERENCE, UNREAD = "reconciliation.difference", "reconciliation.unread"
OPEN: Final = "state__exact=open"


def register_waits() -> None:
    """Let these kinds be watched."""
    register(
        Wait(
            kind=DIFFERENCE,
            one="difference between the books and what we say",
            many="differences between the books and what we say",
            advice="Its page says what to do. What is mended there is resolved by the next reconciliation.",
            list_path=lambda: f"{reverse('admin:postings_difference_changelist')}?{OPEN}",
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
            one="connection that could not be reconciled for three days",
            many="connections that could not be reconciled for three days",
            advice="Its last run says why it could not be read.",
            list_path=lambda: f"{reverse('admin:postings_reconciliationrun_changelist')}?state__exact=unread",
            begins=_unread,
            still=lambda now, _: (str(pk) for pk in unread_for_long(now).values_list("pk", flat=True)),
        )
    )


def _begun(_: datetime, known: frozenset[str]) -> Iterator[Found]:
    new = open_differences().exclude(pk__in=[int(one) for one in known]).order_by("pk")
    for one in new.select_related("posting__transaction", "connection__company").defer("connection__secrets")[:500]:
        path = reverse("admin:postings_difference_change", args=[one.pk])
        title = f"{one}, {one.connection.company.name}"
        yield Found(subject_id=str(one.pk), title=title, path=path, since=one.first_seen_at)


def _unread(now: datetime, known: frozenset[str]) -> Iterator[Found]:
    for connection in unread_for_long(now).exclude(pk__in=known).select_related("company"):
        path = reverse("admin:connections_connection_change", args=[connection.pk])
        yield Found(subject_id=str(connection.pk), title=str(connection), path=path, since=now - ALARM_AFTER)
