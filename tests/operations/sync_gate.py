"""A gate before iCompleat: every request passes it, is written down there, and may be held, or its sender be killed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Final

import requests
from werkzeug.wrappers import Request, Response

from integrations.sandbox import keep_body

# Less than whoever waits for an answer waits (30 s), so that nothing here looks like a slow answer.
HELD_AT_MOST_SECONDS: Final = 25.0
# Where the path names the company: /icompleat/api/suppliers/<tenant>/<company>.
COMPANY_PART: Final = 5
FORWARDED: Final = ("Content-Type", "x-api-compleat-key", "x-api-version")


class Moment(Enum):
    """When something happens to a chunk that has arrived at the gate whole."""

    UNDER_WAY = auto()
    """iCompleat gets it afterwards."""
    STORED = auto()
    """iCompleat has stored it, and its answer comes afterwards."""
    ANSWERED = auto()
    """Its answer has been sent."""


@dataclass(slots=True)
class Asked:
    """One request that writes. `company` is iCompleat's id, `sender` the port that it came from; of a chunk of a
    refresh its number from 1, its token and its codes; `status` is the answer's, 0 while there is none."""

    at: float
    method: str
    path: str
    company: str
    sender: int
    chunk: int = 0
    token: str = ""
    codes: tuple[str, ...] = ()
    status: int = 0


@dataclass(slots=True)
class Hold:
    """Keeps a request at the gate until it may go on."""

    reached: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def __call__(self) -> None:
        self.reached.set()
        self.go_on.wait(HELD_AT_MOST_SECONDS)


@dataclass(frozen=True, slots=True)
class Order:
    """What happens to the next chunk with this number of a company's list."""

    company: str
    chunk: int
    moment: Moment
    then: Callable[[], object]


class Gate:
    """Passes requests on to iCompleat at `there`, and writes down those that write, in the order of their coming."""

    def __init__(self, there: str) -> None:
        self.asked: list[Asked] = []
        self._there = there
        self._orders: list[Order] = []
        self._lock = threading.Lock()

    def at(self, company: str, chunk: int, moment: Moment, then: Callable[[], object]) -> None:
        """Let `then` happen once, in the thread of the request."""
        with self._lock:
            self._orders.append(Order(company, chunk, moment, then))

    def hold(self, company: str, chunk: int, moment: Moment = Moment.UNDER_WAY) -> Hold:
        """Keep the next one there."""
        self.at(company, chunk, moment, hold := Hold())
        return hold

    def of(self, company: str, since: int = 0) -> list[Asked]:
        """What came for a company's lists, without the first `since` of all requests."""
        return [one for one in self.asked[since:] if one.company == company]

    def answer(self, request: Request) -> Response:
        """One request."""
        body = keep_body(request)
        if request.method == "GET":
            return self._passed_on(request, body)
        asked, orders = self._noted(request, json.loads(body or b"{}"))
        _carry_out(orders, Moment.UNDER_WAY)
        answer = self._passed_on(request, body)
        asked.status = answer.status_code
        _carry_out(orders, Moment.STORED)
        answer.call_on_close(lambda: _carry_out(orders, Moment.ANSWERED))
        return answer

    def _noted(self, request: Request, body: dict[str, Any]) -> tuple[Asked, list[Order]]:
        company, sender = request.path.split("/")[COMPANY_PART], int(request.environ["REMOTE_PORT"])
        asked = Asked(time.time(), request.method, request.path, company, sender)
        rows = body.get("Suppliers")
        with self._lock:
            if rows is not None:
                asked.token, asked.codes = body["ContinuationToken"], tuple(row["Code"] for row in rows)
                asked.chunk = self.of(company)[-1].chunk + 1 if asked.token else 1
            self.asked.append(asked)
            found = [one for one in self._orders if (one.company, one.chunk) == (company, asked.chunk)]
            self._orders = [one for one in self._orders if one not in found]
        return asked, found

    def _passed_on(self, request: Request, body: bytes) -> Response:
        headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                request.method, f"{self._there}{request.environ['REQUEST_URI']}", data=body, headers=headers, timeout=20
            )
        return Response(answer.content, answer.status_code, content_type=answer.headers["Content-Type"])


def _carry_out(orders: list[Order], moment: Moment) -> None:
    for order in orders:
        if order.moment is moment:
            order.then()
