"""The pages behind a connection's buttons: pause, resume, authorise, link again, survey, unlink."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from integrations.base import System
from integrations.errors import IntegrationError
from portal.connections import services
from portal.connections.access.ending import end
from portal.connections.access.visits import is_linked_by_visit
from portal.connections.admin.field_pages import NAMES, READ, FieldPages
from portal.connections.admin.hook_pages import HOOK
from portal.connections.models import Connection, Side, Status
from portal.connections.registry import UnknownIntegration, system
from portal.connections.relink import LINKABLE, CannotLink, relink
from portal.connections.surveying import survey
from portal.connections.views import NEXT
from portal.staff.asking import Question, ReasonForm, SureForm, ask, form_data, is_confirmed
from portal.staff.base import Button, name_of, row_url, say, user_of

CHANGE: Final = "connections.change_connection"
PAUSE: Final = Button(name="pause", label="Pause", permission=CHANGE)
RESUME: Final = Button(name="resume", label="Resume", permission=CHANGE)
AUTHORISE: Final = Button(name="authorise", label="Authorise", permission=CHANGE)
RELINK: Final = Button(name="relink", label="Link again", permission=CHANGE)
SURVEY: Final = Button(name="survey", label="Survey", permission=CHANGE)
UNLINK: Final = Button(name="unlink", label="Unlink", permission=CHANGE)


class LinkPages(FieldPages):
    """The buttons of a connection. What they do is in `portal.connections.services` and beside it."""

    buttons: Sequence[Button] = (PAUSE, RESUME, AUTHORISE, RELINK, SURVEY, READ, NAMES, HOOK, UNLINK)

    def offers(self, button: Button, obj: Connection) -> bool:
        """Pause or resume, and a link where there is none: by a visit where it is linked so."""
        if button is AUTHORISE:
            return obj.status != Status.UNLINKED and is_linked_by_visit(obj)
        if button is RELINK:
            return obj.status in LINKABLE and (bool(obj.external_company_id) or not is_linked_by_visit(obj))
        if button is SURVEY:
            return obj.status == Status.LINKED and _tells_something(obj)
        if button in (READ, NAMES):
            return self.offers_fields(button, obj)
        if button is HOOK:
            return self.offers_hook(obj)
        if button is UNLINK:
            return obj.status != Status.UNLINKED
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

    def authorise(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """Explain the visit; the form leads to the door of all visits."""
        name = system(obj.integration).metadata.name
        effects = (
            f"You go to {name} and sign in there as somebody who may speak for {obj.company}.",
            "When you are back, it is asked who was authorised, and the connection is linked to that company.",
            "A connection that was linked before stays with its company over there. Nothing else changes.",
        )
        question = Question(
            title="Authorise", effects=effects, submit="Authorise", cancel_url=row_url(obj), form=SureForm(),
            action=reverse("connections:depart", args=[obj.pk]), hidden=((NEXT, row_url(obj)),),
        )  # fmt: skip
        return ask(request, self.page_context(request, obj, "Authorise"), question)

    def relink(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """Check the credentials and link again, with a reason."""
        effects = (
            f"{obj.integration} is asked now whether it accepts the stored credentials.",
            "If it does, the connection becomes Linked and what waits is sent. If it does not, nothing changes.",
        )
        return self._with_reason(request, obj, "Link again", effects, relink, f"{obj} is linked.")

    def survey(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """Ask what the system tells of itself, now."""
        if not is_confirmed(request):
            effects = (
                f"{obj.integration} is asked now what {obj.company} can do there. Nothing is written.",
                "If it says that the connection was ended there, it becomes Deauthorised and its postings wait.",
            )
            question = Question(
                title="Survey", effects=effects, submit="Survey", cancel_url=row_url(obj), form=SureForm()
            )
            return ask(request, self.page_context(request, obj, "Survey"), question)
        try:
            changed = survey(obj, who=name_of(request.user))
        except (IntegrationError, UnknownIntegration) as error:
            say(request, str(error), level=messages.ERROR)
        else:
            say(request, "Something has changed." if changed else "Nothing has changed.")
        return HttpResponseRedirect(row_url(obj))

    def unlink(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """End it for good, with a reason."""
        form = ReasonForm(form_data(request))
        if not form.is_valid():
            question = Question(
                title="Unlink", effects=_effects_of_the_end(obj), submit="Unlink", cancel_url=row_url(obj), form=form
            )
            return ask(request, self.page_context(request, obj, "Unlink"), question)
        left_to_do = end(obj, who=name_of(request.user), why=form.cleaned_data["reason"], user=user_of(request))
        say(request, f"{obj} is unlinked. Nothing is sent there any more.")
        if left_to_do:
            say(request, left_to_do, level=messages.WARNING)
        return HttpResponseRedirect(row_url(obj))

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


def _effects_of_the_end(connection: Connection) -> tuple[str, ...]:
    effects = (
        f"{connection.integration} is told where that is possible, and the credentials stored here are deleted.",
        "What waits for it is held for a person: nothing of it is ever sent. What is booked stays booked.",
        "This cannot be undone. To link the company again, a new connection is made.",
    )
    shut = "The addresses that it sends to are shut at once: what comes in there is refused, and its sender keeps it."
    return (shut, *effects) if connection.side == Side.SOURCE else effects


def _tells_something(connection: Connection) -> bool:
    try:
        return system(connection.integration).survey is not System.survey
    except UnknownIntegration:
        return False
