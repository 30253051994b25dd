from __future__ import annotations

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "portal.operations"
    label = "operations"

    def ready(self) -> None:
        """Register the checks, and let every worker sweep. Imported here because models come after app configs."""
        from portal.celery import app
        from portal.operations import checks, sweeping

        checks.register()
        sweeping.accompany(app)
