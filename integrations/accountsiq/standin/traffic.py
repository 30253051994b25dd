"""What happens to calls on their way: they are counted, limited, lost, held, or answered with a failure."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from werkzeug.wrappers import Request, Response

from integrations.accountsiq.standin.options import Options
from integrations.disturbed_call import Call, Interface, Later
from integrations.faults import Terms

WRITES: Final = "lose_answers"
TOKENS: Final = "lose_tokens"
READS: Final = ""
_SECOND: Final = 1.0


class Traffic:
    """Stands between the doors and the network. `clock` counts seconds."""

    def __init__(self, options: Options, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._recent: deque[float] = deque()

    def passes(self) -> bool:
        """Whether the limit allows one more REST call at this moment; a call that it refuses does not count."""
        most = self._options.number("limit_per_second")
        with self._lock:
            now = self._clock()
            while self._recent and self._recent[0] <= now - _SECOND:
                self._recent.popleft()
            is_allowed = not most or len(self._recent) < most
            if is_allowed:
                self._recent.append(now)
            return is_allowed

    def carried(
        self, request: Request, name: str, answer: Callable[[], Response], interface: Interface, *, loses: str
    ) -> Response:
        """The answer to a call, or what becomes of it; `loses` is the option by which its answer is lost, if any.

        Raises `ConnectionResetError` where the connection is cut.
        """
        call = Call(request.environ, _nothing, interface, Terms(), Later())
        if self._options.taken("lose_requests"):
            self._count(name, "lost before")
            return call.cut()
        if self._options.taken("errors_before"):
            return self._failed(name, interface)
        response = answer()
        if loses and response.status_code < 300 and self._options.taken(loses):
            self._count(name, "lost after")
            return call.cut()
        if loses == WRITES and response.status_code < 300 and self._options.taken("errors_after"):
            return self._failed(name, interface)
        if self._options.taken("hang") and call.is_given_up(self._options.number("hang_seconds")):
            self._count(name, "given up")
            return call.cut()
        self._count(name, str(response.status_code))
        return response

    def told(self) -> dict[str, int]:
        """How many calls there were, by name and what came of them."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def forget(self) -> None:
        """Count from nought again."""
        with self._lock:
            self._counts.clear()

    def _failed(self, name: str, interface: Interface) -> Response:
        response = interface.failure()
        response.status_code = 500
        self._count(name, "500")
        return response

    def _count(self, name: str, what: str) -> None:
        with self._lock:
            self._counts[f"{name}: {what}"] += 1


def _nothing(*_: object) -> list[bytes]:
    """The application of a call that is only cut or held here."""
    return []
