"""Somebody who listens to the stand-in's webhooks."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.wrappers import Request, Response

from integrations.codat.standin.events import signature
from integrations.sandbox import Server
from tests.integrations.codat.documents import event_faults
from tests.integrations.codat.rig import SECRET, Codat

EVENTS = (
    "company.created", "company.deleted", "connection.created", "connection.connected", "connection.failed",
    "connection.disconnected", "connection.reconnected", "connection.deleted", "read.completed",
    "read.completed.initial", "bills.write.successful", "bills.write.unsuccessful", "client.rateLimit.reached",
)  # fmt: skip


class Listener:
    """What came, each with its headers; answers with `status`."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.status = 204
        self.unsigned: list[str] = []
        self.faults: list[str] = []

    def hear(self, request: Request) -> Response:
        body, headers = request.get_data(), {name.lower(): value for name, value in request.headers.items()}
        expected = signature(SECRET, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
        told = json.loads(body)
        if headers["webhook-signature"] != expected:
            self.unsigned.append(told["eventType"])
        self.faults += event_faults(told)
        self.came.append((headers, told))
        return Response(status=self.status)

    def events(self) -> list[str]:
        return [told["eventType"] for _, told in self.came]

    def wait(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 10
        while not happened():
            assert time.monotonic() < deadline, self.events()
            threading.Event().wait(0.02)

    def wait_for(self, *events: str) -> list[dict[str, Any]]:
        """Wait until these have come; gives the last of each."""
        self.wait(lambda: set(events) <= set(self.events()))
        return [next(told for _, told in reversed(self.came) if told["eventType"] == one) for one in events]


@contextmanager
def listening(codat: Codat) -> Iterator[Listener]:
    """A consumer that is registered for everything."""
    listener = Listener()
    with Server(Request.application(listener.hear)) as server:
        made = codat.ask("POST", "webhooks", {"url": f"{server.url}/codat", "eventTypes": list(EVENTS)})
        assert made.status_code == 201
        yield listener
        assert listener.faults == []
        codat.ask("DELETE", f"webhooks/{made.json()['id']}")
