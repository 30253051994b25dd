"""Which postings wait for a person. Asked once a minute: it reads what is open, by its partial indexes, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Min, QuerySet
from django.urls import reverse

from portal.connections.models import Connection, Status
from portal.events.waits import Found, Wait, register
from portal.postings.models import Posting
from portal.postings.states import LEASED, WAITING_FOR_THEIR_TIME, State

LATE_AFTER: Final = timedelta(minutes=15)
# What staff made due a moment ago is old and has just moved: that is no news yet.
MOVED_JUST_NOW: Final = timedelta(minutes=2)
HELD, REFUSED, LATE = "posting.held", "posting.refused_after_answer", "posting.late"


def register_waits() -> None:
    """Let these kinds be watched."""
    register(
        Wait(
            kind=HELD,
            one="posting held",
            many="postings held",
            advice="Nobody but a person can decide: look, then retry it, mark it as posted, or void it.",
            list_path=lambda: _list("state=held"),
            begins=lambda _, known: _found(_held(), known),
            still=lambda _, known: _still(_held(), known),
        )
    )
    register(
        Wait(
            kind=REFUSED,
            one="posting refused after a number was answered",
            many="postings refused after a number was answered",
            advice="The source believes that it is booked. Mend the data or the mapping and retry it, or void it.",
            list_path=lambda: _list("state=rejected"),
            begins=lambda _, known: _found(_refused(), known),
            still=lambda _, known: _still(_refused(), known),
        )
    )
    register(
        Wait(
            kind=LATE,
            one="connection with postings that are not posted after 15 minutes",
            many="connections with postings that are not posted after 15 minutes",
            advice="They are tried again by themselves; look why it takes so long.",
            list_path=lambda: _list("state=under-way&age=hour"),
            begins=_late,
            still=lambda now, _: (str(pk) for pk in _open(now).values_list("connection_id", flat=True).distinct()),
        )
    )


# --- each posting ----------------------------------------------------------------------------------------------------


def _held() -> QuerySet[Posting]:
    return Posting.objects.filter(state=State.HELD)


def _refused() -> QuerySet[Posting]:
    """Refused in front of nobody: the source was told a number and does not hear of it."""
    return Posting.objects.filter(state=State.REJECTED).exclude(transaction__answered_number="")


def _found(rows: QuerySet[Posting], known: frozenset[str]) -> Iterator[Found]:
    columns = ("pk", "transaction__number", "connection__company__name", "reason", "updated_at")
    new = rows.exclude(pk__in=_ids(known)).order_by("updated_at").values_list(*columns)
    for pk, number, company, reason, since in new.iterator(chunk_size=500):
        path = reverse("admin:postings_posting_change", args=[pk])
        yield Found(subject_id=str(pk), title=f"{number}, {company}: {reason}", path=path, since=since)


def _still(rows: QuerySet[Posting], known: frozenset[str]) -> Iterable[str]:
    return (str(pk) for pk in rows.filter(pk__in=_ids(known)).values_list("pk", flat=True))


def _ids(known: frozenset[str]) -> list[int]:
    return [int(subject_id) for subject_id in known]


def _list(query: str) -> str:
    return f"{reverse('admin:postings_posting_changelist')}?{query}"


# --- what is late, by connection -------------------------------------------------------------------------------------


def _open(now: datetime) -> QuerySet[Posting]:
    """Accepted 15 minutes ago and on its way still. What is held or refused is told by itself."""
    return Posting.objects.filter(
        state__in=sorted(WAITING_FOR_THEIR_TIME | LEASED), created_at__lt=now - LATE_AFTER
    ).order_by()


def _late(now: datetime, known: frozenset[str]) -> Iterator[Found]:
    """One for each connection, however many postings wait."""
    rows = _open(now).filter(updated_at__lt=now - MOVED_JUST_NOW).exclude(connection_id__in=known)
    oldest = dict(rows.values_list("connection_id").annotate(oldest=Min("created_at")))
    connections = Connection.objects.filter(pk__in=oldest).select_related("company").defer("secrets")
    for connection in sorted(connections, key=lambda one: oldest[one.pk]):
        yield Found(
            subject_id=str(connection.pk),
            title=f"{connection}: {_why(connection, now)}",
            path=reverse("admin:connections_connection_change", args=[connection.pk]),
            since=oldest[connection.pk],
        )


def _why(connection: Connection, now: datetime) -> str:
    reasons = (
        (connection.paused, "it is paused"),
        (connection.status != Status.LINKED, f"it is {connection.get_status_display()}"),
        (connection.open_until is not None and connection.open_until > now, "its calls fail one after another"),
    )
    return next((said for holds, said in reasons if holds), "its postings are tried again and again")
