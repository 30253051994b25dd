"""Runs of the reference sync for staff: how each went, what it found, and what a person decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html

from integrations.reference import RecordKind
from portal.reference import tasks
from portal.reference.admin.filters import CodeCompanyFilter, ConnectionFilter
from portal.reference.admin.sync_sections import changes, counts, facts, losses, progress_note, run_badge
from portal.reference.sync import deciding
from portal.reference.sync.asking import CannotSync
from portal.reference.sync.asking import ask as ask_sync
from portal.reference.sync.models import OPEN_STATES, SyncRun, SyncState
from portal.staff.asking import Question, ReasonForm, SureForm, ask, form_data
from portal.staff.base import Button, ReadOnlyAdmin, row_url, say
from portal.staff.formats import age, moment
from portal.staff.sections import Section

START: Final = "reference.start_sync"
DECIDE: Final = "reference.confirm_sync"
CONFIRM: Final = Button(name="confirm", label="Confirm", permission=DECIDE)
DISCARD: Final = Button(name="discard", label="Discard", permission=DECIDE)
CANCEL: Final = Button(name="cancel", label="Cancel", permission=START)
AGAIN: Final = Button(name="again", label="Sync now", permission=START)
FULL: Final = Button(name="full", label="Send everything again", permission=START)
KEPT: Final = "What was sent stays there. A list that was being replaced stays incomplete until another sync has ended."
SENT_EFFECTS: Final = (
    "{kind} of {company} are read from {system} and compared with what is known.",
    "What differs is sent to the source. Where much would disappear, somebody is asked first.",
)
FULL_EFFECTS: Final = (
    "{kind} of {company} are read from {system}, and all of them are sent, changed or not.",
    "It takes some minutes where there are many rows; the run’s page shows how far it is.",
)


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin[SyncRun]):
    """One pass of one kind. It runs by its schedule, or because somebody asked."""

    list_display = (
        "badge", "company_name", "kind", "integration", "asked", "added", "changed", "removed", "refused", "sent",
        "took",
    )  # fmt: skip
    list_display_links = ("badge", "company_name")
    list_filter = ("state", "kind", CodeCompanyFilter, ConnectionFilter)
    buttons = (CONFIRM, DISCARD, CANCEL, AGAIN, FULL)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncRun]:
        """With the company and both connections."""
        rows = super().get_queryset(request)
        return rows.select_related("connection__company__tenant", "source", "asked_by", "confirmed_by")

    def for_list(self, queryset: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
        """Without the connections' settings."""
        return queryset.defer("connection__secrets", "connection__settings", "source__secrets", "source__settings")

    def offers(self, button: Button, obj: SyncRun) -> bool:
        """Decisions while it waits, an end while it is open, and another one afterwards."""
        is_open, waits = obj.state in OPEN_STATES, obj.state == SyncState.VALIDATION_QUEUED
        return {CONFIRM: waits, DISCARD: waits, CANCEL: is_open and not waits}.get(button, not is_open)

    def sections(self, request: HttpRequest, obj: SyncRun) -> Sequence[Section]:
        """How it went, what would disappear, the counts, the rows that were different."""
        about = Section(title="How it went", html=progress_note(obj), facts=facts(obj))
        return [about, *([losses(obj)] if obj.guard else []), counts(obj), changes(obj)]

    # --- what the buttons do -----------------------------------------------------------------------------------------

    def confirm(self, request: HttpRequest, obj: SyncRun) -> HttpResponse:
        """Let it go on although much would disappear."""
        effects = ("The run goes on and removes at the source what the table on its page says.", KEPT)
        return self._decide(
            request, obj, CONFIRM, effects, SureForm, lambda _: deciding.confirm(obj, person(request)), danger=True
        )

    def discard(self, request: HttpRequest, obj: SyncRun) -> HttpResponse:
        """Throw away what it would have sent, with a reason."""
        effects = ("Nothing is sent and nothing is removed at the source.", "The next sync asks again if it must.")
        return self._decide(
            request, obj, DISCARD, effects, ReasonForm, lambda why: deciding.discard(obj, person(request), why)
        )

    def cancel(self, request: HttpRequest, obj: SyncRun) -> HttpResponse:
        """End it before its time, with a reason."""
        effects = ("It stops at its next request.", KEPT)
        return self._decide(
            request,
            obj,
            CANCEL,
            effects,
            ReasonForm,
            lambda why: deciding.cancel(obj, person(request), why),
            danger=True,
        )

    def again(self, request: HttpRequest, obj: SyncRun) -> HttpResponse:
        """Another run of the same kind."""
        return start(request, self.page_context(request, obj, AGAIN.label), obj, full=False)

    def full(self, request: HttpRequest, obj: SyncRun) -> HttpResponse:
        """Another run that sends everything."""
        return start(request, self.page_context(request, obj, FULL.label), obj, full=True)

    def _decide(
        self, request: HttpRequest, obj: SyncRun, button: Button, effects: Sequence[str],
        form_class: type[ReasonForm | SureForm], service: Callable[[str], None], *, danger: bool = False,
    ) -> HttpResponse:  # fmt: skip
        form = form_class(form_data(request))
        if not form.is_valid():
            question = Question(
                title=f"{button.label} this sync", effects=effects, submit=button.label, cancel_url=row_url(obj),
                form=form, danger=danger,
            )  # fmt: skip
            return ask(request, self.page_context(request, obj, button.label), question)
        try:
            service(form.cleaned_data.get("reason", ""))
        except CannotSync as error:
            say(request, error.message, level=messages.ERROR)
        else:
            tasks.ring(obj.pk)
            say(request, f"Done: {button.label.lower()}.")
        return HttpResponseRedirect(row_url(obj))

    # --- columns -----------------------------------------------------------------------------------------------------

    @admin.display(description="State", ordering="state")
    def badge(self, obj: SyncRun) -> str:
        """Word, shape and colour."""
        return run_badge(obj)

    @admin.display(description="Company", ordering="connection__company__name")
    def company_name(self, obj: SyncRun) -> str:
        """Whose."""
        return obj.connection.company.name

    @admin.display(description="From", ordering="connection__integration")
    def integration(self, obj: SyncRun) -> str:
        """The accounting system."""
        return obj.connection.integration

    @admin.display(description="Asked for", ordering="asked_at")
    def asked(self, obj: SyncRun) -> str:
        """When somebody, or the schedule, asked."""
        return moment(obj.asked_at)

    @admin.display(description="Took")
    def took(self, obj: SyncRun) -> str:
        """How long it ran."""
        return age(obj.started_at, obj.ended_at or timezone.now())


def person(request: HttpRequest) -> User:
    """Who decides: nobody reaches these pages without having logged in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def start(request: HttpRequest, context: dict[str, Any], row: Any, *, full: bool) -> HttpResponse:
    """Ask, then put a run of the row's kind into the queue and show its page. `row` has a connection and a kind."""
    connection, button = row.connection, FULL if full else AGAIN
    form = SureForm(form_data(request))
    if not form.is_valid():
        words = {"kind": row.get_kind_display(), "company": connection.company, "system": connection.integration}
        effects = [each.format(**words) for each in (FULL_EFFECTS if full else SENT_EFFECTS)]
        question = Question(
            title=button.label, effects=effects, submit=button.label, cancel_url=row_url(row), form=form
        )
        return ask(request, context, question)
    try:
        run = ask_sync(connection, RecordKind(row.kind), user=person(request), full=full)
    except CannotSync as error:
        say(request, error.message, level=messages.ERROR)
        return HttpResponseRedirect(row_url(row))
    tasks.ring(run.pk)
    say(request, format_html("Asked for: {}.", run.get_kind_display()))
    return HttpResponseRedirect(row_url(run))
