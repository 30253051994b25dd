"""The stand-in, served, with its doors for scripts, and a receiver for its webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from werkzeug.wrappers import Request, Response

from integrations.accessplanit.connector import AccessPlanit
from integrations.accessplanit.sandbox import INTERFACE, build
from integrations.base import Link
from integrations.disturbed import Disturbed
from integrations.exact import from_json
from integrations.feeds import Call, Head, Wanted
from integrations.sandbox import Recorder, Server, Store, mount
from tests.integrations.accessplanit.platform import OUTBOUND

SLUG = "northgate"


class Clock:
    """Seconds since 1970, from 12 May 2025, 08:00 UTC; each look takes one second."""

    def __init__(self) -> None:
        self.now = 1_747_036_800.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


class Receiver:
    """Takes webhooks, and remembers them."""

    def __init__(self) -> None:
        self.recorder = Recorder(Request.application(lambda _: Response("noted", 202)))

    def calls(self) -> list[Call]:
        """What came, as the portal would hand it to a connector."""
        return [
            Call(
                method=one.method,
                query=Request({"QUERY_STRING": one.query}).args.to_dict(),
                headers={name.lower(): value for name, value in one.headers.items()},
                body=one.body,
            )
            for one in self.recorder.seen
        ]


class StandIn:
    """One platform of the stand-in."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.root, self.clock = f"{url}/accessplanit", clock
        self.base = f"{self.root}/{SLUG}/accessplansandbox"
        self.platform = self.control("PUT", f"platforms/{SLUG}", {})

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.root}/control/{path}", json=body, timeout=20)
        assert answer.ok, answer.text
        return from_json(answer.text)

    def put(self, **members: Any) -> None:
        self.control("PUT", f"platforms/{SLUG}", members)

    def faults(self, **knobs: Any) -> None:
        self.control("PUT", "faults", knobs)

    def records(self, module: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", f"platforms/{SLUG}/records/{module}")["results"]
        return found

    def raise_invoice(self, *lines: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        asked = {"customer": "BRIGHT7kQ2", "lines": list(lines) or [{"label": "Place", "amount": "120.00"}], **more}
        made: dict[str, Any] = self.control("POST", f"platforms/{SLUG}/invoices", asked)
        return made

    def act(self, invoice: Mapping[str, Any], act: str, **given: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.control("POST", f"platforms/{SLUG}/invoices/{invoice['ID']}/{act}", given)
        return made

    def api(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.platform['api_key']}", **more.pop("headers", {})}
        return requests.request(method, f"{self.base}{path}", headers=headers, timeout=20, **more)

    def connector(self, **settings: str) -> AccessPlanit:
        secrets = {"api_key": self.platform["api_key"], "password": self.platform["password"]}
        usual = {"base_url": self.base, "username": self.platform["username"]}
        link = Link(settings={**usual, **settings}, secrets=secrets, outbound=OUTBOUND)
        return AccessPlanit(link)


@contextmanager
def served(store: Store) -> Iterator[StandIn]:
    """The stand-in with nothing wrong with it yet; its network can be disturbed through its faults."""
    clock = Clock()
    app = Disturbed(build(store, clock=clock), INTERFACE)
    with Server(mount({"accessplanit": app})) as server:
        yield StandIn(server.url, clock)


def heads(source: AccessPlanit, wanted: Wanted) -> list[Head]:
    """The heads of all pages."""
    found: list[Head] = []
    while True:
        page = source.page(wanted)
        assert not page.unreadable
        found += page.heads
        if not page.after:
            return found
        wanted = Wanted(feed=wanted.feed, since=wanted.since, still_open=wanted.still_open, after=page.after)
