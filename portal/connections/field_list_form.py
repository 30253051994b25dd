"""The form in which people choose the names of a source's fields, for staff and customers alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from integrations.feeds import Field
from portal.connections.field_lists import NEEDED, ChosenName, PartOfForm, Sureness, choose, parts
from portal.connections.models import Connection

SAID: Final[Mapping[Sureness, str]] = {
    Sureness.FOUND: "In the list.",
    Sureness.ABSENT: "Not in the list: choose another one.",
    Sureness.UNVERIFIED: "Unverified: a guess until the field list has been read.",
    Sureness.PUBLISHED: "As the vendor has shown it.",
    Sureness.BY_ITSELF: "Found by itself: {found}.",
    Sureness.UNUSED: "Not looked at.",
}
DOUBTFUL: Final = frozenset({Sureness.UNVERIFIED, Sureness.ABSENT})
NONE: Final = "None: not looked at"
BY_ITSELF: Final = "As it was found: {found}"
GONE: Final = "{name} (not in the list)"


@dataclass(frozen=True, slots=True)
class Group:
    """The fields of the form that belong to one part, and why there is no list to choose from."""

    title: str
    why: str
    fields: tuple[forms.BoundField, ...]


class FieldNamesForm(forms.Form):
    """One field for each name of a connection's source: a choice where there is a list, else free text."""

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connection = connection
        self._parts = parts(connection)
        for part in self._parts:
            for one in part.names:
                self.fields[one.asked.key] = _field(one)

    def groups(self) -> Iterator[Group]:
        """The fields part by part."""
        for part in self._parts:
            yield Group(part.part.label, part.why, tuple(self[one.asked.key] for one in part.names))

    def save(self, *, who: str) -> bool:
        """Keep what was chosen; False where the list refuses a name, and then the form says which."""
        try:
            choose(self.connection, {key: str(value) for key, value in self.cleaned_data.items()}, who=who)
        except ValidationError as error:
            self.add_error(None, error)
            return False
        return True


def said_of(one: ChosenName) -> str:
    """How sure a name is, in a sentence."""
    return SAID[one.sureness].format(found=one.found)


def unverified(groups: list[PartOfForm]) -> int:
    """How many names are guesses, or are not in the list."""
    return sum(one.sureness in DOUBTFUL for part in groups for one in part.names)


def _field(one: ChosenName) -> forms.Field:
    shared: dict[str, Any] = {
        "label": one.asked.label,
        "help_text": said_of(one),
        "required": one.asked.is_needed,
        "error_messages": {"required": NEEDED},
        "initial": one.value,
    }
    if not one.offered:
        return forms.CharField(max_length=64, widget=forms.TextInput(attrs={"class": "vTextField code"}), **shared)
    return forms.ChoiceField(choices=list(_choices(one)), **shared)


def _choices(one: ChosenName) -> Iterator[tuple[str, str]]:
    if not one.asked.is_needed or not one.value:
        yield "", BY_ITSELF.format(found=one.found) if one.found else NONE
    if one.sureness is Sureness.ABSENT:
        yield one.value, GONE.format(name=one.value)
    for field in one.offered:
        yield _value(one, field), _label(field)


def _value(one: ChosenName, field: Field) -> str:
    """The name that is in force keeps its own letter case, so that it is the one that is chosen."""
    return one.value if field.name.casefold() == one.value.casefold() else field.name


def _label(field: Field) -> str:
    about = ", ".join(filter(None, (field.label, field.type)))
    return f"{field.name} ({about})" if about else field.name
