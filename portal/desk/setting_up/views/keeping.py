"""What becomes of the kinds that the accounting system cannot take."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.connections.keeping import keep
from portal.desk.access import Place, acts
from portal.desk.setting_up.keeping import KeepingForm

SAVED: Final = "Saved. It counts for what comes in from now on."
NOTHING: Final = "There is nothing to choose: the accounting system takes every kind, or none is chosen."
NOT_ONE: Final = "Nothing was saved: choose for each kind whether it is refused or kept."


@acts
def kept_kinds(request: HttpRequest, place: Place) -> HttpResponse:
    """Refuse or keep, for each of them."""
    connection = place.accounting()
    form = KeepingForm(request.POST, connection) if connection else None
    if connection is None or form is None or not form.kinds:
        messages.error(request, NOTHING)
    elif not form.is_valid():
        messages.error(request, NOT_ONE)
    elif keep(connection, form.kept, of=form.kinds, who=request.user.get_username()):
        messages.success(request, SAVED)
    else:
        messages.info(request, "Nothing was different.")
    return redirect("desk:accounting", place.company.pk)
