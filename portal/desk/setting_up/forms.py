"""The forms of setting up: a new company, its name, and what is taken over from the accounting system."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from integrations.currencies import MINOR_UNITS
from portal.tenants.companies import LONGEST_NAME, NO_NAME
from portal.tenants.models import Company
from portal.tenants.refusing import Refused

USUAL: Final = ("GBP", "EUR", "USD")
KEEP_IT: Final = "Or leave this box empty now, and rename it later."
_PLAIN: Final = {"autocomplete": "off", "spellcheck": "false"}


def currencies() -> list[tuple[str, list[tuple[str, str]]]]:
    """Those that are chosen most come first."""
    others = sorted(set(MINOR_UNITS) - set(USUAL))
    return [("Often used", [(code, code) for code in USUAL]), ("All others", [(code, code) for code in others])]


class Blamed(forms.Form):
    """A form that takes the refusal of a service to the field that it names."""

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, auto_id="field-%s", **options)

    def blame(self, error: Refused) -> None:
        """Put the error at its field."""
        self.add_error(error.field if error.field in self.fields else None, error.message)


class CompanyForm(Blamed):
    """A new company."""

    name = forms.CharField(
        label="Name", required=False, max_length=LONGEST_NAME, widget=forms.TextInput(attrs=_PLAIN),
        help_text="What you call the legal entity whose books these are.",
    )  # fmt: skip
    is_temporary = forms.BooleanField(
        label="Take the name of the accounting system", required=False,
        help_text="The name above, or “New company”, stands until it is linked; you are asked before it is replaced.",
    )  # fmt: skip
    base_currency = forms.ChoiceField(
        label="Currency of its books", choices=currencies, initial=USUAL[0],
        help_text="The one that its accounts are kept in. It is compared with the accounting system’s when that is "
        "linked.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Without a name somebody else has to give it."""
        cleaned = super().clean() or {}
        if not cleaned.get("name", "").strip() and not cleaned.get("is_temporary") and "name" not in self.errors:
            self.add_error("name", NO_NAME)
        return cleaned


class NameForm(Blamed):
    """Another name for a company."""

    name = forms.CharField(
        label="Name", max_length=LONGEST_NAME, widget=forms.TextInput(attrs=_PLAIN),
        error_messages={"required": "Enter a name."},
        help_text="It stands on every page, in exports and in mails. What was booked does not change.",
    )  # fmt: skip

    def __init__(self, data: Any, company: Company) -> None:
        super().__init__(data, initial={"name": company.name})


class ConfirmForm(Blamed):
    """Whether a temporary name is replaced; asked only where there is one, and a name to replace it with."""

    take_name = forms.BooleanField(required=False, initial=True)

    def __init__(self, data: Any, company: Company, name_there: str) -> None:
        super().__init__(data)
        self.fields["take_name"].label = f"Call this company {name_there} from now on"
        self.fields["take_name"].help_text = f"Now it has the temporary name {company.name}."
        if not (company.name_is_temporary and name_there):
            del self.fields["take_name"]

    def blame_name(self, error: Refused) -> None:
        """A name that cannot be taken over is no reason not to confirm."""
        if error.field == "name" and "take_name" in self.fields:
            self.add_error("take_name", f"{error.message} {KEEP_IT}")
        else:
            self.add_error(None, error.message)
