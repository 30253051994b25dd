"""A customer's own server that hears webhooks, and the rows that lead to it."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from integrations.standard_webhooks import new_secret, verified
from portal.connections.models import Connection
from portal.events.services import tell
from portal.events.webhooks import services
from portal.events.webhooks.models import Announcement, Consumer, Dispatch

PATIENCE_SECONDS = 20.0


@dataclass
class Ear:
    """What came to one path of a server, and what it answers."""

    server: HTTPServer
    path: str = "/hook"
    status: int = 204
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    hold: threading.Event | None = None
    at_once: int = 0
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.server.expect_request(self.path).respond_with_handler(self._answer)

    @property
    def url(self) -> str:
        """Its address."""
        return str(self.server.url_for(self.path))

    def bodies(self) -> list[dict[str, Any]]:
        """What was said, in the order in which it came."""
        return [json.loads(body) for _, body in list(self.heard)]

    def ids(self, secret: str) -> list[str]:
        """The ids of what came, each proven to be ours."""
        return [verified([secret], headers, body) for headers, body in self.heard]

    def _answer(self, request: Request) -> Response:
        with self._lock:
            self.heard.append((dict(request.headers), request.get_data()))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        if self.hold is not None:
            self.hold.wait(PATIENCE_SECONDS)
        with self._lock:
            self.at_once -= 1
        return Response(self.body, self.status, self.headers)


def subscribed(
    connection: Connection, url: str = "https://hooks.example.com/a", types: tuple[str, ...] = (), **options: Any
) -> tuple[Consumer, str]:
    """A consumer of the connection's tenant, as old as the hills."""
    company_id = options.pop("company_id", None)
    consumer, secret = services.subscribe(connection.company.tenant_id, url, types, company_id, "owner")
    changes = {"created_at": timezone.now() - timedelta(days=400), **options}
    Consumer.objects.filter(pk=consumer.pk).update(**changes)
    consumer.refresh_from_db()
    return consumer, secret


def a_consumer(url: str, tenant_id: uuid.UUID | None = None, **options: Any) -> tuple[Consumer, str]:
    """A consumer that came out of nowhere."""
    secret = new_secret()
    row = {"tenant_id": tenant_id or uuid.uuid4(), "secrets": {"signing": secret}, "hint": secret[-4:], **options}
    return Consumer.objects.create(url=url, **row), secret


def a_dispatch(consumer: Consumer, number: int = 1, **options: Any) -> Dispatch:
    """A message that is due."""
    now = timezone.now()
    announcement = Announcement.objects.create(
        type="posting.posted", tenant_id=consumer.tenant_id, payload={"number": number},
        origin=f"made-up:{uuid.uuid4()}", happened_at=now, made_at=options.pop("announced_at", now),
    )  # fmt: skip
    row = {"made_at": now, "next_try_at": now, **options}
    return Dispatch.objects.create(consumer=consumer, announcement=announcement, **row)


def paused(connection: Connection, **options: Any) -> Any:
    """An audit event that is announced."""
    company = connection.company
    return tell(
        "connection.paused", "Paused: for a test", who="staff", subject=connection, tenant_id=company.tenant_id,
        company_id=company.pk, **options,
    )  # fmt: skip


def wait_for(condition: Callable[[], bool]) -> None:
    """Until it holds; fails after twenty seconds."""
    done = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if condition():
            return
        done.wait(0.02)
    raise AssertionError("It did not come to pass in time.")
