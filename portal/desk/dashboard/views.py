"""How a company is doing: the page, the part of it that is asked for again and again, and its days as a file."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.desk.access import Place, looks
from portal.desk.dashboard.chart import posted_chart, time_chart
from portal.desk.dashboard.companies import new_company_urls
from portal.desk.dashboard.durations import duration
from portal.desk.dashboard.files import days_lines
from portal.desk.dashboard.health import set_up_url, vitals
from portal.desk.dashboard.needs import needs
from portal.desk.dashboard.standing import standing
from portal.notation import zone_of
from portal.postings.figures.lately import report_now
from portal.postings.figures.reading import Figures, Report
from portal.tenants.models import Company

# The figures of a period, in the order of a document's way; contested ones have no place in it.
FIGURES: Final[dict[str, str]] = {
    "received": "Received",
    "posted": "Posted",
    "rejected": "Rejected",
    "held": "Held",
    "withdrawn": "Withdrawn",
    "voided": "Void",
    "contested": "Contested",
}


@looks
def company(request: HttpRequest, place: Place) -> HttpResponse:
    """The dashboard."""
    figures = _report(place)
    is_only_one = len(place.sight.companies) == 1
    shown = {
        **_now(place, figures),
        "headings": FIGURES.values(),
        "days": [_day(each.day, each.figures) for each in reversed(figures.days)],
        "posted_chart": posted_chart(figures.days),
        "time_chart": time_chart(figures.days),
        "all_days": figures.all_days,
        "median": duration(figures.all_days.median_seconds),
        "new_ones": new_company_urls(request.user) if is_only_one else [],
    }
    return render(request, "portal/desk/dashboard/company.html", place.context(**shown))


@looks
def company_now(request: HttpRequest, place: Place) -> HttpResponse:
    """The part of it that moves: what needs a person, the connections, today and this month."""
    shown = _now(place, _report(place))
    return render(request, "portal/desk/dashboard/now.html", place.context(**shown))


@looks
def company_days(request: HttpRequest, place: Place) -> HttpResponse:
    """The figures of the last days as CSV, the newest first."""
    figures = _report(place)
    headers = {"Content-Disposition": f'attachment; filename="days-{_today(place):%Y%m%d}.csv"'}
    lines = "".join(days_lines(figures.days, FIGURES, place.zone))
    return HttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _report(place: Place) -> Report:
    now = timezone.now()
    return report_now(place.company.pk, now.astimezone(zone_of(place.zone)).date(), now)


def _now(place: Place, figures: Report) -> dict[str, Any]:
    found = vitals(place)
    return {
        "stage": _stage(place.company),
        "set_up_url": set_up_url(place),
        "vitals": found,
        "needs": needs(place, found, figures),
        "standing": standing(place.company, found.counts.values()),
        "periods": _periods(figures),
        "counted_to": figures.counted_to,
    }


def _periods(figures: Report) -> list[tuple[str, str, str]]:
    """Each figure of today and of this month, and the median time to a number."""
    rows = [
        (word, f"{getattr(figures.today, name):,}", f"{getattr(figures.month, name):,}")
        for name, word in FIGURES.items()
    ]
    median = (duration(figures.today.median_seconds), duration(figures.month.median_seconds))
    return [*rows, ("Median time to a number", *median)]


def _day(day: date, figures: Figures) -> tuple[date, list[str]]:
    """A row of the table behind the charts."""
    return day, [*(f"{getattr(figures, name):,}" for name in FIGURES), duration(figures.median_seconds)]


def _stage(company: Company) -> str:
    """Whether deliveries are booked: `live`, `not-live`, `closed`."""
    if company.closed_at is not None:
        return "closed"
    return "live" if company.live_at is not None and company.live_at <= timezone.now() else "not-live"


def _today(place: Place) -> date:
    return timezone.now().astimezone(zone_of(place.zone)).date()
