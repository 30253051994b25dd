"""Readings against the stand-in: asked for, waited for, failed and mended; its webhooks and its settings."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from integrations.base import Link
from integrations.codat import syncing
from integrations.codat.client import Client
from integrations.codat.endpoints import CALLS, call
from integrations.codat.hearing import hear
from integrations.codat.standin.events import signature
from integrations.codat.sync_settings import SyncSetting, SyncSettings, read_settings, write_settings
from integrations.errors import IntegrationError, KeyRefused, Misconfigured, Rejected, Retryable, Unauthorised
from integrations.exact import from_json, to_json
from integrations.hearing import Heard, Hint
from integrations.reference import RecordKind
from tests.integrations.codat.rig import SECRET, Codat, Linked


@pytest.fixture
def client(link: Link) -> Client:
    return Client(link)


def pulls(client: Client, data_type: str = "suppliers") -> list[str]:
    """How the readings stand, the latest first."""
    return [one.status for one in syncing.history(client, data_type)]


def test_what_was_read_just_now_is_fresh_and_read_no_more(client: Client) -> None:
    before = pulls(client)
    syncing.freshen(client, "suppliers")

    assert pulls(client) == before


def test_what_has_become_stale_is_read_once_and_then_fresh(codat: Codat, client: Client) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=3700)):
        codat.set(sync_seconds=3600)
        for _ in range(2):
            with pytest.raises(Retryable, match="Codat is fetching suppliers"):
                syncing.freshen(client, "suppliers")
        under_way = pulls(client)
        codat.set(sync_seconds=0)
        syncing.freshen(client, "suppliers")

    assert (under_way[:2], pulls(client)[:2]) == (["Queued", "Complete"], ["Complete", "Complete"])


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("FetchError", Retryable),
        ("InternalError", Retryable),
        ("PermissionsError", Misconfigured),
        ("NotSupported", Rejected),
    ],
)
def test_a_reading_that_fails_says_why_until_it_is_worth_another(
    codat: Codat, client: Client, status: str, error: type[IntegrationError]
) -> None:
    codat.control("PUT", "reads", {"suppliers": status})
    syncing.queue(client, "suppliers")
    with pytest.raises(IntegrationError) as raised:
        syncing.freshen(client, "suppliers")

    assert type(raised.value) is error
    assert f"The reading ended as {status}." in str(raised.value)
    assert pulls(client)[0] == status


def test_a_lost_consent_is_no_delay(codat: Codat, client: Client) -> None:
    codat.control("PUT", "reads", {"suppliers": "AuthError"})
    syncing.queue(client, "suppliers")

    with pytest.raises(Unauthorised, match="Link the connection again"):
        syncing.freshen(client, "suppliers")


def test_two_that_ask_for_the_same_reading_get_one(codat: Codat, client: Client) -> None:
    codat.set(sync_seconds=3600)
    syncing.queue(client, "suppliers")
    with pytest.raises(Retryable) as error:
        syncing.queue(client, "suppliers")

    assert error.value.retry_after == 60.0
    assert pulls(client).count("Queued") == 1


class TestOnAPlatformThatTellsNoOrders:
    @pytest.fixture
    def platform(self) -> str:
        return "hbql"

    def test_a_type_that_is_not_told_is_refused_in_words(self, client: Client) -> None:
        with pytest.raises(Rejected, match="Codat does not read purchase orders from this accounting software"):
            syncing.queue(client, "purchaseOrders")

    def test_a_desktop_that_is_switched_off_is_waited_for(self, codat: Codat, linked: Linked, client: Client) -> None:
        codat.control("POST", f"connections/{linked.connection}", {"is_online": False})
        syncing.queue(client, "suppliers")
        with pytest.raises(Retryable):
            syncing.freshen(client, "suppliers")

        assert pulls(client)[0] == "Queued"


def test_everything_is_read_at_once(codat: Codat, client: Client) -> None:
    codat.set(sync_seconds=3600)
    syncing.queue_all(client)

    under_way = {name for name, one in syncing.data_status(client).items() if one.status == "Queued"}
    assert {"suppliers", "chartOfAccounts", "taxRates", "trackingCategories", "company", "bills"} <= under_way


def test_settings_that_are_written_are_those_that_are_read(client: Client) -> None:
    wanted = SyncSettings(
        settings=(
            SyncSetting(data_type="suppliers", on_first_link=True, hours=24),
            SyncSetting(data_type="bills", on_first_link=True, hours=0, order=1, months=24),
        ),
        overrides=True,
    )
    write_settings(client, wanted)

    assert read_settings(client) == wanted


def test_the_stand_in_signs_as_it_is_read(codat: Codat, linked: Linked, link: Link) -> None:
    reads = [{"connectionId": linked.connection, "dataType": "taxRates", "recordsModified": True, "status": "Complete"}]
    payload = {"referenceCompany": {"id": linked.company, "name": "x"}, "dataTypes": reads}
    body = to_json({"id": "1", "eventType": "read.completed", "payload": payload}).encode()
    now = int(time.time())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(now),
        "webhook-signature": signature(SECRET, "msg_1", now, body),
    }

    assert hear(link, headers, body) == Heard(
        id="msg_1",
        about="read.completed",
        hints=(Hint(company_id=linked.company, records=frozenset({RecordKind.TAX})),),
    )


NOT_THERE = frozenset(
    ["api_keys", "account_sync_settings", "bill_payments", "journals", "journal_entries", "payment_methods"]
)
# What the stand-in has, and what needs no more than the ids of the connection.
READABLE = sorted(
    name
    for name, one in CALLS.items()
    if one.method == "GET"
    and set(one.names) <= {"companyId", "connectionId", "platformKey", "dataType"}
    and name not in NOT_THERE
    and not name.startswith("payables_")
)


@pytest.mark.parametrize("name", READABLE)
def test_each_call_that_reads_is_answered(codat: Codat, linked: Linked, client: Client, name: str) -> None:
    codat.refresh(linked)
    needed = {"platformKey": "gbol", "dataType": "bills"}
    values = {one: needed[one] for one in CALLS[name].names if one in needed}

    assert isinstance(from_json(call(client, name, values)), dict | list)


def test_a_key_that_was_rotated_is_told(codat: Codat, link: Link) -> None:
    wrong = replace(link, secrets={**link.secrets, "api_key": "another"})

    with pytest.raises(KeyRefused):
        syncing.data_status(Client(wrong))
