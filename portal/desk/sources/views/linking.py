"""The page of a company's connection to a source that is read: the form, the test, and how it stands."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from integrations.documents import Company as CompanyThere
from integrations.errors import IntegrationError
from integrations.feeds import FedSource
from portal.connections.field_list_form import unverified
from portal.connections.field_lists import has_field_lists, parts
from portal.connections.models import Connection
from portal.connections.setup import check
from portal.connections.surveying import survey
from portal.desk.access import Place, acts, looks_and_acts
from portal.desk.captured import Captured
from portal.desk.settings_form import SettingsForm
from portal.desk.sources.addressing import address_of, open_endpoint_of
from portal.desk.sources.cards import SourceCard, source_url
from portal.desk.sources.fed import fed, linked
from portal.desk.sources.linking import link
from portal.desk.sources.progress import is_moving, progress_of
from portal.tenants import living


@looks_and_acts
def fed_source(request: HttpRequest, place: Place, source: str) -> HttpResponse:
    """How the company is linked to this source; sent, it is tested and saved."""
    there, connection = fed(source), place.source(source)
    form = _form(request.POST if request.method == "POST" else None, there, connection)
    if request.method == "POST" and form.is_valid() and _saved(request, place, there, form, connection):
        return redirect("desk:fed-source", place.company.pk, source)
    return _page(request, place, there, form, connection)


@acts
def fed_source_test(request: HttpRequest, place: Place, source: str) -> HttpResponse:
    """What the source says to the form as it stands; nothing is saved. A part of the page when the page asks for it."""
    there, connection = fed(source), place.source(source)
    form = _form(request.POST, there, connection)
    found = _asked(place, there, form, connection) if form.is_valid() else None
    if request.headers.get("HX-Request") != "true":
        return _page(request, place, there, form, connection, found=found)
    context = place.context(form=form, found=found, source_name=there.metadata.name)
    return render(request, "portal/desk/source_test.html", context)


@acts
@linked
def fed_look(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """Ask once more what its user may see."""
    try:
        survey(connection, who=request.user.get_username())
    except IntegrationError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "Asked. What its user may see is below, as it is now.")
    return redirect("desk:fed-source", place.company.pk, connection.integration)


def _form(data: Any, there: FedSource, connection: Connection | None) -> SettingsForm:
    """What is chosen on the page of the field names is not asked here."""
    chosen = {there.names_setting, *(one.setting for one in there.field_names if one.setting)}
    return SettingsForm(data, there.metadata, connection, besides=chosen)


def _asked(place: Place, there: FedSource, form: SettingsForm, connection: Connection | None) -> CompanyThere | None:
    """Who answers there; None with the error at its field."""
    try:
        return check(connection, place.company, there.metadata.slug, form.settings(), form.secrets())
    except IntegrationError as error:
        form.blame(error)
        return None


def _saved(
    request: HttpRequest, place: Place, there: FedSource, form: SettingsForm, connection: Connection | None
) -> bool:
    found = _asked(place, there, form, connection)
    if found is None:
        return False
    who, slug = request.user.get_username(), there.metadata.slug
    try:
        link(place.company, slug, form.settings(), form.secrets(), who=who, found=found)
    except IntegrationError as error:
        form.blame(error)
        return False
    messages.success(request, f"Saved. {there.metadata.name} answers as {found.name}.")
    return True


def _page(
    request: HttpRequest, place: Place, there: FedSource, form: SettingsForm, connection: Connection | None, **more: Any
) -> HttpResponse:
    href = source_url(place.company.pk, there.metadata.slug)
    shown = {
        "card": SourceCard(told=there, connection=connection, href=href),
        "source_name": there.metadata.name, "form": form, "connection": connection,
        "is_live": living.is_live(place.company, timezone.now()),
        **_told(request, connection, there),
    }  # fmt: skip
    return render(request, "portal/desk/sources/source.html", place.context(**shown, **more))


def _told(request: HttpRequest, connection: Connection | None, there: FedSource) -> dict[str, Any]:
    """What there is to see of a connection that was made."""
    if connection is None:
        return {}
    endpoint, feeds = open_endpoint_of(connection), progress_of(connection, there)
    return {
        "feeds": feeds,
        "is_moving": is_moving(feeds),
        "has_hidden": any(each.follows for each in feeds),
        "unverified": unverified(parts(connection)) if has_field_lists(connection) else 0,
        "names_fields": has_field_lists(connection),
        "address": address_of(connection),
        "captured": Captured.of(endpoint, request.user) if endpoint else None,
    }
