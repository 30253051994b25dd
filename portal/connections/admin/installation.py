"""Integrations of this installation, for staff: what the operator has at a vendor for all connections together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from integrations.metadata import Metadata
from portal.connections.access.changes import installation_changed
from portal.connections.access.hooks import installation_hook_url
from portal.connections.access.installation import is_offered, settings_of_installation
from portal.connections.admin.forms import choices, metadata_of
from portal.connections.admin.setting_fields import SettingsForm, fields_for, name_of_field, stored_secrets
from portal.connections.models import IntegrationSettings
from portal.connections.registry import UnknownIntegration, system
from portal.staff.base import StaffAdmin, name_of
from portal.staff.formats import copyable, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import PERSON, POSTED, WAITING, tone

GIVEN_ALREADY = "What this installation has at {name} was entered already: change it there."
TITLE = "What does this installation have, and where?"


class InstallationForm(SettingsForm):
    """One integration's settings of the installation. `installation_form` adds its fields."""

    metadata: Metadata

    class Meta:
        model = IntegrationSettings
        fields: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        """One row for each integration; secrets only go to the address for which they were typed in."""
        cleaned = super().clean() or {}
        rows = IntegrationSettings.objects.filter(integration=self.metadata.slug)
        if self.instance._state.adding and rows.exists():
            raise ValidationError(GIVEN_ALREADY.format(name=self.metadata.name))
        self.ask_for_secrets_again(cleaned)
        return cleaned


def installation_form(metadata: Metadata, kept: IntegrationSettings | None) -> type[InstallationForm]:
    """A form class for one integration; `kept` is None while it is being added."""
    asked = settings_of_installation(metadata.slug)
    fields = fields_for(asked, kept, may_be_empty=False)
    return type("InstallationForm", (InstallationForm,), {"metadata": metadata, "asked": asked, **fields})


@admin.register(IntegrationSettings)
class IntegrationSettingsAdmin(StaffAdmin[IntegrationSettings]):
    """Secrets go in and never come out. A row is never deleted: connections would lose what they are let in by."""

    list_display = ("integration", "name", "shown_state", "changed")
    ordering = ("integration",)
    sections_first = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """First which integration, then its own form."""
        if not self.has_add_permission(request) or self._metadata(request, None):
            return super().add_view(request, form_url, extra_context)
        wanting = [one for one in choices() if settings_of_installation(one[1].slug)]
        context = {**self.page_context(request, None, TITLE), "choices": wanting}
        return TemplateResponse(request, "admin/connections/connection/choose.html", context)

    def get_form(
        self, request: HttpRequest, obj: IntegrationSettings | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form of the row's integration."""
        metadata = self._metadata(request, obj)
        if metadata is not None:
            kwargs["form"] = installation_form(metadata, obj)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: IntegrationSettings | None = None) -> Any:
        """Nothing to fill in for who may only look, or when the integration is not installed any more."""
        metadata = self._metadata(request, obj)
        if metadata is None or (obj is not None and not self.has_change_permission(request, obj)):
            return []
        names = [name_of_field(one) for one in settings_of_installation(metadata.slug)]
        return [(metadata.name, {"fields": names, "description": metadata.summary})]

    def save_model(self, request: HttpRequest, obj: IntegrationSettings, form: Any, change: bool) -> None:
        """Keep it, and say what it means for the connections."""
        before = obj.settings
        obj.integration, obj.settings, obj.secrets = form.metadata.slug, form.settings(), form.secrets()
        obj.save()
        installation_changed(obj, before, who=name_of(request.user))

    def sections(self, request: HttpRequest, obj: IntegrationSettings) -> Sequence[Section]:
        """Every setting by name; of a secret only whether there is one."""
        facts = [Fact("Integration", obj.integration), Fact("State", _state(obj)), Fact("Changed", self.changed(obj))]
        if obj.refused_at:
            facts.append(Fact("Not accepted", format_html("{} {}", moment(obj.refused_at), obj.refused_why), wide=True))
        if address := installation_hook_url(obj.integration):
            facts.append(Fact("Webhook address", copyable(address), wide=True))
        if address := _return_address(obj):
            facts.append(Fact("Address that people come back to", copyable(address), wide=True))
        return [Section(title="Where it stands", facts=facts), Section(title="Settings", table=_settings(obj))]

    @admin.display(description="Name")
    def name(self, obj: IntegrationSettings) -> str:
        """What people call it."""
        metadata = metadata_of(obj.integration)
        return metadata.name if metadata else "Not installed any more"

    @admin.display(description="State")
    def shown_state(self, obj: IntegrationSettings) -> str:
        """Whether companies can be linked to it."""
        return _state(obj)

    @admin.display(description="Changed", ordering="changed_at")
    def changed(self, obj: IntegrationSettings) -> str:
        """When."""
        return moment(obj.changed_at)

    def _metadata(self, request: HttpRequest, obj: IntegrationSettings | None) -> Metadata | None:
        metadata = metadata_of(obj.integration if obj else request.GET.get("integration", ""))
        return metadata if metadata and settings_of_installation(metadata.slug) else None


def _return_address(kept: IntegrationSettings) -> str:
    """Empty where nobody visits the vendor to link a company."""
    try:
        connector = system(kept.integration)
    except UnknownIntegration:
        return ""
    if not connector.is_linked_by_visit(kept.settings):
        return ""
    return connector.return_address(f"{settings.BASE_URL}{reverse('connections:back')}")


def _state(kept: IntegrationSettings) -> str:
    if stored_secrets(kept) is None:
        return tone(WAITING, "Its key is lost: type the secrets in again")
    if kept.refused_at:
        return tone(PERSON, "Not accepted there: enter the key again")
    try:
        return tone(POSTED, "Offered") if is_offered(kept.integration) else tone(WAITING, "Something is missing")
    except UnknownIntegration:
        return tone(WAITING, "Not installed any more")


def _settings(kept: IntegrationSettings) -> Table:
    metadata, stored = metadata_of(kept.integration), stored_secrets(kept) or {}
    asked = settings_of_installation(kept.integration) if metadata else ()
    rows = [
        (one.label, ("Stored, never shown" if stored.get(one.key) else "Not stored yet"))
        if one.secret
        else (one.label, str(kept.settings.get(one.key, one.default)))
        for one in asked
    ]
    return Table(head=("Setting", "Value"), rows=rows, empty="This integration needs none.")
