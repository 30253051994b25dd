"""What was found is one row as long as it stands: seen again it is no new alarm, gone it is resolved, and says so."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from integrations.standing import Standing
from ledger.fields import from_ten_thousandths, ten_thousandths
from portal.connections.models import Connection
from portal.events.services import tell
from portal.intake.reconciliation.models import SourceDifference, SourceDifferenceKind, SourceRun
from portal.postings.models import Transaction
from portal.postings.reconciliation.models import DifferenceState

KNOWN: Final = "known"
# As long as these are the same, what was dismissed is no alarm again.
SAME: Final = ("number", "supplier", "gross", "currency")


def report(
    run: SourceRun, kind: SourceDifferenceKind, standing: Standing, transaction: Transaction | None = None
) -> str:
    """Write down what differs: a new row, or the one that is open. Returns its kind, or `KNOWN` when somebody has
    dismissed just this before."""
    what = {
        "connection": run.connection,
        "kind": kind,
        "external_id": standing.external_id[:100],
        "transaction_kind": transaction.kind if transaction else standing.kind or "",
    }
    now = timezone.now()
    told, seen = _told(standing), {"last_seen_at": now, "last_run": run}
    with atomic():
        if SourceDifference.objects.filter(**what, state=DifferenceState.OPEN).update(**told, **seen):
            return kind.value
        same = {name: told[name] for name in SAME}
        if SourceDifference.objects.filter(**what, **same, state=DifferenceState.DISMISSED).update(**seen):
            return KNOWN
        made = SourceDifference.objects.create(
            **what, **told, **seen, first_seen_at=now, first_run=run, transaction=transaction
        )
        _tell(made, "source_difference.found", f"{made} in {run.connection}.", "reconciliation")
    return kind.value


def close(
    difference: SourceDifference,
    state: DifferenceState,
    why: str,
    user: AbstractBaseUser | None = None,
    **fields: Any,
) -> bool:
    """Take an open difference to its end. False when it was closed meanwhile: nothing was written then."""
    values = {"state": state, "closed_at": timezone.now(), "closed_by": user, "closed_why": why, **fields}
    with atomic():
        open_one = SourceDifference.objects.filter(pk=difference.pk, state=DifferenceState.OPEN)
        if not open_one.update(**values):
            return False
        for name, value in values.items():
            setattr(difference, name, value)
        who = user.get_username() if user else "reconciliation"
        _tell(difference, f"source_difference.{state.value}", f"{difference} was {state.value}: {why}", who)
    return True


def open_ones(connection: Connection, kind: SourceDifferenceKind) -> QuerySet[SourceDifference]:
    """The open differences of a connection, the one that was seen least lately first."""
    found = SourceDifference.objects.filter(connection=connection, kind=kind, state=DifferenceState.OPEN)
    return found.select_related("connection__company", "transaction").order_by("last_seen_at", "pk")


def _told(standing: Standing) -> dict[str, Any]:
    return {
        "number": (standing.number or standing.order_number)[:100],
        "supplier": standing.supplier_name[:200],
        "gross": _amount(standing.gross),
        "currency": standing.currency[:3],
        "created_there_at": standing.created_at,
    }


def _amount(gross: Decimal | None) -> Decimal | None:
    """None for a number that is no amount of money: it is only shown."""
    if gross is None:
        return None
    try:
        return from_ten_thousandths(ten_thousandths(gross))
    except ValueError:
        return None


def _tell(difference: SourceDifference, verb: str, message: str, who: str) -> None:
    company = difference.connection.company
    tell(verb, message, who=who, subject=difference, tenant_id=company.tenant_id, company_id=company.pk)
