from __future__ import annotations

from django.apps import AppConfig


class AmendingConfig(AppConfig):
    name = "portal.amending"
    label = "amending"

    def ready(self) -> None:
        """Let staff and customers be told what waits here."""
        from portal.amending import waits

        waits.register_waits()
