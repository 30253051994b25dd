"""The webhooks' runner in every worker process: like the sweep it needs no broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import Celery, bootsteps

from portal.events.webhooks.runner import Runner

if TYPE_CHECKING:  # half a second of imports that only a worker needs
    from celery.worker import WorkController


class Telling(bootsteps.StartStopStep):
    """Starts the runner with the worker, after the pool and before the broker was reached."""

    name = "telling"
    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: WorkController, **options: Any) -> None:
        self.runner = Runner()
        super().__init__(parent, **options)

    def start(self, parent: WorkController) -> None:
        """Read and send from now on."""
        self.runner.start()

    def stop(self, parent: WorkController) -> None:
        """Send nothing more; wait for what is being sent."""
        self.runner.stop()

    def terminate(self, parent: WorkController) -> None:
        """The same, without waiting: leases run out, and it is sent again."""
        self.runner.stop(wait=False)


def tell_customers(app: Celery) -> None:
    """Let every worker of this Celery application tell what happened by webhook."""
    app.steps["worker"].add(Telling)
