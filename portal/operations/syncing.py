"""The reference sync's runner in every worker process: like the sweep it needs no broker."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from celery import Celery, bootsteps
from django.conf import settings
from django.db import Error as DatabaseError
from django.utils import timezone

from portal.reference.sync.leases import release_all, stopping
from portal.reference.sync.runner import Runner

if TYPE_CHECKING:  # half a second of imports that only a worker needs
    from celery.worker import WorkController


class Syncing(bootsteps.StartStopStep):
    """Starts the runner with the worker, after the pool and before the broker was reached."""

    name = "syncing"
    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: WorkController, **options: Any) -> None:
        self.runner = Runner()
        super().__init__(parent, **options)

    def start(self, parent: WorkController) -> None:
        """Look from now on. The embedded process holds the lock: whoever read for a run before it is dead."""
        stopping.clear()
        if settings.EMBEDDED:
            with suppress(DatabaseError):
                release_all(timezone.now())
        self.runner.start()

    def stop(self, parent: WorkController) -> None:
        """Begin nothing more; what runs hands itself back at its next request."""
        self.runner.stop()

    def terminate(self, parent: WorkController) -> None:
        """The same, without waiting."""
        self.runner.stop(wait=False)


def synchronise(app: Celery) -> None:
    """Let every worker of this Celery application run the syncs."""
    app.steps["worker"].add(Syncing)
