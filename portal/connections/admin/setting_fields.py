"""Form fields made from what a connector says of its settings: readable ones, and secrets that are never shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms

from integrations.metadata import Metadata, Setting
from portal.connections.access.addresses import lead_elsewhere
from portal.connections.models import Connection, IntegrationSettings
from portal.connections.setup import ANOTHER_ADDRESS
from portal.fields import Undecryptable

STORED: Final = "Stored, and never shown. Leave this empty to keep it; what you type replaces it."
NOT_STORED: Final = "Nothing is stored yet."

Keeper = Connection | IntegrationSettings


def stored_secrets(keeper: Keeper | None) -> dict[str, str] | None:
    """The secrets of a row; None when their key is lost, so that a person can type them in again."""
    try:
        return keeper.secrets if keeper else {}
    except Undecryptable:
        return None


def own_settings(metadata: Metadata) -> tuple[Setting, ...]:
    """What each connection gives; the rest is the installation's."""
    return tuple(one for one in metadata.settings if not one.of_installation)


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form whose row keeps settings and secrets; `asked` are those of its fields."""

    asked: tuple[Setting, ...] = ()

    def ask_for_secrets_again(self, cleaned: Mapping[str, Any]) -> None:
        """A stored secret is not sent to an address for which nobody has typed it in."""
        if self.instance._state.adding or not lead_elsewhere(self.instance.settings, self.settings()):
            return
        stored = stored_secrets(self.instance) or {}
        for one in self.asked:
            if one.secret and stored.get(one.key) and not cleaned.get(name_of_field(one)):
                self.add_error(name_of_field(one), ANOTHER_ADDRESS.format(label=one.label.lower()))

    def settings(self) -> dict[str, str]:
        """The settings as they shall be; what the form does not know stays."""
        return {**self.instance.settings, **self._values("setting")}

    def secrets(self) -> dict[str, str]:
        """The secrets as they shall be: an empty field keeps what is stored."""
        typed = {key: value for key, value in self._values("secret").items() if value}
        return {**(stored_secrets(self.instance) or {}), **typed}

    def _values(self, family: str) -> dict[str, str]:
        prefix = f"{family}__"
        return {
            name.removeprefix(prefix): str(value).strip()
            for name, value in self.cleaned_data.items()
            if name.startswith(prefix)
        }


def name_of_field(setting: Setting) -> str:
    """The name of a setting's field in the form."""
    return f"{'secret' if setting.secret else 'setting'}__{setting.key}"


def fields_for(asked: Iterable[Setting], keeper: Keeper | None, *, may_be_empty: bool) -> dict[str, forms.Field]:
    """The fields of these settings by name, filled with what the row has."""
    return {
        name_of_field(one): (_secret_field if one.secret else _setting_field)(one, keeper, may_be_empty=may_be_empty)
        for one in asked
    }


def _setting_field(setting: Setting, keeper: Keeper | None, *, may_be_empty: bool) -> forms.Field:
    stored: Mapping[str, Any] = keeper.settings if keeper else {}
    shared: dict[str, Any] = {
        "label": setting.label,
        "help_text": setting.help,
        "required": setting.required and not may_be_empty,
        "initial": stored.get(setting.key, setting.default),
    }
    if setting.choices:
        return forms.ChoiceField(choices=setting.choices, **shared)
    if setting.is_long:
        area = forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField code"})
        return forms.CharField(max_length=20_000, widget=area, **shared)
    return forms.CharField(max_length=2000, widget=forms.TextInput(attrs={"class": "vTextField"}), **shared)


def _secret_field(setting: Setting, keeper: Keeper | None, *, may_be_empty: bool) -> forms.Field:
    stored = bool((stored_secrets(keeper) or {}).get(setting.key))
    return forms.CharField(
        label=setting.label,
        help_text=" ".join(filter(None, (setting.help, STORED if stored else NOT_STORED))),
        required=setting.required and not stored and not may_be_empty,
        max_length=4000,
        widget=forms.PasswordInput(render_value=False, attrs={"class": "vTextField", "autocomplete": "new-password"}),
    )
