"""Celery inside of the embedded process: the worker and the schedule as threads."""

from __future__ import annotations

import os
import platform
from threading import Thread

from celery import Celery, signals
from celery.beat import Scheduler, Service
from celery.worker import WorkController
from celery.worker import state as worker_state
from celery.worker.consumer import Consumer
from django.conf import settings


class EmbeddedWorker(WorkController):
    """A Celery worker without a program around it: no signal handlers, no banner, no logging of its own."""

    is_embedded = True

    def on_consumer_ready(self, consumer: Consumer) -> None:
        """Say what a worker program would say."""
        signals.worker_ready.send(sender=consumer)


class Worker:
    """The Celery worker of the embedded process: one thread that listens, a pool of threads that work."""

    def __init__(self, app: Celery) -> None:
        self._controller = EmbeddedWorker(
            app=app,
            hostname=f"embedded@{platform.node()}",
            pool="threads",
            concurrency=settings.WORKER_THREADS,
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        self._thread = Thread(target=self._controller.start, name="worker", daemon=True)

    def start(self) -> None:
        """Listen for nudges."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the listening thread runs."""
        return self._thread.is_alive()

    def stop(self, within_seconds: float) -> bool:
        """Take no more nudges and finish what runs. False when that took too long."""
        worker_state.should_stop = os.EX_OK  # type: ignore[assignment] # the stub knows only its default
        self._thread.join(within_seconds)
        return not self._thread.is_alive()


class Schedule:
    """Celery's beat in a thread, its table in memory (`-B` would start a process that no memory broker reaches)."""

    def __init__(self, app: Celery) -> None:
        self._service = Service(app, max_interval=1, scheduler_cls=Scheduler)
        self._thread = Thread(target=self._service.start, name="schedule", daemon=True)

    def start(self) -> None:
        """Send what is due, from now on."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the schedule's thread runs."""
        return self._thread.is_alive()

    def ask_to_stop(self) -> None:
        """Send nothing more. Its thread ends within a second, or with the process: it holds nothing."""
        self._service.stop()
