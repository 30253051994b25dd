"""A delivery on arrival: who calls is found out, and what came is kept, before anything reads it.

Once an endpoint has shown a good token, one statement does both for its next deliveries: it keeps what came only where
that token is still live, in a header that is still looked at, of an endpoint that is still open. Where it keeps nothing
the two steps are taken one after the other, so that no byte of a caller without a good token reaches the database.
"""

from __future__ import annotations

import hmac
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from integrations.base import Source
from portal import prepared
from portal.digests import digest
from portal.intake import deliveries, endpoints
from portal.intake.authenticate import Refused, authenticate, bare, names_of
from portal.intake.endpoints import OpenEndpoint
from portal.intake.statements import FIND_AND_KEEP

REMEMBERED_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """A kept delivery. `started` is of the monotonic clock, `received_at` an aware UTC time."""

    endpoint: OpenEndpoint
    id: int
    received_at: datetime
    started: float

    @property
    def capture_id(self) -> int | None:
        """The capture that waited for this endpoint's next request, if one did."""
        return self.endpoint.capture_id


class Seen(NamedTuple):
    """The header in which a good token came last, and the token's digest."""

    header: str
    digest: str


class Memory:
    """What this process has seen of endpoints lately: a hint of what to ask the database, never a proof."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[uuid.UUID, Seen] = OrderedDict()

    def of(self, endpoint_id: uuid.UUID) -> Seen | None:
        """What was seen last of an endpoint."""
        return self._seen.get(endpoint_id)

    def keep(self, endpoint_id: uuid.UUID, seen: Seen) -> None:
        """Remember, and forget who was remembered first when there are too many."""
        with self._lock:
            self._seen[endpoint_id] = seen
            self._seen.move_to_end(endpoint_id)
            if len(self._seen) > REMEMBERED_AT_MOST:
                self._seen.popitem(last=False)

    def forget(self) -> None:
        """All of it."""
        with self._lock:
            self._seen.clear()


memory = Memory()


def arrive(source: Source, endpoint_id: uuid.UUID, body: bytes, headers: Mapping[str, str]) -> Arrival | Refused:
    """Find out who calls, and commit what came raw. `headers` has lower-case names."""
    started, received_at = time.monotonic(), timezone.now()
    arrival = _at_once(source, endpoint_id, body, headers, started, received_at)
    if arrival is not None:
        return arrival
    endpoint = authenticate(source, endpoint_id, headers)
    if isinstance(endpoint, Refused):
        return endpoint
    if prepared.can_run():
        _remember(source, endpoint, headers)
    return Arrival(endpoint, deliveries.keep(endpoint, received_at, body, headers), received_at, started)


def _at_once(
    source: Source, endpoint_id: uuid.UUID, body: bytes, headers: Mapping[str, str], started: float, now: datetime
) -> Arrival | None:
    seen = memory.of(endpoint_id)
    if seen is None or not hmac.compare_digest(digest(bare(headers.get(seen.header.lower(), ""))), seen.digest):
        return None
    values = {
        "integration": source.metadata.slug,
        "endpoint_id": endpoint_id,
        "now": now,
        "digest": seen.digest,
        "header": seen.header,
        "is_usual": seen.header in source.token_headers,
        **deliveries.raw(now, body, headers),
    }
    row = prepared.run(FIND_AND_KEEP, values)
    return None if row is None else Arrival(endpoints.read(row[1:]), int(row[0]), now, started)


def _remember(source: Source, endpoint: OpenEndpoint, headers: Mapping[str, str]) -> None:
    for name in names_of(source, endpoint):
        shown = digest(bare(headers.get(name.lower(), "")))
        if shown in endpoint.digests:
            memory.keep(endpoint.id, Seen(name, shown))
            return
