"""Write the rules of a connection, and tell the audit trail."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.db.transaction import atomic

from portal.connections.models import Connection
from portal.events.services import tell
from portal.reference.models import CodeMapping, MappedCode
from portal.reference.rules import Rules, problems, to_json


def save_rules(connection: Connection, rules: Rules, *, who: str) -> bool:
    """Write the rules of a connection. False when they were the same already: then nothing is told.

    Raises `ValueError` for rules that make no sense (`portal.reference.rules.problems` says which).
    """
    if wrong := problems(rules):
        raise ValueError(next(iter(wrong.values())))
    with atomic():
        before, after = lock(connection), to_json(rules)
        if before == after:
            return False
        Connection.objects.filter(pk=connection.pk).update(mapping=after)
        tell_of(connection, "mapping.changed", "The rules for codes were changed.", who, before=before, after=after)
    connection.mapping = after
    return True


def lock(connection: Connection) -> Any:
    """The stored rules, with the connection's row locked until the transaction ends."""
    locked = Connection.objects.select_for_update(of=("self",), no_key=True)
    return locked.filter(pk=connection.pk).values_list("mapping", flat=True).get()


def row_counts(connection: Connection) -> dict[str, int]:
    """How many rows each table of a connection has, by family; tables without rows are not in it."""
    rows = MappedCode.objects.filter(connection_id=connection.pk).order_by("family")
    return dict(rows.values_list("family").annotate(Count("pk")))


def tell_of(connection: Connection, verb: str, message: str, who: str, **details: Any) -> None:
    """An audit event about the mapping of a connection."""
    company = connection.company
    subject = CodeMapping(pk=connection.pk)
    message = f"{company} to {connection.integration}: {message}"
    tell(verb, message, who=who, subject=subject, tenant_id=company.tenant_id, company_id=company.pk, **details)
