"""A sender that behaves like iCompleat: delivers, and delivers again what it has no good answer for."""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.chaos.deliver import ANSWER_WITHIN_SECONDS, Parcel, deliver
from tests.chaos.papers import Due, Mail, Manner, Paper, Sent, Told, body

THREADS = 16
LOOK_EVERY_SECONDS = 0.02
AGAIN_AFTER_SECONDS = (0.5, 4.0)
# How often people click "retry" on what was refused.
RETRIES_OF_FAILED = 2
WRONG_TOKEN = "postroom_not-a-token-of-this-endpoint"


class Sender:
    """Posts the mail to the portal from threads of its own, until every paper has a final answer.

    Like a proxy, it goes to the next of the `urls` where one refuses the connection. `patient` False: nothing is
    delivered again.
    """

    def __init__(
        self, mail: Mail, urls: Sequence[str], companies: list[dict[str, Any]], seed: int, *, patient: bool = True
    ) -> None:
        self.papers = mail.papers
        self._queue = list(mail.deliveries)
        heapq.heapify(self._queue)
        self._addresses = tuple(urlsplit(url).netloc for url in urls)
        self._companies, self._patient = companies, patient
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

    def once_more(self, paper: Paper, version: int, manner: Manner = Manner.PLAIN) -> Sent:
        """One delivery now, without any retry. What is never ended counts as no delivery."""
        sent = Sent(version, time.time())
        if manner is Manner.FORGED:
            paper.forged.append(sent)
        elif manner is not Manner.HALF:
            paper.sent.append(sent)
        deliver(self._parcel(paper, version, manner), sent, self._dice)
        return sent

    def _parcel(self, paper: Paper, version: int, manner: Manner) -> Parcel:
        company = self._companies[paper.company]
        headers = {"Content-Type": "application/json", **company["headers"]}
        if manner is Manner.FORGED:
            headers |= self._a_wrong_token(paper)
        first = self._dice.randrange(len(self._addresses))
        addresses = (*self._addresses[first:], *self._addresses[:first])
        return Parcel(addresses, company["path"], headers, body(paper, version, company), manner)

    def _a_wrong_token(self, paper: Paper) -> dict[str, str]:
        """Nobody's, or the good one of another company."""
        (name,) = self._companies[paper.company]["headers"]
        other = self._companies[paper.company - 1]["headers"][name]
        return {name: other if int(paper.identity[0], 16) % 2 else WRONG_TOKEN}

    def _run(self) -> None:
        while not self._over.is_set():
            due = self._next()
            if due is None:
                self._over.wait(LOOK_EVERY_SECONDS)
                continue
            paper = self.papers[due.paper]
            sent = self.once_more(paper, due.version, due.manner)
            with self._lock:
                self._under_way -= 1
                if self._patient and due.manner not in (Manner.FORGED, Manner.HALF):
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
