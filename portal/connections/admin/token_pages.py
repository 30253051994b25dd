"""The pages behind an endpoint's buttons: make, paste and retire tokens, and find out in which header they come."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from portal.connections import tokens
from portal.connections.admin.hint_addresses import hint_sections
from portal.connections.models import Endpoint, EndpointToken
from portal.staff.asking import Question, SureForm, ask, form_data
from portal.staff.base import Button, StaffAdmin, name_of, row_url, say
from portal.staff.formats import copyable

CHANGE = "connections.change_endpoint"
ROTATE = Button(name="rotate", label="Rotate token", permission=CHANGE)
PASTE = Button(name="paste", label="Paste a token", permission=CHANGE)
RETIRE = Button(name="retire", label="Retire now", permission=CHANGE)
DISCOVERY = Button(name="discovery", label="Open discovery", permission=CHANGE)
DISCOVERY_MINUTES = 60
OVERLAP_HOURS = int(tokens.OVERLAP.total_seconds()) // 3600


class RotateForm(forms.Form):
    """Carries which token was the newest when the page was shown, so that a reload makes no second one."""

    newest = forms.CharField(widget=forms.HiddenInput, required=False)


class PasteForm(forms.Form):
    """A token that the source generated."""

    token = forms.CharField(
        label="Token",
        max_length=500,
        strip=True,
        widget=forms.PasswordInput(render_value=False, attrs={"class": "vTextField", "autocomplete": "off"}),
        help_text=f"At least {tokens.SHORTEST} characters, better {tokens.ADVISED} or more. It is not shown again.",
    )


class TokenPages(StaffAdmin[Endpoint]):
    """The buttons of an endpoint. What they do is in `portal.connections.tokens`."""

    buttons = (ROTATE, PASTE, RETIRE, DISCOVERY)

    def offers(self, button: Button, obj: Endpoint) -> bool:
        """Retiring has its place beside each token."""
        return button is not RETIRE

    def rotate(self, request: HttpRequest, obj: Endpoint) -> HttpResponse:
        """Make a token and show it once."""
        live = tokens.live_tokens(obj, timezone.now())
        newest = str(live[-1].pk) if live else ""
        form = RotateForm(form_data(request), initial={"newest": newest})
        if not form.is_valid():
            return self._ask(request, obj, "Rotate token", [*_effects(live), "This cannot be undone."], form)
        if form.cleaned_data["newest"] != newest:
            say(
                request,
                "A token was made meanwhile, so nothing was done. Look at the tokens below.",
                level=messages.WARNING,
            )
            return HttpResponseRedirect(row_url(obj))
        token = tokens.issue_token(obj, who=name_of(request.user))
        context = {
            **self.page_context(request, obj, "The new token"),
            "token": copyable(token),
            "where": "Enter it at the source as the token of this endpoint.",
            "older": _older(tokens.live_tokens(obj, timezone.now())[:-1]),
            "sections": hint_sections(obj, token),
        }
        return TemplateResponse(request, "admin/shown_once.html", context)

    def paste(self, request: HttpRequest, obj: Endpoint) -> HttpResponse:
        """Take over a token that the source made."""
        form = PasteForm(form_data(request))
        if form.is_valid():
            try:
                warning = tokens.paste_token(obj, form.cleaned_data["token"], who=name_of(request.user))
            except ValidationError as error:
                form.add_error("token", error)
            else:
                say(request, warning or "The token is stored.", level=messages.WARNING if warning else messages.SUCCESS)
                return HttpResponseRedirect(row_url(obj))
        live = tokens.live_tokens(obj, timezone.now())
        return self._ask(request, obj, "Paste a token", _effects(live), form, submit="Store the token")

    def retire(self, request: HttpRequest, obj: Endpoint) -> HttpResponse:
        """Refuse one token from now on."""
        number = (request.POST if request.method == "POST" else request.GET).get("token", "")
        token = obj.tokens.filter(pk=int(number)).first() if number.isascii() and number.isdigit() else None
        if token is None:
            raise Http404("There is no such token.")
        form = SureForm(form_data(request))
        if form.is_valid():
            tokens.retire_token(token, who=name_of(request.user))
            say(request, f"The token ending in {token.hint} is refused from now on.")
            return HttpResponseRedirect(row_url(obj))
        others = [one for one in tokens.live_tokens(obj, timezone.now()) if one.pk != token.pk]
        after = (
            "The other live token keeps working."
            if others
            else "No live token is left: every call is refused until there is one."
        )
        effects = (f"Calls with the token ending in {token.hint} are refused at once.", after, "This cannot be undone.")
        return self._ask(request, obj, "Retire a token", effects, form, hidden=(("token", str(token.pk)),), danger=True)

    def discovery(self, request: HttpRequest, obj: Endpoint) -> HttpResponse:
        """Find out in which header the source sends its token."""
        form = SureForm(form_data(request))
        if form.is_valid():
            tokens.open_discovery(obj, minutes=DISCOVERY_MINUTES, who=name_of(request.user))
            say(request, f"Discovery is open for {DISCOVERY_MINUTES} minutes.")
            return HttpResponseRedirect(row_url(obj))
        effects = (
            f"For {DISCOVERY_MINUTES} minutes a live token is accepted in any header.",
            "The first header that carries one is kept as this endpoint's token header, and discovery closes.",
            "It closes by itself; nothing has to be undone.",
        )
        return self._ask(request, obj, "Open discovery", effects, form)

    def _ask(
        self, request: HttpRequest, obj: Endpoint, title: str, effects: Sequence[str], form: forms.Form, *,
        submit: str = "", hidden: Sequence[tuple[str, str]] = (), danger: bool = False,
    ) -> HttpResponse:  # fmt: skip
        question = Question(
            title=title, effects=effects, submit=submit or title, cancel_url=row_url(obj), form=form, hidden=hidden,
            danger=danger,
        )  # fmt: skip
        return ask(request, self.page_context(request, obj, title), question)


def is_live(token: EndpointToken) -> bool:
    """Whether it is accepted now."""
    return token.retires_at is None or token.retires_at > timezone.now()


def _effects(live: Sequence[EndpointToken]) -> list[str]:
    """What a new token means for the ones that are live, oldest first."""
    effects = ["A new token is accepted at once. It is shown or typed once and cannot be read again."]
    surplus = live[: max(0, len(live) - (tokens.LIVE_AT_MOST - 1))]
    effects += [f"The token ending in {token.hint} is refused from then on: at most two are live." for token in surplus]
    return effects + _older(live[len(surplus) :])


def _older(live: Sequence[EndpointToken]) -> list[str]:
    return [
        f"The token ending in {token.hint} works for {OVERLAP_HOURS} hours more: change the source over in that time."
        if token.retires_at is None
        else f"The token ending in {token.hint} keeps working until it retires."
        for token in live
    ]
