"""`manage.py bench_check`: whether everything that was answered is there, once, under the number that was told."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import QuerySet

from ledger.models import Entry
from portal.intake.models import Delivery, Verdict
from portal.postings.models import Attempt, NumberSeries, Posting
from portal.postings.states import State
from tests.bench.floor.companies import COMPANIES
from tests.bench.floor.models import Row

SETTLED_WITHIN_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.2

Told = Mapping[str, str]


class Command(BaseCommand):
    """Compare the answers (row name to transaction id to number, JSON on stdin) with the database."""

    help = "Check what the bench was answered."

    def handle(self, **options: Any) -> None:
        """Tell the problems, how many got the accounting system's own number, and its own milliseconds for each."""
        answers: dict[str, Told] = json.load(sys.stdin)
        _wait_until_posted()
        problems = [f"{name}: {problem}" for name, told in answers.items() for problem in CHECKS[name](told)]
        own, called = _own_numbers(answers["worker"]), _call_ms()
        self.stdout.write(json.dumps({"problems": problems, "own_numbers": own, "call_ms": called}))


def _floor(told: Told) -> Iterator[str]:
    kept = {f"F-{pk}" for pk in Row._default_manager.values_list("pk", flat=True)}
    if kept != set(told.values()):
        yield f"{len(told)} were answered, {len(kept)} are kept, {len(kept & set(told.values()))} of them the same"


def _receipt(told: Told) -> Iterator[str]:
    """Every number is the portal's own; nothing was posted."""
    yield from _received("receipt", told)
    for posting in _postings("receipt"):
        number, attempts = posting.transaction.number, posting.attempts_made
        if (posting.state, attempts, posting.transaction.answered_number) != (State.READY, 0, number):
            yield f"{posting} after {attempts} attempts, answered with {posting.transaction.answered_number}"


def _ledger(told: Told) -> Iterator[str]:
    """Every number is that of the entry that was made with the posting's key."""
    yield from _received("ledger", told)
    entries = dict(Entry.objects.values_list("external_key", "number"))
    if len(entries) != len(told):
        yield f"{len(told)} were answered, the books have {len(entries)} entries"
    for posting in _postings("ledger"):
        own, answered = entries.get(str(posting.idempotency_key)), posting.transaction.answered_number
        if posting.state != State.POSTED or own != answered:
            yield f"{posting} was answered with {answered}, the books have {own}"


def _worker(told: Told) -> Iterator[str]:
    """Every number is the accounting system's, or the portal's where the wait was over; one attempt each."""
    yield from _received("worker", told)
    for posting in _postings("worker"):
        numbers, answered = {posting.external_number, posting.transaction.number}, posting.transaction.answered_number
        if posting.state != State.POSTED or posting.attempts_made != 1 or answered not in numbers:
            yield f"{posting} after {posting.attempts_made} attempts, answered with {answered} of {sorted(numbers)}"


CHECKS: dict[str, Callable[[Told], Iterator[str]]] = {
    "floor": _floor, "receipt": _receipt, "ledger": _ledger, "worker": _worker,
}  # fmt: skip


def _received(row: str, told: Told) -> Iterator[str]:
    """Exactly what was told is kept, numbers have no gap, and every delivery is kept with its answer."""
    company = COMPANIES[row]
    kept = {posting.transaction.external_id: posting.transaction.answered_number for posting in _postings(row)}
    if kept != told:
        yield f"{len(told)} were answered, {len(kept)} are kept, {len(kept.items() & told.items())} of them the same"
    deliveries = Delivery.objects.filter(company__name=company, verdict=Verdict.ACCEPTED, answer_status=200)
    if (count := deliveries.count()) != len(told):
        yield f"{len(told)} were answered, {count} deliveries say so"
    if (last := NumberSeries.objects.get(company__name=company).last) != len(told):
        yield f"{len(told)} were answered, the last number is {last}"


def _postings(row: str) -> QuerySet[Posting]:
    return Posting.objects.filter(transaction__company__name=COMPANIES[row]).select_related("transaction")


def _wait_until_posted() -> None:
    """Who was answered with the portal's number may still be on the way."""
    deadline = time.monotonic() + SETTLED_WITHIN_SECONDS
    while _postings("worker").exclude(state=State.POSTED).exists() and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_SECONDS)


def _own_numbers(told: Told) -> int:
    own = {posting.transaction.external_id: posting.external_number for posting in _postings("worker")}
    return sum(told[identity] == number for identity, number in own.items() if identity in told)


def _call_ms() -> dict[str, int]:
    """How long the accounting system's own answer took, as the worker saw it, by transaction id."""
    attempts = Attempt.objects.filter(posting__transaction__company__name=COMPANIES["worker"])
    rows = attempts.values_list("posting__transaction__external_id", "exchanges")
    return {identity: sum(exchange["duration_ms"] for exchange in exchanges) for identity, exchanges in rows}
