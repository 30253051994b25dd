"""`manage.py figures`: count what is new for the dashboards now; `--rebuild` counts everything anew."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.postings.figures.counting import count
from portal.postings.figures.rebuilding import Overtaken, rebuild


class Command(BaseCommand):
    """Read the logs and say how many rows that were."""

    help = "Count what happened each day, for the dashboards. A job does it every minute; this is for once in a while."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether from the beginning."""
        parser.add_argument(
            "--rebuild", action="store_true",
            help="from the beginning of the logs, in small transactions, while everything goes on",
        )  # fmt: skip

    def handle(self, *_: Any, rebuild: bool, **options: Any) -> None:
        """Raises `CommandError` when somebody else began to count anew meanwhile."""
        read = self._anew() if rebuild else count(timezone.now())
        self.stdout.write(f"{read:,} rows of the logs were counted.")

    def _anew(self) -> int:
        try:
            return rebuild(self._tell)
        except Overtaken as error:
            raise CommandError(str(error)) from error

    def _tell(self, read: int) -> None:
        self.stderr.write(f"{read:,} rows read")
