"""A call as the source would make it, pasted by staff: what would be understood of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from integrations.feeds import Call
from portal.connections.models import Endpoint
from portal.intake.admin.dry_run_pages import DryRunPages
from portal.intake.feeds.asking import is_fed
from portal.intake.feeds.trying import GONE, Understood, understood
from portal.postings.admin.preview_pages import TEMPLATE
from portal.staff.asking import Question, SureForm, ask, form_data
from portal.staff.base import Button, row_url
from portal.staff.formats import copyable, link
from portal.staff.sections import Fact, Section

TEST_CALL: Final = Button(name="test_call", label="Test a call", permission="connections.change_endpoint")
EFFECTS: Final = (
    "What would be understood of the call is shown. Nothing of it is kept, and the source is not asked.",
    "A real call is answered at once and is only a hint: the record that it names is read from its feed.",
)
NOT_FED: Final = "{integration} sends its documents themselves: paste one under Dry run of a body."
METHODS: Final = [(one, one) for one in ("POST", "PUT", "PATCH", "DELETE")]


class CallForm(forms.Form):
    """One call: all that a source could say."""

    method = forms.ChoiceField(choices=METHODS)
    query = forms.CharField(
        required=False, max_length=2000, help_text="What stands behind the question mark, such as module=invoice.",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )  # fmt: skip
    body = forms.CharField(
        required=False, strip=False, help_text="As it was captured, or as you expect it. It may be empty.",
        widget=forms.Textarea(attrs={"rows": 10, "class": "vLargeTextField", "spellcheck": "false"}),
    )  # fmt: skip

    def call(self) -> Call:
        """The call without its token."""
        query = dict(parse_qsl(self.cleaned_data["query"].lstrip("?"), keep_blank_values=True))
        return Call(method=self.cleaned_data["method"], query=query, body=self.cleaned_data["body"].encode())


class TestCallPages(DryRunPages):
    """The page behind the button `TEST_CALL`."""

    def test_call(self, request: HttpRequest, obj: Endpoint) -> HttpResponse:
        """Ask for a call, then show what it hints at."""
        context, form = self.page_context(request, obj, TEST_CALL.label), CallForm(form_data(request))
        effects: Sequence[str] = EFFECTS
        submit = TEST_CALL.label
        if not is_fed(obj.connection):
            effects, submit = (NOT_FED.format(integration=obj.connection.integration),), ""
        elif form.is_valid():
            sections = [_section(understood(obj.connection, form.call()))]
            return TemplateResponse(request, TEMPLATE, {**context, "sections": sections, "back_url": request.path})
        shown = form if submit else SureForm()
        question = Question(title=TEST_CALL.label, effects=effects, submit=submit, cancel_url=row_url(obj), form=shown)
        return ask(request, context, question)


def _section(found: Understood) -> Section:
    facts = [
        Fact("It would be answered", found.sentence, wide=True),
        Fact("Feed", found.feed.label if found.feed else "It names none that is read here"),
        Fact("Record", copyable(found.external_id)),
        Fact("Deleted", GONE if found.is_gone else "No", wide=found.is_gone),
        Fact("Known already", link(str(row_url(found.record)), str(found.record)) if found.record else "No"),
    ]
    return Section(title="What is understood", facts=facts)
