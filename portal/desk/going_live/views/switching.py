"""The switch: live, and back. Owners alone may press it, after they have read what will happen."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.desk.access import Place, looks_and_owns
from portal.desk.going_live.checklist import checklist_of
from portal.desk.sources.senders import senders_of
from portal.tenants import living
from portal.tenants.second_factor import would_need_second_factor

LIVE_NOW = (
    "{company} is live. What iCompleat was refused before, an administrator sends again there: open Posting failures "
    "and press Retry posting, for one document or for all."
)
READ_NOW = "{company} is live. Its sources are read from now on, the first time within a minute."
BACK_NOW = "{company} is not live any more. Deliveries are refused until it goes live again."
SECOND_FACTOR_FIRST = "Set up a second factor for your log-in first: owners of live companies need one."


class WhyForm(forms.Form):
    """Why it goes back."""

    why = forms.CharField(
        label="Reason",
        max_length=500,
        help_text="It is kept in the history, with your name.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": living.NO_REASON},
    )


@looks_and_owns
def go_live(request: HttpRequest, place: Place) -> HttpResponse:
    """What going live means, and the button."""
    needs_factor = would_need_second_factor(request.user, place.company.tenant)
    if request.method == "POST" and needs_factor:
        messages.error(request, SECOND_FACTOR_FIRST)
    elif request.method == "POST":
        try:
            if living.go_live(place.company, who=request.user.get_username()):
                said = READ_NOW if senders_of(place.sources()).only_reads else LIVE_NOW
                messages.success(request, said.format(company=place.company))
            return redirect("desk:set-up", place.company.pk)
        except living.CannotChange as error:
            for message in error.messages:
                messages.error(request, message)
    context = place.context(checklist=checklist_of(place), needs_factor=needs_factor)
    return render(request, "portal/desk/going_live/go_live.html", context)


@looks_and_owns
def not_live(request: HttpRequest, place: Place) -> HttpResponse:
    """What going back means, and why."""
    form = WhyForm(request.POST or None, auto_id="field-%s")
    if request.method == "POST" and form.is_valid():
        try:
            if living.back_to_not_live(place.company, who=request.user.get_username(), why=form.cleaned_data["why"]):
                messages.success(request, BACK_NOW.format(company=place.company))
            return redirect("desk:set-up", place.company.pk)
        except living.CannotChange as error:
            form.add_error(None, error.message)
    is_live = living.is_live(place.company, timezone.now())
    shown = place.context(form=form, is_live=is_live, senders=senders_of(place.sources()))
    return render(request, "portal/desk/going_live/not_live.html", shown)
