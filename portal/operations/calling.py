"""`manage.py <system> call <name>`: one single call of a vendor's interface, for support work."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from integrations.base import System
from integrations.errors import IntegrationError
from integrations.exact import from_json
from integrations.http import Rehearsed, nothing
from integrations.previewing import HeldBack
from portal.connections.models import Connection
from portal.connections.paced import paced
from portal.connections.services import system_of
from portal.events.services import tell

WRITES = "This call writes, and nothing was sent: {request}\nSay --write to send it."


class CallCommand(BaseCommand):
    """Asks one system whatever its connector has a name for, within the limits of a connection and with its secrets.

    A command of its own for each system gives `slug`.
    """

    slug: ClassVar[str]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to call, for which connection, with which values."""
        what = parser.add_subparsers(dest="what", required=True)
        named = what.add_parser("calls", help="list every call by name")
        named.add_argument("--connection", metavar="ID", help="the connection (default: the only one there is)")
        call = what.add_parser("call", help="carry one out and print the answer")
        call.add_argument("name", help="one of `calls`")
        call.add_argument("values", nargs="*", metavar="NAME=VALUE", help="values of the path and the query")
        call.add_argument("--connection", metavar="ID", help="the connection (default: the only one there is)")
        call.add_argument("--json", metavar="TEXT", help="the body as JSON; - reads it from standard input")
        call.add_argument("--write", action="store_true", help="without it a call that writes is shown, not sent")

    def handle(self, *args: Any, **options: Any) -> None:
        """List, or call. What was written is told to the audit trail."""
        connection = self._connection(options["connection"])
        if options["what"] == "calls":
            for name, what in sorted(system_of(connection).calls().items()):
                self.stdout.write(f"{name:<28} {what}")
            return
        held: list[HeldBack] = []
        hold_back = None if options["write"] else held.append
        try:
            with paced(connection, nothing, hold_back=hold_back) as outbound:
                self.stdout.write(self._answer(system_of(connection, outbound), options))
        except IntegrationError as error:
            raise CommandError(error.message) from error
        except Rehearsed as error:
            raise CommandError(WRITES.format(request=f"{held[0].method} {held[0].url}\n{held[0].body}")) from error
        if options["write"]:
            self._tell(connection, options["name"])

    def _answer(self, system: System, options: dict[str, Any]) -> str:
        return system.call(options["name"], _values(options["values"]), _body(options["json"]))

    def _connection(self, wanted: str | None) -> Connection:
        rows = Connection.objects.filter(integration=self.slug).select_related("company")
        try:
            found = list(rows.filter(pk=wanted) if wanted else rows[:2])
        except ValidationError:
            found = []
        if len(found) == 1:
            return found[0]
        if wanted or not found:
            raise CommandError(f"There is no such connection to {self.slug}.")
        raise CommandError(f"There are several connections to {self.slug}: name one with --connection.")

    def _tell(self, connection: Connection, name: str) -> None:
        company = connection.company
        tell(
            "connection.called", f"{name} was called by hand.", who=f"manage.py {self.slug}", subject=connection,
            tenant_id=company.tenant_id, company_id=company.pk,
        )  # fmt: skip


def _values(words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    if wrong := [name for name, is_given, _ in pairs if not is_given]:
        raise CommandError(f"“{wrong[0]}” is no NAME=VALUE.")
    return {name: value for name, _, value in pairs}


def _body(text: str | None) -> object:
    if text is None:
        return None
    try:
        return from_json(sys.stdin.read() if text == "-" else text)
    except ValueError as error:
        raise CommandError(f"The body is no JSON: {error}.") from error
