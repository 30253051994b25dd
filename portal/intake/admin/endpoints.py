"""The button on an endpoint's page that captures its next request, and what was captured last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from portal.connections.models import Endpoint
from portal.intake import capturing
from portal.intake.admin.captures import capture_badge
from portal.intake.admin.dry_run_pages import DRY_RUN
from portal.intake.admin.test_call_pages import TEST_CALL, TestCallPages
from portal.intake.capturing import CannotCapture
from portal.intake.feeds.asking import is_fed
from portal.staff.asking import Question, SureForm, ask, form_data, is_confirmed
from portal.staff.base import Button, row_url, say
from portal.staff.formats import link, moment
from portal.staff.sections import Fact, Section

ARM: Final = "intake.arm_capture"
CAPTURE: Final = Button(name="capture", label="Capture next delivery", permission=ARM)
DISARM: Final = Button(name="disarm", label="Stop waiting", permission=ARM)
EFFECTS: Final = (
    "The next request to this endpoint’s URL is kept, whatever its method and its token.",
    "Kept are the raw body, the names of its headers with their values masked, and which of them had a live token.",
    "The caller is answered as always, and one request ends it.",
    f"It is deleted after {capturing.KEPT_DAYS} days.",
)


class MinutesForm(forms.Form):
    """For how long somebody waits."""

    minutes = forms.IntegerField(
        label="Wait for (minutes)", initial=capturing.MINUTES, min_value=1, max_value=capturing.LONGEST_MINUTES
    )


admin.site.unregister(Endpoint)


@admin.register(Endpoint)
class CapturingEndpointAdmin(TestCallPages):
    """The page of the room below, which knows no deliveries, with four buttons and a section more."""

    buttons: Any = (*TestCallPages.buttons, CAPTURE, DISARM, TEST_CALL, DRY_RUN)

    def offers(self, button: Button, obj: Endpoint) -> bool:
        """Only what makes sense now."""
        if button is TEST_CALL:
            return is_fed(obj.connection)
        if button not in (CAPTURE, DISARM):
            return super().offers(button, obj)
        latest = capturing.latest(obj)
        is_waiting = latest is not None and capturing.is_waiting(latest, timezone.now())
        return is_waiting if button is DISARM else obj.is_active and not is_waiting

    def sections(self, request: HttpRequest, obj: Endpoint) -> Sequence[Section]:
        """With what was captured last."""
        return [*super().sections(request, obj), *_captured(request, obj)]

    def capture(self, request: HttpRequest, obj: Endpoint) -> HttpResponse:
        """Ask for how long, then wait."""
        form = MinutesForm(form_data(request))
        if not form.is_valid():
            question = Question(
                title=CAPTURE.label, effects=EFFECTS, submit=CAPTURE.label, cancel_url=row_url(obj), form=form
            )
            return ask(request, self.page_context(request, obj, CAPTURE.label), question)
        user = request.user if request.user.is_authenticated else None
        minutes = form.cleaned_data["minutes"]
        try:
            capturing.arm(obj, user=user, minutes=minutes)
            say(request, f"The next request is captured, if one comes within {minutes} minutes.")
        except CannotCapture as error:
            say(request, error.message, level=messages.ERROR)
        return HttpResponseRedirect(row_url(obj))

    def disarm(self, request: HttpRequest, obj: Endpoint) -> HttpResponse:
        """Wait no longer."""
        if not is_confirmed(request):
            effects = ("No request is waited for any more. What was captured before stays for its time.",)
            question = Question(
                title=DISARM.label, effects=effects, submit=DISARM.label, cancel_url=row_url(obj), form=SureForm()
            )
            return ask(request, self.page_context(request, obj, DISARM.label), question)
        ended = capturing.disarm(obj, user=request.user if request.user.is_authenticated else None)
        say(request, "No request is waited for any more." if ended else "No request was waited for.")
        return HttpResponseRedirect(row_url(obj))


def _captured(request: HttpRequest, endpoint: Endpoint) -> list[Section]:
    latest = capturing.latest(endpoint)
    if latest is None or not request.user.has_perm(capturing.VIEW):
        return []
    facts = [
        Fact("State", capture_badge(latest, timezone.now())),
        Fact("Waits until", moment(latest.armed_until, seconds=True)),
        Fact("Captured", moment(latest.taken_at, seconds=True)),
        Fact("Token came in", latest.token_header),
        Fact("All of it", link(row_url(latest), str(latest))),
    ]
    return [Section(title="Captured request", facts=facts)]
