"""The checklist, which looks again by itself, and what it does at one press."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from portal.connections.models import Connection
from portal.desk.access import Place, acts, looks
from portal.desk.going_live import recommending
from portal.desk.going_live.checklist import checklist_of
from portal.desk.going_live.leaving_out import kinds_left_out, leave_out
from portal.desk.going_live.watching import watch
from portal.desk.syncing import overview_of, person
from portal.reference import tasks
from portal.reference.sync import asking

LEFT_OUT: Final = "{kind}: not read by itself any more. Give it a schedule to have it tried again."
NOTHING_TO_ACCEPT: Final = "Nothing was changed: its sync is under way, or has come to its end since."


@looks
def set_up(request: HttpRequest, place: Place) -> HttpResponse:
    """How far the company is, step by step."""
    return render(request, "portal/desk/going_live/set_up.html", _context(request, place))


@looks
def set_up_watch(request: HttpRequest, place: Place) -> HttpResponse:
    """The part of that page that changes, where it has; and when to look again."""
    return render(request, "portal/desk/going_live/set_up_watch.html", _context(request, place))


@acts
def set_up_sync(request: HttpRequest, place: Place) -> HttpResponse:
    """Read every kind of reference data now; the checklist shows how far it is."""
    asked, refusals = asking.ask_all(_linked(place), user=person(request))
    for run in asked:
        tasks.ring(run.pk)
    for message in refusals:
        messages.warning(request, message)
    return redirect("desk:set-up", place.company.pk)


@acts
def schedules_recommended(request: HttpRequest, place: Place) -> HttpResponse:
    """A schedule for each kind that is not read by itself yet."""
    connection, left_out = _linked(place), kinds_left_out(overview_of(place))
    changed = recommending.use_recommended(connection, who=request.user.get_username(), but=left_out)
    said = ", ".join(changed)
    messages.success(request, f"Read by themselves from now on: {said}." if changed else "All were set already.")
    return redirect("desk:set-up", place.company.pk)


@acts
def set_up_leave_out(request: HttpRequest, place: Place) -> HttpResponse:
    """Accept that a kind does not come to its end."""
    _linked(place)
    kind = leave_out(overview_of(place), request.POST.get("kind", ""), who=request.user.get_username())
    if kind:
        messages.success(request, LEFT_OUT.format(kind=kind))
    else:
        messages.error(request, NOTHING_TO_ACCEPT)
    return redirect("desk:set-up", place.company.pk)


def _linked(place: Place) -> Connection:
    connection = place.accounting()
    if connection is None:
        raise Http404("No accounting system is linked.")
    return connection


def _context(request: HttpRequest, place: Place) -> dict[str, Any]:
    checklist = checklist_of(place)
    next_look = watch(
        reverse("desk:set-up-watch", args=[place.company.pk]), (checklist.shown, place.role), request.GET,
        is_moving=checklist.is_moving, is_waiting=checklist.is_waiting,
    )  # fmt: skip
    return place.context(checklist=checklist, watch=next_look)
