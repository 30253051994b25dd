"""How a transaction that we entered is known: our key in its reference, behind the portal's own number."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from integrations.documents import IdempotencyKey

# The longest that a reference may be there is not known; version 1 took 50 for the one text whose limit is seen.
_LONGEST: Final = 50
_MARK: Final = re.compile(r"\bPR[0-9a-f]{32}\b", re.IGNORECASE)


def mark(key: IdempotencyKey) -> str:
    """`PR` and 32 hexadecimal digits of the key."""
    try:
        return f"PR{UUID(key.value).hex}"
    except ValueError:
        return f"PR{key.value}"


def marked(reference: str, key: IdempotencyKey) -> str:
    """The text of the reference: the portal's journal number and our key, at most 50 characters."""
    own = mark(key)
    return f"{reference[: _LONGEST - len(own) - 1]} {own}".strip()


def is_marked(reference: str) -> bool:
    """Whether some key of ours is in it."""
    return bool(_MARK.search(reference))
