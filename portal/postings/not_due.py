"""A record that was taken, and of which its source now says that it is nothing to be booked, or not yet.

What was taken stays as it is, sent or not. It was approved once, and what is told now may come from a setting as well
as from the source (a start that was moved, another list of statuses): to withdraw it would lose a document that nobody
sends again, to say nothing would be a silent difference. So a person is told, who may void it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from django.db.transaction import atomic

from portal.postings.taken_before import Record, Version, contest, is_gone, postings_of, words_of

STAYS: Final = "{why} But it was taken as {words}. It stays as it is: void it, or correct it by hand."
ALERT: Final = "{number} is not to be booked any more by what its source says: {why}"


def no_longer_due(record: Record, why: str, *, received_at: datetime) -> tuple[str, int] | None:
    """For a record that stands under any of `record.kinds`: the sentence for its delivery, and the id of its
    transaction; people see what changed, and are told once for each reason. None where nothing stands. `why` is one
    sentence."""
    with atomic():
        posting = next((one for one in postings_of(record) if not is_gone(one)), None)
        if posting is None:
            return None
        transaction = posting.transaction
        version = Version(
            content=transaction.content,
            content_hash=hashlib.sha256(f"not due: {why}".encode()).hexdigest(),
            differences=[["stage", "approved", why]],
            received_at=received_at,
        )
        alert = ALERT.format(number=transaction.number, why=why)
        contest(transaction, version, "transaction.not_due_at_source", alert)
        return STAYS.format(why=why, words=words_of(posting)), transaction.pk
