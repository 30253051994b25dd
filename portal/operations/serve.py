"""The embedded shape: web server, worker, sweep and schedule as threads of one process."""

from __future__ import annotations

import json
import logging
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from wsgiref.types import WSGIApplication

from celery import Celery
from django.conf import settings
from django.utils import timezone

from portal.operations.lock import ProcessLock
from portal.operations.web import WebServer
from portal.operations.worker import Schedule, Worker
from portal.postings.models import Posting
from portal.postings.states import LEASED

logger = logging.getLogger(__name__)

LOCK_NAME = "serve.lock"
LOOK_EVERY_SECONDS = 1.0
# Longer than an endpoint's usual wait for an answer (8 s), so that what is under way is answered with its own number.
WEB_FINISHES_WITHIN_SECONDS = 10.0
WORKER_FINISHES_WITHIN_SECONDS = 10.0


def serve_lock() -> ProcessLock:
    """The lock that keeps the embedded shape to one process per data directory."""
    return ProcessLock(settings.DATA_DIR / LOCK_NAME)


def let_go_of_leases() -> int:
    """End every lease now. Only for whoever holds the lock: it proves that their holders are dead. Returns how many.

    The sweep then treats each as what it is, an unknown outcome: quiet, lookup, and only then again.
    """
    return Posting.objects.filter(state__in=LEASED).update(lease_until=timezone.now())


@dataclass(slots=True)
class Embedded:
    """Everything that runs, in the order in which it starts. `run` blocks until SIGTERM or SIGINT."""

    web: WebServer
    worker: Worker
    schedule: Schedule
    stopping: threading.Event

    @classmethod
    def build(cls, app: WSGIApplication, celery: Celery, *, host: str, port: int) -> Embedded:
        """Take the port and make the parts; nothing runs yet. Raises `PortTaken`."""
        web = WebServer(app, host=host, port=port, threads=settings.WEB_THREADS)
        return cls(web, Worker(celery), Schedule(celery), threading.Event())

    def run(self, ready: Callable[[str], None]) -> int:
        """Start everything, call `ready` with the address, wait, stop. Returns the exit code."""
        self._listen_to_signals()
        self.worker.start()
        self.schedule.start()
        self.web.start()
        ready(self.web.url)
        ended_by_itself = self._wait()
        self._stop()
        return 1 if ended_by_itself else 0

    def _listen_to_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        """The second time somebody is in a hurry: rows and leases survive it, as they survive `kill -9`."""
        if self.stopping.is_set():
            os._exit(1)
        self.stopping.set()

    def _wait(self) -> str:
        """Until somebody asks to stop (then empty), or until a part ends by itself (then its name)."""
        while not self.stopping.wait(LOOK_EVERY_SECONDS):
            alive = {
                "web server": self.web.is_alive,
                "worker": self.worker.is_alive,
                "schedule": self.schedule.is_alive,
            }
            for name, lives in alive.items():
                if not lives:
                    logger.critical(
                        "The %s ended by itself; everything stops, so that a supervisor starts it anew.", name
                    )
                    return name
        return ""

    def _stop(self) -> None:
        """No new requests, answers for those under way, then the worker: whoever waits for a number still gets it."""
        self.web.refuse_new()
        answered = self.web.finish(WEB_FINISHES_WITHIN_SECONDS)
        self.schedule.ask_to_stop()
        worked = self.worker.stop(WORKER_FINISHES_WITHIN_SECONDS)
        if not answered or not worked:
            logger.warning("Not everything was finished in time; what was left goes on at the next start.")


def write_ready_file(path: Path, url: str) -> None:
    """Say in a file, all at once, where the portal listens and which process it is."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps({"url": url, "pid": os.getpid()}) + "\n", encoding="utf-8")
    temporary.replace(path)
