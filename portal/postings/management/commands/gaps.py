"""`manage.py gaps`: the gaps of one connection as CSV, the source's lists read to their ends."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from integrations.errors import Misconfigured
from integrations.reference import RecordList
from portal.connections.models import Connection, Side
from portal.connections.registry import UnknownIntegration
from portal.postings.gap_asking import ALL_LISTS, Asked, asked_for
from portal.postings.gap_files import csv_lines
from portal.postings.gaps import LOOKED_AT, gaps_of
from portal.postings.list_gaps import ListReport


class Command(BaseCommand):
    """Write the gaps to the standard output, and how far the reading is to the standard error."""

    help = "Codes of the last transactions, and of the source's own lists, that the accounting system would refuse."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which connection, how many transactions, which lists."""
        parser.add_argument("connection", type=UUID, help="the id of an accounting connection")
        parser.add_argument("--last", type=int, default=LOOKED_AT, help=f"transactions (default: {LOOKED_AT})")
        parser.add_argument("--lists", default=ALL_LISTS, help="lists (all, the default), one such as account, or none")

    def handle(self, *_: Any, connection: UUID, last: int, lists: str, **options: Any) -> None:
        """Raises `CommandError` for what cannot be read."""
        if last < 1:
            raise CommandError("--last is at least 1.")
        found = Connection.objects.filter(pk=connection, side=Side.ACCOUNTING).select_related("company").first()
        if found is None:
            raise CommandError(f"There is no accounting connection {connection}.")
        try:
            asked, report = asked_for(found, lists, within_seconds=None), gaps_of(found, last)
        except (Misconfigured, UnknownIntegration) as error:
            raise CommandError(str(error)) from error
        self._check(lists, asked)
        if asked.reading is not None:
            asked.reading.progress = self._tell
        for line in csv_lines(report, asked.reading, asked.targets):
            self.stdout.write(line, ending="")

    def _check(self, lists: str, asked: Asked) -> None:
        if lists == "none" or asked.reading is not None:
            return
        raise CommandError(asked.why_not or f"There is no list {lists}.")

    def _tell(self, target: RecordList, read: int) -> None:
        self.stderr.write(f"{ListReport(target).label}: {read:,} read")
