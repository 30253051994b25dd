"""Reference data of a company: what is synchronised, when, and how it stands."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.desk.access import Place, acts, looks, looks_and_acts
from portal.desk.schedule_form import ScheduleForm
from portal.desk.syncing import overview_of, person
from portal.reference import tasks
from portal.reference.sync import asking, schedules
from portal.reference.sync.models import SyncSchedule


@looks
def reference(request: HttpRequest, place: Place) -> HttpResponse:
    """Every kind of reference data that the accounting system tells, with its last run and its schedule."""
    return render(request, "portal/desk/reference.html", place.context(overview=overview_of(place)))


@looks
def reference_progress(request: HttpRequest, place: Place) -> HttpResponse:
    """The part of that page that moves while something runs."""
    return render(request, "portal/desk/reference_kinds.html", place.context(overview=overview_of(place)))


@acts
def sync_one(request: HttpRequest, place: Place, kind: str) -> HttpResponse:
    """Synchronise one kind now; `full` sends everything again."""
    connection, wanted = _readable(place, kind)
    try:
        run = asking.ask(connection, wanted, user=person(request), full="full" in request.POST)
    except asking.CannotSync as error:
        messages.error(request, error.message)
        return redirect("desk:reference", place.company.pk)
    tasks.ring(run.pk)
    if "full" in request.POST:
        return redirect("desk:run", place.company.pk, run.pk)
    return redirect("desk:reference", place.company.pk)


@acts
def sync_all(request: HttpRequest, place: Place) -> HttpResponse:
    """Synchronise every kind now; what runs already goes on and is named."""
    asked, refusals = asking.ask_all(_linked(place), user=person(request))
    for run in asked:
        tasks.ring(run.pk)
    for message in refusals:
        messages.warning(request, message)
    return redirect("desk:reference", place.company.pk)


@looks_and_acts
def schedule(request: HttpRequest, place: Place, kind: str) -> HttpResponse:
    """When one kind is synchronised by itself."""
    connection, wanted = _readable(place, kind)
    found = _schedule(connection, wanted)
    form = ScheduleForm(request.POST or None, found, zone=place.zone)
    if request.method == "POST" and form.is_valid():
        schedules.save(found, who=request.user.get_username(), **form.chosen())
        messages.success(request, f"{found.get_kind_display()}: {schedules.words(found)}.")
        return redirect("desk:reference", place.company.pk)
    return render(request, "portal/desk/schedule.html", place.context(form=form, schedule=found))


def _linked(place: Place) -> Connection:
    connection = place.accounting()
    if connection is None:
        raise Http404("No accounting system is linked.")
    return connection


def _readable(place: Place, kind: str) -> tuple[Connection, RecordKind]:
    """Raises `Http404` for a kind that the company's accounting system does not tell."""
    connection = _linked(place)
    wanted = next((one for one in asking.kinds_of(connection) if one.value == kind), None)
    if wanted is None:
        raise Http404("There is no such kind of reference data.")
    return connection, wanted


def _schedule(connection: Connection, kind: RecordKind) -> SyncSchedule:
    schedules.ensure(connection)
    return SyncSchedule.objects.select_related("connection__company__tenant").get(
        connection=connection, kind=kind.value
    )
