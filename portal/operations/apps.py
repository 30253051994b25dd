from __future__ import annotations

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "portal.operations"
    label = "operations"

    def ready(self) -> None:
        """Register checks and jobs; let every worker sweep, keep time, sync, tell. Models come after: import here."""
        from portal.celery import app
        from portal.operations import checks, jobs, sweeping, syncing, telling, timekeeping, waits

        checks.register()
        jobs.register_jobs()
        waits.register_waits()
        sweeping.accompany(app)
        timekeeping.keep_time(app)
        syncing.synchronise(app)
        telling.tell_customers(app)
