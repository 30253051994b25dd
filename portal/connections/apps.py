from __future__ import annotations

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "portal.connections"
    label = "connections"

    def ready(self) -> None:
        """Let staff be told what waits here, and customers what happened, and hear what they change in the ledger."""
        from portal.connections import announcing, ledger_edits, waits

        waits.register_waits()
        announcing.register_log()
        ledger_edits.listen()
