"""The settings of a company: what is linked, how it ends, what was done, and everything to take away."""

from __future__ import annotations

from contextlib import ExitStack

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import slugify

from portal.connections.access.ending import end
from portal.connections.models import Connection
from portal.desk.access import ACTING, OWNING, Place, ends, looks, looks_and_owns, takes_away
from portal.desk.company_settings import ending
from portal.desk.company_settings.forms import CloseForm, ExportForm, WhyForm
from portal.desk.company_settings.taking_away.writing import Busy, Export, Form
from portal.desk.company_settings.trail import AREAS, Names, trail_of
from portal.desk.keyset import cut
from portal.desk.sources.cards import sources_word
from portal.desk.sources.fed import fed
from portal.desk.syncing import person
from portal.events.services import tell
from portal.tenants.living import CannotChange

SENT_NO_MORE = "Nothing is sent there any more."
READ_NO_MORE = "Nothing is read from there or written there any more."
TYPES = {Form.CSV: ("application/zip", "zip"), Form.JSON: ("application/json", "json")}


@looks
def settings(request: HttpRequest, place: Place) -> HttpResponse:
    """What is linked and since when, what waits for what was unlinked, and the ways to everything else."""
    shown: dict[str, object] = {
        "links": ending.links(place),
        "left": ending.left_behind(place),
        "is_closed": ending.is_closed(place),
    }
    shown["sources_word"] = sources_word()
    return render(request, "portal/desk/company_settings/settings.html", place.context(**shown))


@looks_and_owns
def unlink(request: HttpRequest, place: Place) -> HttpResponse:
    """What it means to unlink the accounting system; sent, it is done."""
    return _unlink(request, place, place.accounting())


@looks_and_owns
def unlink_source(request: HttpRequest, place: Place) -> HttpResponse:
    """What it means to unlink iCompleat; sent, it is done."""
    return _unlink(request, place, place.source())


@looks_and_owns
def unlink_fed(request: HttpRequest, place: Place, source: str) -> HttpResponse:
    """The same for a source that is read."""
    fed(source)
    return _unlink(request, place, place.source(source))


@ends
def close(request: HttpRequest, place: Place) -> HttpResponse:
    """What it means to close the company; sent with its name, it is done."""
    form = CloseForm(request.POST if request.method == "POST" else None, place.company)
    if form.is_valid():
        try:
            left_to_do = ending.close(place, user=person(request), why=form.cleaned_data["why"])
        except CannotChange as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{place.company} is closed. Everything stays readable.")
            for sentence in left_to_do:
                messages.warning(request, sentence)
            return redirect("desk:settings", place.company.pk)
    # By the role alone: what is closed has no more to change, but what was linked still can be ended.
    shown = {"form": form, "links": ending.links(place), "may_end": place.role in OWNING}
    is_closed = ending.is_closed(place)
    shown |= {"is_closed": is_closed, "hindrances": () if is_closed else ending.hindrances(place)}
    return render(request, "portal/desk/company_settings/close.html", place.context(**shown))


@takes_away
def data_export(request: HttpRequest, place: Place) -> HttpResponseBase:
    """What can be taken away; sent, it is."""
    form = ExportForm(request.POST if request.method == "POST" else None, zone=place.zone)
    if form.is_valid():
        try:
            return _export(request, place, form)
        except Busy as error:
            form.add_error(None, str(error))
    return render(
        request,
        "portal/desk/company_settings/data_export.html",
        place.context(form=form, may_take=place.role in ACTING),
    )


@looks
def audit(request: HttpRequest, place: Place) -> HttpResponse:
    """Who did what, newest first, of one part or of all; for owners."""
    area = request.GET.get("area", "")
    area = area if area in AREAS else ""
    shown: dict[str, object] = {"areas": AREAS, "area": area, "may_read": place.role in OWNING}
    if shown["may_read"]:
        names = Names.of(place.company.tenant_id)
        page = cut(trail_of(place.company, area), request.GET, descending=True, within=trail_of(place.company))
        shown |= {"page": page, "rows": [(one, names.shown(one.who)) for one in page.rows]}
    return render(request, "portal/desk/company_settings/audit.html", place.context(**shown))


def _unlink(request: HttpRequest, place: Place, connection: Connection | None) -> HttpResponse:
    if connection is None:
        return render(request, "portal/desk/company_settings/nothing_linked.html", place.context())
    form = WhyForm(request.POST if request.method == "POST" else None)
    found = ending.ending_of(connection)
    if form.is_valid():
        who = request.user.get_username()
        left_to_do = end(connection, who=who, why=form.cleaned_data["why"], user=person(request))
        messages.success(
            request, f"{found.link.name} is unlinked. {READ_NO_MORE if found.link.is_fed else SENT_NO_MORE}"
        )
        if left_to_do:
            messages.warning(request, left_to_do)
        return redirect("desk:settings", place.company.pk)
    return render(request, "portal/desk/company_settings/unlink.html", place.context(form=form, ending=found))


def _export(request: HttpRequest, place: Place, form: ExportForm) -> HttpResponseBase:
    """Raises `Busy`. That it was begun is in the trail before the first byte goes out."""
    company, chosen = place.company, Form(form.cleaned_data["form"])
    export = Export(chosen, form.wanted(company))
    with ExitStack() as otherwise:
        otherwise.callback(export.close)
        message = f"The data of {company} {form.words} was taken away as {chosen.value.upper()}."
        who = request.user.get_username()
        tell("export.taken", message, who=who, subject=company, tenant_id=company.tenant_id, company_id=company.pk)
        otherwise.pop_all()
    content_type, ending_of_name = TYPES[chosen]
    name = f"{slugify(company.name) or 'company'}-{timezone.now():%Y%m%d-%H%M}.{ending_of_name}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(export, content_type=content_type, headers=headers)
