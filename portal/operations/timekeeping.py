"""The timetable's own thread in every worker process. Celery's beat only rings: without it nothing stands still."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from celery import Celery, bootsteps
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections, connections
from django.utils import timezone

from portal.timetable import registry
from portal.timetable.registry import Job
from portal.timetable.running import perform, release_all, take

if TYPE_CHECKING:  # half a second of imports that only a worker needs
    from celery.worker import WorkController

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 5.0
FINISHES_WITHIN_SECONDS: Final = 5.0

_bell = threading.Condition()
_rings = 0


def ring() -> None:
    """Make this process's timekeeper look now; nothing happens where there is none."""
    global _rings  # noqa: PLW0603 - one bell per process, for whichever thread listens
    with _bell:
        _rings += 1
        _bell.notify_all()


class Timekeeper(threading.Thread):
    """Looks every five seconds, and when the bell rings, until stopped. Each run has a thread of its own.

    A run that is under way when the process ends dies with it; its slot is repeated when its lease is over.
    """

    def __init__(self) -> None:
        super().__init__(name="timekeeper", daemon=True)
        self._stopping = threading.Event()
        self._running: dict[str, threading.Thread] = {}
        self._heard = _rings
        self._failing = False

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look(timezone.now())
            except DatabaseError:
                logger.warning("The timetable could not be read; it is tried again.", exc_info=not self._failing)
                self._failing = True
            finally:
                connections.close_all()
            self._wait()

    def stop(self, *, wait: bool = True) -> None:
        """Begin nothing more; give what runs some seconds to end."""
        self._stopping.set()
        ring()
        deadline = time.monotonic() + (FINISHES_WITHIN_SECONDS if wait else 0)
        for thread in [self, *self._running.values()]:
            if thread.is_alive():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _look(self, now: datetime) -> None:
        close_old_connections()
        for job in registry.jobs():
            if not self._runs(job) and not self._stopping.is_set():
                self._begin(job, now)
        self._failing = False

    def _begin(self, job: Job, now: datetime) -> None:
        if (run := take(job, now)) is None:
            return

        def work() -> None:
            # a database that is away: the slot stays open, and is repeated when its lease is over
            try:
                perform(run)
            except DatabaseError:
                logger.warning("timetable: how %s went could not be written.", run.slot, exc_info=True)
            finally:
                connections.close_all()

        self._running[job.name] = thread = threading.Thread(target=work, name=f"job {job.name}", daemon=True)
        thread.start()

    def _runs(self, job: Job) -> bool:
        thread = self._running.get(job.name)
        return thread is not None and thread.is_alive()

    def _wait(self) -> None:
        with _bell:
            _bell.wait_for(lambda: _rings != self._heard or self._stopping.is_set(), EVERY_SECONDS)
            self._heard = _rings


class Timekeeping(bootsteps.StartStopStep):
    """Starts the timekeeper with the worker, after the pool and before the broker was reached."""

    name = "timekeeping"
    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: WorkController, **options: Any) -> None:
        self.timekeeper = Timekeeper()
        super().__init__(parent, **options)

    def start(self, parent: WorkController) -> None:
        """Look from now on. The embedded process holds the lock: whoever held a slot before it is dead."""
        if settings.EMBEDDED:
            with suppress(DatabaseError):
                release_all(timezone.now())
        self.timekeeper.start()

    def stop(self, parent: WorkController) -> None:
        """Begin nothing more; wait a little."""
        self.timekeeper.stop()

    def terminate(self, parent: WorkController) -> None:
        """Begin nothing more and do not wait."""
        self.timekeeper.stop(wait=False)


def keep_time(app: Celery) -> None:
    """Let every worker of this Celery application keep the timetable."""
    app.steps["worker"].add(Timekeeping)
