"""The mirrored rows of one kind of reference data: searched, paged, and taken away as CSV."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.desk.access import Place, looks
from portal.desk.keyset import cut
from portal.desk.mirrored import ORDER, Mirrored
from portal.desk.record_export import record_lines
from portal.reference.sync.models import KIND_CHOICES


@looks
def records(request: HttpRequest, place: Place, kind: str) -> HttpResponse:
    """What the accounting system told last, and what iCompleat does not take of it."""
    asked = _asked(request, place, kind)
    page = cut(asked.rows(), request.GET, order=ORDER, within=asked.all())
    return render(
        request, "portal/desk/records.html", place.context(asked=asked, page=page, accounting=place.accounting)
    )


@looks
def records_export(request: HttpRequest, place: Place, kind: str) -> HttpResponseBase:
    """The same list as CSV."""
    asked = _asked(request, place, kind)
    name = f"{kind.replace('_', '-')}-{timezone.now():%Y%m%d-%H%M}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    lines = record_lines(asked.rows(), asked.all(), place.zone)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)


def _asked(request: HttpRequest, place: Place, kind: str) -> Mirrored:
    if kind not in dict(KIND_CHOICES):
        raise Http404("There is no such kind of reference data.")
    return Mirrored.read(place, kind, request.GET)
