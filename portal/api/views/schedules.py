"""When each kind of reference data is read by itself."""

from __future__ import annotations

import uuid
from datetime import time
from typing import Any, Final

from django.db.models import QuerySet
from django.db.transaction import atomic
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.reference import RecordKind
from portal.api.company_data import accounting, kind_of
from portal.api.doors import Door
from portal.api.errors import WRONG_BODY, ApiError
from portal.api.models import Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.shapes import syncs as shapes
from portal.api.shapes.connections import platform_name
from portal.api.shapes.examples import NEW_SCHEDULES, SCHEDULES
from portal.connections.models import Connection
from portal.reference.sync import asking, schedules
from portal.reference.sync.models import SyncSchedule

NOT_TOLD: Final = "{name} does not tell this."
TWICE: Final = "It is there twice."
SETTINGS_MEANS: Final = "When each kind of reference data is read by itself."
PUT_MEANS: Final = (
    "Changes the schedules of the kinds that are named, all of them or, where one is wrong, none. Times are the "
    "tenant's own, through summer and winter."
)


class SyncSettings(Door):
    """`companies/<id>/syncSettings`."""

    @operation(
        Operation(
            id="get-sync-settings", summary="Get the schedules", description=SETTINGS_MEANS, tag=Tag.SYNCS,
            scope=Scope.DATA_READ, answer=shapes.Schedules, errors=(409,), example=SCHEDULES,
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID) -> Response:
        """Of every kind."""
        return Response(_schedules(accounting(self.company(company_id))))

    @operation(
        Operation(
            id="replace-sync-settings", summary="Change the schedules", description=PUT_MEANS, tag=Tag.SYNCS,
            scope=Scope.DATA_WRITE, body=shapes.NewSchedules, answer=shapes.Schedules, request_example=NEW_SCHEDULES,
            example=SCHEDULES, in_one_transaction=True,
        )
    )  # fmt: skip
    def put(self, request: Request, company_id: uuid.UUID) -> Response:
        """Those that are named."""
        connection = accounting(self.company(company_id))
        wanted = _checked(connection, self.body["settings"])
        schedules.ensure(connection)
        rows = {row.kind: row for row in _rows(connection)}
        with atomic():
            for kind, one in wanted.items():
                schedules.save(
                    rows[kind.value], frequency=one["frequency"], at=time.fromisoformat(one["at"]),
                    weekday=schedules.WEEKDAYS.index(one["weekday"]), day=one["day"], who=self.who,
                )  # fmt: skip
        return Response(_schedules(connection))


def _rows(connection: Connection) -> QuerySet[SyncSchedule]:
    return SyncSchedule.objects.filter(connection=connection).select_related("connection__company__tenant")


def _schedules(connection: Connection) -> dict[str, Any]:
    """A kind that nobody has looked at yet gets its schedule with the first look."""
    schedules.ensure(connection)
    rows, kinds = {row.kind: row for row in _rows(connection)}, asking.kinds_of(connection)
    return {
        "companyId": str(connection.company_id),
        "timeZone": connection.company.tenant.time_zone,
        "settings": [shapes.schedule_json(rows[kind.value]) for kind in kinds],
    }


def _checked(connection: Connection, wanted: list[dict[str, Any]]) -> dict[RecordKind, dict[str, Any]]:
    """Each kind once, and only what the system tells."""
    told, found = asking.kinds_of(connection), dict[RecordKind, dict[str, Any]]()
    wrong = list[tuple[str, str]]()
    for place, one in enumerate(wanted):
        kind = kind_of(one["dataType"])
        if kind in found:
            wrong.append((f"settings[{place}].dataType", TWICE))
        elif kind not in told:
            wrong.append((f"settings[{place}].dataType", NOT_TOLD.format(name=platform_name(connection))))
        found[kind] = one
    if wrong:
        raise ApiError(400, WRONG_BODY, details=wrong)
    return found
