"""`manage.py test_alert`: a test mail to everybody who is told what waits for a person."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.management.base import BaseCommand, CommandError

from portal.events.recipients import PERMISSION, recipients

NOBODY = (
    "Nobody is told. Set STAFF_ALERTS, or give staff users the permission "
    f'"Receives e-mails about what waits for a person" ({PERMISSION}).'
)
TEXT = """This is a test. Mails like this one tell what waits for a person: a posting that is held,
a connection that has to be linked again, a difference that the reconciliation found.

Postroom at {url}
"""


class Command(BaseCommand):
    """Send now, and say how it went for each."""

    help = "Send a test mail to everybody who receives alerts, or to the addresses given with --to."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Other addresses."""
        parser.add_argument("--to", nargs="+", metavar="ADDRESS", help="send there in place of the usual recipients")

    def handle(self, *, to: list[str] | None, **options: Any) -> None:
        """One mail each. Ends with an error when one of them could not be sent."""
        addresses = to or recipients()
        if not addresses:
            raise CommandError(NOBODY)
        failed = [address for address in addresses if not self._send(address)]
        if failed:
            raise CommandError(f"{len(failed)} of {len(addresses)} could not be sent.")

    def _send(self, address: str) -> bool:
        message = EmailMessage("Postroom: a test alert", TEXT.format(url=settings.BASE_URL), to=[address])
        try:
            message.send()
        except Exception as error:  # noqa: BLE001 - whatever a mail server does, the next address is tried
            self.stderr.write(f"{address}: {type(error).__name__}: {error}")
            return False
        self.stdout.write(f"{address}: handed over to the mail server")
        return True
