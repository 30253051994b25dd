"""Waiting for Codat to read the books: before a document is sent, and after it was written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from integrations.codat.client import NotFetched
from integrations.codat.connector import Codat as Connector
from integrations.documents import Awaiting, Posted, Supplier
from integrations.errors import IntegrationError, Misconfigured, Retryable
from integrations.http import Outbound
from tests.integrations.codat.account import CONNECTION, SYNC, ago, data_status, refused
from tests.integrations.codat.conversation import HERE, OPERATION, CodatConversations, succeeded
from tests.integrations.codat.rig import Codat
from tests.samples import KEY, REFERENCE, sample
from tests.scripted import Answer, ScriptedServer, json_answer

NAMELESS = Supplier(code=None, name="Crown Conference Centre")
UNREAD = refused(404, "No data available")
QUEUE = f"/data/queue/bills?connectionId={CONNECTION}"
LATER = Awaiting(operation=OPERATION, ask_after_seconds=60.0)


def scripted(server: ScriptedServer) -> Connector:
    system = CodatConversations().connect(server.url, Outbound(allow_private=True))
    assert isinstance(system, Connector)
    return system


def read_back(*plays: Answer, ended: float = 30) -> tuple[Posted | Awaiting, list[str]]:
    """What comes of a push that went well `ended` seconds ago, and what is asked after the operation and the bill."""
    told = {**succeeded("bills"), "completedOnUtc": ago(ended)}
    with ScriptedServer(json_answer(told), *plays) as server:
        found = scripted(server).poll(sample(), operation=OPERATION)
    return found, [one.path.removeprefix(HERE) for one in server.asked[2:]]


def last_read(requested: float, status: str = "Complete") -> list[Answer]:
    """The status of the bills and their latest reading, which was asked for so many seconds ago."""
    pull = {"id": SYNC, "dataType": "bills", "status": status, "requested": ago(requested)}
    return [data_status("bills", status, latestSyncId=SYNC), json_answer(pull)]


@pytest.mark.parametrize("unread", [404, 409])
def test_what_codat_has_not_read_yet_is_read_and_read_back_later(unread: int) -> None:
    queued = json_answer({"id": "1", "dataType": "bills", "status": "Queued", "requested": ago(0)})
    no_data = refused(unread, "No data available")
    assert read_back(no_data, data_status("bills"), queued) == (LATER, ["/dataStatus", QUEUE])
    asked = ["/dataStatus", f"/data/history/{SYNC}", QUEUE]
    assert read_back(no_data, *last_read(31), queued) == (LATER, asked)


@pytest.mark.parametrize("status", ["Complete", "FetchError"])
def test_one_reading_is_asked_for_after_a_push_and_not_one_at_each_poll(status: str) -> None:
    """Reading all bills anew takes long, and costs money on some platforms."""
    assert read_back(UNREAD, *last_read(29, status)) == (LATER, ["/dataStatus", f"/data/history/{SYNC}"])


@pytest.mark.parametrize("status", ["Queued", "Fetching", "Processing"])
def test_while_bills_are_read_no_other_reading_is_asked_for(status: str) -> None:
    assert read_back(UNREAD, data_status("bills", status, latestSyncId=SYNC)) == (LATER, ["/dataStatus"])


def test_what_cannot_be_read_for_long_is_told_by_its_id_alone() -> None:
    """It is in the books all the same: Sage 50 may be closed for days after it has booked."""
    assert read_back(UNREAD, ended=901) == (Posted(external_id="17", number=""), [])


def test_a_success_that_tells_no_moment_at_all_is_told_by_its_id_alone() -> None:
    told = {**succeeded("bills"), "completedOnUtc": None, "requestedOnUtc": "soon"}
    with ScriptedServer(json_answer(told), UNREAD) as server:
        assert scripted(server).poll(sample(), operation=OPERATION) == Posted(external_id="17", number="")


@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_reading_that_cannot_be_asked_for_is_waited_for(status: int) -> None:
    busy = refused(status, "DatasetAlreadyInProgressException: Cannot queue, as it is still in progress")
    assert read_back(UNREAD, data_status("bills"), busy) == (LATER, ["/dataStatus", QUEUE])


def test_what_was_never_fetched_is_asked_for() -> None:
    pull = {"id": "1", "dataType": "suppliers", "status": "Queued", "requested": ago(0)}
    plays = [refused(409, "The data set has not been requested."), data_status("suppliers"), json_answer(pull)]
    with ScriptedServer(*plays) as server, pytest.raises(Retryable) as caught:
        scripted(server).post(sample(), key=KEY, reference=REFERENCE)
    assert (caught.value.retry_after, caught.value.free) == (60.0, True)
    assert [one.path for one in server.asked][2].startswith(f"{HERE}/data/queue/suppliers")


def test_what_is_not_there_although_it_was_read_is_a_delay_too() -> None:
    read = data_status("suppliers", "Complete", lastSuccessfulSync=ago(5))
    with ScriptedServer(refused(409, "It is not ready."), read) as server, pytest.raises(NotFetched) as caught:
        scripted(server).post(sample(), key=KEY, reference=REFERENCE)
    assert (caught.value.retry_after, caught.value.free) == (60.0, True)


@pytest.mark.parametrize(("status", "error"), [("FetchError", Retryable), ("PermissionsError", Misconfigured)])
def test_what_could_not_be_fetched_says_so_and_is_not_asked_for_at_every_try(
    status: str, error: type[IntegrationError]
) -> None:
    failed = json_answer({"id": SYNC, "dataType": "suppliers", "status": status, "requested": ago(9)})
    plays = [refused(409, "No data."), data_status("suppliers", status, latestSyncId=SYNC), failed]
    with ScriptedServer(*plays) as server, pytest.raises(IntegrationError) as caught:
        scripted(server).post(sample(), key=KEY, reference=REFERENCE)
    assert type(caught.value) is error


@pytest.mark.parametrize(("platform", "minutes"), [("hbql", {"timeoutInMinutes": 4320}), ("mqjo", {})])
def test_a_push_to_desktop_software_is_given_up_after_three_days(
    codat: Codat, platform: str, minutes: dict[str, int]
) -> None:
    linked = codat.linked(platform)
    link = codat.link(linked, outbound=Outbound(allow_private=True, permit=lambda: codat.refresh(linked)))
    system = Connector(replace(link, told=Connector(link).survey()))
    codat.plan("Pending")
    taken = system.post(replace(sample(), party=NAMELESS), key=KEY, reference=REFERENCE)
    assert isinstance(taken, Awaiting)
    there = codat.ask("GET", f"companies/{linked.company}/push/{taken.operation}").json()
    assert {name: there[name] for name in ("timeoutInMinutes",) if name in there} == minutes
    codat.later(4319 * 60)
    assert system.poll(sample(), operation=taken.operation) == taken
