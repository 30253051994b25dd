"""The company over there, and syncs of reference data."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.db.models import QuerySet
from django.db.transaction import on_commit
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.reference import RecordKind
from portal.api import errors
from portal.api.company_data import NO_SYSTEM, accounting, kind_of, readable
from portal.api.doors import Door
from portal.api.errors import ApiError
from portal.api.models import Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.paging import LARGEST_ID, numbered
from portal.api.shapes import syncs as shapes
from portal.api.shapes.connections import platform_name
from portal.api.shapes.examples import INFO, STATUSES, SYNC, page_of
from portal.api.shapes.integrations import DATA_TYPES
from portal.api.strict import Query, Truth
from portal.api.vendors import asked
from portal.connections.confirming import ask_again
from portal.connections.models import Connection, Status
from portal.reference import tasks
from portal.reference.sync import asking
from portal.reference.sync.models import SyncRun, SyncState
from portal.reference.sync.words import label_of
from portal.staff.paging import CAP

NOTHING_KNOWN: Final = "Nothing is known of the company over there yet: link it first."
INFO_MEANS: Final = "Name, currency and registration as the accounting system told them last."
STATUS_MEANS: Final = "How each kind of reference data stands that the accounting system tells."
QUEUE_MEANS: Final = "Reads one kind of reference data now, besides its schedule. Follow it in `data/history`."
ALL_MEANS: Final = "Reads every kind of reference data now that the accounting system tells; what runs already goes on."
HISTORY_MEANS: Final = f"Every reading of the last year, at most {CAP:,} of them; `totalResults` counts no further."


class InfoQuery(Query):
    """How fresh."""

    refresh = Truth(default=False, help_text="Ask the accounting system now, instead of telling what is kept.")


class DataInfo(Door):
    """`companies/<id>/data/info`."""

    @operation(
        Operation(
            id="get-company-info", summary="Get the company over there", description=INFO_MEANS, tag=Tag.CONNECTIONS,
            scope=Scope.DATA_READ, query=InfoQuery, answer=shapes.CompanyInfo, errors=(409,), example=INFO,
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID) -> Response:
        """What is known of it."""
        connection = accounting(self.company(company_id), also_ended=True)
        if self.query["refresh"] and connection.status == Status.LINKED:
            with asked():
                ask_again(connection)
        if not connection.external_company_id and not connection.external_company_name:
            raise ApiError(409, NOTHING_KNOWN)
        return Response(shapes.info_json(connection, platform_name(connection)))


class DataStatus(Door):
    """`companies/<id>/dataStatus`."""

    @operation(
        Operation(
            id="get-data-status", summary="Get the status of all data", description=STATUS_MEANS, tag=Tag.SYNCS,
            scope=Scope.DATA_READ, answer=shapes.DataStatuses, errors=(409,), example=STATUSES,
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID) -> Response:
        """By kind; each is looked up by itself, so that no history is read through."""
        connection = accounting(self.company(company_id), also_ended=True)
        return Response({DATA_TYPES[kind]: _status(connection, kind) for kind in asking.kinds_of(connection)})


class Queue(Door):
    """`companies/<id>/data/queue/<type>`."""

    @operation(
        Operation(
            id="queue-data-type", summary="Sync one kind of data", description=QUEUE_MEANS, tag=Tag.SYNCS,
            scope=Scope.DATA_WRITE, answer=shapes.Sync, example=SYNC, in_one_transaction=True, path=shapes.TYPE_IN_PATH,
        )
    )  # fmt: skip
    def post(self, request: Request, company_id: uuid.UUID, data_type: str) -> Response:
        """Now, unless it is being read already."""
        company, kind = self.company(company_id), kind_of(data_type)
        connection = readable(accounting(company), kind)
        try:
            run = asking.ask(connection, kind)
        except asking.CannotSync as refusal:
            raise ApiError(409, refusal.message) from refusal
        _asked_for([run], self.who)
        return Response(shapes.sync_json(run))


class QueueAll(Door):
    """`companies/<id>/data/all`."""

    @operation(
        Operation(
            id="refresh-all-data", summary="Sync all data", description=ALL_MEANS, tag=Tag.SYNCS, status=204,
            scope=Scope.DATA_WRITE, in_one_transaction=True,
        )
    )  # fmt: skip
    def post(self, request: Request, company_id: uuid.UUID) -> HttpResponse:
        """Now."""
        return self.queue(company_id)

    def queue(self, company_id: uuid.UUID) -> HttpResponse:
        """A run of every kind that is not being read already."""
        connection = accounting(self.company(company_id))
        if connection.status != Status.LINKED or connection.paused:
            kinds = asking.kinds_of(connection)
            why = asking.why_not(connection, kinds[0]) if kinds else NO_SYSTEM
            raise ApiError(409, why)
        runs, _ = asking.ask_all(connection)
        _asked_for(runs, self.who)
        return HttpResponse(status=204)


class QueueAllToo(QueueAll):
    """`companies/<id>/data/queue/all`: an earlier address of the same."""

    @operation(
        Operation(
            id="queue-all-data", summary="Sync all data (another address)", description=ALL_MEANS, tag=Tag.SYNCS,
            status=204, scope=Scope.DATA_WRITE, in_one_transaction=True,
        )
    )  # fmt: skip
    def post(self, request: Request, company_id: uuid.UUID) -> HttpResponse:
        """Now."""
        return self.queue(company_id)


class History(Door):
    """`companies/<id>/data/history`."""

    @operation(
        Operation(
            id="list-syncs", summary="List syncs", description=HISTORY_MEANS, tag=Tag.SYNCS, scope=Scope.DATA_READ,
            query=shapes.HistoryQuery, answer=shapes.Syncs, example=page_of(SYNC),
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID) -> Response:
        """A page of them."""
        rows = _runs(self.company(company_id).pk)
        if "dataType" in self.query:
            rows = rows.filter(kind=kind_of(self.query["dataType"]).value)
        if "status" in self.query:
            rows = rows.filter(state=self.query["status"])
        rows = rows.order_by("-id" if self.query["orderBy"].startswith("-") else "id")[:CAP]
        return Response(numbered(request, rows, shapes.sync_json, self.query))


class Run(Door):
    """`companies/<id>/data/history/<id>`."""

    @operation(
        Operation(
            id="get-sync", summary="Get one sync", tag=Tag.SYNCS, scope=Scope.DATA_READ, answer=shapes.Sync,
            example=SYNC, path={"dataset_id": ({"type": "integer", "minimum": 0}, "The sync's id.")},
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID, dataset_id: int) -> Response:
        """How far it is, or how it ended."""
        company = self.company(company_id)
        run = _runs(company.pk).filter(pk=dataset_id).first() if dataset_id <= LARGEST_ID else None
        if run is None:
            raise ApiError(404, errors.NOT_FOUND)
        return Response(shapes.sync_json(run))


def _status(connection: Connection, kind: RecordKind) -> dict[str, Any]:
    latest = SyncRun.objects.filter(connection=connection, kind=kind.value).order_by("-id")
    return shapes.status_json(DATA_TYPES[kind], latest.first(), latest.filter(state=SyncState.COMPLETE).first())


def _runs(company_id: uuid.UUID) -> QuerySet[SyncRun]:
    rows = SyncRun.objects.filter(company=company_id)
    return rows.select_related("connection__company__tenant", "source")


def _asked_for(runs: Iterable[SyncRun], who: str) -> None:
    """Told, and rung for when it is committed."""
    for run in runs:
        asking.tell_of(run, "sync.asked", f"{label_of(run.kind)}: a sync was asked for.", who, full=run.is_full)
        on_commit(lambda run_id=run.pk: tasks.ring(run_id))  # type: ignore[misc]
