"""The page that asks before an amendment is decided, and then does it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.amending import tasks
from portal.amending.deciding import LABELS, choices, decide
from portal.amending.models import AmendmentDuty
from portal.amending.wording import effect_of
from portal.desk.access import Place, looks_and_decides
from portal.desk.amendments.shown import Shown
from portal.desk.repairs.finding import one_of
from portal.desk.repairs.forms import ReasonForm
from portal.postings.repair import CannotRepair


@looks_and_decides
def decide_page(request: HttpRequest, place: Place, public_id: UUID, amendment: int, choice: str) -> HttpResponse:
    """Ask before one decision; sent with a reason, it is done."""
    transaction, _ = one_of(place, public_id)
    duty = _duty(transaction.pk, amendment)
    if choice not in LABELS:
        raise Http404("There is no such decision.")
    possible = choice in choices(duty) and place.may_decide
    form = ReasonForm(request.POST if possible and request.method == "POST" else None)
    if form.is_valid():
        _carry_out(request, duty, choice, form.why_given)
        return redirect("desk:transaction", public_id)
    shown = {"transaction": transaction, "each": Shown(duty), "label": LABELS[choice], "possible": possible}
    shown |= {"effect": effect_of(duty, choice), "form": form, "may_decide": place.may_decide}
    return render(request, "portal/desk/amendments/decide.html", place.context(**shown))


def _duty(transaction_id: int, amendment: int) -> AmendmentDuty:
    rows = AmendmentDuty.objects.filter(posting__transaction=transaction_id, pk=amendment)
    found = rows.select_related("connection__company", "posting__transaction", "posting__connection__company").first()
    if found is None:
        raise Http404("There is no such amendment.")
    return found


def _carry_out(request: HttpRequest, duty: AmendmentDuty, choice: str, why: str) -> None:
    assert isinstance(request.user, User)  # noqa: S101 - the decorator lets nobody else in
    try:
        decide(duty.pk, choice, by=request.user, why=why)
    except CannotRepair as error:
        messages.error(request, error.message)
        return
    tasks.ring_due()
    messages.success(request, f"{LABELS[choice]}: {duty}.")
