"""What pressing the button of an accounting system's form leads to, with the settings as they are typed in."""

from __future__ import annotations

from enum import StrEnum

from portal.connections.access.installation import of_installation
from portal.connections.access.visits import is_linked_by_visit
from portal.connections.models import Connection
from portal.connections.registry import accounting_systems
from portal.desk.settings_form import SettingsForm


class Way(StrEnum):
    """It is tested and linked; it is saved for a visit that comes next; or for one that is offered beside it."""

    FORM = "form"
    VISIT = "visit"
    KEPT = "kept"


def way_of(connection: Connection, form: SettingsForm | None) -> Way:
    """Of a form that was sent, once it was looked at; of one that was not, by what is stored."""
    if not is_by_visit(connection, form):
        return Way.FORM
    is_complete = form is None or not form.lacks_something
    return Way.KEPT if is_complete and is_linked_by_visit(connection) else Way.VISIT


def is_by_visit(connection: Connection, form: SettingsForm | None) -> bool:
    """Whether a person has to visit the accounting system."""
    if form is None:
        return is_linked_by_visit(connection)
    settings = {**form.settings(), **of_installation(connection.integration).settings}
    return accounting_systems()[connection.integration].is_linked_by_visit(settings)
