"""100 deliveries at once while the accounting system hangs, and the health check beside them."""

from __future__ import annotations

import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.bench.client import measure
from tests.bench.figures import percentile
from tests.bench.finding import Finding, Tell
from tests.bench.scenarios.scene import check, scene

AT_ONCE, WAIT_SECONDS, WARM_UP = 100, 8, 32
ASKS_EVERY_SECONDS = 0.05
# A hanging call is given up after 30 s, looked up twice, and sent again.
POSTED_WITHIN_SECONDS = 300.0
NAME = "hung"
ABOUT = "The policy is confirmed: every delivery may wait for its number, and none comes."


def run(directory: Path, size: float, tell: Tell) -> Finding:
    """How long the slowest answer takes, and the health check meanwhile. Afterwards everything is booked once."""
    count = max(20, round(AT_ONCE * min(size, 1.0)))
    with scene(directory, {NAME: {"answer": "confirmed", "seconds": WAIT_SECONDS}}) as on:
        measure(on.load(NAME, WARM_UP, 8), lambda: None)
        on.running.accounting.control(hang=[NAME])
        tell(f"hang: {count} at once")
        with _Asker(on.running.url) as asker:
            answers = measure(on.load(NAME, count, count), lambda: None).answers
        on.running.accounting.control(hang=[])
        tell("hang: waiting until everything is in the books")
        posted = on.wait_until_posted(NAME, POSTED_WITHIN_SECONDS)
    check(posted == count + WARM_UP, f"hang: {count + WARM_UP} were answered, {posted} are posted")
    slowest, health = max(answer.ms for answer in answers), percentile(asker.ms, 99)
    return Finding(
        "hang",
        ABOUT,
        [
            (f"{count} deliveries at once, all answered, the slowest after", f"{slowest / 1000:.2f} s", "at most 9 s"),
            (f"health check p99 meanwhile ({len(asker.ms)} times)", f"{health:.0f} ms", "below 200 ms"),
            ("health checks that failed", str(asker.failed), "0"),
        ],
        {"deliveries": count, "slowest_ms": slowest, "health_p99_ms": health, "health_failed": asker.failed},
    )


class _Asker:
    """Asks for the health every 50 ms, in a thread."""

    def __init__(self, url: str) -> None:
        self.ms: list[float] = []
        self.failed = 0
        self._address, self._over = urlsplit(url).netloc, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(ASKS_EVERY_SECONDS):
            connection = HTTPConnection(self._address, timeout=10)
            began = time.perf_counter()
            try:
                connection.request("GET", "/healthz")
                self.failed += connection.getresponse().status != 200
            except OSError:
                self.failed += 1
            finally:
                connection.close()
            self.ms.append((time.perf_counter() - began) * 1000)
