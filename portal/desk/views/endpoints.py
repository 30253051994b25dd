"""The addresses that iCompleat sends to: opened, given a token, and watched at their first delivery."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.connections import tokens
from portal.connections.models import Endpoint
from portal.desk.access import Place, acts, looks
from portal.desk.captured import Captured
from portal.desk.inbound import endpoints_of, inbound_of, open_missing
from portal.desk.syncing import person
from portal.intake import capturing

DISCOVERY_HOURS = 24
ARMED = "The next call to this address is kept as it comes. Send something from iCompleat."


class PasteForm(forms.Form):
    """A token that iCompleat generated."""

    token = forms.CharField(
        label="Token from iCompleat",
        max_length=500,
        help_text=f"At least {tokens.SHORTEST} characters, better {tokens.ADVISED} or more. It is not shown again.",
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
    )


@acts
def endpoints_open(request: HttpRequest, place: Place) -> HttpResponse:
    """Open an address for each kind that has none."""
    connection = place.source()
    if connection is None:
        messages.error(request, "First link iCompleat: the company's id decides which deliveries are yours.")
        return redirect("desk:source", place.company.pk)
    if open_missing(connection, who=request.user.get_username()):
        messages.success(request, "The addresses are open. Each refuses everything until it has a token.")
    return redirect("desk:source", place.company.pk)


@looks
def endpoint_page(request: HttpRequest, place: Place, endpoint_id: UUID) -> HttpResponse:
    """One address: its tokens, the clicks to make in iCompleat, and what its next delivery looks like."""
    return _page(request, place, _own(place, endpoint_id), PasteForm(auto_id="field-%s"))


@acts
def endpoint_token(request: HttpRequest, place: Place, endpoint_id: UUID) -> HttpResponse:
    """Make a token and show it once, or take over one that iCompleat made."""
    endpoint = _own(place, endpoint_id)
    if "token" in request.POST:
        return _pasted(request, place, endpoint)
    if request.POST.get("newest", "") != inbound_of(endpoint).newest:
        messages.warning(request, "A token was made meanwhile, so nothing was done. Look at the tokens below.")
        return redirect("desk:endpoint", place.company.pk, endpoint_id)
    token = tokens.issue_token(endpoint, who=request.user.get_username())
    return render(request, "portal/desk/token.html", place.context(each=inbound_of(endpoint), token=token))


@acts
def endpoint_discovery(request: HttpRequest, place: Place, endpoint_id: UUID) -> HttpResponse:
    """For a day, accept a live token in any header and keep that header's name."""
    endpoint = _own(place, endpoint_id)
    tokens.open_discovery(endpoint, minutes=DISCOVERY_HOURS * 60, who=request.user.get_username())
    messages.success(request, f"For {DISCOVERY_HOURS} hours the token is looked for in every header.")
    return redirect("desk:endpoint", place.company.pk, endpoint_id)


@acts
def endpoint_capture(request: HttpRequest, place: Place, endpoint_id: UUID) -> HttpResponse:
    """Keep the next call as it comes, or wait for none any more."""
    endpoint = _own(place, endpoint_id)
    if "stop" in request.POST:
        capturing.disarm(endpoint, user=person(request))
        return redirect("desk:endpoint", place.company.pk, endpoint_id)
    try:
        capturing.arm(endpoint, user=person(request))
    except capturing.CannotCapture as error:
        messages.error(request, error.message)
    else:
        messages.success(request, ARMED)
    return redirect("desk:endpoint", place.company.pk, endpoint_id)


@looks
def endpoint_captured(request: HttpRequest, place: Place, endpoint_id: UUID) -> HttpResponse:
    """The part of the page that waits for the next delivery."""
    return render(request, "portal/desk/capture.html", _shown(request, place, _own(place, endpoint_id)))


def _own(place: Place, endpoint_id: UUID) -> Endpoint:
    """Raises `Http404` for an endpoint that is not this company's, or closed."""
    endpoint = endpoints_of(place.source()).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise Http404("There is no such address.")
    return endpoint


def _pasted(request: HttpRequest, place: Place, endpoint: Endpoint) -> HttpResponse:
    form = PasteForm(request.POST, auto_id="field-%s")
    if form.is_valid():
        try:
            warning = tokens.paste_token(endpoint, form.cleaned_data["token"], who=request.user.get_username())
        except ValidationError as error:
            form.add_error("token", error)
        else:
            say = messages.warning if warning else messages.success
            say(request, warning or "The token is stored.")
            return redirect("desk:endpoint", place.company.pk, endpoint.pk)
    return _page(request, place, endpoint, form)


def _page(request: HttpRequest, place: Place, endpoint: Endpoint, form: PasteForm) -> HttpResponse:
    return render(request, "portal/desk/endpoint.html", {**_shown(request, place, endpoint), "form": form})


def _shown(request: HttpRequest, place: Place, endpoint: Endpoint) -> dict[str, object]:
    captured = Captured.of(endpoint, request.user)
    return place.context(each=inbound_of(endpoint), captured=captured, hours=DISCOVERY_HOURS)
