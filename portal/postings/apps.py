from __future__ import annotations

from django.apps import AppConfig


class PostingsConfig(AppConfig):
    name = "portal.postings"
    label = "postings"

    def ready(self) -> None:
        """Let staff be told what waits here, and customers what happened, the limits know who is in mid-call, and what
        waits for a connection be held when it is ended."""
        from portal.connections.access.ending import afterwards
        from portal.connections.paced import tell_who_calls
        from portal.postings import announcing, waits
        from portal.postings.attachments import waits as attachment_waits
        from portal.postings.due import in_mid_call
        from portal.postings.reconciliation import waits as reconciliation_waits
        from portal.postings.unlinked import hold_at_once

        waits.register_waits()
        announcing.register_log()
        reconciliation_waits.register_waits()
        attachment_waits.register_waits()
        tell_who_calls(in_mid_call)
        afterwards(hold_at_once)
