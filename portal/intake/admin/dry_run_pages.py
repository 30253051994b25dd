"""The dry run of a pasted body for staff, behind a button of an endpoint."""

from __future__ import annotations

from typing import Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from integrations.documents import Kind
from portal.connections.admin.endpoints import EndpointAdmin
from portal.connections.models import Connection, Endpoint
from portal.connections.services import accounting_connection
from portal.intake.dry_running import CannotRun, dry_run_of_body
from portal.postings.admin.preview_pages import TEMPLATE, sections_of
from portal.staff.asking import Question, ask, form_data
from portal.staff.base import Button, row_url
from portal.staff.sections import Section

DRY_RUN: Final = Button(name="dry_run", label="Dry run of a body", permission="postings.view_posting")
EFFECTS: Final = (
    "The body is read as a delivery to this endpoint would be; nothing of it is kept.",
    "The accounting system is asked what it needs to know, and nothing is written there.",
)


class BodyForm(forms.Form):
    """A body as the source would send it."""

    body = forms.CharField(
        label="Body",
        strip=False,
        help_text="JSON, as the source sends it. It has the company’s id in it, or none.",
        widget=forms.Textarea(attrs={"rows": 20, "class": "vLargeTextField", "spellcheck": "false"}),
        error_messages={"required": "Paste a body."},
    )


class DryRunPages(EndpointAdmin):
    """The page behind the button `DRY_RUN`."""

    def dry_run(self, request: HttpRequest, obj: Endpoint) -> HttpResponse:
        """Ask for a body, then show what would become of it."""
        form = BodyForm(form_data(request))
        context = self.page_context(request, obj, DRY_RUN.label)
        if form.is_valid() and (sections := _sections(obj, form)) is not None:
            return TemplateResponse(request, TEMPLATE, {**context, "sections": sections, "back_url": request.path})
        question = Question(
            title=DRY_RUN.label, effects=EFFECTS, submit=DRY_RUN.label, cancel_url=row_url(obj), form=form
        )
        return ask(request, context, question)


def _sections(endpoint: Endpoint, form: BodyForm) -> list[Section] | None:
    """None where the body cannot be read: then the form says why."""
    # A browser sends line breaks in a form as two characters; between the members of JSON they mean nothing.
    body = form.cleaned_data["body"].encode()
    connection: Connection = endpoint.connection
    try:
        run = dry_run_of_body(connection, body, Kind(endpoint.kind) if endpoint.kind else None)
    except CannotRun as error:
        form.add_error("body", f"{error.field}: {error.message}" if error.field else error.message)
        return None
    accounting = accounting_connection(connection.company)
    return sections_of(run, accounting or connection, shows_body=True)
