"""The pages behind a connection's buttons: pause, resume, link again, each with a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from integrations.errors import IntegrationError
from portal.connections import services
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration
from portal.connections.relink import LINKABLE, CannotLink, relink
from portal.staff.asking import Question, ReasonForm, ask, form_data
from portal.staff.base import Button, StaffAdmin, name_of, row_url, say

CHANGE = "connections.change_connection"
PAUSE = Button(name="pause", label="Pause", permission=CHANGE)
RESUME = Button(name="resume", label="Resume", permission=CHANGE)
RELINK = Button(name="relink", label="Link again", permission=CHANGE)


class LinkPages(StaffAdmin[Connection]):
    """The buttons of a connection. What they do is in `portal.connections.services`."""

    buttons: Sequence[Button] = (PAUSE, RESUME, RELINK)

    def offers(self, button: Button, obj: Connection) -> bool:
        """Pause or resume, and a link where there is none."""
        if button is RELINK:
            return obj.status in LINKABLE
        return obj.paused is (button is RESUME)

    def pause(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """Stop sending, with a reason."""
        effects = (
            f"Nothing is sent to {obj.integration} for {obj.company} until somebody resumes it.",
            "Deliveries are still accepted and answered; their postings wait, and use up no try.",
            "This can be undone at any time.",
        )
        return self._with_reason(request, obj, "Pause", effects, services.pause, f"{obj} is paused.")

    def resume(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """Send again, with a reason."""
        effects = (f"What waits for {obj.company} is sent to {obj.integration} again, within seconds.",)
        return self._with_reason(request, obj, "Resume", effects, services.resume, f"{obj} is resumed.")

    def relink(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """Check the credentials and link again, with a reason."""
        effects = (
            f"{obj.integration} is asked now whether it accepts the stored credentials.",
            "If it does, the connection becomes Linked and what waits is sent. If it does not, nothing changes.",
        )
        return self._with_reason(request, obj, "Link again", effects, relink, f"{obj} is linked.")

    def _with_reason(
        self,
        request: HttpRequest,
        obj: Connection,
        title: str,
        effects: Sequence[str],
        service: Callable[..., object],
        done: str,
    ) -> HttpResponse:
        form = ReasonForm(form_data(request))
        if not form.is_valid():
            context = self.page_context(request, obj, title)
            question = Question(title=title, effects=effects, submit=title, cancel_url=row_url(obj), form=form)
            return ask(request, context, question)
        try:
            service(obj, who=name_of(request.user), why=form.cleaned_data["reason"])
        except (CannotLink, IntegrationError, UnknownIntegration) as error:
            say(request, str(error), level=messages.ERROR)
        else:
            say(request, done)
        return HttpResponseRedirect(row_url(obj))
