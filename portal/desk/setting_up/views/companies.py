"""A new company, and another name for one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.connections.access.linked import CannotLink
from portal.connections.beginning import begin
from portal.connections.choosing import offer
from portal.desk.access import House, Place, house_looks_and_acts, looks_and_acts
from portal.desk.setting_up.forms import CompanyForm, NameForm
from portal.tenants import companies
from portal.tenants.models import Company
from portal.tenants.refusing import Refused


@house_looks_and_acts
def company_new(request: HttpRequest, house: House) -> HttpResponse:
    """Add a company; then its accounting system is chosen, unless there is only one."""
    form = CompanyForm(request.POST or None)
    made = _made(request, house, form) if request.method == "POST" and form.is_valid() else None
    if made is None:
        return render(request, "portal/desk/setting_up/company_new.html", house.context(form=form))
    if house.owns and _is_begun(made, request.user.get_username()):
        return redirect("desk:authorise", made.pk)
    return redirect("desk:choose" if house.owns else "desk:accounting", made.pk)


@looks_and_acts
def company_name(request: HttpRequest, place: Place) -> HttpResponse:
    """Give a company another name."""
    form = NameForm(request.POST if request.method == "POST" else None, place.company)
    if request.method == "POST" and form.is_valid():
        before = place.company.name
        try:
            companies.rename(place.company, form.cleaned_data["name"], who=request.user.get_username())
        except Refused as error:
            form.blame(error)
        else:
            messages.success(request, f"{before} is called {place.company.name} now.")
            return redirect("desk:company-name", place.company.pk)
    return render(request, "portal/desk/setting_up/company_name.html", place.context(form=form))


def _made(request: HttpRequest, house: House, form: CompanyForm) -> Company | None:
    given: dict[str, Any] = form.cleaned_data
    try:
        return companies.create(house.tenant, who=request.user.get_username(), **given)
    except Refused as error:
        form.blame(error)
        return None


def _is_begun(company: Company, who: str) -> bool:
    """Where there is nothing to choose, the one that there is."""
    found = offer(company.pk)
    if len(found.cards) != 1 or found.failures:
        return False
    [card] = found.cards
    try:
        begin(company, card.integration, who=who, settings=card.settings)
    except CannotLink:
        return False
    return True
