"""How often one endpoint may be called: so many calls a second in the long run, more of them at once.

Counted in this process alone: it costs a microsecond, needs neither database nor Redis, and holds when these are away.
With several web processes the whole installation takes as many times more. Wrong tokens count like right ones, since
nobody has looked at them yet.
"""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from rest_framework.response import Response

from integrations.base import Source

TOO_OFTEN = "Too many postings at once for this address. Nothing was booked. Retry the posting after {seconds} s."
ENDPOINTS_AT_MOST = 10_000


@dataclass(slots=True)
class Rates:
    """A bucket for each endpoint, kept as one time: when it would be full again. Full ones need not be remembered."""

    clock: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _full_at: OrderedDict[uuid.UUID, float] = field(default_factory=OrderedDict)

    def seconds_to_wait(self, endpoint_id: uuid.UUID, *, per_second: int, burst: int) -> float:
        """0 when this call may go on, and then it is counted. Else the seconds until the next one may."""
        with self._lock:
            now = self.clock()
            full_at = max(self._full_at.get(endpoint_id, now), now) + 1 / per_second
            too_early = full_at - now - burst / per_second
            if too_early > 1e-9:  # what rounding may add up to
                return too_early
            self._full_at[endpoint_id] = full_at
            self._full_at.move_to_end(endpoint_id)
            if len(self._full_at) > ENDPOINTS_AT_MOST:
                self._full_at.popitem(last=False)
            return 0

    def forget(self) -> None:
        """Start anew: every endpoint may be called as often as it likes at first."""
        with self._lock:
            self._full_at.clear()


rates = Rates()


def refused_as_too_often(source: Source, endpoint_id: uuid.UUID) -> Response | None:
    """429 with `Retry-After` (whole seconds) in the source's own words, or None when the call may go on.

    Asks nothing but this process's memory, and nothing is stored of a call that is refused.
    """
    seconds = seconds_to_wait(endpoint_id)
    if not seconds:
        return None
    answer = source.refuse(429, TOO_OFTEN.format(seconds=seconds))
    return Response(answer.body, status=answer.status, headers={"Retry-After": str(seconds)})


def seconds_to_wait(address: uuid.UUID) -> int:
    """0 when this call of an address may go on, else the whole seconds until the next one may."""
    if not settings.WEBHOOK_RATE:
        return 0
    return math.ceil(rates.seconds_to_wait(address, per_second=settings.WEBHOOK_RATE, burst=settings.WEBHOOK_BURST))
