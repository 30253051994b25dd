from __future__ import annotations

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "portal.intake"
    label = "intake"

    def ready(self) -> None:
        """Let staff be told what waits here for a person, and have a say in what becomes of a company."""
        from portal.intake import closing, readiness
        from portal.intake.feeds import waits as waits_of_feeds
        from portal.intake.feeds.unread import why_not_taken
        from portal.intake.reconciliation import waits
        from portal.postings.settled_first import tell_why

        waits.register_waits()
        waits_of_feeds.register_waits()
        closing.register()
        readiness.register()
        tell_why(why_not_taken)
