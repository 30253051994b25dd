"""Which families of codes matter to a connection: those of what is sold only where anything is."""

from __future__ import annotations

from typing import Final

from integrations.documents import SALES
from portal.connections import registry
from portal.connections.models import Connection, Side
from portal.reference.families import FAMILIES, OF_SALES
from portal.reference.models import MappedCode
from portal.reference.rules import PLAIN, Rules

OF_PURCHASES: Final = tuple(family for family in FAMILIES if family not in OF_SALES)


def shown_families(connection: Connection, rules: Rules) -> tuple[str, ...]:
    """The families that every document of the company may have, in their order: two queries at most."""
    return tuple(FAMILIES) if _sells(connection, rules) else OF_PURCHASES


def _sells(connection: Connection, rules: Rules) -> bool:
    """Whether a source of the company, linked or not any more, tells what is sold, or somebody has said what becomes of
    it."""
    if any(rules.of(family) != PLAIN.of(family) for family in OF_SALES):
        return True
    rows = Connection.objects.filter(company_id=connection.company_id, side=Side.SOURCE).order_by()
    told = (registry.sources().get(slug) for slug in rows.values_list("integration", flat=True).distinct())
    if any(source is not None and source.kinds & SALES for source in told):
        return True
    return MappedCode.objects.filter(connection_id=connection.pk, family__in=OF_SALES).exists()
