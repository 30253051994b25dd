"""What of the reconciliation waits for a person: each open difference, and connections that cannot be read for days."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse

from portal.connections.models import Connection
from portal.events.waits import Found, Wait, register
from portal.postings.reconciliation.due import ALARM_AFTER, open_differences, unread_for_long

DIFFERENCE, UNREAD = "reconciliation.difference", "reconciliation.unread"
MOST_AT_ONCE: Final = 500


def register_waits() -> None:
    """Let these kinds be watched."""
    register(
        of_differences(
            "postings_difference",
            lambda: open_differences().select_related("posting__transaction"),
            kind=DIFFERENCE,
            one="difference between the books and what we say",
            many="differences between the books and what we say",
            advice="Its page says what to do. What is mended there is resolved by the next reconciliation.",
        )
    )
    register(
        of_the_unread(
            "postings_reconciliationrun",
            unread_for_long,
            kind=UNREAD,
            one="connection that could not be reconciled for three days",
            many="connections that could not be reconciled for three days",
        )
    )


def of_differences(
    page: str, rows: Callable[[], QuerySet[Any]], *, kind: str, one: str, many: str, advice: str
) -> Wait:
    """Differences as a kind of waiting. `page` is their `app_model` in the staff site, `rows` gives the open ones."""

    def begins(_: datetime, known: frozenset[str]) -> Iterator[Found]:
        new = rows().exclude(pk__in=[int(each) for each in known]).order_by("pk")
        for each in new.select_related("connection__company").defer("connection__secrets")[:MOST_AT_ONCE]:
            path = reverse(f"admin:{page}_change", args=[each.pk])
            title = f"{each}, {each.connection.company.name}"
            yield Found(subject_id=str(each.pk), title=title, path=path, since=each.first_seen_at)

    def still(_: datetime, known: frozenset[str]) -> Iterable[str]:
        return (str(pk) for pk in rows().filter(pk__in=[int(each) for each in known]).values_list("pk", flat=True))

    return Wait(
        kind=kind, one=one, many=many, advice=advice, begins=begins, still=still,
        list_path=lambda: f"{reverse(f'admin:{page}_changelist')}?state__exact=open",
    )  # fmt: skip


def of_the_unread(
    page: str, unread: Callable[[datetime], QuerySet[Connection]], *, kind: str, one: str, many: str
) -> Wait:
    """Connections that could not be read for days as a kind of waiting. `page` is the `app_model` of their runs."""

    def begins(now: datetime, known: frozenset[str]) -> Iterator[Found]:
        for connection in unread(now).exclude(pk__in=known).select_related("company"):
            path = reverse("admin:connections_connection_change", args=[connection.pk])
            yield Found(subject_id=str(connection.pk), title=str(connection), path=path, since=now - ALARM_AFTER)

    return Wait(
        kind=kind, one=one, many=many, begins=begins,
        advice="Its last run says why it could not be read.",
        list_path=lambda: f"{reverse(f'admin:{page}_changelist')}?state__exact=unread",
        still=lambda now, _: (str(pk) for pk in unread(now).values_list("pk", flat=True)),
    )  # fmt: skip
