"""What was found is one row as long as it stands: seen again it is no new alarm, gone it is resolved, and says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from portal.connections.models import Connection
from portal.events.services import tell
from portal.postings.models import Posting
from portal.postings.reconciliation.compare import Finding
from portal.postings.reconciliation.models import Difference, DifferenceState, ReconciliationRun

GONE: Final = "Looked up again: both sides agree."
IS_NOW: Final = "It is another difference now: {kind}."
KNOWN: Final = "known"


def report(
    connection: Connection, key: UUID, posting: Posting | None, finding: Finding, run: ReconciliationRun | None = None
) -> str:
    """Write down what differs: a new row, or the one that is open. Returns the finding's kind, or `KNOWN` when
    somebody has dismissed just this before. What was open of another kind for this key is resolved."""
    with atomic():
        for other in open_ones(connection, [key]).exclude(kind=finding.kind):
            close(other, DifferenceState.RESOLVED, IS_NOW.format(kind=_word(finding)))
        seen = _seen(finding, run)
        if open_ones(connection, [key]).filter(kind=finding.kind).update(**seen):
            return finding.kind.value
        if _is_dismissed(connection, key, finding, run):
            return KNOWN
        _alarm(connection, key, posting, run, {**seen, "kind": finding.kind})
    return finding.kind.value


def resolve(differences: Iterable[Difference], why: str = GONE, user: AbstractBaseUser | None = None) -> int:
    """Both sides agree again. Returns how many were open."""
    return sum(close(one, DifferenceState.RESOLVED, why, user) for one in differences)


def close(difference: Difference, state: DifferenceState, why: str, user: AbstractBaseUser | None = None) -> bool:
    """Take an open difference to its end. False when it was closed meanwhile: nothing was written then."""
    values: dict[str, Any] = {"state": state, "closed_at": timezone.now(), "closed_by": user, "closed_why": why}
    with atomic():
        if not Difference.objects.filter(pk=difference.pk, state=DifferenceState.OPEN).update(**values):
            return False
        for name, value in values.items():
            setattr(difference, name, value)
        who = user.get_username() if user else "reconciliation"
        _tell(difference, f"difference.{state.value}", f"{difference} was {state.value}: {why}", who)
    return True


def open_ones(connection: Connection, keys: Iterable[UUID]) -> QuerySet[Difference]:
    """The open differences of these keys."""
    return Difference.objects.select_related("connection__company", "posting__transaction").filter(
        connection=connection, state=DifferenceState.OPEN, key__in=list(keys)
    )


def _is_dismissed(connection: Connection, key: UUID, finding: Finding, run: ReconciliationRun | None) -> bool:
    """Whether somebody said of just this that it may stay as it is. Other details are a new alarm."""
    dismissed = Difference.objects.filter(
        connection=connection, key=key, kind=finding.kind, state=DifferenceState.DISMISSED
    )
    same = [one.pk for one in dismissed if one.details == _rows(finding)]
    return bool(Difference.objects.filter(pk__in=same).update(last_run=run, last_seen_at=timezone.now()))


def _alarm(
    connection: Connection, key: UUID, posting: Posting | None, run: ReconciliationRun | None, seen: dict[str, Any]
) -> None:
    made = Difference.objects.create(
        connection=connection, key=key, posting=posting, first_run=run, first_seen_at=seen["last_seen_at"], **seen
    )
    _tell(made, "difference.found", f"{made} in {connection}.", "reconciliation")


def _seen(finding: Finding, run: ReconciliationRun | None) -> dict[str, Any]:
    seen = {"details": _rows(finding), "documents": [dict(one) for one in finding.documents]}
    return {**seen, "last_seen_at": timezone.now(), **({"last_run": run} if run else {})}


def _rows(finding: Finding) -> list[list[str]]:
    return [list(row) for row in finding.details]


def _word(finding: Finding) -> str:
    return str(finding.kind.label).partition(":")[0].lower()


def _tell(difference: Difference, verb: str, message: str, who: str) -> None:
    company = difference.connection.company
    tell(verb, message, who=who, subject=difference, tenant_id=company.tenant_id, company_id=company.pk)
