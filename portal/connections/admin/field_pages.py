"""Reading a source's field lists, and choosing the names of its fields from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from integrations.errors import IntegrationError
from portal.connections import field_lists
from portal.connections.admin.hook_pages import HookPages
from portal.connections.field_list_form import DOUBTFUL, FieldNamesForm, said_of
from portal.connections.models import Connection, Status
from portal.staff.asking import CONFIRMED, Question, SureForm, ask, form_data, is_confirmed
from portal.staff.base import Button, name_of, row_url, say
from portal.staff.formats import moment
from portal.staff.sections import Fact, Section, Table

CHANGE: Final = "connections.change_connection"
READ: Final = Button(name="read_fields", label="Read field list", permission=CHANGE)
NAMES: Final = Button(name="field_names", label="Names of fields", permission=CHANGE)
EFFECTS: Final = (
    "{source} is asked now which fields its records have. Nothing is written there.",
    "What it tells is kept, and offered where the names of fields are chosen.",
)
WAS_READ: Final = "The field list was read. Look at the names that are in force, and choose others where they differ."
NOT_DESCRIBED: Final = "{source} describes no fields to this user: the names can be typed in instead."
SAVED: Final = "Saved. Records that could not be taken are tried again with these names by themselves."
ALL_FOUND: Final = "All are the usual ones, and in the list."
NOTHING_HIDDEN: Final = "Nothing, as far as it has told."


class FieldPages(HookPages):
    """The two buttons of a source whose fields have names of their own. What they do is in `field_lists`."""

    def offers_fields(self, button: Button, obj: Connection) -> bool:
        """Reading needs a link; choosing does not."""
        if not field_lists.has_field_lists(obj):
            return False
        return obj.status == Status.LINKED if button is READ else obj.status != Status.UNLINKED

    def read_fields(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """Ask the source, then on to the names."""
        if not field_lists.has_field_lists(obj):
            return self._has_none(request, obj, READ.label)
        if not is_confirmed(request):
            effects = [one.format(source=obj.integration) for one in EFFECTS]
            question = Question(
                title=READ.label, effects=effects, submit=READ.label, cancel_url=row_url(obj), form=SureForm()
            )
            return ask(request, self.page_context(request, obj, READ.label), question)
        try:
            found = field_lists.read(obj, who=name_of(request.user))
        except IntegrationError as error:
            say(request, error.message, level=messages.ERROR)
            return HttpResponseRedirect(row_url(obj))
        if any(one.fields for one in found.values()):
            say(request, WAS_READ)
        else:
            say(request, NOT_DESCRIBED.format(source=obj.integration), level=messages.WARNING)
        return HttpResponseRedirect(self.button_url(obj, NAMES))

    def field_names(self, request: HttpRequest, obj: Connection) -> HttpResponse:
        """The form with the names in force, and what can be chosen instead."""
        if not field_lists.has_field_lists(obj):
            return self._has_none(request, obj, NAMES.label)
        form = FieldNamesForm(form_data(request), connection=obj)
        if form.is_valid() and form.save(who=name_of(request.user)):
            say(request, SAVED)
            return HttpResponseRedirect(row_url(obj))
        context = {
            **self.page_context(request, obj, NAMES.label),
            "form": form,
            "read_at": moment(field_lists.read_at(obj)),
            "read_url": self.button_url(obj, READ) if self.offers_fields(READ, obj) else "",
            "confirmed": CONFIRMED,
        }
        return TemplateResponse(request, "admin/connections/connection/field_names.html", context)

    def _has_none(self, request: HttpRequest, obj: Connection, title: str) -> HttpResponse:
        """A page that only explains."""
        effects = (f"{obj.integration} has no field list: the names of its fields are the same everywhere.",)
        question = Question(title=title, effects=effects, submit="", cancel_url=row_url(obj), form=SureForm())
        return ask(request, self.page_context(request, obj, title), question)


def field_sections(connection: Connection) -> Sequence[Section]:
    """What the credentials hide, and how sure the names are; nothing where there are no field lists."""
    if not field_lists.has_field_lists(connection):
        return ()
    rows = [(one,) for one in field_lists.hidden(connection)]
    hidden = Table(head=("What it does not show",), rows=rows, empty=NOTHING_HIDDEN)
    return (Section(title="What its user sees", table=hidden), _names(connection))


def _names(connection: Connection) -> Section:
    """Those that somebody should look at, or has chosen: the rest is on the form."""
    rows = [
        (part.part.label, one.asked.label, one.value or one.found, said_of(one))
        for part in field_lists.parts(connection)
        for one in part.names
        if one.sureness in DOUBTFUL or one.value != one.asked.default
    ]
    return Section(
        title="Names of fields",
        facts=[Fact("Field list read", moment(field_lists.read_at(connection)))],
        table=Table(head=("Records", "What", "Name there", "How sure"), rows=rows, empty=ALL_FOUND),
    )
