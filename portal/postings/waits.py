"""Which postings wait for a person. Asked once a minute: it reads what is open, by its partial indexes, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import F, Min, QuerySet, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from portal.connections.models import Connection, Status
from portal.events.noticing import MOST_OF_ONE
from portal.events.waits import Found, ToMembers, Wait, register
from portal.postings.models import Posting, Revision, RevisionState
from portal.postings.states import LEASED, WAITING_FOR_THEIR_TIME, State

LATE_AFTER: Final = timedelta(minutes=15)
# What staff made due a moment ago is old and has just moved: that is no news yet.
MOVED_JUST_NOW: Final = timedelta(minutes=2)
HELD, REFUSED, LATE = "posting.held", "posting.refused_after_answer", "posting.late"
UNMAPPED, CONTESTED = "posting.unmapped", "transaction.contested"
# A changed delivery is news for a day. They are few: the latest versions of all transactions are looked through.
CONTESTED_FOR: Final = timedelta(days=1)
MOST_REVISIONS: Final = 500


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
            members=ToMembers(
                one="transaction that needs a person",
                many="transactions that need a person",
                advice="Its page says why. Look before anything else: it may be in the books already.",
                list_path=_attention,
            ),
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
            members=ToMembers(
                one="transaction that was refused after its sender was told a number",
                many="transactions that were refused after their sender was told a number",
                advice="The sender believes that it is booked. Mend the cause that its page names, then send it again.",
                list_path=_attention,
            ),
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
    register(
        Wait(
            kind=UNMAPPED,
            one="connection with postings that lack a setting",
            many="connections with postings that lack a setting",
            advice="Each says which mapping is missing. Their sender was told, and sends them again.",
            list_path=lambda: _list("state=rejected"),
            begins=_unmapped,
            still=lambda _, known: (
                str(pk) for pk in _lacking().filter(connection_id__in=known).values_list("connection_id", flat=True)
            ),
            members=ToMembers(
                one="link where transactions were refused for want of a setting",
                many="links where transactions were refused for want of a setting",
                advice="Add what is missing to the mapping, then send them again from where they came.",
                list_path=_attention,
            ),
            to_staff=False,
        )
    )
    register(
        Wait(
            kind=CONTESTED,
            one="transaction that came again with other content",
            many="transactions that came again with other content",
            advice="It had been sent already, so nothing was changed in the books. Its page shows the difference.",
            list_path=lambda: _list("state=posted"),
            begins=_contested,
            still=lambda now, known: (str(one.pk) for one in _latest_contested(now) if str(one.pk) in known),
            members=ToMembers(
                one="transaction that came again with other content",
                many="transactions that came again with other content",
                advice="It had been sent already, so nothing was changed in the books. Its page shows the difference.",
                list_path=lambda company_id: f"{reverse('desk:transactions')}?company={company_id}",
            ),
            to_staff=False,
        )
    )


# --- each posting ----------------------------------------------------------------------------------------------------


def _held() -> QuerySet[Posting]:
    return Posting.objects.filter(state=State.HELD)


def _refused() -> QuerySet[Posting]:
    """Refused in front of nobody: the source was told a number and does not hear of it."""
    return Posting.objects.filter(state=State.REJECTED).exclude(transaction__answered_number="")


def _found(rows: QuerySet[Posting], known: frozenset[str]) -> Iterator[Found]:
    """Each connection's first come before any connection's second: where there is not room for all, all get some."""
    turn = Window(RowNumber(), partition_by=F("connection_id"), order_by="updated_at")
    new = rows.exclude(pk__in=_ids(known)).annotate(turn=turn).filter(turn__lte=MOST_OF_ONE)
    columns = ("pk", "reason", "updated_at", "transaction__number", "transaction__public_id", "connection_id")
    of_company = ("connection__company_id", "connection__company__name", "connection__company__tenant_id")
    for row in new.order_by("turn", "updated_at").values(*columns, *of_company).iterator(chunk_size=500):
        number, company = row["transaction__number"], row["connection__company__name"]
        yield Found(
            subject_id=str(row["pk"]), title=f"{number}, {company}: {row['reason']}", since=row["updated_at"],
            path=reverse("admin:postings_posting_change", args=[row["pk"]]),
            tenant_id=row["connection__company__tenant_id"], company_id=row["connection__company_id"],
            desk_path=_page(row["transaction__public_id"]), desk_title=number,
        )  # fmt: skip


def _still(rows: QuerySet[Posting], known: frozenset[str]) -> Iterable[str]:
    return (str(pk) for pk in rows.filter(pk__in=_ids(known)).values_list("pk", flat=True))


def _ids(known: frozenset[str]) -> list[int]:
    return [int(subject_id) for subject_id in known]


def _list(query: str) -> str:
    return f"{reverse('admin:postings_posting_changelist')}?{query}"


def _attention(company_id: UUID) -> str:
    return f"{reverse('desk:transactions')}?company={company_id}&state=attention"


def _page(public_id: UUID) -> str:
    return reverse("desk:transaction", args=[public_id])


# --- what members mend -----------------------------------------------------------------------------------------------


def _lacking() -> QuerySet[Posting]:
    """Refused for want of a setting, and its sender knows."""
    rows = Posting.objects.filter(state=State.REJECTED, error_class="Misconfigured", transaction__answered_number="")
    return rows.order_by()


def _unmapped(_: datetime, known: frozenset[str]) -> Iterator[Found]:
    """One for each connection, however many postings there are: the same setting is missing for most of them."""
    rows = _lacking().exclude(connection_id__in=known).values_list("connection_id")
    since = dict(rows.annotate(oldest=Min("updated_at")))
    for connection in _connections(since):
        company = connection.company
        yield Found(
            subject_id=str(connection.pk), title=str(connection), since=since[connection.pk],
            path=reverse("admin:connections_connection_change", args=[connection.pk]),
            tenant_id=company.tenant_id, company_id=company.pk,
            desk_path=_attention(company.pk), desk_title="The transactions that were refused",
        )  # fmt: skip


def _latest_contested(now: datetime) -> list[Revision]:
    latest = Revision.objects.order_by("-pk").select_related("transaction__company")
    return [
        one
        for one in latest.defer("content", "differences", "transaction__content")[:MOST_REVISIONS]
        if one.state == RevisionState.CONTESTED and one.received_at > now - CONTESTED_FOR
    ]


def _contested(now: datetime, known: frozenset[str]) -> Iterator[Found]:
    for revision in reversed(_latest_contested(now)):
        if str(revision.pk) in known:
            continue
        transaction = revision.transaction
        yield Found(
            subject_id=str(revision.pk), title=f"{transaction.number}, {transaction.company.name}",
            path=reverse("admin:postings_transaction_change", args=[transaction.pk]), since=revision.received_at,
            tenant_id=transaction.company.tenant_id, company_id=transaction.company_id,
            desk_path=_page(transaction.public_id), desk_title=transaction.number,
        )  # fmt: skip


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
    for connection in _connections(oldest):
        yield Found(
            subject_id=str(connection.pk),
            title=f"{connection}: {_why(connection, now)}",
            path=reverse("admin:connections_connection_change", args=[connection.pk]),
            since=oldest[connection.pk],
        )


def _connections(since: Mapping[UUID, datetime]) -> list[Connection]:
    """The connections of these ids, the longest waiting first."""
    connections = Connection.objects.filter(pk__in=since).select_related("company").defer("secrets")
    return sorted(connections, key=lambda one: since[one.pk])


def _why(connection: Connection, now: datetime) -> str:
    reasons = (
        (connection.paused, "it is paused"),
        (connection.status != Status.LINKED, f"it is {connection.get_status_display()}"),
        (connection.open_until is not None and connection.open_until > now, "its calls fail one after another"),
    )
    return next((said for holds, said in reasons if holds), "its postings are tried again and again")
