"""Is it the right company? Then the first sync begins; else it is started again."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from integrations.errors import IntegrationError
from portal.connections.access.ending import end
from portal.connections.access.linked import CannotLink
from portal.connections.beginning import begin
from portal.connections.choosing import chosen_name
from portal.connections.confirming import ask_again
from portal.connections.models import Connection, Status
from portal.connections.registry import UnknownIntegration, accounting_system
from portal.desk.access import Place, looks_and_owns, owns
from portal.desk.setting_up.accepting import Linked, accept
from portal.desk.setting_up.elsewhere import hub_url, unlink_url
from portal.desk.setting_up.forms import ConfirmForm
from portal.desk.setting_up.views.syncing import start_first_sync
from portal.tenants.refusing import Refused

WRONG_COMPANY: Final = "It was the wrong company."
STARTED_AGAIN: Final = "The link was ended. Link the right company now."
NOT_NOW: Final = "There is nothing to start again: it is not linked, or it was confirmed already."


@looks_and_owns
def confirm_company(request: HttpRequest, place: Place) -> HttpResponse:
    """The company that was linked; sent, it is the right one."""
    connection = place.accounting()
    if connection is None or connection.status != Status.LINKED:
        return redirect("desk:accounting", place.company.pk)
    linked = Linked(place.company, connection)
    form = ConfirmForm(
        request.POST if request.method == "POST" else None, place.company, linked.name if linked.has_a_name else ""
    )
    if request.method == "POST" and form.is_valid() and _is_accepted(request, linked, form):
        return redirect(hub_url(place.company.pk))
    shown = {"linked": linked, "connection": connection, "form": form, "name": chosen_name(connection)}
    return render(request, "portal/desk/setting_up/confirm.html", place.context(**shown, hub=hub_url(place.company.pk)))


@owns
def ask_company(request: HttpRequest, place: Place) -> HttpResponse:
    """Ask the accounting system once more who it is."""
    connection = place.accounting()
    if connection is not None and connection.status == Status.LINKED:
        try:
            ask_again(connection)
        except (IntegrationError, CannotLink, UnknownIntegration) as error:
            messages.error(request, str(error))
    return redirect("desk:confirm-company", place.company.pk)


@looks_and_owns
def start_again(request: HttpRequest, place: Place) -> HttpResponse:
    """End a link to the wrong company, there and here, and begin anew with the same accounting system."""
    connection = place.accounting()
    may = connection is not None and connection.status == Status.LINKED and connection.confirmed_at is None
    if request.method != "POST" or connection is None or not may:
        if request.method == "POST":
            messages.error(request, NOT_NOW)
        shown = {"connection": connection, "may": may, "unlink": unlink_url(place.company.pk)}
        name = chosen_name(connection) if connection else ""
        return render(request, "portal/desk/setting_up/start_again.html", place.context(**shown, name=name))
    _start_again(request, place, connection)
    return redirect("desk:accounting", place.company.pk)


def _is_accepted(request: HttpRequest, linked: Linked, form: ConfirmForm) -> bool:
    try:
        is_new = accept(
            linked, take_name=bool(form.cleaned_data.get("take_name")), who=request.user.get_username()
        )  # fmt: skip
    except Refused as error:
        form.blame_name(error)
        return False
    except CannotLink as error:
        form.add_error(None, str(error))
        return False
    if is_new:
        start_first_sync(request, linked.connection)
        messages.success(request, f"{linked.name or linked.company} is confirmed.")
    return True


def _start_again(request: HttpRequest, place: Place, connection: Connection) -> None:
    who = request.user.get_username()
    if left_to_do := end(connection, who=who, why=WRONG_COMPANY):
        messages.warning(request, left_to_do)
    connector = accounting_system(connection.integration)
    readable = {one.key for one in connector.metadata.settings if not one.secret and not one.of_installation}
    kept = {key: value for key, value in connection.settings.items() if key in readable}
    try:
        begin(place.company, connection.integration, who=who, settings=kept)
    except CannotLink as error:
        messages.error(request, str(error))
    else:
        messages.success(request, STARTED_AGAIN)
