"""Kinds that an accounting system cannot take: refused, or kept as numbered memo entries, as the company chooses."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from django.db.transaction import atomic

from integrations.documents import Kind
from portal.connections.models import Connection
from portal.connections.narrowing import takes
from portal.connections.registry import UnknownIntegration
from portal.events.services import tell

CHANGED: Final = "What becomes of what {integration} cannot take for {company} was changed: {said}"


def not_taken(connection: Connection, kinds: Iterable[Kind]) -> list[Kind]:
    """Those of `kinds` that the accounting system of this connection cannot take, in the order of all kinds; none as
    long as nobody knows what it takes."""
    try:
        taken = takes(connection.integration, connection.taken_kinds)
    except UnknownIntegration:
        return []
    return [kind for kind in Kind if kind in set(kinds) - taken] if taken else []


def welcome(accounting: Connection | None, kinds: Iterable[Kind]) -> list[Kind]:
    """Those of `kinds` that are booked or kept; all of them as long as no accounting system says otherwise."""
    every = set(kinds)
    refused = {kind for kind in not_taken(accounting, every) if kind not in accounting.kept_kinds} if accounting else ()
    return [kind for kind in Kind if kind in every.difference(refused)]


def keep(connection: Connection, kept: Collection[Kind], *, of: Collection[Kind], who: str) -> bool:
    """Of the kinds `of` keep these and refuse the others, whatever was chosen before; all other kinds stay as they are.

    False where it was so already: then nothing is told. It counts for what comes in afterwards.
    """
    with atomic():
        locked = Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)
        before = list(locked.kept_kinds)
        after = [kind.value for kind in Kind if kind in (kept if kind in of else before)]
        if set(after) == set(before):
            return False
        Connection.objects.filter(pk=connection.pk).update(kept_kinds=after)
        _tell(connection, before, after, of, who)
    connection.kept_kinds = after
    return True


def _tell(connection: Connection, before: list[str], after: list[str], of: Collection[Kind], who: str) -> None:
    company = connection.company
    said = "; ".join(f"{kind.label} {'kept' if kind in after else 'refused'}" for kind in Kind if kind in of)
    message = CHANGED.format(integration=connection.integration, company=company, said=f"{said}.")
    tell(
        "connection.kept_kinds", message, who=who, subject=connection, tenant_id=company.tenant_id,
        company_id=company.pk, before=before, after=after,
    )  # fmt: skip
