"""Reference data as it was read last."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.company_data import accounting, kind_of, readable
from portal.api.doors import Door
from portal.api.errors import ApiError
from portal.api.models import Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.paging import from_cursor
from portal.api.shapes import records as shapes
from portal.api.shapes.examples import RECORD, part_of
from portal.api.shapes.syncs import TYPE_IN_PATH
from portal.reference.mirror import READ
from portal.reference.models import Record, SyncRun

NOT_READ: Final = "This has not been read yet: sync it first, with data/queue."
MEANS: Final = (
    "One kind of reference data as the accounting system told it last, also after the connection has ended. To keep a "
    "copy, ask with `modifiedSince` and `orderBy=modifiedDate`. What is gone there stays, as `Archived`."
)


class Records(Door):
    """`companies/<id>/data/<type>`."""

    @operation(
        Operation(
            id="list-records", summary="List reference data", description=MEANS, tag=Tag.DATA, scope=Scope.DATA_READ,
            query=shapes.RecordQuery, answer=shapes.RecordsOfType, errors=(409,), example=part_of(RECORD),
            path=TYPE_IN_PATH,
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID, data_type: str) -> Response:
        """A part of the list."""
        company, kind = self.company(company_id), kind_of(data_type)
        connection = readable(accounting(company, also_ended=True), kind)
        runs = SyncRun.objects.filter(connection=connection, kind=kind.value, state__in=READ)
        if not runs.exists():
            raise ApiError(409, NOT_READ)
        rows = _filtered(Record.objects.filter(connection=connection, kind=kind.value), self.query)
        order = self.query["orderBy"]
        return Response(
            from_cursor(
                rows, _shown, self.query, shapes.ORDERS[order.lstrip("-")], falling=order.startswith("-")
            )
        )  # fmt: skip


def _filtered(rows: QuerySet[Record], query: Any) -> QuerySet[Record]:
    if "code" in query:
        rows = rows.filter(code=query["code"])
    if "status" in query:
        rows = rows.filter(is_active=query["status"] == shapes.ACTIVE)
    if "isActive" in query:
        rows = rows.filter(is_active=query["isActive"])
    if "category" in query:
        rows = rows.filter(dimension=query["category"])
    return rows.filter(changed_at__gte=query["modifiedSince"]) if "modifiedSince" in query else rows


def _shown(rows: list[Record]) -> list[dict[str, Any]]:
    return [shapes.record_json(row) for row in rows]
