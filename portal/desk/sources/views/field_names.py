"""The names of a source's fields: its list is read, and what is right for this company is chosen from it."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from integrations.errors import IntegrationError
from portal.connections.field_list_form import FieldNamesForm, unverified
from portal.connections.field_lists import has_field_lists, known, parts, read, read_at
from portal.connections.models import Connection
from portal.desk.access import Place, acts, looks_and_acts
from portal.desk.sources.fed import linked
from portal.desk.words import source_name

READ: Final = "The field list was read: {found} names. Look below whether each is the right one, then save."
NOTHING: Final = "It describes none of its fields. Type the names as its support tells them."


@looks_and_acts
@linked
def fed_fields(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """The names that are in force; sent, those that the list has are kept."""
    if not has_field_lists(connection):
        raise Http404("It has no names to choose.")
    form = _form(request.POST if request.method == "POST" else None, connection)
    if request.method == "POST" and form.is_valid() and form.save(who=request.user.get_username()):
        messages.success(request, "Saved. What is read from now on is read by these names.")
        return redirect("desk:fed-fields", place.company.pk, connection.integration)
    shown = {
        "connection": connection, "source_name": source_name(connection.integration), "form": form,
        "groups": list(form.groups()), "read_at": read_at(connection), "unverified": unverified(parts(connection)),
    }  # fmt: skip
    return render(request, "portal/desk/sources/fields.html", place.context(**shown))


@acts
@linked
def fed_fields_read(request: HttpRequest, place: Place, connection: Connection) -> HttpResponse:
    """Ask the source for its field list, now."""
    try:
        read(connection, who=request.user.get_username())
    except IntegrationError as error:
        messages.error(request, error.message)
    else:
        found = sum(len(one.fields) for one in known(connection).values())
        messages.success(request, READ.format(found=found)) if found else messages.warning(request, NOTHING)
    return redirect("desk:fed-fields", place.company.pk, connection.integration)


def _form(data: Any, connection: Connection) -> FieldNamesForm:
    return FieldNamesForm(data, connection=connection, auto_id="field-%s")
