"""What may still change of a sales invoice that is posted, on either side: its order number and its due date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

ORDER_NUMBER: Final = "order_number"
DUE_DATE: Final = "due_date"
POSTED_NUMBER: Final = "posted_number"
TERMS: Final = (ORDER_NUMBER, DUE_DATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What is written into a record that is there; None leaves a member as it is.

    `posted_number` is the number that the accounting system, or the portal, gave it; only a source takes it.
    """

    order_number: str | None = None
    due_date: dt.date | None = None
    posted_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """A posted sales invoice as an accounting system tells it now. None is what it does not tell, or has no value for;
    a member that it shortens or rewords is told as None, too: it would look like a change that somebody made.

    `changed_at` is when it was changed last, aware UTC.
    """

    external_id: str
    changed_at: dt.datetime
    order_number: str | None = None
    due_date: dt.date | None = None
