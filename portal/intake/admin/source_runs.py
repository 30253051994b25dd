"""Runs of the reconciliation with sources for staff, and the button on a connection's page that starts one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html

from portal.connections.models import Connection
from portal.events.services import tell
from portal.intake.admin.feed_readers import reader_section
from portal.intake.admin.source_repairs import difference_badge, in_short
from portal.intake.feeds.asking import is_fed
from portal.intake.feeds.by_hand import reconsider
from portal.intake.models import SourceDifference, SourceRun
from portal.intake.reconciliation import tasks
from portal.intake.reconciliation.asking import why_not
from portal.intake.reconciliation.leases import WINDOW, CannotReconcile
from portal.intake.reconciliation.leases import ask as ask_for_run
from portal.intake.reconciliation.models import OPEN_RUNS, SourceRunState
from portal.postings.admin.reconciliations import ReconciledConnectionAdmin
from portal.staff.asking import Question, SureForm, ask, is_confirmed
from portal.staff.base import Button, ReadOnlyAdmin, name_of, row_url, say
from portal.staff.filters import CompanyFilter
from portal.staff.formats import age, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import CLOSED, PERSON, POSTED, UNDER_WAY, WAITING, tone

MOST_SHOWN: Final = 100
TONES: Final = {
    SourceRunState.WAITING: WAITING,
    SourceRunState.RUNNING: UNDER_WAY,
    SourceRunState.FINISHED: POSTED,
    SourceRunState.PART: WAITING,
    SourceRunState.UNREAD: WAITING,
    SourceRunState.FAILED: PERSON,
    SourceRunState.ABANDONED: CLOSED,
}
COUNTS: Final = ("compared", "never_received", "deleted", "known", "left", "undated", "resolved")
RECONCILE: Final = Button(
    name="reconcile_source", label="Reconcile with the source", permission="intake.start_sourcerun"
)
EFFECTS: Final = (
    "What {source} lists as approved or deleted is read and compared with what we hold, as far as {days} days back.",
    "Nothing is written there, and no posting changes. What differs is listed, and waits for somebody.",
    "It keeps the vendor’s limits, so it may take some minutes; the run’s page shows how far it is.",
)


class SourceRunCompanyFilter(CompanyFilter):
    """A run belongs to the company of its connection."""

    path = "connection__company_id"


@admin.register(SourceRun)
class SourceRunAdmin(ReadOnlyAdmin[SourceRun]):
    """One reading of one source. It runs by itself every night."""

    list_display = ("badge", "company", "source", "read", "calls", *COUNTS[:3], "started", "took")
    list_display_links = ("badge", "company")
    list_filter = ("state", SourceRunCompanyFilter)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SourceRun]:
        """With the company."""
        return super().get_queryset(request).select_related("connection__company", "asked_by")

    def for_list(self, queryset: QuerySet[SourceRun]) -> QuerySet[SourceRun]:
        """Without the connection's settings."""
        return queryset.defer("connection__secrets", "connection__settings", "error")

    def sections(self, request: HttpRequest, obj: SourceRun) -> Sequence[Section]:
        """How it went, what was counted, what differs."""
        head = [name.replace("_", " ").capitalize() for name in COUNTS]
        rows = [[f"{getattr(obj, name):,}" for name in COUNTS]]
        counts = Table(head=head, rows=rows, numeric=frozenset(range(len(COUNTS))))
        return [
            Section(title="How it went", html=_progress(obj), facts=_facts(obj)),
            Section(title="Counts", table=counts),
            _differences(obj),
        ]

    @admin.display(description="State", ordering="state")
    def badge(self, obj: SourceRun) -> str:
        """Word, shape and colour."""
        return run_badge(obj)

    @admin.display(description="Company", ordering="connection__company__name")
    def company(self, obj: SourceRun) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="From", ordering="connection__integration")
    def source(self, obj: SourceRun) -> str:
        """The source."""
        return obj.connection.integration

    @admin.display(description="Started", ordering="started_at")
    def started(self, obj: SourceRun) -> str:
        """When a worker took it."""
        return moment(obj.started_at)

    @admin.display(description="Took")
    def took(self, obj: SourceRun) -> str:
        """How long it ran."""
        return age(obj.started_at, obj.ended_at or timezone.now())


admin.site.unregister(Connection)


@admin.register(Connection)
class SourceReconciledConnectionAdmin(ReconciledConnectionAdmin):
    """The page of the rooms below, with one button more."""

    buttons = (*ReconciledConnectionAdmin.buttons, RECONCILE)

    def offers(self, button: Button, obj: Connection) -> bool:
        """Only where it can be read."""
        return not why_not(obj) if button is RECONCILE else super().offers(button, obj)

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        """What a feed left out under other settings is judged again."""
        super().save_model(request, obj, form, change)
        if change and is_fed(obj):
            reconsider(obj, timezone.now())

    def sections(self, request: HttpRequest, obj: Connection) -> Sequence[Section]:
        """With the readers of its feeds, where it has some."""
        parts = list(super().sections(request, obj))
        return [*parts, reader_section(obj)] if is_fed(obj) else parts

    def reconcile_source(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """Ask, then put a run into the queue and show its page."""
        if not is_confirmed(request):
            effects = [each.format(source=obj.integration, days=WINDOW.days) for each in EFFECTS]
            question = Question(
                title=RECONCILE.label, effects=effects, submit=RECONCILE.label, cancel_url=row_url(obj), form=SureForm()
            )
            return ask(request, self.page_context(request, obj, RECONCILE.label), question)
        try:
            run = ask_for_run(obj, user=request.user if request.user.is_authenticated else None)
        except CannotReconcile as error:
            say(request, error.message, level=messages.ERROR)
            return HttpResponseRedirect(row_url(obj))
        _tell(obj, name_of(request.user))
        tasks.ring(run.pk)
        return HttpResponseRedirect(row_url(run))


def run_badge(run: SourceRun) -> str:
    """The state of a run as a badge."""
    state = SourceRunState(run.state)
    return tone(TONES[state], str(state.label).partition(":")[0])


def _progress(run: SourceRun) -> str:
    """A link to the page itself while it goes on: the policy of these pages allows no script of its own."""
    if run.state not in OPEN_RUNS:
        return ""
    text = '<p class="note">{} transactions read so far, in {} calls. <a href="">Look again</a></p>'
    return format_html(text, f"{run.read:,}", f"{run.calls:,}")


def _place(run: SourceRun) -> str:
    position = run.position
    return f"Page {position['page']:,} of what is {position['stage']}" if position else ""


def _facts(run: SourceRun) -> list[Fact]:
    connection = run.connection
    return [
        Fact("State", run_badge(run)),
        *([Fact("Why", run.error, wide=True)] if run.error else []),
        Fact("Company", link(row_url(connection.company), connection.company.name)),
        Fact("From", link(row_url(connection), connection.integration)),
        Fact("Created from", moment(run.since, seconds=True)),
        Fact("Created until", moment(run.until, seconds=True)),
        Fact("Asked by", run.asked_by.get_username() if run.asked_by else "The schedule"),
        Fact("Started", moment(run.started_at, seconds=True)),
        Fact("Ended", moment(run.ended_at, seconds=True)),
        Fact("Transactions read", f"{run.read:,}"),
        Fact("Calls", f"{run.calls:,}"),
        Fact("Goes on with", _place(run)),
    ]


def _differences(run: SourceRun) -> Section:
    seen = SourceDifference.objects.filter(Q(last_run=run) | Q(first_run=run)).order_by("-id")
    rows = [(difference_badge(one), link(row_url(one), str(one)), in_short(one)) for one in seen[:MOST_SHOWN]]
    table = Table(head=("State", "Difference", "At the source"), rows=rows, empty="None.")
    return Section(title="Differences that this run found, or was the last to see", table=table)


def _tell(connection: Connection, who: str) -> None:
    company = connection.company
    message = f"Asked for a reconciliation of {connection} with the source."
    tell(
        "source_run.asked", message, who=who, subject=connection, tenant_id=company.tenant_id, company_id=company.pk
    )  # fmt: skip
