"""Transactions raised from here: uploaded, looked at, confirmed, and followed until they come back approved."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from integrations.documents import Stage
from portal.desk.access import Place, acts, looks, looks_and_acts
from portal.desk.keyset import cut
from portal.desk.raise_form import Preview, UploadForm, seal, unseal
from portal.desk.raised import RaisedRow, obstacles, raised_of
from portal.raising import csv_files, services, tasks
from portal.raising.linking import link
from portal.raising.models import Origin

EXPIRED = "What was looked at has expired, so nothing was raised. Upload the file again."
DONE = "{count} taken in. Each appears below with its status at iCompleat."


@looks_and_acts
def raising(request: HttpRequest, place: Place) -> HttpResponse:
    """The upload and the list of what was raised; a file that is sent is looked at, and nothing else."""
    if request.method != "POST":
        return _page(request, place, UploadForm(auto_id="field-%s"))
    form = UploadForm(request.POST, request.FILES, auto_id="field-%s")
    if not form.is_valid():
        return _page(request, place, form)
    preview = _looked_at(place, form.cleaned_data["file"], Stage(form.cleaned_data["stage"]))
    return render(request, "portal/desk/raise_preview.html", place.context(preview=preview))


@acts
def raising_confirm(request: HttpRequest, place: Place) -> HttpResponse:
    """Raise what was looked at. It is checked again; what was raised already under its key is not raised twice."""
    unsealed = unseal(place.company.pk, request.POST.get("sealed", ""))
    if unsealed is None:
        messages.error(request, EXPIRED)
        return redirect("desk:raising", place.company.pk)
    stage, data = unsealed
    preview = _looked_at(place, data, stage)
    if not preview.can_be_raised:
        return render(request, "portal/desk/raise_preview.html", place.context(preview=preview))
    try:
        made = services.raise_all(
            place.company, preview.wanted, stage=stage, origin=Origin.UPLOAD, who=request.user.get_username(),
            user=request.user,
        )  # fmt: skip
    except services.CannotRaise as error:
        messages.error(request, error.message)
        return render(request, "portal/desk/raise_preview.html", place.context(preview=_with(preview, error)))
    tasks.ring_all(made)
    messages.success(request, DONE.format(count=len(made)))
    return redirect("desk:raising", place.company.pk)


@looks
def raising_template(request: HttpRequest, _place: Place) -> HttpResponse:
    """A file to fill in."""
    headers = {"Content-Disposition": 'attachment; filename="transactions-to-raise.csv"'}
    return HttpResponse(csv_files.TEMPLATE, content_type="text/csv; charset=utf-8", headers=headers)


def _looked_at(place: Place, data: bytes, stage: Stage) -> Preview:
    parsed = csv_files.read(data)
    found = [*parsed.problems, *services.check(place.company, parsed.wanted, stage=stage)]
    problems = tuple(sorted(found, key=lambda problem: problem.line))
    sealed = seal(place.company.pk, stage, data)
    return Preview(wanted=parsed.wanted, problems=problems, stage=stage, sealed=sealed)


def _with(preview: Preview, error: services.CannotRaise) -> Preview:
    return Preview(wanted=preview.wanted, problems=error.problems, stage=preview.stage, sealed=preview.sealed)


def _page(request: HttpRequest, place: Place, form: UploadForm) -> HttpResponse:
    rows = raised_of(place)
    page = cut(rows, request.GET, descending=True)
    if link(rows.filter(pk__in=[each.pk for each in page.rows])):  # whoever reads need not wait for the job
        page = cut(rows, request.GET, descending=True)
    shown = {"form": form, "page": page, "rows": [RaisedRow(each) for each in page.rows], **obstacles(place)}
    return render(request, "portal/desk/raise.html", place.context(**shown))
