"""Runs of the reconciliation for staff, and the button on a connection's page that starts one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html

from portal.connections.admin.connections import ConnectionAdmin
from portal.connections.models import Connection
from portal.events.services import tell
from portal.postings.admin.difference_repairs import in_short
from portal.postings.admin.differences import DifferenceCompanyFilter, difference_badge
from portal.postings.models import Difference, ReconciliationRun
from portal.postings.reconciliation import tasks
from portal.postings.reconciliation.leases import DAYS, CannotReconcile, why_not
from portal.postings.reconciliation.models import OPEN_RUNS, RunState
from portal.postings.reconciliation.run import ask_now
from portal.staff.asking import Question, SureForm, ask, is_confirmed
from portal.staff.base import Button, ReadOnlyAdmin, name_of, row_url, say
from portal.staff.formats import age, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, WAITING, tone

MOST_SHOWN: Final = 100
TONES: Final = {
    RunState.WAITING: WAITING,
    RunState.RUNNING: UNDER_WAY,
    RunState.FINISHED: POSTED,
    RunState.UNREAD: WAITING,
    RunState.FAILED: PERSON,
    RunState.ABANDONED: CLOSED,
}
COUNTS: Final = ("compared", "agreeing", "missing", "extra", "double", "different", "known", "left", "resolved")
RECONCILE: Final = Button(name="reconcile", label="Reconcile now", permission="postings.start_reconciliation")
EFFECTS: Final = (
    "What {system} holds with our key is read and compared with what was posted in the last {days} days.",
    "Nothing is written there, and no posting changes. What differs is listed, and waits for somebody.",
    "It takes some minutes where there is much to read; the run’s page shows how far it is.",
)


@admin.register(ReconciliationRun)
class ReconciliationRunAdmin(ReadOnlyAdmin[ReconciliationRun]):
    """One comparison of one connection. It runs by itself every day."""

    list_display = ("badge", "company", "integration", "window", "read", *COUNTS[:6], "started", "took")
    list_display_links = ("badge", "company")
    list_filter = ("state", DifferenceCompanyFilter)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReconciliationRun]:
        """With the company."""
        return super().get_queryset(request).select_related("connection__company", "asked_by")

    def for_list(self, queryset: QuerySet[ReconciliationRun]) -> QuerySet[ReconciliationRun]:
        """Without the connection's settings."""
        return queryset.defer("connection__secrets", "connection__settings", "error")

    def sections(self, request: HttpRequest, obj: ReconciliationRun) -> Sequence[Section]:
        """How it went, what was counted, what differs."""
        counts = Table(head=[name.capitalize() for name in COUNTS], rows=[_counts(obj)], numeric=frozenset(range(9)))
        return [
            Section(title="How it went", html=_progress(obj), facts=_facts(obj)),
            Section(title="Counts", table=counts),
            _differences(obj),
        ]

    @admin.display(description="State", ordering="state")
    def badge(self, obj: ReconciliationRun) -> str:
        """Word, shape and colour."""
        return run_badge(obj)

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: ReconciliationRun) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="In", ordering="connection__integration")
    def integration(self, obj: ReconciliationRun) -> str:
        """The accounting system."""
        return obj.connection.integration

    @admin.display(description="Posted since", ordering="since")
    def window(self, obj: ReconciliationRun) -> str:
        """The beginning of the window."""
        return moment(obj.since)

    @admin.display(description="Started", ordering="started_at")
    def started(self, obj: ReconciliationRun) -> str:
        """When a worker took it."""
        return moment(obj.started_at)

    @admin.display(description="Took")
    def took(self, obj: ReconciliationRun) -> str:
        """How long it ran."""
        return age(obj.started_at, obj.ended_at or timezone.now())


admin.site.unregister(Connection)


@admin.register(Connection)
class ReconciledConnectionAdmin(ConnectionAdmin):
    """The page of the room below, which knows no postings, with one button more."""

    buttons = (*ConnectionAdmin.buttons, RECONCILE)

    def offers(self, button: Button, obj: Connection) -> bool:
        """Only where it can be read."""
        return not why_not(obj) if button is RECONCILE else super().offers(button, obj)

    def reconcile(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """Ask, then put a run into the queue and show its page."""
        if not is_confirmed(request):
            effects = [each.format(system=obj.integration, days=DAYS) for each in EFFECTS]
            question = Question(
                title=RECONCILE.label, effects=effects, submit=RECONCILE.label, cancel_url=row_url(obj), form=SureForm()
            )
            return ask(request, self.page_context(request, obj, RECONCILE.label), question)
        try:
            run = ask_now(obj, user=request.user if request.user.is_authenticated else None)
        except CannotReconcile as error:
            say(request, error.message, level=messages.ERROR)
            return HttpResponseRedirect(row_url(obj))
        _tell(obj, name_of(request.user))
        tasks.ring(run.pk)
        return HttpResponseRedirect(row_url(run))


def run_badge(run: ReconciliationRun) -> str:
    """The state of a run as a badge."""
    state = RunState(run.state)
    return tone(TONES[state], str(state.label))


def _progress(run: ReconciliationRun) -> str:
    """A link to the page itself while it goes on: the policy of these pages allows no script of its own."""
    if run.state not in OPEN_RUNS:
        return ""
    return format_html('<p class="note">{} documents read so far. <a href="">Look again</a></p>', f"{run.read:,}")


def _facts(run: ReconciliationRun) -> list[Fact]:
    connection = run.connection
    return [
        Fact("State", run_badge(run)),
        *([Fact("Why", run.error, wide=True)] if run.error else []),
        Fact("Company", link(row_url(connection.company), connection.company.name)),
        Fact("In", link(row_url(connection), connection.integration)),
        Fact("Posted from", moment(run.since, seconds=True)),
        Fact("Posted until", moment(run.until, seconds=True)),
        Fact("Asked by", run.asked_by.get_username() if run.asked_by else "The schedule"),
        Fact("Started", moment(run.started_at, seconds=True)),
        Fact("Ended", moment(run.ended_at, seconds=True)),
        Fact("Documents read", f"{run.read:,}"),
    ]


def _counts(run: ReconciliationRun) -> list[str]:
    return [f"{getattr(run, name):,}" for name in COUNTS]


def _differences(run: ReconciliationRun) -> Section:
    seen = Difference.objects.filter(Q(last_run=run) | Q(first_run=run)).order_by("-id")
    seen = seen.select_related("posting__transaction")
    rows = [(difference_badge(one), link(row_url(one), str(one)), in_short(one)) for one in seen[:MOST_SHOWN]]
    empty = "None that a later run has not seen again." if run.compared != run.agreeing else "None."
    table = Table(head=("State", "Difference", "Ours and theirs"), rows=rows, empty=empty)
    return Section(title="Differences that this run found, or was the last to see", table=table)


def _tell(connection: Connection, who: str) -> None:
    company = connection.company
    message = f"Asked for a reconciliation of {connection}."
    tell(
        "reconciliation.asked", message, who=who, subject=connection,
        tenant_id=company.tenant_id, company_id=company.pk,
    )  # fmt: skip
