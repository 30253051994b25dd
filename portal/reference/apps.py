from __future__ import annotations

from django.apps import AppConfig


class ReferenceConfig(AppConfig):
    name = "portal.reference"
    label = "reference"
    verbose_name = "Reference data"

    def ready(self) -> None:
        """Let staff be told what waits here, and customers what happened, and hear when a tenant's clock changes."""
        from portal.reference import announcing, waits
        from portal.reference.sync import zones

        waits.register_waits()
        announcing.register_log()
        zones.listen()
