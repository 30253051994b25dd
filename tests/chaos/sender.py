"""A sender that behaves like iCompleat: delivers, and delivers again what it has no good answer for."""

from __future__ import annotations

import heapq
import json
import random
import threading
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from tests.chaos.papers import Due, Mail, Paper, Sent, Told, body

THREADS = 12
ANSWER_WITHIN_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.02
AGAIN_AFTER_SECONDS = (0.5, 4.0)
# How often people click "retry" on what was refused.
RETRIES_OF_FAILED = 2
# Sentences of the portal: what arrived before with other content, and what a 503 says that promises something.
CONTESTED = "already taken as"
NOTHING_WAS_BOOKED = "Nothing was booked"


class Sender:
    """Posts the mail to the portal from threads of its own, until every paper has a final answer."""

    def __init__(self, mail: Mail, url: str, companies: list[dict[str, Any]], seed: int) -> None:
        self.papers = mail.papers
        self._queue = list(mail.deliveries)
        heapq.heapify(self._queue)
        self._address, self._companies = urlsplit(url).netloc, companies
        self._dice = random.Random(f"{seed} sender")
        self._lock = threading.Lock()
        self._under_way = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(THREADS)]
        self._began = 0.0

    def start(self) -> None:
        """Begin: the clock of the deliveries starts now."""
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to deliver."""
        with self._lock:
            return not self._queue and not self._under_way

    def stop(self) -> None:
        """Deliver no more."""
        self._over.set()
        for thread in self._threads:
            thread.join(ANSWER_WITHIN_SECONDS + 1)

    def once_more(self, paper: Paper, version: int) -> Sent:
        """One delivery now, without any retry."""
        sent = Sent(version, time.time())
        paper.sent.append(sent)
        _send(self._address, self._companies[paper.company], body(paper, version, self._companies[paper.company]), sent)
        return sent

    def _run(self) -> None:
        while not self._over.is_set():
            due = self._next()
            if due is None:
                self._over.wait(LOOK_EVERY_SECONDS)
                continue
            paper = self.papers[due.paper]
            sent = self.once_more(paper, due.version)
            with self._lock:
                self._under_way -= 1
                self._plan_again(due, paper, sent)

    def _next(self) -> Due | None:
        with self._lock:
            if not self._queue or self._queue[0].at > time.monotonic() - self._began:
                return None
            self._under_way += 1
            return heapq.heappop(self._queue)

    def _plan_again(self, due: Due, paper: Paper, sent: Sent) -> None:
        if sent.told in (Told.TAKEN, Told.CONTESTED):
            return
        failed = [one for one in paper.sent if one.told is Told.FAILED and one.status == 400]
        if sent.told is Told.FAILED and sent.status == 400 and len(failed) > RETRIES_OF_FAILED:
            return
        at = time.monotonic() - self._began + self._dice.uniform(*AGAIN_AFTER_SECONDS)
        heapq.heappush(self._queue, Due(at, due.paper, due.version))


def _send(address: str, company: Mapping[str, Any], content: bytes, sent: Sent) -> None:
    connection = HTTPConnection(address, timeout=ANSWER_WITHIN_SECONDS)
    try:
        connection.request("POST", company["path"], content, {"Content-Type": "application/json", **company["headers"]})
        response = connection.getresponse()
        _note(sent, response.status, response.read())
    except (OSError, HTTPException) as error:
        sent.text = f"{type(error).__name__}: {error}"
    finally:
        sent.ended = time.time()
        connection.close()


def _note(sent: Sent, status: int, answer: bytes) -> None:
    sent.text = answer.decode(errors="replace")
    if status == 200:
        sent.number = str(json.loads(answer)["JournalNumber"])
    sent.status, sent.told = status, _told(status, sent.text)


def _told(status: int, text: str) -> Told:
    """A 5xx says nothing for certain, unless it says in so many words that nothing was booked."""
    if status == 200:
        return Told.TAKEN
    if status >= 500:
        return Told.FAILED if NOTHING_WAS_BOOKED in text else Told.LOST
    return Told.CONTESTED if CONTESTED in text else Told.FAILED
