"""Which families of codes matter to a connection: those of what is sold only where anything is."""

from __future__ import annotations

from typing import Final

from django.db.models import Exists, OuterRef, Q

from integrations.documents import SALES
from portal.connections import registry
from portal.connections.models import Connection, Side
from portal.reference.families import FAMILIES, OF_SALES
from portal.reference.models import MappedCode
from portal.reference.rules import PLAIN, Rules

OF_PURCHASES: Final = tuple(family for family in FAMILIES if family not in OF_SALES)


def shown_families(connection: Connection, rules: Rules) -> tuple[str, ...]:
    """The families that every document of the company may have, in their order: one query at most."""
    return tuple(FAMILIES) if _sells(connection, rules) else OF_PURCHASES


def _sells(connection: Connection, rules: Rules) -> bool:
    """Whether a source of the company, linked or not any more, tells what is sold, or somebody has said what becomes of
    it."""
    if any(rules.of(family) != PLAIN.of(family) for family in OF_SALES):
        return True
    has_rows = Exists(MappedCode.objects.filter(connection=OuterRef("pk"), family__in=OF_SALES))
    those = Q(pk=connection.pk) | Q(company_id=connection.company_id, side=Side.SOURCE)
    rows = Connection.objects.filter(those).order_by().values_list("integration", has_rows)
    return any(is_said or _tells_sales(slug) for slug, is_said in rows)


def _tells_sales(slug: str) -> bool:
    source = registry.sources().get(slug)
    return source is not None and bool(source.kinds & SALES)
