"""`manage.py conformance <slug>`: does a live account keep what its vendor says of idempotency keys?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from integrations.base import AccountingSystem
from integrations.documents import Kind
from integrations.errors import IntegrationError
from portal.connections.conformance import Account, Outcome, Report, Wishes, account_of, announcement, record, run
from portal.connections.conformance.running import BEYOND_SECONDS
from portal.connections.conformance.scenes import Scene
from portal.connections.conformance.trial import Codes
from portal.connections.conformance.writing import write
from portal.connections.models import Connection
from portal.connections.registry import UnknownIntegration, accounting_system, accounting_systems
from portal.operations.credentials import BadCredentials, prompt, secrets_from, settings_from
from portal.reference import rules

NONE_NEEDED = (
    "{name} needs no such check: it books in our own transaction, where the database lets no key be used twice."
)
SIGNS = {Outcome.PASSED: "passed      ", Outcome.FAILED: "FAILED      ", Outcome.NOT_POSSIBLE: "not possible"}


class Command(BaseCommand):
    """Double send, lost answers, changed body, late retry and lookup against a live account, with a dated report."""

    help = "Check against a live account or sandbox whether idempotency keys are kept, and write a dated report."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which account, with which codes, how long, and where the report goes."""
        parser.add_argument("slug", help="the integration, such as demo")
        parser.add_argument("--connection", metavar="ID", help="an existing connection; only that can be trusted then")
        parser.add_argument("--setting", action="append", default=[], metavar="KEY=VALUE", help="without --connection")
        parser.add_argument(
            "--secret", action="append", default=[], metavar="KEY=env:NAME", help="likewise; env:NAME or file:PATH"
        )
        parser.add_argument("--account-code", help="an account code over there (default: the mapping's)")
        parser.add_argument("--tax-code", help="a code for no tax over there (default: the mapping's)")
        parser.add_argument(
            "--supplier-code", help="a supplier over there (default: the mapping's; without one: found or made by name)"
        )
        parser.add_argument("--supplier-name", default=Codes().supplier_name)
        parser.add_argument("--currency", default="", help="default: the company's own")
        parser.add_argument("--kind", choices=[kind.value for kind in Kind], default=Kind.INVOICE.value)
        parser.add_argument("--late-seconds", type=float, default=5.0, help="the pause of the late retry (default: 5)")
        parser.add_argument("--beyond-key-life", action="store_true", help="also try after the vendor forgot the key")
        parser.add_argument("--settle-seconds", type=float, help="wait so long before the last count")
        parser.add_argument("--out", type=Path, help="the report, without suffix (default: conformance-SLUG-DATE)")
        parser.add_argument("--yes", action="store_true", help="do not ask before documents are made")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what will happen, ask, run, report. Fails unless every check passed."""
        connector = _connector(options["slug"])
        if connector.can.transactional:
            self.stdout.write(NONE_NEEDED.format(name=connector.metadata.name))
            return
        connection = _connection(connector, options) if options["connection"] else None
        wishes = _wishes(connector, options, rules.from_json(connection.mapping) if connection else rules.PLAIN)
        account = account_of(connection) if connection else _account(connector, options)
        try:
            company = account.system(account.terms()).company()
            self._agree(announcement(connector, company, wishes.currency or company.base_currency), options["yes"])
            report = run(account, wishes, progress=self._said)
        except IntegrationError as error:
            raise CommandError(error.message) from error
        self._tell(report, options["out"])

    def _agree(self, what: str, yes: bool) -> None:
        self.stdout.write(what)
        if yes:
            return
        if not sys.stdin.isatty():
            raise CommandError("Nobody is there to agree. Run it with --yes.")
        if input("Go on? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise CommandError("Nothing was sent.")

    def _said(self, scene: Scene) -> None:
        self.stdout.write(f"{scene.title}: {scene.impossible or scene.seen}")

    def _tell(self, report: Report, out: Path | None) -> None:
        """Keep it, write it, say it."""
        record(report, who="manage.py conformance")
        slug = report.account.connector.metadata.slug
        readable, _ = write(report, out or Path(f"conformance-{slug}-{report.started_at:%Y%m%d-%H%M%S}"))
        self.stdout.write("")
        for check in report.checks:
            there = "?" if check.documents is None else check.documents
            self.stdout.write(f"{SIGNS[check.outcome]}  {check.title} ({there} there)")
        self.stdout.write(f"{report.verdict} The report: {readable}")
        if not report.passed:
            raise CommandError("Not every check passed.")


def _connector(slug: str) -> type[AccountingSystem]:
    try:
        return accounting_system(slug)
    except UnknownIntegration as error:
        raise CommandError(f"{error} Installed are: {', '.join(accounting_systems())}.") from error


def _account(connector: type[AccountingSystem], options: dict[str, Any]) -> Account:
    ask = prompt if sys.stdin.isatty() else None
    try:
        return Account(
            connector=connector,
            settings=settings_from(connector.metadata, options["setting"]),
            secrets=secrets_from(connector.metadata, options["secret"], ask=ask),
        )
    except BadCredentials as error:
        raise CommandError(str(error)) from error


def _connection(connector: type[AccountingSystem], options: dict[str, Any]) -> Connection:
    if options["setting"] or options["secret"]:
        raise CommandError("A connection has its own settings: leave out --setting and --secret.")
    try:
        found = Connection.objects.select_related("company").get(pk=options["connection"])
    except (Connection.DoesNotExist, ValidationError) as error:
        raise CommandError(f"There is no connection {options['connection']}.") from error
    if found.integration != connector.metadata.slug:
        raise CommandError(f"That connection leads to {found.integration}, and not to {connector.metadata.slug}.")
    return found


def _wishes(connector: type[AccountingSystem], options: dict[str, Any], mapping: rules.Rules) -> Wishes:
    life, kind = connector.can.key_seconds, Kind(options["kind"])
    if kind not in connector.can.kinds:
        raise CommandError(f"{connector.metadata.name} takes no {kind.label.lower()}.")
    if life is not None and options["late_seconds"] >= life:
        raise CommandError(f"The vendor forgets a key after {life} s: use --beyond-key-life for what comes then.")
    if options["beyond_key_life"] and life is None:
        raise CommandError(f"The connector does not say how long {connector.metadata.name} remembers a key.")
    codes = Codes(
        account_code=options["account_code"] or mapping.account.default or None,
        tax_code=options["tax_code"] or mapping.tax.default or None,
        supplier_code=options["supplier_code"] or mapping.supplier.default or None,
        supplier_name=options["supplier_name"],
        kind=kind,
    )
    return Wishes(
        codes=codes,
        currency=options["currency"],
        late_seconds=options["late_seconds"],
        life_seconds=life + BEYOND_SECONDS if life is not None and options["beyond_key_life"] else None,
        settle_seconds=options["settle_seconds"],
    )
