"""What makes a nudge cheap: a Celery message that is written by hand and run without what a task needs and it does not.

A task's request object, signals, events and its tracing cost more than all of what a nudge is for. So the worker's
strategy for this one task, which is Celery's own place for that, hands the ids to the pool directly. The message is an
ordinary one of Celery's: a worker without this strategy would run it too.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from celery import Task
from django.db import Error as DatabaseError
from django.db import connections
from kombu import Producer

if TYPE_CHECKING:
    from celery import Celery
    from kombu import Message

logger = logging.getLogger(__name__)

TASK = "postings.run"
_EMBED = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}


class Nudge:
    """A nudge in hand, as the worker's program knows it: while there is one, a soft shutdown waits."""

    name = TASK

    def __init__(self, arguments: list[Any]) -> None:
        self.id = uuid.uuid4().hex
        self.arguments = arguments

    def info(self, **_: Any) -> dict[str, Any]:
        """What `celery inspect active` shows."""
        return {"id": self.id, "name": self.name, "args": self.arguments}


class Counter:
    """How many nudges this process has run since it began."""

    def __init__(self) -> None:
        self.done = 0


counter = Counter()


class Nudged(Task):  # type: ignore[type-arg] # only the stubs know it as generic
    """The task whose messages are run by `strategy`."""

    Strategy = "portal.postings.nudges:strategy"


def publish(producer: Producer, queue: str, *arguments: Any) -> None:
    """Send one nudge. Raises what kombu and the broker's client raise."""
    producer.publish(
        json.dumps([arguments, {}, _EMBED]),
        content_type="application/json",
        content_encoding="utf-8",
        routing_key=queue,
        exchange="",
        headers={"lang": "py", "task": TASK, "id": uuid.uuid4().hex, "ignore_result": True},
        retry=False,
    )


def strategy(task: Task[Any, Any], _: Celery, consumer: Any, **__: Any) -> Callable[..., None]:
    """Celery's hook (`Task.Strategy`): how the `Consumer` of a worker runs the messages of this task."""
    pool, run, taken = consumer.pool, task.run, consumer.controller.state.active_requests

    def handle(message: Message, *_: Any, **__: Any) -> None:
        try:
            arguments, named, _embedded = message.payload
        except (TypeError, ValueError):
            logger.warning("A nudge that cannot be read was thrown away.")
            message.ack()
            return
        nudge = Nudge(arguments)
        taken.add(nudge)
        pool.apply_async(_run, (run, nudge, named, message))

    def _run(run: Callable[..., None], nudge: Nudge, named: dict[str, Any], message: Message) -> None:
        try:
            run(*nudge.arguments, **named)
        except DatabaseError:
            logger.warning("The database failed a nudge; the posting stays due.", exc_info=True)
        except Exception:
            logger.exception("A nudge failed.")
        finally:
            connections.close_all()
            counter.done += 1
            taken.discard(nudge)
            message.ack()

    return handle
