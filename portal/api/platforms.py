"""Which accounting system a company means, where an integration stands for many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portal.api.errors import WRONG_BODY, ApiError
from portal.api.vendors import asked
from portal.connections.access.installation import is_offered
from portal.connections.beginning import NOT_OFFERED
from portal.connections.choosing import Card, platforms
from portal.connections.registry import accounting_systems
from portal.tenants.models import Company

NO_PLATFORM: Final = "{name} has no such accounting system here that takes documents. See which, with its platforms."


def listed(company: Company, key: str) -> list[Card]:
    """What stands behind an integration; it is asked, at most once an hour. Raises `ApiError` 409 and 503."""
    connector = accounting_systems().get(key)
    if connector is None or not connector.chosen_by:
        return []
    if not is_offered(key):
        raise ApiError(409, NOT_OFFERED.format(name=connector.metadata.name))
    with asked():
        return platforms(key, company.pk)


def chosen(company: Company, key: str, given: Mapping[str, str], *, within: str = "") -> dict[str, str]:
    """The settings as they were given, with all that the platform among them brings.

    Raises `ApiError` 400 for a platform that there is not, at its key (below `within`), and as `listed`.
    """
    wanted = {name: given[name].strip() for name in accounting_systems()[key].chosen_by if given.get(name, "").strip()}
    if not wanted:
        return dict(given)
    for card in listed(company, key):
        if card.can.kinds and wanted.items() <= card.settings.items():
            return {**given, **card.settings}
    message = NO_PLATFORM.format(name=accounting_systems()[key].metadata.name)
    raise ApiError(400, WRONG_BODY, details=[(within + name, message) for name in wanted])
