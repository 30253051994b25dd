"""A worker process says that it lives and what it did, every ten seconds, in the database."""

from __future__ import annotations

import logging
import os
import platform
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from celery import signals
from django.db import Error as DatabaseError
from django.db import connections
from django.utils import timezone

from portal.operations.models import Part, Sign
from portal.postings.nudges import counter as nudged
from portal.postings.tally import tally

logger = logging.getLogger(__name__)

EVERY_SECONDS = 10.0
UNTIL_SWEPT_SECONDS = 0.5
FORGET_AFTER = timedelta(days=1)


def this_process() -> str:
    """Host name and process id: who leaves a sign."""
    return f"{platform.node()}:{os.getpid()}"


def leave_sign(part: Part, process: str, **what: datetime | int | None) -> None:
    """Write the sign of life of one part, and forget those who have been silent for a day."""
    now = timezone.now()
    Sign.objects.update_or_create(
        part=part,
        process=process,
        defaults={"seen_at": now, **what},
        create_defaults={"started_at": now, "seen_at": now, **what},
    )
    Sign.objects.filter(seen_at__lt=now - FORGET_AFTER).delete()


class Heartbeat(threading.Thread):
    """Leaves a worker's signs until it is stopped, and takes the last one away when it was stopped in order.

    `swept_at` tells when the process's sweep ended its last pass (aware UTC).
    """

    def __init__(self, swept_at: Callable[[], datetime | None]) -> None:
        super().__init__(name="heartbeat", daemon=True)
        self._swept_at = swept_at
        self._stopping = threading.Event()
        self._tasks_done = 0

    def run(self) -> None:
        signals.task_postrun.connect(self._count)
        while not self._stopping.is_set():
            swept_at = self._swept_at()
            written = self._write(
                partial(
                    leave_sign,
                    Part.WORKER,
                    this_process(),
                    swept_at=swept_at,
                    tasks_done=self._tasks_done + nudged.done,
                    run_by_nudge=tally.by_nudge,
                    run_by_sweep=tally.by_sweep,
                )
            )
            self._stopping.wait(UNTIL_SWEPT_SECONDS if written and swept_at is None else EVERY_SECONDS)
        self._write(Sign.objects.filter(part=Part.WORKER, process=this_process()).delete)
        signals.task_postrun.disconnect(self._count)

    def stop(self) -> None:
        """Leave no more signs; the process ends."""
        self._stopping.set()
        if self.is_alive():
            self.join(EVERY_SECONDS)

    def _write(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except DatabaseError as error:
            logger.warning("The sign of life could not be written: %s.", type(error).__name__)
            return False
        finally:
            connections.close_all()
        return True

    def _count(self, **_: object) -> None:
        self._tasks_done += 1
