"""What owners fill in: an invitation, a role, the organisation."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from portal.tenants.models import Role, Tenant
from portal.tenants.naming import clean_organisation, zone_choices
from portal.tenants.refusing import Refused

AUTO_ID: Final = "field-%s"
MAY: Final = {
    Role.OWNER: "may do everything, and decides who belongs here",
    Role.OPERATOR: "may set up, map, retry and void; people and API tokens are for owners",
    Role.VIEWER: "may look, and change nothing",
}
ROLES: Final = [(role.value, f"{role.label}: {MAY[role]}") for role in Role]


class PeopleForm(forms.Form):
    """Fields with our ids, and a place for what a service refused."""

    def __init__(self, data: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, auto_id=AUTO_ID, initial=initial)

    def blame(self, refused: Refused) -> None:
        """Put it at the field that it names."""
        self.add_error(refused.field if refused.field in self.fields else None, refused.message)


class InviteForm(PeopleForm):
    """Whom to invite, and what they may do."""

    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        help_text="The invitation goes there. It is good for 7 days, once.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label="Role", choices=ROLES, initial=Role.VIEWER, widget=forms.RadioSelect)


class RoleForm(PeopleForm):
    """What somebody may do."""

    role = forms.ChoiceField(label="Role", choices=ROLES, widget=forms.RadioSelect)


class OrganisationForm(PeopleForm):
    """Its name and its clock."""

    name = forms.CharField(label="Name", max_length=200, help_text="As people in it call it. It stands in invitations.")
    time_zone = forms.ChoiceField(label="Time zone", help_text="Times on all its pages are shown in it.")

    def __init__(self, data: Any, tenant: Tenant) -> None:
        super().__init__(data, initial={"name": tenant.name, "time_zone": tenant.time_zone})
        zone = self.fields["time_zone"]
        assert isinstance(zone, forms.ChoiceField)  # noqa: S101 - for the type checker
        zone.choices = zone_choices(tenant.time_zone)

    def clean_name(self) -> str:
        """Tidied up."""
        return clean_organisation(self.cleaned_data["name"])
