"""Forms made from what a connector says of itself: readable settings, and secrets that are written but never shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from django import forms
from django.core.exceptions import ValidationError

from integrations.documents import Kind
from integrations.errors import Misconfigured
from integrations.feeds import FedSource
from integrations.metadata import Metadata
from portal.connections.admin.setting_fields import (
    SettingsForm,
    fields_for,
    name_of_field,
    own_settings,
    stored_secrets,
)
from portal.connections.models import KIND_CHOICES, Connection, Endpoint, Side
from portal.connections.narrowing import takes
from portal.connections.registry import UnknownIntegration, accounting_system, accounting_systems, source, sources
from portal.connections.services import accounting_connection

LINKED_ALREADY: Final = "{company} is linked to {integration} already: one active accounting system per company."
KEPT: Final = "Kinds that this system cannot take: keep them as numbered memo entries instead of refusing them."
NEEDED: Final = "This is needed, too, to ask there: fill in all of them, or leave all of them empty."
HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


def metadata_of(slug: str) -> Metadata | None:
    """What the installed integration with this slug says of itself; None when it is not installed (any more)."""
    try:
        return accounting_system(slug).metadata
    except UnknownIntegration:
        pass
    try:
        return source(slug).metadata
    except UnknownIntegration:
        return None


def side_of(slug: str) -> Side:
    """Whether we receive from it or post into it."""
    return Side.ACCOUNTING if slug in accounting_systems() else Side.SOURCE


def choices() -> list[tuple[Side, Metadata]]:
    """Every installed integration."""
    found = [(Side.SOURCE, one.metadata) for one in sources().values()]
    return found + [(Side.ACCOUNTING, cls.metadata) for cls in accounting_systems().values()]


class ConnectionForm(SettingsForm):
    """The part of the form that every integration shares. `form_for` adds the integration's own fields."""

    metadata: Metadata

    class Meta:
        model = Connection
        fields = ("company", "external_company_id", "external_company_name")

    def clean(self) -> dict[str, Any]:
        """One active accounting system per company."""
        cleaned = super().clean() or {}
        company = cleaned.get("company")
        into_the_books = side_of(self.metadata.slug) is Side.ACCOUNTING
        if company and self.instance._state.adding and into_the_books and (other := accounting_connection(company)):
            raise ValidationError({"company": LINKED_ALREADY.format(company=company, integration=other.integration)})
        if not into_the_books:
            self._all_or_none(cleaned)
            self._usable(cleaned)
        self.ask_for_secrets_again(cleaned)
        return cleaned

    def _usable(self, cleaned: Mapping[str, Any]) -> None:
        """What a source says against its settings stands at the field."""
        known = sources().get(self.metadata.slug)
        if not isinstance(known, FedSource):
            return
        try:
            known.check({key: str(cleaned.get(f"setting__{key}") or "") for key in self._keys()})
        except Misconfigured as error:
            name = f"setting__{error.field}"
            self.add_error(name if name in self.fields else None, error.message)

    def _keys(self) -> list[str]:
        return [one.key for one in self.asked if not one.secret]

    def _all_or_none(self, cleaned: Mapping[str, Any]) -> None:
        """What a source's own interface needs is given whole, or not at all."""
        stored = stored_secrets(self.instance) or {}
        needed = {name_of_field(one): one for one in self.asked if one.required}
        given = {name for name, one in needed.items() if cleaned.get(name) or (one.secret and stored.get(one.key))}
        for name in needed.keys() - given if given else ():
            self.add_error(name, NEEDED)


def form_for(metadata: Metadata, connection: Connection | None) -> type[ConnectionForm]:
    """A form class for one integration; `connection` is None while it is being added.

    A source sends without being asked: the settings of its own interface may stay empty, all of them together.
    """
    is_source = side_of(metadata.slug) is Side.SOURCE
    asked = own_settings(metadata)
    fields: dict[str, Any] = fields_for(asked, connection, may_be_empty=is_source)
    if not is_source:
        fields["kept_kinds"] = _kept_field(metadata.slug, connection)
    return type("ConnectionForm", (ConnectionForm,), {"metadata": metadata, "asked": asked, **fields})


def _kept_field(slug: str, connection: Connection | None) -> forms.MultipleChoiceField:
    taken = takes(slug, connection.taken_kinds) if connection else _taken_at_first(slug)
    return forms.MultipleChoiceField(
        required=False,
        choices=[(kind.value, kind.label) for kind in Kind if kind not in taken],
        initial=connection.kept_kinds if connection else [],
        widget=forms.CheckboxSelectMultiple,
        help_text=KEPT,
    )


def _taken_at_first(slug: str) -> frozenset[Kind]:
    """By the defaults of the settings; where a system tells what it takes only when it is linked, the most it may."""
    connector = accounting_system(slug)
    defaults = {one.key: one.default for one in connector.metadata.settings if not one.secret}
    return connector.can_for(defaults, {}).kinds or connector.can.kinds


class HeaderNamesField(forms.CharField):
    """HTTP header names, one on each line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 3, "class": "vTextField"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """A stored list as lines."""
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        """Lines as a list without blanks or repeats."""
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        return list(dict.fromkeys(stripped for line in lines if (stripped := str(line).strip().lower())))

    def validate(self, value: Iterable[str]) -> None:
        """Every line must be a header's name."""
        for name in value:
            if not HEADER_NAME.fullmatch(name):
                raise ValidationError(f"“{name}” is not the name of an HTTP header.")

    def run_validators(self, value: Any) -> None:
        """The text field's own validators do not fit a list."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether the list differs."""
        return bool(self.to_python(initial) != self.to_python(data))


class IndentedJSON(json.JSONEncoder):
    """JSON as people edit it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "indent": 2, "ensure_ascii": False})


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    """An endpoint's policy. Tokens have pages of their own."""

    token_header_names = HeaderNamesField(
        label="Token headers",
        help_text="Headers that may carry the token, one on each line. Empty: the source's default list.",
    )
    answer_template = forms.JSONField(
        label="Answer template",
        encoder=IndentedJSON,
        widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField code"}),
        help_text="A JSON object; {journal} stands for the journal number.",
    )

    kind = forms.ChoiceField(choices=[("", "All kinds"), *KIND_CHOICES], required=False)

    class Meta:
        model = Endpoint
        labels: ClassVar = {
            "is_active": "Open",
            "answer": "Answer policy",
            "answer_within_seconds": "Waits at most (seconds)",
        }
        help_texts: ClassVar = {"is_active": "A closed endpoint refuses everything, and its deliveries stay."}
        fields = (
            "connection", "kind", "is_active", "answer", "answer_within_seconds", "answer_template",
            "token_header_names",
        )  # fmt: skip
