from __future__ import annotations

from django.apps import AppConfig


class ReferenceConfig(AppConfig):
    name = "portal.reference"
    label = "reference"
    verbose_name = "Reference data"

    def ready(self) -> None:
        """Let staff be told what waits here for a person."""
        from portal.reference import waits

        waits.register_waits()
