"""Looking for what we raised: the list has no search, so its pages are read and their texts compared."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.documents import IdempotencyKey, Kind, Posted
from integrations.errors import Missing
from integrations.icompleat import raising, told
from integrations.icompleat.answers import member
from integrations.icompleat.client import Client, Fields


def ours(client: Client, kind: Kind, key: IdempotencyKey) -> tuple[Posted, ...]:
    """Each transaction of the kind, in any status, whose text ends with our key, among the pages that are searched.

    One that moves from page to page meanwhile is told once. Raises `Unauthorised`, `Misconfigured`, `Retryable`.
    """
    found = {told.standing(row).external_id: row for row in _marked(client, kind, key)}
    return tuple(told.posted(_detail(client, external_id, row)) for external_id, row in found.items())


def _marked(client: Client, kind: Kind, key: IdempotencyKey) -> Iterator[Fields]:
    for page in range(1, client.terms.lookup_pages + 1):
        found = client.transactions(page, type_=raising.TYPE_BY_KIND.get(kind))
        yield from (row for row in found.rows if raising.is_marked(member(row, client.terms.key_field), key))
        if found.is_last:
            return


def _detail(client: Client, external_id: str, row: Fields) -> Fields:
    """The detail knows the supplier's code; of one that vanished meanwhile the row of the list is all there is."""
    try:
        return client.transaction(external_id)
    except Missing:
        return row
