"""What the API takes and tells of the company over there, of syncs and of their schedules."""

from __future__ import annotations

from typing import Any, Final

from django.core.validators import RegexValidator
from rest_framework import serializers

from portal.api.paging import NumberedPage, Pages
from portal.api.shapes.fields import At, Shape, Words, moment
from portal.api.shapes.integrations import DATA_TYPES
from portal.api.strict import Body, Choice, Text, Whole
from portal.connections.models import Connection
from portal.reference.sync.models import OPEN_STATES, Frequency, SyncRun, SyncSchedule, SyncState
from portal.reference.sync.overview import INITIAL
from portal.reference.sync.schedules import WEEKDAYS
from portal.reference.sync.words import progress

INITIALLY_OR: Final = (INITIAL, *SyncState.values)
BY_WORD: Final = {word: kind for kind, word in DATA_TYPES.items()}
ACCOUNTS: Final = "accounts"
TYPES: Final = {**BY_WORD, ACCOUNTS: BY_WORD["chartOfAccounts"]}
"""Kinds by the words of an address; Codat's own has two for one of them."""
TYPE_IN_PATH: Final = {
    "data_type": ({"type": "string", "enum": list(TYPES)}, "The kind of data. `accounts` is `chartOfAccounts`.")
}
HOURS: Final = {
    Frequency.OFF: 0, Frequency.HOURLY: 1, Frequency.DAILY: 24, Frequency.WEEKLY: 168, Frequency.MONTHLY: 720,
}  # fmt: skip


class CompanyInfo(Shape):
    """The company as the accounting system tells it."""

    companyId = serializers.CharField(help_text="Its id there.")  # noqa: N815
    companyName = serializers.CharField()  # noqa: N815
    companyLegalName = serializers.CharField(allow_null=True)  # noqa: N815
    registrationNumber = serializers.CharField(allow_null=True)  # noqa: N815
    baseCurrency = serializers.CharField(allow_null=True, help_text="ISO 4217.")  # noqa: N815
    platformName = serializers.CharField()  # noqa: N815
    connectionId = serializers.UUIDField()  # noqa: N815


class StatusOfType(Shape):
    """How one kind of data stands."""

    dataType = Words(*BY_WORD)  # noqa: N815
    currentStatus = Words(*INITIALLY_OR, help_text="Of the latest sync; Initial before the first.")  # noqa: N815
    lastSuccessfulSync = At(allow_null=True)  # noqa: N815
    latestSyncId = serializers.CharField(allow_null=True)  # noqa: N815
    latestSuccessfulSyncId = serializers.CharField(allow_null=True)  # noqa: N815


class DataStatuses(Shape):
    """How each kind stands that the accounting system tells."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """By Codat's words."""
        return {word: StatusOfType(required=False) for word in BY_WORD}


class Sync(Shape):
    """One reading of one kind of data. Codat calls it a pull operation, or data set."""

    id = serializers.CharField()
    companyId = serializers.UUIDField()  # noqa: N815
    connectionId = serializers.UUIDField()  # noqa: N815
    dataType = Words(*BY_WORD)  # noqa: N815
    status = Words(*SyncState.values)
    statusDescription = serializers.CharField(help_text="How far it is, or how it ended.")  # noqa: N815
    errorMessage = serializers.CharField(allow_null=True)  # noqa: N815
    requested = At()
    completed = At(allow_null=True)
    progress = serializers.IntegerField(min_value=0, max_value=100, help_text="Per cent of the stage that runs now.")
    isCompleted = serializers.BooleanField()  # noqa: N815
    isErrored = serializers.BooleanField()  # noqa: N815
    recordsRead = serializers.IntegerField()  # noqa: N815
    recordsAdded = serializers.IntegerField()  # noqa: N815
    recordsChanged = serializers.IntegerField()  # noqa: N815
    recordsRemoved = serializers.IntegerField()  # noqa: N815
    recordsRefused = serializers.IntegerField(help_text="That the source does not take.")  # noqa: N815


class Syncs(NumberedPage):
    """A page of syncs."""

    results = Sync(many=True)


class HistoryQuery(Pages):
    """Which syncs."""

    dataType = Choice(TYPES, required=False, help_text="Only those of this kind.")  # noqa: N815
    status = Choice(SyncState.values, required=False, help_text="Only those with this status.")
    orderBy = Choice(  # noqa: N815
        ("requested", "-requested"), default="-requested", help_text="The latest first, or the earliest."
    )


class Schedule(Shape):
    """When one kind is read."""

    dataType = Words(*BY_WORD)  # noqa: N815
    frequency = Words(*Frequency.values)
    at = serializers.CharField(help_text="Local time of the tenant; hourly uses its minutes alone.")
    weekday = Words(*WEEKDAYS, help_text="Used weekly.")
    day = serializers.IntegerField(min_value=1, max_value=31, help_text="Used monthly; a shorter month: its last day.")
    syncSchedule = serializers.IntegerField(help_text="The frequency in hours, 0 for off.")  # noqa: N815
    nextSync = At(allow_null=True)  # noqa: N815


class Schedules(Shape):
    """When each kind is read that the accounting system tells."""

    companyId = serializers.UUIDField()  # noqa: N815
    timeZone = serializers.CharField(help_text="The tenant's.")  # noqa: N815
    settings = Schedule(many=True)


class NewSchedule(Body):
    """When one kind shall be read."""

    dataType = Choice(TYPES)  # noqa: N815
    frequency = Choice(Frequency.values)
    at = Text(
        default="00:00",
        validators=[RegexValidator(r"\A([01][0-9]|2[0-3]):[0-5][0-9]\Z", "It must be a time such as 06:30.")],
    )
    weekday = Choice(WEEKDAYS, default=WEEKDAYS[0])
    day = Whole(least=1, most=31, default=1)


class NewSchedules(Body):
    """What shall be changed; kinds that are not named stay as they are."""

    settings = NewSchedule(many=True, min_length=1, max_length=len(TYPES))  # type: ignore[call-arg]


def info_json(connection: Connection, platform: str) -> dict[str, Any]:
    """What is kept of the company over there."""
    there = connection.there
    return {
        "companyId": connection.external_company_id,
        "companyName": connection.external_company_name,
        "companyLegalName": there.get("legal_name"),
        "registrationNumber": there.get("registration"),
        "baseCurrency": there.get("base_currency"),
        "platformName": platform,
        "connectionId": str(connection.pk),
    }


def sync_json(run: SyncRun) -> dict[str, Any]:
    """One run. Its connection, company and tenant are loaded."""
    is_over = run.state not in OPEN_STATES
    is_errored = is_over and run.state not in (SyncState.COMPLETE, SyncState.CANCELLED)
    return {
        "id": str(run.pk),
        "companyId": str(run.company_id),
        "connectionId": str(run.connection_id),
        "dataType": DATA_TYPES[run.kind],  # type: ignore[index]
        "status": str(run.state),
        "statusDescription": progress(run),
        "errorMessage": (run.message or progress(run)) if is_errored else None,
        "requested": moment(run.asked_at),
        "completed": moment(run.ended_at),
        "progress": _per_cent(run),
        "isCompleted": run.state == SyncState.COMPLETE,
        "isErrored": is_errored,
        "recordsRead": run.read,
        "recordsAdded": run.added,
        "recordsChanged": run.changed,
        "recordsRemoved": run.removed,
        "recordsRefused": run.refused,
    }


def status_json(word: str, latest: SyncRun | None, success: SyncRun | None) -> dict[str, Any]:
    """How one kind stands: its latest run, and the latest that succeeded."""
    return {
        "dataType": word,
        "currentStatus": str(latest.state) if latest else INITIAL,
        "lastSuccessfulSync": moment(success.ended_at) if success else None,
        "latestSyncId": str(latest.pk) if latest else None,
        "latestSuccessfulSyncId": str(success.pk) if success else None,
    }


def schedule_json(schedule: SyncSchedule) -> dict[str, Any]:
    """When one kind is read."""
    return {
        "dataType": DATA_TYPES[schedule.kind],  # type: ignore[index]
        "frequency": str(schedule.frequency),
        "at": f"{schedule.at:%H:%M}",
        "weekday": WEEKDAYS[schedule.weekday],
        "day": schedule.day,
        "syncSchedule": HOURS[Frequency(schedule.frequency)],
        "nextSync": moment(schedule.next_at),
    }


def _per_cent(run: SyncRun) -> int:
    if run.state == SyncState.COMPLETE:
        return 100
    return min(100, 100 * run.done // run.total) if run.total else 0
