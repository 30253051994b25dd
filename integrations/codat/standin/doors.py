"""What every request to the API passes: the key, the day's quota, how many come at once, and the idempotency keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from werkzeug.wrappers import Request, Response

from integrations.codat.standin.answers import JSON, Refusal, refused
from integrations.codat.standin.events import Events
from integrations.codat.standin.memory import Memory, stamp

KEY_HEADER: Final = "Idempotency-Key"
_KEYED: Final = frozenset({"POST", "PATCH", "PUT"})
_WORDS: Final = "You have made too many requests in a given amount of time; please retry later."


def authorise(request: Request, memory: Memory, key: str) -> None:
    """Raises `Refusal` (401) for anything but `Basic` and the whole key in base64."""
    given = request.headers.get("Authorization", "")
    current = memory.setting("api_key", "") or key
    wanted = "Basic " + base64.b64encode(current.encode()).decode()
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        raise Refusal(401, "Unauthorized")


class Quota:
    """The requests of one day, UTC by the stand-in's own clock: so many for the client and for each linked company."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._now = memory.now()
        self._day = f"requests of {self._now:%Y-%m-%d}"

    @property
    def limit(self) -> int:
        """How many there may be today."""
        linked = {one["companyId"] for one in self._memory.every("connection") if one["status"] == "Linked"}
        return int(self._memory.setting("requests_a_day")) * (1 + len(linked))

    @property
    def reset(self) -> datetime:
        """When the next day begins."""
        return self._now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)

    def spend(self) -> None:
        """Count one request. Raises `Refusal` (429) until the next day where there are none left."""
        used = int(self._memory.setting(self._day, 0))
        if used >= self.limit:
            if used == self.limit:
                self._memory.set(self._day, used + 1)
                self._tell("client.rateLimit.reached", 0)
            seconds = int((self.reset - self._now).total_seconds()) + 1
            raise Refusal(429, _WORDS, headers={"Retry-After": str(seconds)})
        self._memory.set(self._day, used + 1)

    def mark(self, response: Response) -> Response:
        """Put the three headers onto an answer."""
        left = max(self.limit - int(self._memory.setting(self._day, 0)), 0)
        response.headers["X-Rate-Limit-Limit"] = str(self.limit)
        response.headers["X-Rate-Limit-Remaining"] = str(left)
        response.headers["X-Rate-Limit-Reset"] = stamp(self.reset)
        return response

    def _tell(self, event: str, left: int) -> None:
        payload = {"dailyQuota": self.limit, "quotaRemaining": left, "expiryDate": stamp(self.reset)}
        Events(self._memory).tell(event, payload, "")


class Busy:
    """What is being answered right now: requests by company, and idempotency keys in use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[str] = Counter()
        self._keys: set[str] = set()

    @contextmanager
    def at_once(self, company: str, most: int) -> Iterator[None]:
        """One more request about a company. Raises `Refusal` (429) when there are too many."""
        with self._lock:
            if self._requests[company] >= most:
                raise Refusal(429, _WORDS, headers={"Retry-After": "1"})
            self._requests[company] += 1
        try:
            yield
        finally:
            with self._lock:
                self._requests[company] -= 1

    @contextmanager
    def key(self, key: str) -> Iterator[None]:
        """A request with this idempotency key, if any. Raises `Refusal` (409) while there is another."""
        with self._lock:
            if key in self._keys:
                raise Refusal(409, "A request is in progress with the same idempotency key.")
            self._keys |= {key} - {""}
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key)


def key_of(request: Request) -> str:
    """The idempotency key of a request; an empty text where it has none or needs none."""
    return request.headers.get(KEY_HEADER, "").strip() if request.method in _KEYED else ""


def answered_once(request: Request, memory: Memory, answer: Callable[[], Response]) -> Response:
    """The answer, or for a key that is known the one that it got first, whatever that was.

    Kept for ninety minutes, together with what was done; 429 is never kept. Raises `Refusal` (422) where the key came
    with another request.
    """
    key = key_of(request)
    if not key:
        return answer()
    named = f"{request.method} {request.path}?{request.query_string.decode()} ".encode()
    fingerprint = hashlib.sha256(named + request.get_data()).hexdigest()
    now = memory.now().timestamp()
    row = memory.database.execute("SELECT * FROM answer WHERE key = ?", (key,)).fetchone()
    if row is not None and now - row["at"] < float(memory.setting("key_seconds")):
        if row["fingerprint"] != fingerprint:
            raise Refusal(422, "The idempotency key was used for another request.")
        return Response(row["body"], status=row["status"], mimetype=JSON)
    response = answer()
    if response.status_code != 429:
        values = (key, fingerprint, response.status_code, response.get_data(as_text=True), now)
        memory.database.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?)", values)
    return response


def failing(request: Request, memory: Memory, answer: Callable[[], Response]) -> Response:
    """The answer, unless somebody wants the next of these to fail: before it is carried out, or after."""
    plans = memory.setting("call_faults", [])
    for place, plan in enumerate(plans):
        if plan["method"] == request.method and plan["path"] in request.path:
            count = plan.get("times", 1) - 1
            rest = [{**plan, "times": count}] if count else []
            memory.set("call_faults", plans[:place] + rest + plans[place + 1 :])
            if plan.get("after"):
                answer()
            headers = {"Retry-After": str(plan["retry_after"])} if "retry_after" in plan else {}
            return refused(
                Refusal(plan["status"], plan.get("error", "There is a problem with our server."), headers=headers)
            )
    return answer()
