"""Short forms: transactions that we hold, runs at a moment, and what was found."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import time_machine
from django.utils import timezone

from integrations.documents import Kind
from portal.connections.models import Connection
from portal.connections.services import accounting_connection
from portal.intake.models import SourceDifference, SourceRun
from portal.intake.reconciliation.leases import Lease, ask, take
from portal.intake.reconciliation.run import Reading, go
from portal.postings.maintenance import maintenance
from portal.postings.models import Posting
from tests.factories import a_document, accepted
from tests.intake.reconciliation.lists import NOW

COUNTS = ("read", "compared", "never_received", "deleted", "known", "left", "undated", "resolved")


def holding(source: Connection, external_id: str, state: str = "ready", kind: Kind = Kind.INVOICE) -> Posting:
    """A transaction of ours with this id, its posting in `state`."""
    books = accounting_connection(source.company)
    assert books is not None
    posting = accepted(books, a_document(external_id=external_id, kind=kind)).posting
    put(posting, state)
    return posting


def put(posting: Posting, state: str, **fields: Any) -> None:
    """The posting stands in `state`, whatever way leads there."""
    posted = {"external_id": f"doc-{posting.pk}", "posted_at": timezone.now(), "next_attempt_at": None}
    leased = {"lease_token": posting.idempotency_key, "lease_until": timezone.now() + timedelta(hours=1)}
    values = {**(posted if state == "posted" else {}), **(leased if state in ("sending", "checking") else {}), **fields}
    with maintenance():
        Posting.objects.filter(pk=posting.pk).update(state=state, **values)
    posting.refresh_from_db()


def taken(source: Connection, at: datetime = NOW) -> Lease:
    """A run that was asked for and taken at this moment."""
    with time_machine.travel(at, tick=False):
        lease = take(ask(source).pk)
    assert lease is not None
    return lease


def reconciled(source: Connection, at: datetime = NOW, **terms: Any) -> SourceRun:
    """A whole run at this moment, without a real wait."""
    lease = taken(source, at)
    with time_machine.travel(at, tick=False):
        go(Reading(lease, sleep=terms.pop("sleep", unwanted), **terms))
    run = lease.run
    run.refresh_from_db()
    return run


def unwanted(seconds: float) -> None:
    raise AssertionError(f"nobody should have to wait {seconds} s")


def counts(run: SourceRun) -> dict[str, int]:
    """The counts that are not 0."""
    return {name: value for name in COUNTS if (value := getattr(run, name))}


def found(state: str = "open") -> set[tuple[str, str]]:
    """Kind and external id of each difference in this state."""
    rows = SourceDifference.objects.filter(state=state)
    return set(rows.values_list("kind", "external_id"))


def clock_of(*seconds: float) -> Callable[[], float]:
    """A clock that tells these, and the last one for ever."""
    left = list(seconds)
    return lambda: left.pop(0) if len(left) > 1 else left[0]
