"""Where a company's transactions are raised: the connection to its source, and what speaks against raising there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils import timezone

from integrations.base import System
from integrations.documents import Kind
from portal.connections.models import Connection, Status
from portal.connections.registry import UnknownIntegration, system
from portal.connections.services import abilities
from portal.connections.setup import source_connections
from portal.raising.checking import RAISED_KINDS
from portal.raising.wanted import Problem
from portal.tenants.living import is_live
from portal.tenants.models import Company

SWITCH = "raise_transactions"
ON = "yes"

NO_SOURCE = "{company} is linked to nothing that takes transactions. Link iCompleat first."
NOT_LINKED = "The connection of {company} to {system} is {status}. Link it again, then raise the transaction."
SWITCHED_OFF = (
    "Raising transactions in {system} is switched off for {company}. Switch on “Raise transactions” in the settings of "
    "its {system} connection; from then on orders, invoices and credit notes can be created there from here, and an "
    "order that is fully approved is e-mailed to a supplier whose address {system} knows."
)
SETTING_MISSING = "The setting “{label}” of the {system} connection of {company} is empty. Fill it in first."
NOT_TAKEN = "{system} takes no {kind} from here."
NOT_LIVE = (
    "{company} is not live yet: what comes back approved from {system} is refused until then, and must be posted again."
)


def raising_connection(company: Company) -> Connection | None:
    """The connection to the source that takes this company's transactions, in whatever status but Unlinked."""
    return next((one for one in source_connections(company) if _takes_raised(one)), None)


def problems(company: Company, connection: Connection | None, kinds: Iterable[Kind]) -> Iterator[Problem]:
    """What speaks against raising these kinds there, whatever the transactions say."""
    if connection is None:
        yield Problem(message=NO_SOURCE.format(company=company))
        return
    connector = system(connection.integration)
    words = {"company": company, "system": connector.metadata.name}
    if connection.status != Status.LINKED:
        yield Problem(message=NOT_LINKED.format(status=connection.get_status_display(), **words))
    elif connection.settings.get(SWITCH, "") != ON:
        yield Problem(message=SWITCHED_OFF.format(**words))
    else:
        for label in _empty_settings(connector, connection):
            yield Problem(message=SETTING_MISSING.format(label=label, **words))
    for kind in sorted(set(kinds) - abilities(connection).kinds):
        yield Problem(
            message=NOT_TAKEN.format(system=words["system"], kind=kind.label.lower()), path="kind", column="kind"
        )
    if not is_live(company, timezone.now()):
        yield Problem(message=NOT_LIVE.format(**words), is_warning=True)


def _takes_raised(connection: Connection) -> bool:
    """A source that only takes payments back is none to raise invoices in."""
    try:
        return bool(abilities(connection).kinds & RAISED_KINDS)
    except UnknownIntegration:
        return False


def _empty_settings(connector: type[System], connection: Connection) -> list[str]:
    secrets = dict(connection.secrets)
    return [
        setting.label
        for setting in connector.metadata.settings
        if setting.required and not setting.default
        and not (secrets if setting.secret else connection.settings).get(setting.key)
    ]  # fmt: skip
