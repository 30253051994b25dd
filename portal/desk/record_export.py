"""Mirrored rows as CSV, streamed, and safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db.models import QuerySet

from portal.desk.keyset import beyond
from portal.desk.mirrored import ORDER
from portal.notation import zone_of
from portal.reference.sync.models import Record
from portal.spreadsheet import BYTE_ORDER_MARK, csv_line, safe

BATCH: Final = 500
HEADINGS: Final = (
    "Code", "Name", "Dimension", "Active", "External id", "At iCompleat", "Why not", "Details", "Changed", "Time zone",
)  # fmt: skip


def record_lines(rows: QuerySet[Record], within: QuerySet[Record], zone: str) -> Iterator[str]:
    """The file line by line. No database cursor is held open while a slow reader takes its time."""
    yield BYTE_ORDER_MARK + csv_line(list(HEADINGS))
    ordered = rows.order_by(*ORDER)
    batch = list(ordered[:BATCH])
    while batch:
        for record in batch:
            yield csv_line(map(safe, _cells(record, zone)))
        batch = list(beyond(ordered, batch[-1].pk, ORDER, falling=False, within=within)[:BATCH])


def _cells(record: Record, zone: str) -> list[str]:
    local = record.changed_at.astimezone(zone_of(zone))
    details = "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in sorted(record.details.items()))
    return [
        record.code, record.name, record.dimension, "Yes" if record.is_active else "No", record.external_id,
        record.pushed_code, record.refused, details, f"{local:%Y-%m-%d %H:%M}", zone_of(zone).key,
    ]  # fmt: skip
