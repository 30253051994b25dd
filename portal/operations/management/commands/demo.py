"""`manage.py demo`: the portal with demo data and stand-ins for the outside systems."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations.faults import BadPlan, parse
from portal.operations.demo.children import Children, DemoFailed
from portal.operations.demo.copies import Copies
from portal.operations.demo.elsewhere import read
from portal.operations.demo.ports import refuse_taken_port
from portal.operations.demo.stand_ins import STAND_INS
from portal.operations.demo.story import DEFAULT_SEED, Demo, Wishes
from portal.operations.lock import AlreadyRunning, ProcessLock

LOCK_NAME = "demo.lock"
SOURCES = ("accessplanit",)


class Command(BaseCommand):
    """Migrate, seed, start the portal and the sandboxes, approve transactions, show the answers."""

    help = "Start the portal with demo data, and let a stand-in for iCompleat approve transactions."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ports, what scripts need, and faults for people to watch."""
        parser.add_argument(
            "--once", action="store_true", help="end after the table; 0 only if every answer was expected"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write addresses, logins and endpoints there")
        parser.add_argument("--port", type=int, default=8000, help="the portal's port (default: 8000)")
        parser.add_argument("--sandbox-port", type=int, help="the stand-ins' port (default: 8001, or a free one)")
        parser.add_argument(
            "--faults", type=_plan, nargs="?", const="mild", default="", metavar="PLAN",
            help="disturb the demo accounting system (default: mild; `python -m integrations --help` lists the faults)",
        )  # fmt: skip
        parser.add_argument(
            "--accounting", type=Path, metavar="FILE", help="post into an accounting system that runs already, too"
        )
        parser.add_argument("--system", choices=tuple(STAND_INS), default="", help="post into one more stand-in, too")
        parser.add_argument("--source", choices=SOURCES, default="", help="read one more source's stand-in, too")
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="which faults happen when")

    def handle(self, *, once: bool, json: Path | None, port: int, sandbox_port: int | None, **options: Any) -> None:
        """Run the story; Ctrl-C and SIGTERM end every process."""
        if not settings.EMBEDDED:
            raise CommandError("The demo is for the embedded shape: unset POSTROOM_SHAPE.")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        try:
            elsewhere = read(options["accounting"]) if options["accounting"] else None
            wishes = Wishes(port, sandbox_port, once, json, options["faults"], options["seed"], elsewhere)
            as_expected = self._run(replace(wishes, system=options["system"], source=options["source"]))
        except KeyboardInterrupt:
            self.stdout.write("\nEverything has ended.")
            return
        except (DemoFailed, AlreadyRunning) as error:
            raise CommandError(str(error)) from error
        if not as_expected:
            sys.exit(1)

    def _run(self, wishes: Wishes) -> bool:
        with ProcessLock(settings.DATA_DIR / LOCK_NAME), Children() as children:
            refuse_taken_port(wishes.port, "--port (make demo PORT=...)")
            return Demo(wishes, self.stdout.write, children, Copies(settings.DATA_DIR)).run()


def _plan(spec: str) -> str:
    """The plan as the stand-ins read it; empty where nothing is disturbed (argparse sends the default through, too)."""
    try:
        plan = parse(spec)
    except BadPlan as error:
        raise ArgumentTypeError(str(error)) from error
    return plan.spec if plan.rates else ""
