"""The address of a connection to which its system sends webhooks of its own: made here, and shown once."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from portal.connections.access.hooks import hears_at_connection, issue_hook
from portal.connections.models import Connection, Status
from portal.staff.asking import Question, SureForm, ask, form_data
from portal.staff.base import Button, StaffAdmin, name_of, row_url
from portal.staff.formats import copyable

HOOK: Final = Button(name="hook", label="Webhook address", permission="connections.change_connection")
EFFECTS: Final = (
    "A new address is made, with a secret token in it. It is shown once and cannot be read again.",
    "An address that was made before is refused at once.",
    "What is sent there only makes Postroom ask the system itself; nothing that it says is believed.",
)
WHERE: Final = "Enter it in the other system as the address of its webhook."


class HookPages(StaffAdmin[Connection]):
    """The button of a connection whose system can call by itself. What it does is in `access.hooks`."""

    def offers_hook(self, obj: Connection) -> bool:
        """Where each connection has an address of its own."""
        return obj.status != Status.UNLINKED and hears_at_connection(obj)

    def hook(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """Make an address and show it once."""
        title, form = "Webhook address", SureForm(form_data(request))
        if not form.is_valid():
            question = Question(
                title=title, effects=EFFECTS, submit="Make an address", cancel_url=row_url(obj), form=form
            )
            return ask(request, self.page_context(request, obj, title), question)
        address = issue_hook(obj, who=name_of(request.user))
        context = {**self.page_context(request, obj, title), "token": copyable(address), "where": WHERE, "older": ()}
        return TemplateResponse(request, "admin/shown_once.html", context)
