"""Sending again what may be in the books already: safe only under a key that the vendor still knows and honours.

Where a lookup is not complete, nothing found proves nothing. A key that passed the conformance checks and is young
does: the vendor answers it with the document that it made, if it made one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from portal.connections.conformance import key_is_trusted
from portal.postings.models import Posting
from portal.postings.schedule import MISSES_BEFORE_ABSENT

SAME_KEY: Final = "Looked up twice and not found. It is sent again under the same key, which this system honours."
TOO_OLD: Final = "It may be in the books already, and its key is no longer to be relied on: it is looked up again."


def key_protects(posting: Posting, now: datetime) -> bool:
    """Whether the posting's key, at `now` (aware UTC), keeps a second send from making a second document.

    Its age counts from the very first attempt, whatever its generation; where that was pruned away nobody knows it.
    """
    first = posting.attempts.filter(number=1).values_list("started_at", flat=True).first()
    return first is not None and key_is_trusted(posting.connection, first, now)


def goes_out_again(posting: Posting, now: datetime) -> bool:
    """Whether a ready posting that may be in the books is to be sent: it was missed twice and left to its key, and that
    still protects it, however long a pause, a breaker or a limit has kept it waiting."""
    return posting.misses >= MISSES_BEFORE_ABSENT and key_protects(posting, now)
