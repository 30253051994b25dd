"""The dry run of a body as the source would send it: read as strictly as a delivery, and neither kept nor accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from django.conf import settings

from integrations.base import Expected
from integrations.documents import Document, Kind
from integrations.errors import Malformed, Misconfigured, NotDue
from portal.connections.models import Connection
from portal.connections.services import accounting_connection, source_of
from portal.intake.strict_json import load
from portal.postings.models import Transaction
from portal.postings.preview.report import DryRun
from portal.postings.preview.running import dry_run

TOO_LARGE: Final = "The body has more than 2 MB: it would be answered with 413."
NOT_LINKED: Final = "No accounting system is linked to {company}. Link one, then look again."
CAME_BEFORE: Final = (
    "This transaction came in before, as {number}: what would be done with it then depends on that one."
)


class CannotRun(Exception):
    """A body of which nothing can be shown. `message` is what its sender would be told, `field` the member at fault."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message, self.field = message, field


class NoSystem(CannotRun):
    """No accounting system is linked yet."""


def dry_run_of_body(connection: Connection, body: bytes, kind: Kind | None = None) -> DryRun:
    """What would happen with a body that came in at `connection`, a source's; `kind` is that of the address it came to,
    None for one that takes all. Raises `CannotRun`, and `NoSystem` of it."""
    document = _read(connection, body, kind)
    accounting = accounting_connection(connection.company)
    if accounting is None:
        raise NoSystem(NOT_LINKED.format(company=connection.company))
    run = dry_run(accounting, document, came_in=body)
    before = Transaction.objects.filter(
        company=connection.company, source=document.source, kind=document.kind.value, identity=document.identity
    )
    numbers = [CAME_BEFORE.format(number=number) for number in before.values_list("number", flat=True)]
    return replace(run, notes=(*numbers, *run.notes))


def _read(connection: Connection, body: bytes, kind: Kind | None) -> Document:
    if len(body) > settings.WEBHOOK_MAX_BYTES:
        raise CannotRun(TOO_LARGE)
    company_id, currency = connection.external_company_id, connection.company.base_currency
    expected = Expected(company_id=company_id, base_currency=currency, kind=kind)
    try:
        return source_of(connection).parse(load(body), expected)
    except (Malformed, Misconfigured, NotDue) as error:
        raise CannotRun(error.message, error.field) from error
