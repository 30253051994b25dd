"""What owners and members fill in on the pages of settings."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone

from portal.api.models import ApiToken, Scope
from portal.desk.company_settings.taking_away.parts import Wanted
from portal.desk.company_settings.taking_away.writing import Form
from portal.notation import zone_of
from portal.tenants.mail_choices import Wish
from portal.tenants.models import Company, Digest, Tenant

AUTO_ID: Final = "field-%s"
OTHER_NAME: Final = "This is not the company’s name. Type it as it stands above."
SAME_NAME: Final = "There is a token of this name. Revoke that one first, or choose another name."
BACKWARDS: Final = "The end lies before the beginning."
FORMS: Final = [
    (Form.CSV.value, "CSV: a zip of files that spreadsheets open"),
    (Form.JSON.value, "JSON: one document for programs, with every line as it came"),
]
LASTS: Final = [("30", "30 days"), ("90", "90 days"), ("180", "180 days"), ("365", "365 days"), ("730", "2 years")]
DEFAULT_DAYS: Final = "365"


class WhyForm(forms.Form):
    """A reason that is kept."""

    why = forms.CharField(
        label="Why", max_length=500, help_text="It is kept in the history, with your name.",
        error_messages={"required": "Say why: it is kept in the history, with your name."},
    )  # fmt: skip

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id=AUTO_ID)


class CloseForm(WhyForm):
    """The company's name, typed, and a reason."""

    name = forms.CharField(
        label="The company’s name", max_length=200, help_text="Type it, so that nobody closes another company.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    field_order = ("name", "why")

    def __init__(self, data: Any, company: Company) -> None:
        super().__init__(data)
        self._company = company

    def clean_name(self) -> str:
        """The very name, but for its letter case."""
        typed = " ".join(self.cleaned_data["name"].split())
        if typed.casefold() != " ".join(self._company.name.split()).casefold():
            raise forms.ValidationError(OTHER_NAME)
        return typed


class ExportForm(forms.Form):
    """Which form, and of which days on the tenant's clock; without days everything."""

    form = forms.ChoiceField(label="As", choices=FORMS, initial=Form.CSV.value, widget=forms.RadioSelect)
    since = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, data: Any, *, zone: str) -> None:
        super().__init__(data, auto_id=AUTO_ID)
        self._zone = zone_of(zone)

    def clean(self) -> dict[str, Any]:
        """The last day is not before the first."""
        given = super().clean() or {}
        if given.get("since") and given.get("until") and given["until"] < given["since"]:
            self.add_error("until", BACKWARDS)
        return given

    def wanted(self, company: Company) -> Wanted:
        """Whose data, of which time."""
        until = self.cleaned_data["until"]
        return Wanted(
            company=company,
            since=self._midnight(self.cleaned_data["since"]),
            until=self._midnight(until + timedelta(days=1) if until and until < date.max else None),
        )

    @property
    def words(self) -> str:
        """The time, for the audit trail."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        return (
            " ".join(filter(None, (f"from {since}" if since else "", f"to {until}" if until else ""))) or "of all time"
        )

    def _midnight(self, day: date | None) -> datetime | None:
        return datetime.combine(day, time.min, tzinfo=self._zone) if day else None


class TokenForm(forms.Form):
    """What a token is for, what it may do, and for how long. The scopes are whatever the API has."""

    name = forms.CharField(
        label="Name", max_length=100, help_text="What it is for, such as the program that uses it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label="It may", widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose what it may do."},
    )  # fmt: skip
    days = forms.ChoiceField(label="It works for", choices=LASTS, initial=DEFAULT_DAYS)

    def __init__(self, data: Any, tenant: Tenant) -> None:
        super().__init__(data, auto_id=AUTO_ID)
        scopes = self.fields["scopes"]
        assert isinstance(scopes, forms.MultipleChoiceField)  # noqa: S101 - for the type checker
        scopes.choices = list(Scope.choices)
        self._tenant = tenant

    def clean_name(self) -> str:
        """One live token of a name: sending the form again makes no second one."""
        name = " ".join(str(self.cleaned_data["name"]).split())
        if ApiToken.objects.filter(tenant=self._tenant, name=name, revoked_at__isnull=True).exists():
            raise forms.ValidationError(SAME_NAME)
        return name

    @property
    def expires_at(self) -> datetime:
        """When it runs out."""
        return timezone.now() + timedelta(days=int(self.cleaned_data["days"]))


class MailForm(forms.Form):
    """What a member wants to hear of one company."""

    alerts = forms.BooleanField(label="What waits for a person, at once", required=False)
    digest = forms.ChoiceField(label="Figures", choices=Digest.choices)

    def __init__(self, data: Any, company: Company, wish: Wish) -> None:
        initial = {"alerts": wish.alerts, "digest": wish.digest}
        super().__init__(data, prefix=str(company.pk), initial=initial, auto_id=AUTO_ID)
        self.company = company

    @property
    def wish(self) -> Wish:
        """What was chosen."""
        return Wish(self.cleaned_data["alerts"], Digest(self.cleaned_data["digest"]))
