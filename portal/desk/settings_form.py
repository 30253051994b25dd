"""A customer's form of one integration, made from what its connector says of itself. Secrets are never shown."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from django import forms

from integrations.errors import IntegrationError, Unauthorised
from integrations.metadata import Metadata, Setting
from portal.connections.models import Connection
from portal.fields import Undecryptable

STORED: Final = "Stored, and never shown. Leave this empty to keep it; what you type replaces it."
NOT_ACCEPTED: Final = "{name} does not accept this together with the values above. Copy it once more from there."
SETTING, SECRET = "setting__", "secret__"


class SettingsForm(forms.Form):
    """One field for each setting that the company gives; those of the installation are the operator's.

    `connection` is None before the first save. `besides` are keys that are chosen on another page.
    """

    def __init__(
        self, data: Any, metadata: Metadata, connection: Connection | None, *, besides: Collection[str] = ()
    ) -> None:
        super().__init__(data, auto_id="field-%s")
        self.metadata = metadata
        self.asked = tuple(
            one for one in metadata.settings if not one.of_installation and one.key not in besides
        )  # fmt: skip
        self.kept = stored_secrets(connection)
        self.stored: dict[str, Any] = dict(connection.settings) if connection else {}
        for setting in self.asked:
            self.fields[name_of(setting)] = self._field(setting)

    @property
    def plain(self) -> list[forms.BoundField]:
        """What the vendor shows to its customers, to be copied from there."""
        return [self[name_of(one)] for one in self.asked if not one.is_advanced]

    @property
    def advanced(self) -> list[forms.BoundField]:
        """What the vendor does not publish."""
        return [self[name_of(one)] for one in self.asked if one.is_advanced]

    @property
    def lacks_something(self) -> bool:
        """Whether something that is required is neither stored nor known by default."""
        given = {**self.stored, **self.kept}
        return any(one.required and not (given.get(one.key) or one.default) for one in self.asked)

    @property
    def secret_names(self) -> str:
        """The names of the fields that hold secrets, with commas between them."""
        return ",".join(name_of(one) for one in self.asked if one.secret)

    @property
    def advanced_is_open(self) -> bool:
        """Whether something advanced needs to be seen: it is wrong, or not what it is by default."""
        defaults = {one.key: one.default for one in self.asked}
        changed = any(
            self.stored.get(key, default) != default for key, default in defaults.items() if self._is_odd(key)
        )
        return changed or any(field.errors for field in self.advanced)

    def settings(self) -> dict[str, str]:
        """The settings as they shall be; what the form does not know stays, and so does what is wrong."""
        return {**self.stored, **self._typed(SETTING)} if self.is_bound else dict(self.stored)

    def secrets(self) -> dict[str, str]:
        """The secrets that were typed in; a field that was left empty keeps what is stored."""
        return {key: value for key, value in self._typed(SECRET).items() if value}

    def blame(self, error: IntegrationError) -> None:
        """Put an error at the setting that it names; credentials that are not accepted are the first secret's."""
        secrets = [one.key for one in self.asked if one.secret]
        if isinstance(error, Unauthorised) and not error.field and secrets:
            self.add_error(SECRET + secrets[0], NOT_ACCEPTED.format(name=self.metadata.name))
            return
        names = [name for name in (SETTING + error.field, SECRET + error.field) if name in self.fields]
        self.add_error(names[0] if names else None, error.message)

    def _is_odd(self, key: str) -> bool:
        return any(one.key == key and one.is_advanced for one in self.asked)

    def _typed(self, family: str) -> dict[str, str]:
        return {
            name.removeprefix(family): str(value).strip()
            for name, value in self.cleaned_data.items()
            if name.startswith(family)
        }

    def _field(self, setting: Setting) -> forms.Field:
        if setting.secret:
            return _secret(setting, is_stored=bool(self.kept.get(setting.key)))
        options: dict[str, Any] = {
            "label": setting.label, "help_text": setting.help, "required": setting.required,
            "initial": self.stored.get(setting.key, setting.default),
        }  # fmt: skip
        if setting.choices:
            return forms.ChoiceField(choices=setting.choices, **options)
        return forms.CharField(max_length=10_000 if setting.is_long else 2000, widget=_widget(setting), **options)


class SecretField(forms.CharField):
    """A secret. The word beside its label says whether one `is_stored`."""

    is_stored = False


def name_of(setting: Setting) -> str:
    """The name of a setting's field in the form."""
    return f"{SECRET if setting.secret else SETTING}{setting.key}"


def stored_secrets(connection: Connection | None) -> dict[str, str]:
    """The secrets of a connection; none when their key is lost, so that a person can type them in again."""
    try:
        return dict(connection.secrets) if connection else {}
    except Undecryptable:
        return {}


def _widget(setting: Setting) -> forms.Widget:
    plain = {"autocomplete": "off", "spellcheck": "false"}
    if setting.is_date:
        return forms.TextInput(attrs={"type": "date", **plain})
    return forms.Textarea(attrs={"rows": 4, **plain}) if setting.is_long else forms.TextInput(attrs=plain)


def _secret(setting: Setting, *, is_stored: bool) -> forms.CharField:
    field = SecretField(
        label=setting.label,
        help_text=" ".join(filter(None, (setting.help, STORED if is_stored else ""))),
        required=setting.required and not is_stored,
        max_length=4000,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
    )
    field.is_stored = is_stored
    return field
