"""Data that Codat has read: when they are fresh, when they are asked for, and what a failure means."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.codat import syncing
from integrations.codat.lists import Lists
from integrations.codat.syncing import DataSet, Pull, instant
from integrations.errors import IntegrationError, Misconfigured, Rejected, Retryable, Unauthorised
from tests.integrations.codat.account import (
    COMPANY,
    CONNECTION,
    EARLIER_SYNC,
    ENCODED_KEY,
    SYNC,
    TOLD,
    ago,
    asked,
    client,
    connection,
    data_status,
    reading,
    refused,
)
from tests.scripted import Answer, ScriptedServer, answer, json_answer

STATUS = "GET /companies/COMPANY/dataStatus"
QUEUE = "POST /companies/COMPANY/data/queue/suppliers?connectionId=CONNECTION"
READING = f"GET /companies/COMPANY/data/history/{SYNC}"
QUEUED = json_answer(reading("Queued", requested="2026-11-20T11:18:37.2798351Z"))
FETCHING = "Codat is fetching suppliers from the accounting software. It will be asked again."


def raised(*script: Answer, asked_within: float | None = None) -> tuple[IntegrationError, list[str]]:
    """What making the suppliers fresh raises, and what was asked."""
    with ScriptedServer(*script) as server:
        with pytest.raises(IntegrationError) as error:
            syncing.freshen(client(server), "suppliers", asked_within=asked_within)
        return error.value, asked(server)


def test_what_was_read_before_the_last_visit_may_be_another_companys() -> None:
    told = {**TOLD, "departed_at": ago(100)}
    before, after = (data_status("suppliers", "Complete", lastSuccessfulSync=ago(seconds)) for seconds in (110, 90))
    with ScriptedServer(before, QUEUED) as server, pytest.raises(Retryable):
        syncing.freshen(client(server, told=told), "suppliers")
    with ScriptedServer(after) as server:
        syncing.freshen(client(server, told=told), "suppliers")


def test_a_reading_that_was_asked_for_before_the_last_visit_may_be_another_companys() -> None:
    told = {**TOLD, "departed_at": ago(100)}
    status = data_status("suppliers", "Complete", lastSuccessfulSync=ago(90), latestSuccessfulSyncId=SYNC)
    before, after = (json_answer(reading("Complete", requested=ago(seconds))) for seconds in (110, 95))
    with ScriptedServer(status, before, QUEUED) as server, pytest.raises(Retryable):
        syncing.freshen(client(server, told=told), "suppliers")
    with ScriptedServer(status, after) as server:
        syncing.freshen(client(server, told=told), "suppliers")


def test_no_document_relies_on_what_was_read_before_the_last_visit() -> None:
    told = {**TOLD, "departed_at": ago(100)}
    before, after = (data_status("suppliers", "Complete", lastSuccessfulSync=ago(seconds)) for seconds in (110, 90))
    with ScriptedServer(before, before, QUEUED) as server, pytest.raises(Retryable) as error:
        list(Lists(client(server, told=told)).rows("suppliers"))
    assert (error.value.message, error.value.free) == (FETCHING, True)
    with ScriptedServer(after, json_answer({"results": [{"id": "56"}], "totalResults": 1})) as server:
        assert list(Lists(client(server, told=told)).rows("suppliers")) == [{"id": "56"}]


def test_a_day_after_the_visit_nobody_asks_what_was_read_when() -> None:
    told = {**TOLD, "departed_at": ago(86_410)}
    with ScriptedServer(json_answer({"results": [], "totalResults": 0})) as server:
        assert list(Lists(client(server, told=told)).rows("suppliers")) == []


def test_data_of_the_last_hour_are_fresh() -> None:
    with ScriptedServer(data_status("suppliers", "Complete", lastSuccessfulSync=ago(3590))) as server:
        syncing.freshen(client(server), "suppliers")

        assert asked(server) == [STATUS]
        assert server.asked[0].headers["authorization"] == f"Basic {ENCODED_KEY}"


@pytest.mark.parametrize(
    "status",
    [
        data_status("suppliers"),
        data_status("suppliers", "Complete", lastSuccessfulSync=ago(3610)),
        data_status("suppliers", "Complete"),
        data_status("taxRates", "Complete", lastSuccessfulSync=ago(5)),
    ],
    ids=["never", "stale", "without a time", "not listed"],
)
def test_what_is_stale_or_was_never_fetched_is_queued_and_waited_for(status: Answer) -> None:
    error, requests = raised(status, QUEUED)

    assert (type(error), str(error)) == (Retryable, FETCHING)
    assert isinstance(error, Retryable)
    assert (error.retry_after, error.free) == (60.0, True)
    assert requests == [STATUS, QUEUE]


@pytest.mark.parametrize("status", ["Initial", "Queued", "Fetching", "Mapping", "Validating", "ProcessingQueued"])
def test_what_is_under_way_is_waited_for_and_not_queued_twice(status: str) -> None:
    now = data_status("suppliers", status, lastSuccessfulSync=ago(5), latestSyncId=SYNC)
    error, requests = raised(now, json_answer(reading(status, requested=ago(3500))))

    assert (type(error), str(error), requests) == (Retryable, FETCHING, [STATUS, READING])
    assert isinstance(error, Retryable)
    assert error.free


def test_a_reading_that_takes_hours_is_no_delay_any_more() -> None:
    now = data_status("suppliers", "Queued", latestSyncId=SYNC)
    error, _ = raised(now, json_answer(reading("Queued", requested=ago(3700))))

    assert isinstance(error, Retryable)
    assert (error.free, error.retry_after, str(error)) == (
        False,
        60.0,
        (
            "Codat is fetching suppliers from the accounting software. It takes long: see that desktop software is "
            "running and its connector online. It will be asked again."
        ),
    )


@pytest.mark.parametrize(("took", "is_free"), [(50, True), (70, False)])
def test_a_lookup_that_no_reading_can_serve_is_a_failure(took: int, is_free: bool) -> None:
    status = data_status("suppliers", "Complete", latestSuccessfulSyncId=SYNC)
    last = json_answer(reading("Complete", requested=ago(500), completed=ago(500 - took)))
    error, requests = raised(status, last, QUEUED, asked_within=120)

    assert isinstance(error, Retryable)
    assert (error.free, requests[-1]) == (is_free, QUEUE)


@pytest.mark.parametrize("status", [409, 400])
def test_a_reading_that_somebody_else_has_just_asked_for_is_waited_for(status: int) -> None:
    words = f"DatasetAlreadyInProgressException: Cannot queue suppliers sync for {COMPANY} as previous sync {SYNC} is "
    error, _ = raised(data_status("suppliers"), refused(status, f"{words}still in progress"))

    assert isinstance(error, Retryable)
    assert (str(error), error.retry_after, error.free) == (FETCHING, 60.0, True)


def test_a_failure_rests_and_says_why() -> None:
    failed = reading("FetchError", requested=ago(400), completed=ago(300), errorMessage="Xero said 503.")
    error, requests = raised(data_status("suppliers", "FetchError", latestSyncId=SYNC), json_answer(failed))

    assert isinstance(error, Retryable)
    assert error.message == (
        'In Codat, "suppliers" could not be fetched from the accounting software: Xero said 503. '
        "Codat is asked to fetch it again."
    )
    assert error.retry_after == pytest.approx(600, abs=5)
    assert requests == [STATUS, READING]


def test_a_failure_that_has_rested_is_fetched_anew() -> None:
    failed = reading("FetchError", requested=ago(2000), completed=ago(901))
    error, requests = raised(data_status("suppliers", "FetchError", latestSyncId=SYNC), json_answer(failed), QUEUED)

    assert (str(error), requests) == (FETCHING, [STATUS, READING, QUEUE])


def test_a_failure_that_codat_has_forgotten_is_fetched_anew() -> None:
    error, requests = raised(data_status("suppliers", "MapError", latestSyncId=SYNC), refused(404), QUEUED)

    assert (str(error), requests) == (FETCHING, [STATUS, READING, QUEUE])


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (
            "PermissionsError",
            Misconfigured,
            (
                'In Codat, "suppliers" may not be read by the person who linked the accounting software. '
                "Have an administrator of the accounting software link it again."
            ),
        ),
        (
            "NotSupported",
            Rejected,
            'In Codat, "suppliers" is not told by this accounting software. Switch its sync off.',
        ),
    ],
)
def test_what_waiting_does_not_mend_is_final_until_it_is_worth_another_try(
    status: str, kind: type[IntegrationError], message: str
) -> None:
    now = data_status("suppliers", status, latestSyncId=SYNC)
    error, _ = raised(now, json_answer(reading(status, requested=ago(20), completed=ago(10))))
    later, requests = raised(now, json_answer(reading(status, requested=ago(90_000), completed=ago(90_000))), QUEUED)

    assert (type(error), str(error)) == (kind, message)
    assert (str(later), requests[-1]) == (FETCHING, QUEUE)


def test_a_sign_in_that_is_over_needs_a_new_one() -> None:
    script = data_status("suppliers", "AuthError", latestSyncId=SYNC), json_answer(connection("Deauthorized"))
    error, requests = raised(*script)

    assert (type(error), str(error)) == (
        Unauthorised,
        "Codat has lost its access to the accounting software. Link the connection again.",
    )
    assert requests == [STATUS, "GET /companies/COMPANY/connections/CONNECTION"]


def test_the_status_of_an_old_sign_in_does_not_undo_the_new_one() -> None:
    script = data_status("suppliers", "AuthError", latestSyncId=SYNC), json_answer(connection("Linked")), QUEUED
    error, requests = raised(*script)

    assert (str(error), requests[-1]) == (FETCHING, QUEUE)


def test_a_type_that_the_platform_does_not_have_is_no_failure_to_repeat() -> None:
    error, _ = raised(data_status("suppliers"), refused(404, "Datatype suppliers not supported by platform(s) Exact"))

    assert (type(error), str(error)) == (
        Rejected,
        (
            "Codat does not read suppliers from this accounting software: "
            "Datatype suppliers not supported by platform(s) Exact"
        ),
    )


def test_a_lookup_counts_from_when_the_reading_was_asked_for() -> None:
    status = data_status("suppliers", "Complete", lastSuccessfulSync=ago(1), latestSuccessfulSyncId=SYNC)
    with ScriptedServer(status, json_answer(reading("Complete", requested=ago(100)))) as server:
        syncing.freshen(client(server), "suppliers", asked_within=120)
    error, requests = raised(status, json_answer(reading("Complete", requested=ago(130))), QUEUED, asked_within=120)

    assert (str(error), requests) == (FETCHING, [STATUS, READING, QUEUE])


def test_the_status_of_all_data_is_told_by_type() -> None:
    told = {
        "suppliers": {
            "dataType": "suppliers",
            "lastSuccessfulSync": "2022-01-01T13:00:00.000Z",
            "currentStatus": "FetchError",
            "latestSyncId": SYNC,
            "latestSuccessfulSyncId": EARLIER_SYNC,
        },
        "taxRates": {"dataType": "taxRates"},
        "items": None,
    }
    with ScriptedServer(json_answer(told)) as server:
        found = syncing.data_status(client(server))

    assert found == {
        "suppliers": DataSet(
            data_type="suppliers",
            status="FetchError",
            succeeded_at=instant("2022-01-01T13:00:00+00:00"),
            latest=SYNC,
            latest_success=EARLIER_SYNC,
        ),
        "taxRates": DataSet(data_type="taxRates"),
    }


@pytest.mark.parametrize("told", [[], None, {"surprise": "xyzzy"}, {"suppliers": ["Complete"]}])
def test_an_answer_that_is_no_status_is_asked_for_again(told: object) -> None:
    error, requests = raised(json_answer(told))

    assert isinstance(error, Retryable)
    assert (str(error), error.free) == (
        "Codat did not tell the status of its data. It will be asked again.",
        False,
    )
    assert requests == [STATUS]


@pytest.mark.parametrize("told", [None, [], {"surprise": "xyzzy"}, {"id": ""}, {"id": 7}])
def test_an_answer_that_is_no_reading_is_asked_for_again(told: object) -> None:
    error, _ = raised(data_status("suppliers"), json_answer(told))

    assert isinstance(error, Retryable)
    assert str(error) == "Codat did not tell what became of fetching data. It will be asked again."


def test_everything_is_queued_at_once_with_an_empty_body() -> None:
    with ScriptedServer(answer(status=204)) as server:
        syncing.queue_all(client(server))

        assert asked(server) == ["POST /companies/COMPANY/data/all"]
        assert server.asked[0].body == b""


def test_the_history_is_read_to_its_end_the_latest_first() -> None:
    def page(number: int, row: dict[str, Any]) -> Answer:
        return json_answer({"results": [row], "pageNumber": number, "pageSize": 1, "totalResults": 2, "_links": {}})

    first = reading("Complete", requested="2026-11-20T11:18:37.2798351Z", completed="2026-11-20T11:19:00Z")
    second = reading("Queued", requested="2026-11-20T10:00:00", statusDescription="Paused until 12:00.")
    with ScriptedServer(page(1, first), page(2, second)) as server:
        found = list(syncing.history(client(server), "suppliers"))

        assert [path.partition("?")[2] for path in asked(server)] == [
            f"pageSize=500&orderBy=-requested&query=dataType%3Dsuppliers&page={number}" for number in (1, 2)
        ]
    assert found == [
        Pull(
            id=SYNC,
            data_type="suppliers",
            connection=CONNECTION,
            status="Complete",
            asked_at=instant("2026-11-20T11:18:37.279835+00:00"),
            ended_at=instant("2026-11-20T11:19:00+00:00"),
        ),
        Pull(
            id=SYNC,
            data_type="suppliers",
            connection=CONNECTION,
            status="Queued",
            words="Paused until 12:00.",
            asked_at=instant("2026-11-20T10:00:00+00:00"),
        ),
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-20T11:18:37.2798351Z", "2026-11-20T11:18:37.279835+00:00"),
        ("2026-11-20T01:00:00", "2026-11-20T01:00:00+00:00"),
        ("2026-11-20T01:00:00+02:00", "2026-11-19T23:00:00+00:00"),
        ("2026-11-20", "2026-11-20T00:00:00+00:00"),
    ],
)
def test_every_way_of_writing_a_time_is_read(written: str, read: str) -> None:
    found = instant(written)

    assert found is not None
    assert found.isoformat() == read


@pytest.mark.parametrize("value", ["soon", "", None, 5])
def test_what_is_no_time_is_none(value: object) -> None:
    assert instant(value) is None
