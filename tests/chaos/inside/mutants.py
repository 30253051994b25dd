"""Eight deliberate bugs. A run with one of them must end with broken promises, else the checker is blind."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from integrations.documents import IdempotencyKey
from integrations.errors import OutcomeUnknown
from tests.chaos.inside.grafts import graft

VARIABLE = "CHAOS_MUTANT"
NO_QUIET_PERIOD = "no quiet period"


def breed(name: str) -> None:
    """Put one bug into this process."""
    MUTANTS[name]()


def _no_lease_check() -> None:
    graft("portal.postings.claim:Claim.still_ours", lambda _: lambda _claim: None)


def _no_quiet_period() -> None:
    graft("integrations.demo.connector:DemoBooks.can", lambda can: replace(can, quiet_seconds=0))


def _settle_without_token() -> None:
    """Whoever comes back settles, whatever became of the posting meanwhile."""

    def carelessly(change: Callable[..., bool]) -> Callable[..., bool]:
        def careless(posting: Any, after: Any, **given: Any) -> bool:
            posting.refresh_from_db(fields=["state", "lease_token"])
            return change(posting, after, **given)

        return careless

    graft("portal.postings.moves:change", carelessly)
    graft("portal.postings.one_statement:settle", lambda _: lambda *_given: False)


def _number_outside() -> None:
    """Counted in a transaction of its own, which stays when the document's is rolled back."""

    def elsewhere(count: Callable[[Any], str]) -> Callable[[Any], str]:
        def outside(company_id: Any) -> str:
            told: list[str] = []
            thread = threading.Thread(target=_counted, args=(count, company_id, told))
            thread.start()
            thread.join()
            return told[0]

        return outside

    graft("portal.postings.accept:next_number", elsewhere)
    for door in ("portal.postings.accept:take_new", "portal.intake.answering:take_new"):
        graft(door, lambda _: lambda *_given, **_named: None)


def _counted(count: Callable[[Any], str], company_id: Any, told: list[str]) -> None:
    try:
        with atomic():
            told.append(count(company_id))
    finally:
        connection.close()


def _new_key_each_try() -> None:
    graft("portal.postings.work:key_of", lambda _: lambda _posting: IdempotencyKey(str(uuid.uuid4()), 1))


def _retry_on_timeout() -> None:
    from portal.postings.models import Purpose
    from portal.postings.moves import wait_or_hold
    from portal.postings.states import State

    def blindly(claimed: Any, error: OutcomeUnknown) -> None:
        wait_or_hold(claimed, State.READY, error, error.message, timezone.now() + timedelta(seconds=0.5))

    def spoiled(tables: dict[Purpose, Any]) -> dict[Purpose, Any]:
        return {**tables, Purpose.SEND: ((OutcomeUnknown, blindly), *tables[Purpose.SEND])}

    graft("portal.postings.rules:TABLES", spoiled)


def _in_the_database() -> None:
    """Nothing in the processes: the stage changes the database."""


MUTANTS: dict[str, Callable[[], None]] = {
    "no lease check": _no_lease_check,
    NO_QUIET_PERIOD: _no_quiet_period,
    "select then insert": _in_the_database,
    "settle without token": _settle_without_token,
    "number outside the transaction": _number_outside,
    "early 2xx": _in_the_database,
    "new key each try": _new_key_each_try,
    "retry on read timeout": _retry_on_timeout,
}
