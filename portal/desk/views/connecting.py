"""The page of a company's connection to iCompleat: the form, the test, and the addresses to enter there."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from integrations.documents import Company as CompanyThere
from integrations.errors import IntegrationError
from portal.connections.models import Connection
from portal.connections.registry import source as source_of
from portal.connections.setup import check, save_source
from portal.desk.access import ICOMPLEAT, Place, acts, looks_and_acts
from portal.desk.going_live.watching_addresses import watched
from portal.desk.settings_form import SettingsForm
from portal.desk.sources.cards import are_several
from portal.tenants import living


@looks_and_acts
def source_page(request: HttpRequest, place: Place) -> HttpResponse:
    """How the company is linked to iCompleat; sent, it is tested and saved."""
    connection = place.source()
    form = _form(request.POST if request.method == "POST" else None, connection)
    if request.method == "POST" and form.is_valid() and _saved(request, place, form, connection):
        return redirect("desk:source", place.company.pk)
    return _page(request, place, form, connection)


@acts
def source_test(request: HttpRequest, place: Place) -> HttpResponse:
    """What iCompleat says to the form as it stands; nothing is saved. A part of the page when the page asks for it."""
    connection = place.source()
    form = _form(request.POST, connection)
    found = _asked(place, form, connection) if form.is_valid() else None
    if request.headers.get("HX-Request") != "true":
        return _page(request, place, form, connection, found=found)
    return render(request, "portal/desk/source_test.html", place.context(form=form, found=found))


def _form(data: Any, connection: Connection | None) -> SettingsForm:
    return SettingsForm(data, source_of(ICOMPLEAT).metadata, connection)


def _asked(place: Place, form: SettingsForm, connection: Connection | None) -> CompanyThere | None:
    """The company over there; None with the error at its field."""
    try:
        return check(connection, place.company, ICOMPLEAT, form.settings(), form.secrets())
    except IntegrationError as error:
        form.blame(error)
        return None


def _saved(request: HttpRequest, place: Place, form: SettingsForm, connection: Connection | None) -> bool:
    found = _asked(place, form, connection)
    if found is None:
        return False
    try:
        who = request.user.get_username()
        save_source(place.company, ICOMPLEAT, form.settings(), form.secrets(), who, linked=found)
    except IntegrationError as error:
        form.blame(error)
        return False
    messages.success(request, f"Saved. iCompleat answers as {found.name}.")
    return True


def _page(
    request: HttpRequest, place: Place, form: SettingsForm, connection: Connection | None, **more: Any
) -> HttpResponse:
    is_live = living.is_live(place.company, timezone.now())
    shown = {"form": form, "connection": connection, "is_live": is_live, "are_several": are_several()}
    return render(
        request, "portal/desk/source.html", place.context(**shown, **watched(request, place, connection), **more)
    )
