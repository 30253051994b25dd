"""The names that a source's fields have at one customer: chosen from what the source itself describes, checked, kept.

`read` asks the source, `parts` is the form that people see, `choose` keeps what they chose as settings of the
connection. Both the staff site and the customers' pages stand on this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.transaction import atomic

from integrations.feeds import FedSource, Field, FieldName, Part
from portal.connections.access.changes import settings_changed
from portal.connections.models import Connection, Status
from portal.connections.registry import sources
from portal.connections.told_fields import NOT_READ, FieldList, fed_source, known, parts_of, read, read_at
from portal.events.services import tell

__all__ = [
    "NOT_READ", "ChosenName", "FieldList", "PartOfForm", "Sureness", "choose", "has_field_lists", "hidden", "in_force",
    "known", "parts", "read", "read_at",
]  # fmt: skip

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
NOT_IN_LIST: Final = "{name} is not in the list of {part}. Choose a name that is."
NO_NAME: Final = "{name} cannot be a name there: letters, digits and underscores only, and no digit in front."
NEEDED: Final = "Choose a name: nothing can be read without it."
ENDED: Final = "The connection was unlinked: nothing of it can be changed any more."
CHANGED: Final = "The names of fields of {company} at {name} were changed."


class Sureness(StrEnum):
    """How sure it is that a name is right."""

    FOUND = "found"
    """The list has it."""
    ABSENT = "absent"
    """There is a list, and it has no such name."""
    UNVERIFIED = "unverified"
    """There is no list, and nobody has published the name."""
    PUBLISHED = "published"
    """There is no list, but the vendor has shown the name."""
    BY_ITSELF = "by_itself"
    """Nobody has given a name, and the source was found to have one."""
    UNUSED = "unused"
    """It has no name: it is not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenName:
    """One name as it is in force. `offered` are the fields to choose from; none where there is no list. `found` is what
    counts while no name is given, where the source was found to have it."""

    asked: FieldName
    value: str
    sureness: Sureness
    offered: tuple[Field, ...]
    found: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOfForm:
    """The names of one part. `why` says why there is no list to choose from; empty where there is one."""

    part: Part
    why: str
    names: tuple[ChosenName, ...]


def has_field_lists(connection: Connection) -> bool:
    """Whether names can be chosen for this connection at all."""
    found = sources().get(connection.integration)
    return isinstance(found, FedSource) and bool(found.field_names)


def hidden(connection: Connection) -> list[str]:
    """One sentence for each feed that the credentials do not show, as far as the source has told; none elsewhere."""
    source = sources().get(connection.integration)
    if not isinstance(source, FedSource):
        return []
    labels = {feed.name: feed.label for feed in source.feeds}
    return [f"{labels.get(name, name)}: {why}" for name, why in source.hidden(connection.told).items()]


def parts(connection: Connection) -> list[PartOfForm]:
    """The form, part by part: each name that is in force, how sure it is, and what can be chosen instead."""
    source, lists, values = fed_source(connection), known(connection), in_force(connection)
    found = source.found_names(connection.told)
    return [
        PartOfForm(
            part=part,
            why="" if lists[part.name].fields else lists[part.name].why,
            names=tuple(
                _chosen(one, values[one.key], lists[part.name], found.get(one.key, ""))
                for one in source.field_names
                if one.part == part.name
            ),
        )
        for part in parts_of(connection)
        if any(one.part == part.name for one in source.field_names)
    ]


def in_force(connection: Connection) -> dict[str, str]:
    """Every name by its key, as the settings say, else the default."""
    source = fed_source(connection)
    lines = dict(_lines(str(connection.settings.get(source.names_setting, ""))))
    return {one.key: _value(one, connection.settings, lines) for one in source.field_names}


def choose(connection: Connection, chosen: Mapping[str, str], *, who: str) -> None:
    """Keep these names by their keys; keys that are not among them stay as they are.

    Raises `ValidationError` with a sentence for each key whose name the list does not have, or cannot be one: then
    nothing was changed.
    """
    source, lists = fed_source(connection), known(connection)
    asked = [one for one in source.field_names if one.key in chosen]
    labels = {part.name: part.label.lower() for part in source.parts}
    names, problems = {}, {}
    for one in asked:
        try:
            names[one.key] = _checked(one, chosen[one.key].strip(), lists.get(one.part, FieldList()), labels[one.part])
        except ValidationError as error:
            problems[one.key] = error
    if problems:
        raise ValidationError(problems)
    _save(connection, names, who)


def _checked(asked: FieldName, name: str, found: FieldList, part: str) -> str:
    """The name in the spelling of the list."""
    if not name and asked.is_needed:
        raise ValidationError(NEEDED)
    if name and not NAME.fullmatch(name):
        raise ValidationError(NO_NAME.format(name=name[:40]))
    if not name or not found.fields:
        return name
    there = found.named(name)
    if there is None:
        raise ValidationError(NOT_IN_LIST.format(name=name[:40], part=part))
    return there.name


def _save(connection: Connection, names: Mapping[str, str], who: str) -> None:
    with atomic():
        row = Connection.objects.select_for_update(no_key=True, of=("self",)).select_related("company").get(
            pk=connection.pk
        )  # fmt: skip
        if row.status == Status.UNLINKED:
            raise ValidationError(ENDED)
        before, row.settings = row.settings, {**row.settings, **_settings(row, names)}
        if changed := sorted(key for key, value in row.settings.items() if value != before.get(key, "")):
            row.told_at = None  # so that it is asked anew: what may be relied on follows from the names
            row.save(update_fields=["settings", "told_at"])
            settings_changed(row, before, who=who)
            _tell(row, changed, who)
    connection.refresh_from_db()


def _settings(connection: Connection, names: Mapping[str, str]) -> dict[str, str]:
    """The settings that hold these names: only what is not the default has a line."""
    source, values = fed_source(connection), {**in_force(connection), **names}
    own = {one.setting: values[one.key] for one in source.field_names if one.setting}
    lines = [
        f"{one.key} = {values[one.key]}"
        for one in source.field_names
        if not one.setting and values[one.key] != one.default
    ]
    return {**own, source.names_setting: "\n".join(lines)}


def _chosen(asked: FieldName, value: str, there: FieldList, found: str) -> ChosenName:
    offered = tuple(one for one in there.fields if not (asked.is_written and one.is_writable is False))
    sureness = Sureness.BY_ITSELF if found and not value else _sureness(asked, value, there)
    return ChosenName(asked=asked, value=value, sureness=sureness, offered=offered, found=found)


def _sureness(asked: FieldName, value: str, found: FieldList) -> Sureness:
    if not value:
        return Sureness.UNUSED
    if found.fields:
        return Sureness.FOUND if found.named(value) else Sureness.ABSENT
    return Sureness.UNVERIFIED if asked.is_guess or value != asked.default else Sureness.PUBLISHED


def _value(asked: FieldName, settings: Mapping[str, Any], lines: Mapping[str, str]) -> str:
    if asked.setting:
        return str(settings.get(asked.setting) or asked.default)
    return lines.get(asked.key, asked.default)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, equals, value = (part.strip() for part in line.partition("="))
        if equals:
            yield key, value


def _tell(connection: Connection, changed: list[str], who: str) -> None:
    company = connection.company
    message = CHANGED.format(company=company, name=fed_source(connection).metadata.name)
    tell(
        "connection.changed", message, who=who, subject=connection, tenant_id=company.tenant_id, company_id=company.pk,
        settings=changed, secrets=[],
    )  # fmt: skip
