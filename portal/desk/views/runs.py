"""The runs of the reference sync: each with its stages, its counts and its changes, and what a person may decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import HttpResponseClientRefresh

from portal.desk.access import Place, acts, looks
from portal.desk.keyset import cut
from portal.desk.run_words import Story
from portal.desk.syncing import is_moving, person, run_of, runs_of
from portal.reference import tasks
from portal.reference.sync import deciding
from portal.reference.sync.asking import CannotSync
from portal.reference.sync.models import KIND_CHOICES, Change, SyncRun

NO_REASON = "Say why: it is kept in the history, with your name."


@looks
def runs(request: HttpRequest, place: Place) -> HttpResponse:
    """The history, newest first, of one kind or of all."""
    kind = _one_of(request.GET.get("kind", ""), KIND_CHOICES)
    rows = runs_of(place).filter(kind=kind) if kind else runs_of(place)
    shown = {
        "page": cut(rows, request.GET, descending=True, within=runs_of(place)),
        "kind": kind,
        "accounting": place.accounting,
    }
    return render(request, "portal/desk/runs.html", place.context(**shown, kinds=KIND_CHOICES))


@looks
def run_page(request: HttpRequest, place: Place, run: int) -> HttpResponse:
    """One run: how far it is or how it ended, its counts, and the rows that it found to be different."""
    found = run_of(place, run)
    change = _one_of(request.GET.get("change", ""), Change.choices)
    rows = found.changes.filter(change=change) if change else found.changes.all()
    page = cut(rows, request.GET, within=found.changes.all())
    shown = {"run": found, "story": Story(found), "page": page, "change": change, "changes": Change.choices}
    return render(request, "portal/desk/run.html", place.context(**shown))


@looks
def run_progress(request: HttpRequest, place: Place, run: int) -> HttpResponse:
    """The part of that page that moves; when the run has ended or waits, the whole page is asked for again."""
    found = run_of(place, run)
    if not is_moving(found):
        return HttpResponseClientRefresh()
    return render(request, "portal/desk/run_progress.html", place.context(run=found, story=Story(found)))


@acts
def run_confirm(request: HttpRequest, place: Place, run: int) -> HttpResponse:
    """Let a run go on that would remove much."""
    return _decided(request, place, run, "It goes on.", lambda found, _: deciding.confirm(found, person(request)))


@acts
def run_discard(request: HttpRequest, place: Place, run: int) -> HttpResponse:
    """Throw away what a run would have sent; the source stays as it is."""
    return _with_reason(request, place, run, "Discarded. Nothing was sent.", deciding.discard)


@acts
def run_cancel(request: HttpRequest, place: Place, run: int) -> HttpResponse:
    """End a run before its time."""
    return _with_reason(request, place, run, "Cancelled. It stops at its next request.", deciding.cancel)


def _one_of(given: str, choices: Iterable[tuple[str, Any]]) -> str:
    """What was asked for; nothing where there is no such thing."""
    return given if given in dict(choices) else ""


def _with_reason(
    request: HttpRequest, place: Place, run: int, done: str, service: Callable[[SyncRun, Any, str], None]
) -> HttpResponse:
    why = request.POST.get("why", "").strip()[:500]
    if not why:
        run_of(place, run)
        messages.error(request, NO_REASON)
        return redirect("desk:run", place.company.pk, run)
    return _decided(request, place, run, done, lambda found, user: service(found, user, why))


def _decided(
    request: HttpRequest, place: Place, run: int, done: str, service: Callable[[SyncRun, Any], None]
) -> HttpResponse:
    found = run_of(place, run)
    try:
        service(found, person(request))
    except CannotSync as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
        tasks.ring(found.pk)
    return redirect("desk:run", place.company.pk, run)
