"""The accounting system of a company: where it stands, and which one it is to be."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from portal.connections.access.linked import CannotLink
from portal.connections.access.visits import is_linked_by_visit
from portal.connections.beginning import begin
from portal.connections.choosing import Offer, chosen_name, offer
from portal.connections.models import Connection, Status
from portal.connections.registry import UnknownIntegration, accounting_system, accounting_systems
from portal.connections.services import abilities
from portal.desk.access import Place, looks, looks_and_owns
from portal.desk.setting_up.accepting import Linked
from portal.desk.setting_up.elsewhere import hub_url, unlink_url
from portal.desk.setting_up.keeping import KeepingForm
from portal.desk.setting_up.telling import Shown, is_read, is_written
from portal.tenants.companies import LONGEST_NAME

NOT_CHOSEN: Final = "Choose one of the accounting systems on this page."
WAITS: Final = (Status.BLANK, Status.PENDING_AUTH)


@looks
def accounting(request: HttpRequest, place: Place) -> HttpResponse:
    """How the company's accounting system stands, and what can be done about it."""
    connection = place.accounting()
    standing = _standing(place, connection) if connection else {}
    shown = place.context(connection=connection, unlink=unlink_url(place.company.pk), **standing)
    return render(request, "portal/desk/setting_up/accounting.html", shown)


@looks_and_owns
def choose(request: HttpRequest, place: Place) -> HttpResponse:
    """Every accounting system that is offered; sent, the chosen one is begun."""
    connection, found = place.accounting(), offer(place.company.pk)
    if request.method == "POST" and (begun := _begun(request, place, found)):
        return begun
    wanted = request.GET.get("q", "").strip()[:LONGEST_NAME]
    cards = [Shown(card) for card in found.cards if card.answers_to(wanted)]
    shown = {"cards": cards, "offered": len(found.cards), "failures": found.failures, "wanted": wanted}
    linked = connection if connection and connection.status not in WAITS else None
    chosen = connection if connection and connection.status in WAITS else None
    return render(
        request, "portal/desk/setting_up/choose.html",
        place.context(
            **shown, linked=linked, chosen=chosen, unlink=unlink_url(place.company.pk),
            name=chosen_name(connection) if connection else "", hub=hub_url(place.company.pk),
        ),
    )  # fmt: skip


@require_GET
def vendor_page(request: HttpRequest, integration: str, page: str) -> HttpResponse:
    """On to the vendor's own page of help, or of support: no page of ours leads outside by itself."""
    connector = accounting_systems().get(integration)
    told = connector.metadata if connector else None
    url = {"help": told.help_url, "support": told.support_url}.get(page, "") if told else ""
    if not url:
        raise Http404("There is no such page.")
    return HttpResponseRedirect(url)


def _begun(request: HttpRequest, place: Place, found: Offer) -> HttpResponse | None:
    """None with the reason among the messages, where nothing was begun."""
    card = found.find(request.POST.get("system", ""))
    if card is None or not card.can.kinds:
        messages.error(request, NOT_CHOSEN)
        return None
    try:
        begin(place.company, card.integration, who=request.user.get_username(), settings=card.settings)
    except CannotLink as error:
        messages.error(request, str(error))
        return None
    return redirect("desk:authorise", place.company.pk)


def _standing(place: Place, connection: Connection) -> dict[str, object]:
    try:
        can, told = abilities(connection), accounting_system(connection.integration).metadata
    except UnknownIntegration:
        return {"name": connection.integration}
    return {
        "name": chosen_name(connection), "metadata": told, "reads": is_read(can), "writes": is_written(can),
        "keeping": KeepingForm(None, connection), "there": Linked(place.company, connection),
        "by_visit": is_linked_by_visit(connection),
    }  # fmt: skip
