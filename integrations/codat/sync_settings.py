"""How often Codat reads each type of data by itself: read, checked and written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from integrations.codat.client import Client
from integrations.codat.statuses import data_name
from integrations.codat.syncing import instant
from integrations.errors import Rejected, Retryable

HOURS: Final[Mapping[int, str]] = {0: "never", 1: "hourly", 24: "daily", 168: "weekly", 720: "monthly"}
"""What Codat's own pages offer; hourly is part of paid plans. The interface takes any number of hours."""

# Data whose history may not be cut short: what was written long ago is still in use.
_WHOLE: Final = frozenset(
    {"bankAccounts", "chartOfAccounts", "company", "paymentMethods", "suppliers", "taxRates", "trackingCategories"}
)
_REPORTS: Final = frozenset({"balanceSheet", "profitAndLoss"})
_LONGEST_HOURS: Final = 8784


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSetting:
    """How one type of data is read: `hours` between two readings (0: never by itself), and how far back.

    `since` (aware UTC) or `months` bounds the history, not both; `report_months` is for reports only. What is locked
    belongs to the vendor.
    """

    data_type: str
    on_first_link: bool
    hours: int
    order: int = 0
    since: datetime | None = None
    months: int | None = None
    report_months: int | None = None
    is_locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """All of a company's. `overrides`: they are its own, and no longer those of the installation's account."""

    settings: tuple[SyncSetting, ...]
    overrides: bool


def read_settings(client: Client) -> SyncSettings:
    """The company's settings. Raises as `Client.get`."""
    answer = client.get(f"companies/{client.company}/syncSettings")
    rows = answer.get("settings") if isinstance(answer, Mapping) else None
    if not isinstance(rows, list):
        raise Retryable("Codat did not tell its sync settings. It will be asked again.")
    found = tuple(_setting(row) for row in rows if isinstance(row, Mapping))
    return SyncSettings(settings=found, overrides=answer.get("overridesDefaults") is True)


def write_settings(client: Client, wanted: SyncSettings) -> None:
    """Replace the company's settings. Raises `Rejected` with all that is wrong with them; then nothing was sent."""
    problems = tuple(objections(wanted.settings))
    if problems:
        raise Rejected(" ".join(problems), field="settings")
    body = {
        "companyId": client.company,
        "overridesDefaults": wanted.overrides,
        "settings": [_body(one) for one in wanted.settings],
    }
    client.send("POST", f"companies/{client.company}/syncSettings", body, reads=True)


def objections(settings: Sequence[SyncSetting]) -> Iterator[str]:
    """What is wrong with settings, a sentence each."""
    seen: set[str] = set()
    for one in settings:
        name = data_name(one.data_type) or "a type without a name"
        for is_wrong, words in _checks(one, seen):
            if is_wrong:
                yield f"Sync setting for {name}: {words}"
        seen.add(one.data_type)


def _checks(one: SyncSetting, seen: set[str]) -> Iterator[tuple[bool, str]]:
    yield not one.data_type, "name the type of data."
    yield one.data_type in seen, "it is there twice. Leave one of them out."
    yield not 0 <= one.hours <= _LONGEST_HOURS, f"the hours must be between 0 (never) and {_LONGEST_HOURS}."
    yield one.order < 0, "the order must not be negative."
    yield one.since is not None and one.months is not None, "give a first day or a number of months, not both."
    yield one.since is not None and one.since > datetime.now(UTC), "the first day must not be in the future."
    yield one.months is not None and one.months < 1, "the number of months must be at least 1."
    is_cut = one.since is not None or one.months is not None
    yield is_cut and one.data_type in _WHOLE, "its history must not be cut short, since old records are still in use."
    is_report = one.report_months is not None
    yield is_report and one.data_type not in _REPORTS, "months of a report are for the balance sheet and profit only."


def _setting(row: Mapping[str, Any]) -> SyncSetting:
    """The vendor's own example gives months of a report to invoices; there they mean nothing."""
    data_type = str(row.get("dataType") or "")
    return SyncSetting(
        data_type=data_type,
        on_first_link=row.get("fetchOnFirstLink") is True,
        hours=_number(row, "syncSchedule") or 0,
        order=_number(row, "syncOrder") or 0,
        since=instant(row.get("syncFromUtc")),
        months=_number(row, "syncFromWindow"),
        report_months=_number(row, "monthsToSync") if data_type in _REPORTS else None,
        is_locked=row.get("isLocked") is True,
    )


def _body(one: SyncSetting) -> dict[str, object]:
    """What has no value is left out, for Codat's schema knows no null here."""
    since = one.since.astimezone(UTC).isoformat().replace("+00:00", "Z") if one.since else None
    body: dict[str, object] = {
        "dataType": one.data_type,
        "fetchOnFirstLink": one.on_first_link,
        "syncSchedule": one.hours,
        "syncOrder": one.order,
        "syncFromUtc": since,
        "syncFromWindow": one.months,
        "monthsToSync": one.report_months,
        "isLocked": one.is_locked,
    }
    return {name: value for name, value in body.items() if value is not None}


def _number(row: Mapping[str, Any], name: str) -> int | None:
    value = row.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
