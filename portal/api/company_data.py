"""Where a company's reference data comes from, and which kind an address means."""

from __future__ import annotations

from typing import Final

from integrations.reference import RecordKind
from portal.api import errors
from portal.api.errors import ApiError
from portal.api.shapes.connections import platform_name
from portal.api.shapes.syncs import TYPES
from portal.connections.models import Connection, Side
from portal.connections.services import accounting_connection
from portal.reference.sync.asking import kinds_of
from portal.tenants.models import Company

NO_SYSTEM: Final = "No accounting system is linked to this company."
NOT_SUPPORTED: Final = "{name} does not tell {data_type}."


def accounting(company: Company, *, also_ended: bool = False) -> Connection:
    """The company's accounting connection; `also_ended`: where it has none, the last one that it had, whose data stays
    readable. Raises `ApiError` 409."""
    found = accounting_connection(company)
    if found is None and also_ended:
        ended = Connection.objects.filter(company=company, side=Side.ACCOUNTING)
        found = ended.order_by("-created_at").first()
    if found is None:
        raise ApiError(409, NO_SYSTEM)
    found.company = company
    return found


def kind_of(data_type: str) -> RecordKind:
    """What a word of an address means. Raises `ApiError` 404."""
    if data_type not in TYPES:
        raise ApiError(404, errors.NOT_FOUND)
    return TYPES[data_type]


def readable(connection: Connection, kind: RecordKind) -> Connection:
    """The same connection, if its system tells this kind. Raises `ApiError` 404."""
    if kind not in kinds_of(connection):
        word = next(word for word, known in TYPES.items() if known is kind)
        raise ApiError(404, NOT_SUPPORTED.format(name=platform_name(connection), data_type=word))
    return connection
