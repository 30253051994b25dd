"""The form on which a company says what becomes of the kinds that its accounting system cannot take."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from integrations.documents import Kind
from portal.connections.keeping import not_taken
from portal.connections.models import Connection
from portal.desk.inbound import WORDS
from portal.desk.sources.cards import kinds_sent_to

REFUSE: Final = "refuse"
KEEP: Final = "keep"
CHOICES: Final = ((REFUSE, "Refuse them"), (KEEP, "Keep them as memo entries"))


class KeepingForm(forms.Form):
    """One choice for each kind that the company's sources send and the accounting system cannot take."""

    def __init__(self, data: Any, connection: Connection) -> None:
        super().__init__(data, auto_id="field-%s")
        self.kinds = not_taken(connection, kinds_sent_to(connection.company_id))
        for kind in self.kinds:
            self.fields[kind.value] = forms.ChoiceField(
                label=WORDS[kind], choices=CHOICES, widget=forms.RadioSelect,
                initial=KEEP if kind in connection.kept_kinds else REFUSE,
                error_messages={"required": "Choose one of the two.", "invalid_choice": "Choose one of the two."},
            )  # fmt: skip

    @property
    def kept(self) -> list[Kind]:
        """The kinds that shall be kept."""
        return [kind for kind in self.kinds if self.cleaned_data[kind.value] == KEEP]
