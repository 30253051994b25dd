from __future__ import annotations

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "portal.connections"
    label = "connections"

    def ready(self) -> None:
        """Let staff be told what waits here for a person, and hear what they change in the ledger."""
        from portal.connections import ledger_edits, waits

        waits.register_waits()
        ledger_edits.listen()
