"""Connections for staff: settings to read and mend, secrets to replace, pause and resume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from integrations.documents import Kind
from integrations.metadata import Metadata
from portal.connections import breaker, services
from portal.connections.access.changes import prepare, settings_changed
from portal.connections.access.visits import is_linked_by_visit
from portal.connections.admin.ability_section import ability_sections
from portal.connections.admin.access_sections import access_sections
from portal.connections.admin.conformance import applies_to, conformance_section
from portal.connections.admin.field_pages import field_sections
from portal.connections.admin.forms import ConnectionForm, choices, form_for, metadata_of, side_of
from portal.connections.admin.link_pages import LinkPages
from portal.connections.admin.setting_fields import name_of_field, own_settings, stored_secrets
from portal.connections.models import Connection, Side, Status
from portal.staff.base import name_of, row_url
from portal.staff.filters import CompanyFilter
from portal.staff.formats import copyable, link, moment
from portal.staff.sections import Fact, Section, Table
from portal.tones import CLOSED, PERSON, POSTED, WAITING, tone

GUESSED = "Its defaults are right until somebody has seen otherwise; the integration's README says what is known."
TONES = {
    Status.BLANK: WAITING,
    Status.PENDING_AUTH: WAITING,
    Status.LINKED: POSTED,
    Status.UNLINKED: CLOSED,
    Status.DEAUTHORISED: PERSON,
}


def status_html(connection: Connection) -> str:
    """The status as a badge."""
    status = Status(connection.status)
    return tone(TONES[status], str(status.label))


@admin.register(Connection)
class ConnectionAdmin(LinkPages):
    """One company's link to one integration. It is never deleted: what was posted through it keeps pointing at it."""

    list_display = (
        "integration",
        "company",
        "tenant",
        "side",
        "shown_status",
        "shown_pause",
        "external_company_name",
        "linked",
    )
    list_select_related = ("company__tenant",)
    list_filter = ("status", "paused", "side", CompanyFilter)
    search_fields = ("company__name", "external_company_name", "=external_company_id", "=integration", "=id")
    search_help_text = "A part of a company's name, or a whole id."
    autocomplete_fields = ("company",)
    ordering = ("-created_at",)
    sections_first = True

    def for_list(self, queryset: QuerySet[Connection]) -> QuerySet[Connection]:
        """Secrets are not even read."""
        return queryset.defer("secrets", "settings", "mapping", "told")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    # --- the form ----------------------------------------------------------------------------------------------------

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """First which integration, then its own form."""
        if not self.has_add_permission(request) or metadata_of(request.GET.get("integration", "")):
            return super().add_view(request, form_url, extra_context)
        context = self.page_context(request, None, "Link a company: to what?")
        return TemplateResponse(request, "admin/connections/connection/choose.html", {**context, "choices": choices()})

    def get_form(self, request: HttpRequest, obj: Connection | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form of the row's integration."""
        metadata = self._metadata(request, obj)
        if metadata is not None:
            kwargs["form"] = form_for(metadata, obj)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Connection | None = None) -> Any:
        """Nothing to fill in for who may only look, or when the integration is not installed."""
        metadata = self._metadata(request, obj)
        if metadata is None or (obj is not None and not self.has_change_permission(request, obj)):
            return []
        own = [name_of_field(setting) for setting in own_settings(metadata) if not setting.is_advanced]
        unpublished = [name_of_field(setting) for setting in own_settings(metadata) if setting.is_advanced]
        fieldsets: list[tuple[str | None, dict[str, Any]]] = [
            (None, {"fields": ["company", "external_company_id", "external_company_name"]}),
            (metadata.name, {"fields": own, "description": metadata.summary}),
            ("Not published by the vendor", {"fields": unpublished, "classes": ["collapse"], "description": GUESSED}),
        ]
        if side_of(metadata.slug) is Side.ACCOUNTING:
            fieldsets.append(("What it cannot take", {"fields": ["kept_kinds"]}))
        return [one for one in fieldsets if one[1]["fields"]]

    def get_readonly_fields(self, request: HttpRequest, obj: Connection | None = None) -> tuple[str, ...]:
        """A connection stays with its company."""
        return ("company",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Connection, form: Any, change: bool) -> None:
        """Link a company, or write only what was changed, so that a status set meanwhile stays."""
        if not change:
            self._link(request, obj, form)
            return
        before, obj.settings, obj.secrets = obj.settings, form.settings(), form.secrets()
        names = {"external_company_id", "external_company_name", "settings", "secrets"}
        if obj.side == Side.ACCOUNTING:
            obj.kept_kinds = form.cleaned_data["kept_kinds"]
            names |= {"kept_kinds"}
        obj.save(update_fields=sorted(names))
        if any("__" in name for name in form.changed_data):
            settings_changed(obj, before, who=name_of(request.user))

    def log_addition(self, request: HttpRequest, obj: Connection, message: Any) -> Any:
        """The service has told the audit trail already."""
        return admin.ModelAdmin.log_addition(self, request, obj, message)

    def _link(self, request: HttpRequest, obj: Connection, form: ConnectionForm) -> None:
        slug = form.metadata.slug
        obj.integration, obj.settings = slug, form.settings()
        link = prepare if is_linked_by_visit(obj) else services.connect
        made = link(
            obj.company,
            slug,
            side=side_of(slug),
            who=name_of(request.user),
            settings=form.settings(),
            secrets=form.secrets(),
            kept_kinds=[Kind(kind) for kind in form.cleaned_data.get("kept_kinds", ())],
            external_company_id=obj.external_company_id,
            external_company_name=obj.external_company_name,
        )
        obj.pk = made.pk
        obj.refresh_from_db()

    def _metadata(self, request: HttpRequest, obj: Connection | None) -> Metadata | None:
        return metadata_of(obj.integration if obj else request.GET.get("integration", ""))

    # --- what the page shows -----------------------------------------------------------------------------------------

    def sections(self, request: HttpRequest, obj: Connection) -> Sequence[Section]:
        """Where it stands, its settings, its endpoints."""
        facts = [
            Fact("Company", link(row_url(obj.company), obj.company.name)),
            Fact("Status", status_html(obj)),
            Fact("Sending", _sending(obj) or "Nothing stands in the way"),
            Fact("Integration", obj.integration),
            Fact("Side", obj.get_side_display()),
            Fact("Linked", moment(obj.linked_at)),
            Fact("Over there", obj.external_company_name or "Not known yet"),
            Fact("Its id there", copyable(obj.external_company_id)),
            *([Fact("Codes", _mapping(obj))] if obj.side == Side.ACCOUNTING else []),
            Fact("Id", copyable(str(obj.pk)), wide=True),
        ]
        parts = [Section(title="Where it stands", facts=facts), Section(title="Settings", table=_settings(obj))]
        parts += access_sections(obj)
        if obj.side == Side.SOURCE:
            return [*parts, Section(title="Endpoints", table=_endpoints(obj)), *field_sections(obj)]
        parts += ability_sections(obj)
        if applies_to(obj):
            parts.append(conformance_section(obj))
        return parts

    @admin.display(description="Status", ordering="status")
    def shown_status(self, obj: Connection) -> str:
        """The status as a badge."""
        return status_html(obj)

    @admin.display(description="Sending", ordering="paused")
    def shown_pause(self, obj: Connection) -> str:
        """Whether staff or the breaker stopped it."""
        return _sending(obj)

    @admin.display(description="Tenant", ordering="company__tenant__name")
    def tenant(self, obj: Connection) -> str:
        """Whose company it is."""
        return obj.company.tenant.name

    @admin.display(description="Linked", ordering="linked_at")
    def linked(self, obj: Connection) -> str:
        """Since when."""
        return moment(obj.linked_at)


def _sending(connection: Connection) -> str:
    """What keeps postings waiting; empty when nothing does. Of an unlinked one nothing waits."""
    if connection.status in (Status.BLANK, Status.PENDING_AUTH, Status.DEAUTHORISED):
        return tone(WAITING, "Waits until it is linked")
    if connection.paused:
        return tone(CLOSED, "Paused")
    if breaker.is_open(connection, timezone.now()):
        until = format_html("{} {}", "until", moment(connection.open_until, seconds=True))
        return format_html("{} {}", tone(WAITING, f"{connection.failures} failures in a row"), until)
    return ""


def _mapping(connection: Connection) -> str:
    """The way to the page of its mapping, which belongs to a room above this one."""
    said = "Mapping of codes" if connection.mapping else "Mapping of codes: sent as they come"
    return link(reverse("admin:reference_codemapping_change", args=[connection.pk]), said)


def _settings(connection: Connection) -> Table:
    """Every setting by name; of a secret only whether there is one."""
    secret_names = _names_of_secrets(connection)
    rows = [(key, str(value)) for key, value in sorted(connection.settings.items()) if key not in secret_names]
    rows += [(key, _said_of(stored_secrets(connection), key)) for key in secret_names]
    rows += [("Kept as memo entries", kind.replace("_", " ")) for kind in connection.kept_kinds]
    return Table(head=("Setting", "Value"), rows=rows, empty="This integration needs none.")


def _names_of_secrets(connection: Connection) -> list[str]:
    metadata = metadata_of(connection.integration)
    named = [one.key for one in own_settings(metadata) if one.secret] if metadata else []
    return sorted({*named, *(stored_secrets(connection) or {})})


def _said_of(stored: dict[str, str] | None, key: str) -> str:
    if stored is None:
        return "Stored, but its key is lost: type it in again"
    return "Stored, never shown" if stored.get(key) else "Not stored yet"


def _endpoints(connection: Connection) -> Table:
    rows = [
        (
            link(row_url(one), one.get_kind_display() or "All kinds"),
            one.get_answer_display(),
            "Yes" if one.is_active else "No",
        )
        for one in connection.endpoints.all()[:50]
    ]
    return Table(head=("Endpoint", "Answer", "Open"), rows=rows, empty="No endpoint yet: nothing can come in.")
