"""What a repair asks for: always a reason, and what else it needs to know."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from portal.postings.repair import NO_NUMBER

LONGEST_REASON: Final = 500
LONGEST_NUMBER: Final = 100
WHY_HELP: Final = "It is kept in the history with your name. Whoever sees the transaction reads it."


class ReasonForm(forms.Form):
    """Nothing is decided by hand without a reason."""

    why = forms.CharField(
        label="Why",
        help_text=WHY_HELP,
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off"}),
        error_messages={"required": "Say why, in a few words."},
    )

    def __init__(self, data: Any, **options: Any) -> None:
        super().__init__(data, auto_id="field-%s", **options)

    @property
    def why_given(self) -> str:
        """The reason as it is kept."""
        return str(self.cleaned_data["why"]).strip()

    @property
    def plain(self) -> list[forms.BoundField]:
        """What is typed."""
        return [field for field in self if not isinstance(field.field, forms.BooleanField)]

    @property
    def checks(self) -> list[forms.BoundField]:
        """What is ticked."""
        return [field for field in self if isinstance(field.field, forms.BooleanField)]


class VoidForm(ReasonForm):
    """Where the source holds a number, its reader says so, too: `told` is the sentence to tick."""

    def __init__(self, data: Any, *, told: str = "") -> None:
        super().__init__(data)
        if told:
            self.fields["known"] = forms.BooleanField(
                label=told, error_messages={"required": "Tick this to say that you know it."}
            )


class MarkForm(ReasonForm):
    """The number in the accounting system. Only where that could not be asked may its reader go on all the same."""

    number = forms.CharField(
        label="Number in the accounting system",
        max_length=LONGEST_NUMBER,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": NO_NUMBER},
    )
    field_order = ("number", "why")

    def __init__(self, data: Any, *, system: str = "") -> None:
        super().__init__(data)
        self.fields["number"].label = f"Number in {system}" if system else self.fields["number"].label
        if data and "unverified" in data:
            self.offer_all_the_same()

    @property
    def even_unverified(self) -> bool:
        """Whether it shall be marked although nobody could check the number."""
        return bool(self.cleaned_data.get("unverified"))

    def offer_all_the_same(self) -> None:
        """Let it be marked although nobody could check the number."""
        self.fields["unverified"] = forms.BooleanField(
            label="Mark it all the same: I have seen the document there under this number.", required=False
        )
