"""How often Codat reads by itself: settings read, checked and written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.codat.sync_settings import SyncSetting, SyncSettings, objections, read_settings, write_settings
from integrations.errors import Rejected, Retryable
from tests.integrations.codat.account import COMPANY, asked, client
from tests.scripted import ScriptedServer, answer, json_answer

BILLS: dict[str, Any] = {
    "dataType": "bills",
    "fetchOnFirstLink": True,
    "syncSchedule": 24,
    "syncOrder": 1,
    "syncFromUtc": "2020-01-01T12:00:00Z",
    "isLocked": False,
}
READ = SyncSetting(data_type="bills", on_first_link=True, hours=24, order=1, since=datetime(2020, 1, 1, 12, tzinfo=UTC))
SUPPLIERS = SyncSetting(data_type="suppliers", on_first_link=True, hours=24)


def test_settings_are_read_and_written_as_they_came() -> None:
    told = {"companyId": COMPANY, "settings": [BILLS], "overridesDefaults": True}
    with ScriptedServer(json_answer(told), answer(status=204)) as server:
        found = read_settings(client(server))
        write_settings(client(server), found)

        assert found == SyncSettings(settings=(READ,), overrides=True)
        assert asked(server) == ["GET /companies/COMPANY/syncSettings", "POST /companies/COMPANY/syncSettings"]
        assert server.asked[1].json() == told


def test_months_of_a_report_are_read_for_reports_only() -> None:
    rows = [
        {**BILLS, "monthsToSync": 24},
        {"dataType": "balanceSheet", "fetchOnFirstLink": False, "syncSchedule": 0, "syncOrder": 0, "monthsToSync": 24},
    ]
    with ScriptedServer(json_answer({"companyId": COMPANY, "settings": rows})) as server:
        found = read_settings(client(server))

    report = SyncSetting(data_type="balanceSheet", on_first_link=False, hours=0, report_months=24)
    assert found == SyncSettings(settings=(READ, report), overrides=False)


def test_an_answer_without_settings_is_asked_for_again() -> None:
    with ScriptedServer(json_answer({"companyId": COMPANY})) as server, pytest.raises(Retryable):
        read_settings(client(server))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (replace(SUPPLIERS, data_type=""), "a type without a name: name the type of data."),
        (replace(SUPPLIERS, hours=-1), "suppliers: the hours must be between 0 (never) and 8784."),
        (replace(SUPPLIERS, hours=8785), "suppliers: the hours must be between 0 (never) and 8784."),
        (replace(SUPPLIERS, order=-1), "suppliers: the order must not be negative."),
        (replace(READ, months=3), "bills: give a first day or a number of months, not both."),
        (
            replace(READ, since=datetime.now(UTC) + timedelta(days=1)),
            "bills: the first day must not be in the future.",
        ),
        (replace(READ, since=None, months=0), "bills: the number of months must be at least 1."),
        (
            replace(SUPPLIERS, months=3),
            "suppliers: its history must not be cut short, since old records are still in use.",
        ),
        (replace(READ, report_months=3), "bills: months of a report are for the balance sheet and profit only."),
    ],
)
def test_each_wrong_setting_is_named_and_nothing_is_sent(wrong: SyncSetting, words: str) -> None:
    with ScriptedServer() as server, pytest.raises(Rejected) as error:
        write_settings(client(server), SyncSettings(settings=(wrong,), overrides=True))

    assert (str(error.value), error.value.field) == (f"Sync setting for {words}", "settings")


def test_a_type_that_is_there_twice_is_told() -> None:
    assert list(objections((SUPPLIERS, READ, SUPPLIERS))) == [
        "Sync setting for suppliers: it is there twice. Leave one of them out."
    ]
