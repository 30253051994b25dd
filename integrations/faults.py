"""What can go wrong on the way to an outside system: named faults, drawn by a seed, for any stand-in to wear.

A plan is written as text: `chaos`, `429=0.1,hang_after_commit=0.08`, `mild,hang_seconds=5,trust_keys=no`. Later words
win over earlier ones. What each fault does to a request stands in `disturbed.py`.
"""

from __future__ import annotations

import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from integrations.key_lives import KeyLives

_LONGEST_SECONDS: Final = 300
_NOTES_KEPT: Final = 10_000


class Sort(StrEnum):
    """What a request is after. Requests of no sort are never disturbed."""

    WRITE = "write"
    LOOKUP = "lookup"


class Fault(StrEnum):
    """How a request can go wrong, by its name in a plan."""

    RATE_LIMITED = "429"
    RATE_LIMITED_BARE = "429_bare"
    ERROR_BEFORE = "500_before_commit"
    ERROR_AFTER = "500_after_commit"
    HANG = "hang_after_commit"
    LATE = "late_commit"
    RESET_BEFORE = "reset_before_commit"
    RESET_AFTER = "reset_after_commit"
    FAILURE_IN_200 = "failure_in_200"
    NO_ID = "no_id"
    HTML_200 = "html_200"
    HTML_500 = "html_500"
    DRIP = "drip"
    REDIRECT = "redirect"
    HUGE = "huge"
    WRONG_AMOUNT = "wrong_amount"
    FORGOTTEN_KEYS = "forgotten_keys"
    REPLAYED_KEY = "replayed_key"
    MOVED_DATE = "moved_date"
    LATENCY = "latency"
    LOOKUP_RATE_LIMITED = "lookup_429"
    LOOKUP_ERROR = "lookup_500"
    LOOKUP_RESET = "lookup_reset"
    LOOKUP_DRIP = "lookup_drip"

    @property
    def sort(self) -> Sort:
        """The sort of request that it befalls."""
        return Sort.LOOKUP if self.value.startswith("lookup_") else Sort.WRITE


ABOUT: Final[Mapping[Fault, str]] = {
    Fault.RATE_LIMITED: "429 with Retry-After; nothing is booked.",
    Fault.RATE_LIMITED_BARE: "429 without Retry-After; nothing is booked.",
    Fault.ERROR_BEFORE: "500; nothing is booked.",
    Fault.ERROR_AFTER: "500, although the document is booked.",
    Fault.HANG: "The document is booked; the answer is held for hang_seconds.",
    Fault.LATE: "No answer; the document is booked late_seconds after the client has given up.",
    Fault.RESET_BEFORE: "The connection is reset; nothing is booked.",
    Fault.RESET_AFTER: "The document is booked; the connection is reset.",
    Fault.FAILURE_IN_200: "200 with a failure inside; nothing is booked.",
    Fault.NO_ID: "The document is booked; the answer has no id.",
    Fault.HTML_200: "The document is booked; the answer is a web page with 200.",
    Fault.HTML_500: "A web page with 500; nothing is booked.",
    Fault.DRIP: "The document is booked; the answer comes one byte per drip_seconds.",
    Fault.REDIRECT: "307 to another path, which would book the document; nothing is booked here.",
    Fault.HUGE: "The document is booked; the answer is larger than 10 MB.",
    Fault.WRONG_AMOUNT: "The document is booked as sent; the answer tells other amounts.",
    Fault.FORGOTTEN_KEYS: "The document is booked; then all idempotency keys are forgotten, and 500 is answered.",
    Fault.REPLAYED_KEY: "500, now and for ever for this idempotency key; nothing is booked under it.",
    Fault.MOVED_DATE: "The document is booked with another date than it was sent with.",
    Fault.LATENCY: "The document is booked after latency_seconds.",
    Fault.LOOKUP_RATE_LIMITED: "A lookup gets 429 with Retry-After.",
    Fault.LOOKUP_ERROR: "A lookup gets 500.",
    Fault.LOOKUP_RESET: "The connection of a lookup is reset.",
    Fault.LOOKUP_DRIP: "The answer to a lookup comes one byte per drip_seconds.",
}

PRESETS: Final[Mapping[str, str]] = {
    "none": "",
    # For watching: four writes in ten are disturbed, in ways that end well within a minute or two.
    "mild": (
        "429=0.1, 500_before_commit=0.05, 500_after_commit=0.1, hang_after_commit=0.05, late_commit=0.05,"
        "reset_after_commit=0.05, lookup_429=0.1, lookup_500=0.05"
    ),
    # Half of all writes, in proportions with which a naive sender doubles almost every second document.
    "chaos": (
        "429=0.05, 429_bare=0.05, 500_before_commit=0.1, 500_after_commit=0.1, hang_after_commit=0.08,"
        "late_commit=0.08, reset_after_commit=0.06, lookup_429=0.05, lookup_500=0.1, lookup_reset=0.05"
    ),
}


class BadPlan(ValueError):
    """A plan that cannot be read; the message says which word is at fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the faults are carried out. `trust_keys` False: idempotency keys are ignored, only a lookup protects;
    `key_seconds`: how long a key is remembered after it first came, 0 for ever."""

    hang_seconds: float = 40.0
    late_seconds: float = 2.0
    drip_seconds: float = 0.5
    latency_seconds: float = 1.0
    retry_after_seconds: float = 1.0
    key_seconds: float = 0.0
    trust_keys: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often each fault befalls a request of its sort: a rate of 0.1 is one request in ten."""

    spec: str = "none"
    rates: Mapping[Fault, float] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)

    def fault_at(self, point: float, sort: Sort) -> Fault | None:
        """The fault that a number from 0 to below 1 stands for, or none."""
        for fault in Fault:
            if fault.sort is sort:
                point -= self.rates.get(fault, 0.0)
                if point < 0:
                    return fault
        return None


def parse(spec: str) -> Plan:
    """Read a plan. A fault without a rate befalls every request of its sort. Raises `BadPlan`."""
    rates: dict[Fault, float] = {}
    terms: dict[str, Any] = {}
    for word in filter(None, map(str.strip, spec.split(","))):
        name, is_given, value = (part.strip() for part in word.partition("="))
        if name in PRESETS and not is_given:
            rates |= parse(PRESETS[name]).rates
        elif name in ABOUT:
            rates[Fault(name)] = _within(1, word, value if is_given else "1")
        elif name in _TERMS:
            terms[name] = _TERMS[name](word, value)
        else:
            raise BadPlan(f"{name} is unknown here. Known are {', '.join((*PRESETS, *Fault, *_TERMS))}.")
    for sort in Sort:
        if sum(rate for fault, rate in rates.items() if fault.sort is sort) > 1 + 1e-9:
            raise BadPlan(f"The rates of the faults of a {sort} add up to more than 1.")
    return Plan(spec=spec.strip() or "none", rates=rates, terms=Terms(**terms))


def _within(most: float, word: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise BadPlan(f"{word}: a number is wanted.") from None
    if not 0 <= number <= most:
        raise BadPlan(f"{word}: the number must be from 0 to {most:g}.")
    return number


def _seconds(word: str, value: str) -> float:
    return _within(_LONGEST_SECONDS, word, value)


def _yes(word: str, value: str) -> bool:
    if value not in {"yes", "no"}:
        raise BadPlan(f"{word}: yes or no is wanted.")
    return value == "yes"


_TERMS: Final[Mapping[str, Callable[[str, str], object]]] = {
    name: _yes if name == "trust_keys" else _seconds for name in Terms.__dataclass_fields__
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """One disturbed request: when (ISO, UTC), the how-manieth of its sort it was, and the key that it carried."""

    at: str
    fault: Fault
    sort: Sort
    count: int
    method: str
    path: str
    key: str


class Campaign:
    """A plan in force. The nth request of a sort gets the fault that seed and n say, whatever else happens."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan = plan
        self.seed = seed
        self._lock = threading.Lock()
        self._requests: Counter[Sort] = Counter()
        self._totals: Counter[Fault] = Counter()
        self._notes: deque[Disturbance] = deque(maxlen=_NOTES_KEPT)
        self._spent: set[str] = set()
        self.key_lives = KeyLives(plan.terms.key_seconds)

    def draw(self, sort: Sort, *, method: str, path: str, key: str) -> Fault | None:
        """Decide about the next request, and note the decision. A spent key decides for itself."""
        with self._lock:
            self._requests[sort] += 1
            fault = self.plan.fault_at(_point(self.seed, sort, self._requests[sort]), sort)
            if sort is Sort.WRITE and self.plan.terms.trust_keys and key in self._spent:
                fault = Fault.REPLAYED_KEY
            if fault is None:
                return None
            if fault is Fault.REPLAYED_KEY and key:
                self._spent.add(key)
            self._totals[fault] += 1
            self._notes.append(
                Disturbance(
                    at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                    fault=fault, sort=sort, count=self._requests[sort], method=method, path=path, key=key,
                )
            )  # fmt: skip
            return fault

    def report(self) -> dict[str, Any]:
        """The plan, how many requests there were, how many each fault befell, and the last of those."""
        with self._lock:
            return {
                "spec": self.plan.spec,
                "seed": self.seed,
                "rates": dict(self.plan.rates),
                "terms": asdict(self.plan.terms),
                "requests": {sort: self._requests[sort] for sort in Sort},
                "totals": dict(self._totals),
                "disturbed": [asdict(note) for note in self._notes],
            }


def _point(seed: int, sort: Sort, count: int) -> float:
    return random.Random(f"{seed} {sort} {count}").random()  # noqa: S311 - a plan must be repeatable
