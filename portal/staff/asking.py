"""Pages that ask before something is done: what will happen, to how many, whether it can be undone, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from portal.staff.sections import Section

CONFIRMED: Final = "confirmed"


class ReasonForm(forms.Form):
    """Nothing that staff change by hand is changed without a reason."""

    reason = forms.CharField(
        label="Reason",
        help_text="Why you do this. It is kept in the history with your name, and others read it.",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        error_messages={"required": "Give a reason."},
    )


class SureForm(forms.Form):
    """Where being asked is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One confirm page.

    `effects` are plain sentences: what will happen, to how many, and whether it can be undone. `hidden` goes back with
    the form. Without `submit` there is nothing to confirm and the page only explains. `danger` colours the button.
    """

    title: str
    effects: Sequence[str]
    submit: str
    cancel_url: str
    form: forms.Form
    action: str = ""
    sections: Sequence[Section] = ()
    hidden: Sequence[tuple[str, str]] = field(default=())
    danger: bool = False


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the confirm page itself was sent, with its form."""
    return request.method == "POST" and CONFIRMED in request.POST


def form_data(request: HttpRequest) -> Any:
    """The data for the page's form: None until the page itself was sent."""
    return request.POST if is_confirmed(request) else None


def ask(request: HttpRequest, context: dict[str, Any], question: Question) -> HttpResponse:
    """Show a confirm page. `context` is `StaffAdmin.page_context`."""
    return TemplateResponse(
        request,
        "admin/confirm.html",
        {**context, "title": question.title, "question": question, "confirmed": CONFIRMED},
    )
