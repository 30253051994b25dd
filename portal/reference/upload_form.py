"""The form that takes a file of rows for the tables of a connection."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from portal.reference.models import CodeMapping
from portal.reference.rules import PLAIN, dimension_family, family_words
from portal.reference.rules_form import stored_rules
from portal.reference.showing import shown_families

MOST_BYTES: Final = 10 * 1024 * 1024
TOO_LONG: Final = "At most 10 MB; split the file."
NOT_TEXT: Final = "It is no text in UTF-8. In a spreadsheet, save it as “CSV UTF-8”."


class UploadForm(forms.Form):
    """A file, and what its codes are."""

    file = forms.FileField(label="CSV file", help_text="The columns: Family, Source code, Accounting code, Note.")
    family = forms.ChoiceField(label="Codes", required=False)

    def __init__(self, mapping: CodeMapping, *args: Any) -> None:
        super().__init__(*args)
        rules = stored_rules(mapping) or PLAIN
        families = [*shown_families(mapping, rules), *(dimension_family(rule.name) for rule in rules.dimensions)]
        choices = [(family, f"All of them are of: {family_words(family, rules)}") for family in families]
        self.fields["family"].choices = [("", "As the column Family says"), *choices]  # type: ignore[attr-defined]

    def clean_file(self) -> str:
        """The file as text."""
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise ValidationError(TOO_LONG)
        try:
            text: str = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValidationError(NOT_TEXT) from error
        if "\0" in text:
            raise ValidationError(NOT_TEXT)
        return text
