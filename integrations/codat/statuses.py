"""Codat's words for where a connection and a set of data stand, and what they mean to us and to people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PENDING: Final = "PendingAuth"
LINKED: Final = "Linked"
UNLINKED: Final = "Unlinked"
DEAUTHORISED: Final = "Deauthorized"

# The statuses of a connection over there, and of ours (design, section 2).
_OURS: Final[Mapping[str, str]] = {
    PENDING: "pending_auth",
    LINKED: "linked",
    UNLINKED: "unlinked",
    DEAUTHORISED: "deauthorised",
}
_THEIRS: Final[Mapping[str, str]] = {ours: theirs for theirs, ours in _OURS.items()}
# In any letter case, and as older texts of the vendor spell it.
_SPELLINGS: Final[Mapping[str, str]] = {**{name.lower(): name for name in _OURS}, "deauthorised": DEAUTHORISED}

# What people call the types of data that the portal asks for; others are told by their own name.
_DATA: Final[Mapping[str, str]] = {
    "bankAccounts": "bank accounts",
    "billCreditNotes": "supplier credit notes",
    "billPayments": "payments of bills",
    "bills": "bills",
    "chartOfAccounts": "chart of accounts",
    "company": "company information",
    "itemReceipts": "goods received",
    "journalEntries": "journal entries",
    "paymentMethods": "payment methods",
    "purchaseOrders": "purchase orders",
    "suppliers": "suppliers",
    "taxRates": "tax rates",
    "trackingCategories": "tracking categories",
}
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Phase(StrEnum):
    """What a status of a set of data comes to."""

    NEVER = "never"
    UNDER_WAY = "under_way"
    COMPLETE = "complete"
    FAILED = "failed"
    SIGNED_OUT = "signed_out"
    FORBIDDEN = "forbidden"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class DataWord:
    """One status of a set of data: what it comes to, the end of a sentence about it, and when to ask anew.

    `again_seconds` after its end a failed fetch is worth another one; before that it would only fail again.
    """

    phase: Phase
    words: str
    again_seconds: int = 0


_MINUTES: Final = 60
_HOURS: Final = 3600
_NEVER: Final = DataWord(Phase.NEVER, "has not been fetched yet")
_DATA_WORDS: Final[Mapping[str, DataWord]] = {
    "Initial": DataWord(Phase.UNDER_WAY, "is about to be fetched"),
    "Queued": DataWord(Phase.UNDER_WAY, "waits to be fetched; desktop software must be running for that"),
    "Fetching": DataWord(Phase.UNDER_WAY, "is being fetched"),
    "MapQueued": DataWord(Phase.UNDER_WAY, "was fetched and waits to be read"),
    "Mapping": DataWord(Phase.UNDER_WAY, "was fetched and is being read"),
    "ValidationQueued": DataWord(Phase.UNDER_WAY, "was read and waits to be checked"),
    "Validating": DataWord(Phase.UNDER_WAY, "was read and is being checked"),
    "ProcessingQueued": DataWord(Phase.UNDER_WAY, "was checked and waits to be stored"),
    "Processing": DataWord(Phase.UNDER_WAY, "was checked and is being stored"),
    "Complete": DataWord(Phase.COMPLETE, "is complete"),
    "FetchError": DataWord(Phase.FAILED, "could not be fetched from the accounting software", 15 * _MINUTES),
    "MapError": DataWord(Phase.FAILED, "was fetched but could not be read", _HOURS),
    "ValidationError": DataWord(Phase.FAILED, "was fetched but did not pass Codat's checks", _HOURS),
    "ProcessingError": DataWord(Phase.FAILED, "was fetched but could not be stored", 15 * _MINUTES),
    "InternalError": DataWord(Phase.FAILED, "could not be fetched, because of a fault at Codat", 15 * _MINUTES),
    "RateLimitError": DataWord(Phase.FAILED, "could not be fetched: the accounting software wants to rest", _HOURS),
    "PrerequisiteNotMet": DataWord(Phase.FAILED, "needs other data that was not fetched", 15 * _MINUTES),
    "Cancelled": DataWord(Phase.FAILED, "was not fetched, because that was cancelled"),
    "AuthError": DataWord(Phase.SIGNED_OUT, "was refused: the sign-in at the accounting software is over"),
    "PermissionsError": DataWord(
        Phase.FORBIDDEN, "may not be read by the person who linked the accounting software", _HOURS
    ),
    "NotSupported": DataWord(Phase.UNSUPPORTED, "is not told by this accounting software", 24 * _HOURS),
}
_BY_SPELLING: Final[Mapping[str, DataWord]] = {name.lower(): word for name, word in _DATA_WORDS.items()}


def theirs_spelt(status: object) -> str:
    """A connection's status in Codat's own spelling; one that is not known stays as it came, no text is empty."""
    text = status.strip() if isinstance(status, str) else ""
    return _SPELLINGS.get(text.lower(), text)


def told_as(status: object) -> str:
    """A connection's status as it is told to the portal: theirs, but in the portal's spelling."""
    spelt = theirs_spelt(status)
    return "Deauthorised" if spelt == DEAUTHORISED else spelt


def ours(status: object) -> str:
    """Our status for a connection's over there; empty for one that is not known."""
    return _OURS.get(theirs_spelt(status), "")


def theirs(status: str) -> str:
    """Codat's status for one of ours; empty where it has none, as for a blank connection."""
    return _THEIRS.get(status, "")


def is_linked(status: object) -> bool:
    """Whether Codat can read and write."""
    return theirs_spelt(status) == LINKED


def data_word(status: str) -> DataWord:
    """What a status of a set of data means. One that is not known is a failure that is worth asking anew."""
    if not status:
        return _NEVER
    known = _BY_SPELLING.get(status.lower())
    return known or DataWord(Phase.FAILED, f"has a status that is not known here ({status[:40]})", 15 * _MINUTES)


def data_name(data_type: str) -> str:
    """A type of data as people call it, without an article: `chart of accounts`."""
    return _DATA.get(data_type) or _HUMP.sub(" ", data_type).lower()


def about(data_type: str, status: str) -> str:
    """Where a set of data stands, as the beginning of a sentence: `In Codat, "tax rates" is complete`."""
    return f'In Codat, "{data_name(data_type)}" {data_word(status).words}'
