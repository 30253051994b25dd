"""What sends transactions to a company."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.desk.access import Place, looks
from portal.desk.sources.cards import cards


@looks
def sources_page(request: HttpRequest, place: Place) -> HttpResponse:
    """Every source that is installed; where there is but one, its own page."""
    found = cards(place.company.pk, place.sources())
    if len(found) == 1:
        return redirect(found[0].href)
    return render(request, "portal/desk/sources/sources.html", place.context(cards=found))
