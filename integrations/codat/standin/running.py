"""What the stand-in does by itself: it carries on what is due by its clock, and sends its webhooks for real."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

import requests

from integrations.codat.standin import datasets, events, pushing
from integrations.codat.standin.memory import Memory, moment

_ANSWER_SECONDS: Final = 15
_LONGEST_NAP: Final = 3600.0
_WRONG: Final = "whsec_" + "A" * 32


class Running:
    """One thread at a time, which sleeps until the next thing is due. `open_memory` gives one transaction."""

    def __init__(self, open_memory: Callable[[], AbstractContextManager[Memory]], secret: str) -> None:
        self._open = open_memory
        self._secret = secret
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._timer: threading.Timer | None = None

    def carry_on(self, memory: Memory) -> None:
        """Everything that is due, within a transaction that is open already."""
        datasets.settle(memory)
        pushing.settle(memory)

    def plan(self) -> None:
        """Wake up when the next thing is due; called after each request."""
        try:
            with self._open() as memory:
                seconds = _until_next(memory)
        except sqlite3.ProgrammingError:
            return  # the store was closed: it is over
        with self._lock:
            if self._timer:
                self._timer.cancel()
                self._timer = None
            if seconds is not None:
                self._timer = threading.Timer(max(seconds, 0.01), self._wake)
                self._timer.daemon = True
                self._timer.start()

    def _wake(self) -> None:
        try:
            with self._open() as memory:
                self.carry_on(memory)
            self.send()
        except sqlite3.ProgrammingError:
            return
        self.plan()

    def send(self) -> None:
        """Send every webhook that is due; nothing is open meanwhile."""
        with self._sending:
            with self._open() as memory:
                waiting, secret = events.due(memory), self._secret
                if memory.setting("webhooks") == "unsigned":
                    secret = _WRONG
            for delivery in waiting:
                outcome, is_taken = _sent(delivery, secret)
                with self._open() as memory:
                    events.attempted(memory, delivery, outcome, is_taken=is_taken)


def _sent(delivery: dict[str, Any], secret: str) -> tuple[str, bool]:
    """One try: what came back, and whether it counts."""
    body, at = delivery["body"].encode(), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": delivery["message"],
        "webhook-timestamp": str(at),
        "webhook-signature": events.signature(secret, delivery["message"], at, body),
    }
    try:
        answer = requests.post(delivery["url"], body, headers=headers, timeout=_ANSWER_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return type(error).__name__, False
    return str(answer.status_code), 200 <= answer.status_code < 300


def _until_next(memory: Memory) -> float | None:
    """Seconds until something is due, None where nothing ever is. What waits for a connector to come online is not."""
    now, sync = memory.now(), memory.seconds("sync_seconds")
    moments = [moment(one["due"]) for one in memory.still_open("delivery")]
    moments += [
        moment(one["requested"]) + sync for one in memory.still_open("pull") if _is_online(memory, one, "connectionId")
    ]
    moments += [
        moment(one["hidden"]["due"])
        for one in memory.still_open("push")
        if _is_online(memory, one, "dataConnectionKey") and one["hidden"]["plan"].get("outcome") != "Pending"
    ]
    return min((min(one - now for one in moments).total_seconds(), _LONGEST_NAP)) if moments else None


def _is_online(memory: Memory, one: dict[str, Any], member: str) -> bool:
    connection = memory.get("connection", one[member])
    return connection is None or bool(connection["hidden"]["is_online"])
