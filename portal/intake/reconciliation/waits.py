"""What of the reconciliation with sources waits for a person: open differences, and what cannot be read for days."""

from __future__ import annotations

from portal.events.waits import register
from portal.intake.reconciliation.due import open_differences, unread_for_long
from portal.postings.reconciliation.waits import of_differences, of_the_unread

DIFFERENCE, UNREAD = "source.difference", "source.unread"


def register_waits() -> None:
    """Let these kinds be watched."""
    register(
        of_differences(
            "intake_sourcedifference",
            open_differences,
            kind=DIFFERENCE,
            one="transaction that the source and we disagree about",
            many="transactions that the source and we disagree about",
            advice="Its page says what to do: receive it now, or have it reversed and dismiss it.",
        )
    )
    register(
        of_the_unread(
            "intake_sourcerun",
            unread_for_long,
            kind=UNREAD,
            one="source that could not be read for three days",
            many="sources that could not be read for three days",
        )
    )
