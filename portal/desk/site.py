"""The staff site: Django's admin in our look, entered through the same login as the customer pages."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator

from portal.desk.attention import attention, latest_events

# The rooms in the order of the day's work, with the words that staff use for them.
ROOMS: Final = {
    "postings": "Postings",
    "intake": "Intake",
    "connections": "Connections",
    "reference": "Reference data and mapping",
    "tenants": "Tenants",
    "ledger": "Built-in ledger",
    "events": "Audit and alerts",
    "timetable": "Timetable",
    "operations": "Operations",
    "raising": "Raised transactions",
    "api": "API",
    "auth": "People who log in",
    "account": "E-mail addresses",
    "mfa": "Second factors",
}


@method_decorator(secure_admin_login, name="login")
class StaffSite(AdminSite):
    """The admin for staff. Logging in goes through allauth, so its rate limits and second factors hold here too."""

    site_header = "Postroom"
    site_title = "Postroom"
    index_title = "Staff"
    site_url = "/"
    empty_value_display = "\N{EN DASH}"

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The models by room, the rooms in the order of the day's work."""
        rooms = super().get_app_list(request, app_label)
        for room in rooms:
            room["name"] = ROOMS.get(room["app_label"], room["name"])
        order = list(ROOMS)
        return sorted(
            rooms, key=lambda room: order.index(room["app_label"]) if room["app_label"] in ROOMS else len(order)
        )

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What needs a person comes first."""
        context = {**(extra_context or {}), "attention": attention(request.user), "events": latest_events(request.user)}
        return super().index(request, context)
