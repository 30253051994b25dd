from __future__ import annotations

from django.apps import AppConfig


class ReferenceConfig(AppConfig):
    name = "portal.reference"
    label = "reference"
    verbose_name = "Reference data"

    def ready(self) -> None:
        """Let staff be told what waits here for a person, and hear when a tenant's clock changes."""
        from portal.reference import waits
        from portal.reference.sync import zones

        waits.register_waits()
        zones.listen()
