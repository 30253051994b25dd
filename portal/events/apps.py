from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class EventsConfig(AppConfig):
    name = "portal.events"
    label = "events"

    def ready(self) -> None:
        """Register the check."""
        from portal.events.checks import check_alerts

        checks.register(check_alerts, "postroom")
