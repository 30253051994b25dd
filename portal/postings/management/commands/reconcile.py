"""`manage.py reconcile`: compare now what accounting systems hold with what was posted."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.connections.models import Connection
from portal.postings.reconciliation.due import in_use
from portal.postings.reconciliation.leases import DAYS, CannotReconcile
from portal.postings.reconciliation.models import ReconciliationRun, RunState
from portal.postings.reconciliation.run import reconcile

LINE = (
    "{state}: {read:,} read, {compared:,} compared, {agreeing:,} agree; {missing} missing, {extra} extra, "
    "{double} double, {different} different; {known} dismissed before, {left} left for the next run, "
    "{resolved} resolved"
)
COUNTS = ("read", "compared", "agreeing", "missing", "extra", "double", "different", "known", "left", "resolved")


class Command(BaseCommand):
    """Reconcile one connection, or all that are in use, one after the other. Ends with 1 where something differs."""

    help = "Compare what accounting systems hold with our key with what was posted, amounts included."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which connection, and how far back."""
        parser.add_argument("--connection", type=UUID, help="the id of one connection (default: all that are in use)")
        parser.add_argument("--days", type=int, default=DAYS, help=f"how many days back (default: {DAYS})")

    def handle(self, *_: Any, connection: UUID | None, days: int, **options: Any) -> None:
        """Raises `CommandError` for what cannot be read and for what differs, after all were looked at."""
        if days < 1:
            raise CommandError("--days is at least 1.")
        chosen = Connection.objects.filter(pk=connection) if connection else in_use()
        if connection and not chosen:
            raise CommandError(f"There is no connection {connection}.")
        results = [self._one(one, days) for one in chosen.select_related("company").order_by("created_at")]
        if not all(results):
            raise CommandError("Not everything is in order: the staff site lists the differences.", returncode=1)

    def _one(self, connection: Connection, days: int) -> bool:
        now = timezone.now()
        try:
            run = reconcile(connection.pk, now - timedelta(days=days), now)
        except CannotReconcile as error:
            self.stdout.write(f"{connection}: {error.message}")
            return False
        self.stdout.write(f"{connection}: {_line(run)}")
        return run.state == RunState.FINISHED and not (run.missing or run.extra or run.double or run.different)


def _line(run: ReconciliationRun) -> str:
    counts = {name: getattr(run, name) for name in COUNTS}
    said = LINE.format(state=run.get_state_display(), **counts)
    return f"{said}. {run.error}" if run.error else f"{said}."
