"""What of the reference sync waits for a person: runs to be confirmed, and what could not be brought up to date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from portal.events.waits import Begins, Found, Still, ToMembers, Wait, register
from portal.reference.sync.models import SyncRun, SyncState

CONFIRM, FAILED = "sync.confirm", "sync.failed"
MOST: Final = 500
FAILURES: Final = (
    SyncState.FETCH_ERROR, SyncState.PROCESSING_ERROR, SyncState.RATE_LIMIT_ERROR, SyncState.INTERNAL_ERROR,
)  # fmt: skip
# About ten minutes of trying to finish what was begun.
TRIED_FOR_LONG: Final = 12


def register_waits() -> None:
    """Let these kinds be watched."""
    register(
        Wait(
            kind=CONFIRM,
            one="sync that waits for confirmation",
            many="syncs that wait for confirmation",
            advice="Much would disappear at the source. Look at what it would remove, then confirm or discard it.",
            list_path=lambda: f"{_runs_page()}?state__exact={SyncState.VALIDATION_QUEUED}",
            begins=_begins(waiting()),
            still=_still(waiting()),
            members=ToMembers(
                one="sync of reference data that waits for confirmation",
                many="syncs of reference data that wait for confirmation",
                advice="Much would disappear at iCompleat. Look at what it would remove, then confirm or discard it.",
                list_path=lambda company_id: reverse("desk:runs", args=[company_id]),
            ),
        )
    )
    register(
        Wait(
            kind=FAILED,
            one="kind of reference data that could not be synchronised",
            many="kinds of reference data that could not be synchronised",
            advice="Its last run says why. It is tried again at its next time, or when somebody synchronises it.",
            list_path=_runs_page,
            begins=_begins(failed()),
            still=_still(failed()),
        )
    )


def waiting() -> QuerySet[SyncRun]:
    """Runs that somebody has to confirm or discard."""
    return SyncRun.objects.filter(state=SyncState.VALIDATION_QUEUED)


def failed() -> QuerySet[SyncRun]:
    """The latest run of a kind where it ended in an error, or has tried to finish for long. Credentials that are
    refused are the connection's own matter."""
    later = SyncRun.objects.filter(connection=OuterRef("connection"), kind=OuterRef("kind"), id__gt=OuterRef("id"))
    tries = Q(state__in=(SyncState.PROCESSING_QUEUED, SyncState.PROCESSING), tries__gte=TRIED_FOR_LONG)
    return SyncRun.objects.filter(Q(state__in=FAILURES) | tries).filter(~Exists(later))


def _begins(runs: QuerySet[SyncRun]) -> Begins:
    def begins(_: datetime, known: frozenset[str]) -> Iterator[Found]:
        new = runs.exclude(pk__in=[int(one) for one in known]).select_related("company").order_by("id")
        for run in new[:MOST]:
            path = reverse("admin:reference_syncrun_change", args=[run.pk])
            title = f"{run.get_kind_display()} of {run.company.name}: {run.get_state_display()}"
            yield Found(
                subject_id=str(run.pk), title=title, path=path, since=run.started_at or run.asked_at,
                tenant_id=run.company.tenant_id, company_id=run.company_id,
                desk_path=reverse("desk:run", args=[run.company_id, run.pk]), desk_title=run.get_kind_display(),
            )  # fmt: skip

    return begins


def _still(runs: QuerySet[SyncRun]) -> Still:
    return lambda _, known: (
        str(pk) for pk in runs.filter(pk__in=[int(one) for one in known]).values_list("pk", flat=True)
    )


def _runs_page() -> str:
    return reverse("admin:reference_syncrun_changelist")
