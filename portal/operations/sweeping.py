"""What runs beside Celery in every worker process: the sweep and the sign of life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import Celery, bootsteps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.operations.checks import refuse_lies
from portal.operations.heartbeat import Heartbeat
from portal.postings.sweep import Sweeper
from portal.postings.work import stopping

if TYPE_CHECKING:  # half a second of imports that only a worker needs
    from celery.worker import WorkController

NOT_ALONE = (
    "The embedded shape's worker lives inside `manage.py serve`; a worker of its own needs POSTROOM_SHAPE=production."
)


class Sweeping(bootsteps.StartStopStep):
    """Starts the sweep with the worker, before the worker has reached the broker: that is what the sweep is for.

    It comes after the pool, so that a pool that forks does so without threads. Raises `ImproperlyConfigured` when the
    settings would lie, which ends the worker.
    """

    name = "sweeping"
    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: WorkController, **options: Any) -> None:
        self.sweeper = Sweeper()
        self.heartbeat = Heartbeat(lambda: self.sweeper.last_pass_at)
        super().__init__(parent, **options)

    def start(self, parent: WorkController) -> None:
        """Sweep from now on."""
        stopping.clear()
        refuse_lies()
        if settings.EMBEDDED and not getattr(parent, "is_embedded", False):
            raise ImproperlyConfigured(NOT_ALONE)
        self.sweeper.start()
        self.heartbeat.start()

    def stop(self, parent: WorkController) -> None:
        """Take no more; wait for what runs."""
        stopping.set()
        self.heartbeat.stop()
        self.sweeper.stop()

    def terminate(self, parent: WorkController) -> None:
        """Take no more and do not wait: leases run out, and another sweep finds them."""
        stopping.set()
        self.heartbeat.stop()
        self.sweeper.stop(wait=False)


def accompany(app: Celery) -> None:
    """Make every worker of this Celery application sweep."""
    app.steps["worker"].add(Sweeping)
