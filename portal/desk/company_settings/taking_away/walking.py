"""Walk through long tables a batch at a time. No cursor of the database is held open while a slow reader takes time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from django.db.models import Model, QuerySet

from portal.desk.keyset import beyond

M = TypeVar("M", bound=Model)

BATCH: Final = 500


def by_key(rows: QuerySet[M]) -> Iterator[M]:
    """All rows in the order of their keys."""
    for batch in batches_by_key(rows):
        yield from batch


def batches_by_key(rows: QuerySet[M]) -> Iterator[list[M]]:
    """The same in batches."""
    ordered = rows.order_by("pk")
    batch = list(ordered[:BATCH])
    while batch:
        yield batch
        batch = list(ordered.filter(pk__gt=batch[-1].pk)[:BATCH])


def by_order(rows: QuerySet[M], order: Sequence[str]) -> Iterator[M]:
    """All rows by the columns of `order`, the last one unique among them: as their index has them."""
    ordered = rows.order_by(*order)
    batch = list(ordered[:BATCH])
    while batch:
        yield from batch
        batch = list(beyond(ordered, batch[-1].pk, order, falling=False, within=rows)[:BATCH])
