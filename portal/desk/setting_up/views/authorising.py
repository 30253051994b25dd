"""Let us into the accounting system: by a form that is proven first, by a visit, or by nothing at all."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from integrations.base import AccountingSystem
from integrations.documents import Company as CompanyThere
from integrations.errors import IntegrationError
from portal.connections.access.linked import CannotLink
from portal.connections.access.visits import THIS_VISIT
from portal.connections.beginning import open_books
from portal.connections.by_form import keep_for_visit, link_by_form
from portal.connections.choosing import chosen_name
from portal.connections.models import Connection, Status, Visit, VisitOutcome
from portal.connections.registry import accounting_systems
from portal.connections.services import abilities
from portal.connections.setup import check
from portal.desk.access import Place, looks, looks_and_owns, owns
from portal.desk.setting_up.elsewhere import hub_url, unlink_url
from portal.desk.setting_up.outcomes import page_of, steps_of
from portal.desk.setting_up.telling import is_read, is_written
from portal.desk.setting_up.views.syncing import start_first_sync
from portal.desk.setting_up.ways import is_by_visit, way_of
from portal.desk.settings_form import SettingsForm

SAVED_FOR_VISIT: Final = "Saved. Go on to authorise it."


@looks_and_owns
def authorise(request: HttpRequest, place: Place) -> HttpResponse:
    """What is needed to be let in; sent, it is proven and kept."""
    connection, connector = _chosen(place)
    if connection is None or connector is None:
        return redirect("desk:accounting", place.company.pk)
    if connector.opens_books:
        return _books(request, place, connection)
    form = _form(request.POST if request.method == "POST" else None, connection, connector)
    if request.method == "POST" and form.is_valid() and _is_kept(request, connection, form):
        return redirect(_next(connection), place.company.pk)
    return _page(request, place, connection, form=form)


@owns
def authorise_test(request: HttpRequest, place: Place) -> HttpResponse:
    """What the system says to the form as it stands; nothing is kept. A part of the page when the page asks for it."""
    connection, connector = _chosen(place)
    if connection is None or connector is None:
        raise Http404("No accounting system was chosen.")
    form = _form(request.POST, connection, connector)
    found = _asked(place, connection, form) if form.is_valid() else None
    if request.headers.get("HX-Request") != "true":
        return _page(request, place, connection, form=form, found=found)
    shown = place.context(form=form, found=found, name=chosen_name(connection))
    return render(request, "portal/desk/setting_up/tested.html", shown)


@owns
def authorise_way(request: HttpRequest, place: Place) -> HttpResponse:
    """The buttons of the form as it stands, where they say something else than those that are shown."""
    connection, connector = _chosen(place)
    if connection is None or connector is None:
        raise Http404("No accounting system was chosen.")
    form = _form(request.POST, connection, connector)
    form.is_valid()  # what cannot be read leaves what is stored
    way = way_of(connection, form)
    if way == request.POST.get("shown_way"):
        return HttpResponse(status=204)
    shown = place.context(connection=connection, form=form, way=way, name=chosen_name(connection))
    return render(request, "portal/desk/setting_up/form_buttons.html", shown)


@looks
def visit(request: HttpRequest, place: Place, visit_id: uuid.UUID) -> HttpResponse:
    """What came of a visit, for the person who made it."""
    rows = Visit.objects.filter(pk=visit_id, connection__company=place.company, user__pk=request.user.pk or 0)
    found = rows.select_related("connection__company").first()
    if found is None:
        raise Http404("There is no such visit.")
    connection, is_linked = found.connection, found.outcome == VisitOutcome.LINKED
    if is_linked and connection.status == Status.LINKED and connection.confirmed_at is None:
        return redirect("desk:confirm-company", place.company.pk)
    name = chosen_name(connection)
    shown = {"visit": found, "told": page_of(found), "steps": steps_of(found, name), "name": name}
    ways = {"hub": hub_url(place.company.pk), "unlink": unlink_url(place.company.pk)}
    return render(request, "portal/desk/setting_up/visit.html", place.context(**shown, **ways))


def _chosen(place: Place) -> tuple[Connection | None, type[AccountingSystem] | None]:
    """The connection and what it leads to; None where nothing is chosen yet, or it is not installed any more."""
    connection = place.accounting()
    if connection is None or connection.status == Status.BLANK:
        return None, None
    return connection, accounting_systems().get(connection.integration)


def _form(data: Any, connection: Connection, connector: type[AccountingSystem]) -> SettingsForm:
    return SettingsForm(data, connector.metadata, connection, besides=connector.chosen_by)


def _books(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    if request.method != "POST":
        return _page(request, place, connection, opens_books=True)
    try:
        open_books(connection, who=request.user.get_username())
    except (CannotLink, IntegrationError) as error:
        messages.error(request, str(error))
        return redirect("desk:authorise", place.company.pk)
    start_first_sync(request, connection)
    messages.success(request, f"{chosen_name(connection)} is linked.")
    return redirect(hub_url(place.company.pk))


def _is_kept(request: HttpRequest, connection: Connection, form: SettingsForm) -> bool:
    who, settings, secrets = request.user.get_username(), form.settings(), form.secrets()
    try:
        if is_by_visit(connection, form):
            keep_for_visit(connection, settings, secrets, who=who)
            messages.success(request, SAVED_FOR_VISIT)
            return True
        outcome, message = link_by_form(connection, settings, secrets, who=who)
    except IntegrationError as error:
        form.blame(error)
        return False
    except CannotLink as error:
        form.add_error(None, str(error))
        return False
    if outcome is not VisitOutcome.LINKED:
        form.add_error(None, message)
        return False
    messages.success(request, message)
    return True


def _next(connection: Connection) -> str:
    if connection.status != Status.LINKED:
        return "desk:authorise"
    return "desk:accounting" if connection.confirmed_at else "desk:confirm-company"


def _asked(place: Place, connection: Connection, form: SettingsForm) -> CompanyThere | None:
    """The company over there; None with the error at its field."""
    try:
        return check(connection, place.company, connection.integration, form.settings(), form.secrets())
    except IntegrationError as error:
        form.blame(error)
        return None


def _page(
    request: HttpRequest, place: Place, connection: Connection, form: SettingsForm | None = None, **more: Any
) -> HttpResponse:
    can, company = abilities(connection), place.company
    shown = {
        "connection": connection, "name": chosen_name(connection), "form": form,
        "by_visit": is_by_visit(connection, form), "way": way_of(connection, form),
        "vendor": accounting_systems()[connection.integration].metadata,
        "reads": is_read(can), "writes": is_written(can), "unlink": unlink_url(company.pk),
        "next": reverse("desk:visit", args=[company.pk, THIS_VISIT]),
        "origin": reverse("desk:authorise", args=[company.pk]), **more,
    }  # fmt: skip
    return render(request, "portal/desk/setting_up/authorise.html", place.context(**shown))
