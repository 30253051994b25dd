from __future__ import annotations

from django.apps import AppConfig


class PostingsConfig(AppConfig):
    name = "portal.postings"
    label = "postings"

    def ready(self) -> None:
        """Let staff be told what waits here for a person."""
        from portal.postings import waits
        from portal.postings.reconciliation import waits as reconciliation_waits

        waits.register_waits()
        reconciliation_waits.register_waits()
