"""What came in before go-live: the list, one of them, and looking at them again after the mapping was mended."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from portal.desk.access import Place, acts, looks
from portal.desk.going_live.came_before import KeptRow, Shown, one_of, page_of
from portal.desk.going_live.facts import kept_of
from portal.desk.going_live.watching import watch
from portal.intake import tasks
from portal.intake.before_live.asking import NOT_GOOD, ask_again, ask_all_again
from portal.intake.models import Forecast
from portal.tenants import living


@looks
def before_live(request: HttpRequest, place: Place) -> HttpResponse:
    """The list, newest first; while some are looked at, it looks again by itself."""
    context = _context(request, place)
    is_part = request.headers.get("HX-Request") == "true"
    template = "before_live_watch.html" if is_part else "before_live.html"
    return render(request, f"portal/desk/going_live/{template}", context)


@looks
def before_live_one(request: HttpRequest, place: Place, kept: int) -> HttpResponse:
    """What came in, beside what would have been done with it."""
    row = KeptRow(one_of(place, kept))
    context = place.context(row=row, seen=Shown(row), is_live=living.is_live(place.company, timezone.now()))
    return render(request, "portal/desk/going_live/before_live_one.html", context)


@acts
def again(request: HttpRequest, place: Place, kept: int) -> HttpResponse:
    """Look at one again."""
    found = one_of(place, kept)
    ask_again(found, who=request.user.get_username())
    tasks.ring(place.company.pk)
    messages.success(request, "It is looked at again; this takes some seconds.")
    return redirect("desk:before-live-one", place.company.pk, kept)


@acts
def all_again(request: HttpRequest, place: Place) -> HttpResponse:
    """Look at all again that would not be posted as things stood."""
    asked = ask_all_again(place.company, who=request.user.get_username())
    if asked:
        tasks.ring(place.company.pk)
        messages.success(request, f"{asked} {'is' if asked == 1 else 'are'} looked at again.")
    else:
        messages.info(request, "There is none that would be refused, so nothing was done.")
    return redirect("desk:before-live", place.company.pk)


def _context(request: HttpRequest, place: Place) -> dict[str, Any]:
    page, kept = page_of(place, request.GET), kept_of(place)
    rows = [KeptRow(each) for each in page.rows]
    forecast = request.GET.get("forecast", "")
    next_look = watch(
        reverse("desk:before-live", args=[place.company.pk]), tuple(row.shown for row in rows), request.GET,
        is_moving=kept.due > 0, is_waiting=False,
    )  # fmt: skip
    return place.context(
        page=page,
        rows=rows,
        kept=kept,
        to_mend=sum(kept.of(one) for one in NOT_GOOD),
        forecast=forecast,
        tabs=[("", "All", kept.total), *((one.value, one.label, kept.of(one)) for one in Forecast)],
        watch=next_look,
        is_live=living.is_live(place.company, timezone.now()),
    )
