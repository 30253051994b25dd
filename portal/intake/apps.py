from __future__ import annotations

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "portal.intake"
    label = "intake"

    def ready(self) -> None:
        """Let staff be told what waits here for a person."""
        from portal.intake.reconciliation import waits

        waits.register_waits()
