"""Pages that ask a vendor while somebody waits: a quarter of the web threads at most, and half of that for a company.

Whoever hangs at a vendor that does not answer must not take the threads by which everybody else's pages and deliveries
are served.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings

from integrations.errors import Retryable

MOST: Final = max(1, settings.WEB_THREADS // 4)
MOST_OF_ONE: Final = max(1, MOST // 2)
BUSY: Final = "Too many pages wait for an answer at this moment. Try it again in a minute."

_lock: Final = threading.Lock()
_held: Final[Counter[uuid.UUID]] = Counter()


@contextmanager
def one_of(company_id: uuid.UUID) -> Iterator[None]:
    """Be one of those who wait, for the length of a `with` block. Raises `Retryable` at once where there is no room."""
    with _lock:
        if _held.total() >= MOST or _held.get(company_id, 0) >= MOST_OF_ONE:
            raise Retryable(BUSY, free=True)
        _held[company_id] += 1
    try:
        yield
    finally:
        with _lock:
            _held[company_id] -= 1
            if not _held[company_id]:
                del _held[company_id]
