from __future__ import annotations

from django.apps import AppConfig
from django.core import checks


class EventsConfig(AppConfig):
    name = "portal.events"
    label = "events"

    def ready(self) -> None:
        """Register the check, and let owners be told of webhooks that were switched off."""
        from portal.events.checks import check_alerts
        from portal.events.webhooks import waits

        checks.register(check_alerts, "postroom")
        waits.register_waits()
