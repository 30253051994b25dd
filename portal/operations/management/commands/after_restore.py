"""`manage.py after_restore`: once, after the database was restored from an older backup, before a worker starts."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.operations.after_restore import Plan, carry_out, companies_by_name, living_workers, plan, time_of_backup
from portal.operations.lock import AlreadyRunning
from portal.operations.serve import serve_lock
from portal.postings.restoring.numbers import AT_LEAST, NoSuchNumber, read_number

RUNNING: Final = """These workers left a sign of life within the last half minute: {workers}.
Stop web, worker and beat first. If the backup is that young and nothing runs, wait half a minute, or say --force."""
NOT_KNOWN: Final = "The backup does not tell when it was made. Say --backup-at 2026-11-20T14:00Z."
NOTHING: Final = "There is nothing to do: nothing is open, and no number can have been answered twice."
WHAT: Final = """The backup is of {backup:%d %b %Y %H:%M:%S} UTC, {age} ago.

Open postings that will be looked up before anything is sent, or marked so: {postings}
Numbers that will be left out, since they may have been answered after the backup:
{jumps}
Lists of reference data at sources that will be replaced by their next sync: {lists}
Nothing of this can be undone. No accounting system is called by it.
"""
NEXT: Final = """
Next:
1. Start a worker. What was open is looked up after a quiet period and settled; what cannot be proven is held for you.
2. Reconcile each connection since the backup (admin, Reconciliation). What is reported as extra was accepted and booked
   after the backup: its deliveries are lost here, and it stays booked there.
3. In the built-in ledger nothing of that time is left: send those documents again from iCompleat.
4. Then let iCompleat in again. docs/operate.md, "After a restore", has the details."""


class Command(BaseCommand):
    """Say what will happen, ask, do it."""

    help = "After a restore from an older backup: believe nothing that was open, and use no number twice."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What somebody may know better."""
        parser.add_argument("--backup-at", type=_moment, metavar="TIME", help="when the backup was made, ISO 8601")
        parser.add_argument(
            "--numbers-up-to", action="append", default=[], metavar="COMPANY=P-000123",
            help="the last number that a company was answered, where you know it; may be repeated",
        )  # fmt: skip
        parser.add_argument(
            "--leave-out", type=int, default=AT_LEAST, metavar="COUNT",
            help=f"how many numbers of a series are left out at least (default {AT_LEAST}; 0: none but what you name)",
        )  # fmt: skip
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--force", action="store_true", help="although workers seem to run")
        parser.add_argument("--who", default="", help="who does it, for the audit trail (default: your login name)")

    def handle(self, *, yes: bool, force: bool, who: str, **options: Any) -> None:
        """In the embedded shape its lock is taken: nobody serves meanwhile."""
        try:
            with serve_lock() if settings.EMBEDDED else nullcontext():
                if not (force or settings.EMBEDDED):
                    _refuse_workers()
                self._go(_plan(**options), yes=yes, who=who or getpass.getuser())
        except AlreadyRunning as error:
            raise CommandError(str(error)) from error

    def _go(self, found: Plan, *, yes: bool, who: str) -> None:
        if found.is_empty:
            self.stdout.write(NOTHING)
            return
        self.stdout.write(_said(found))
        if not yes and input('Type "yes" to do it: ').strip().lower() != "yes":
            raise CommandError("Nothing was changed.")
        touched = carry_out(found, who=who)
        self.stdout.write(f"Done: {touched.total():,} postings, {len(found.jumps)} series of numbers.")
        self.stdout.write(NEXT)


def _refuse_workers() -> None:
    if workers := living_workers(timezone.now()):
        raise CommandError(RUNNING.format(workers=", ".join(workers)))


def _plan(*, backup_at: datetime | None, numbers_up_to: list[str], leave_out: int, **_: Any) -> Plan:
    backup = backup_at or time_of_backup()
    if backup is None:
        raise CommandError(NOT_KNOWN)
    try:
        return plan(backup, up_to=dict(_number(text) for text in numbers_up_to), at_least=leave_out)
    except NoSuchNumber as error:
        raise CommandError(str(error)) from error


def _number(text: str) -> tuple[tuple[str, str], int]:
    company, _, number = text.rpartition("=")
    known = companies_by_name()
    if company.strip().casefold() not in known:
        raise CommandError(f"There is no company {company!r}, or more than one: give its id.")
    series, last = read_number(number)
    return (known[company.strip().casefold()], series), last


def _said(found: Plan) -> str:
    postings = ", ".join(f"{count:,} {state}" for state, count in sorted(found.postings.items()))
    jumps = "\n".join(f"  {jump}" for jump in found.jumps)
    age = str(found.now - found.backup).split(".", maxsplit=1)[0]
    return WHAT.format(
        backup=found.backup, age=age, postings=postings or "none", jumps=jumps or "  none", lists=found.lists
    )


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no time such as 2026-11-20T14:00Z")
    return found if found.tzinfo else found.replace(tzinfo=UTC)
