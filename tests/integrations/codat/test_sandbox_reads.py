"""What the stand-in has read of the books: how a reading goes, what can befall it, and how old the cache may be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.codat.bodies import bill
from tests.integrations.codat.listener import listening
from tests.integrations.codat.rig import Codat, Linked


def queue(codat: Codat, linked: Linked, data_type: str) -> Any:
    answer = codat.ask("POST", f"companies/{linked.company}/data/queue/{data_type}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def status(codat: Codat, linked: Linked, data_type: str) -> dict[str, Any]:
    told: dict[str, Any] = codat.ask("GET", f"companies/{linked.company}/dataStatus").json()[data_type]
    return told


def ids(codat: Codat, linked: Linked, data_type: str) -> list[str]:
    return [one["id"] for one in codat.ask("GET", f"companies/{linked.company}/data/{data_type}").json()["results"]]


@pytest.fixture
def unread(codat: Codat) -> Linked:
    """A company that was linked a moment ago, with readings of seventy seconds."""
    codat.set(sync_seconds=70)
    company = codat.ask("POST", "companies", {"name": "Fresh Ltd"}).json()["id"]
    connection = codat.ask("POST", f"companies/{company}/connections", {"platformKey": "gbol"}).json()["id"]
    codat.control("POST", f"connections/{connection}", {"status": "Linked"})
    return Linked(company, connection, "gbol")


def test_a_reading_goes_through_its_stages_by_the_clock(codat: Codat, unread: Linked) -> None:
    seen = []
    for _ in range(8):
        seen.append(status(codat, unread, "suppliers")["currentStatus"])
        codat.later(10)
    assert seen == [
        "Queued", "Fetching", "MapQueued", "Mapping", "ValidationQueued", "Validating", "Processing", "Complete",
    ]  # fmt: skip
    done = status(codat, unread, "suppliers")
    assert done["latestSyncId"] == done["latestSuccessfulSyncId"]
    pull = codat.ask("GET", f"companies/{unread.company}/data/history/{done['latestSyncId']}").json()
    assert (pull["isCompleted"], pull["isErrored"], pull["progress"]) == (True, False, 100)
    assert pull["completed"] == done["lastSuccessfulSync"]


def test_nothing_is_told_before_it_was_read(codat: Codat, unread: Linked) -> None:
    for path in ("data/suppliers", "data/info"):
        answer = codat.ask("GET", f"companies/{unread.company}/{path}")
        assert (answer.status_code, answer.json()["error"]) == (409, "The data set is still syncing.")
    answer = codat.ask("GET", f"companies/{unread.company}/data/purchaseOrders")
    assert (answer.status_code, answer.json()["error"]) == (409, "The data set has not been requested.")
    assert status(codat, unread, "purchaseOrders") == {"dataType": "purchaseOrders"}
    codat.later(70)
    assert len(ids(codat, unread, "suppliers")) == 3


def test_a_reading_cannot_be_queued_twice(codat: Codat, unread: Linked) -> None:
    answer = codat.ask("POST", f"companies/{unread.company}/data/queue/bills")
    assert answer.status_code == 409
    assert answer.json()["error"].startswith("DatasetAlreadyInProgressException: Cannot queue bills sync for")
    codat.later(70)
    assert queue(codat, unread, "bills")["status"] == "Queued"


def test_sync_settings_say_what_is_read_at_first(codat: Codat) -> None:
    settings = [{"dataType": "purchaseOrders", "fetchOnFirstLink": True, "syncSchedule": 24, "syncOrder": 0}]
    company = codat.ask("POST", "companies", {"name": "Fresh Ltd"}).json()["id"]
    body = {"companyId": company, "overridesDefaults": True, "settings": settings}
    assert codat.ask("POST", f"companies/{company}/syncSettings", body).status_code == 204
    assert codat.ask("GET", f"companies/{company}/syncSettings").json() == body
    connection = codat.ask("POST", f"companies/{company}/connections", {"platformKey": "gbol"}).json()["id"]
    codat.control("POST", f"connections/{connection}", {"status": "Linked"})
    pulls = codat.ask("GET", f"companies/{company}/data/history").json()["results"]
    assert [one["dataType"] for one in pulls] == ["purchaseOrders"]


def test_all_that_is_read_at_first_is_queued_again(codat: Codat, linked: Linked) -> None:
    before = codat.ask("GET", f"companies/{linked.company}/data/history?pageSize=100").json()["totalResults"]
    assert codat.ask("POST", f"companies/{linked.company}/data/all").status_code == 204
    after = codat.ask("GET", f"companies/{linked.company}/data/history?pageSize=100").json()["totalResults"]
    assert after - before == 10


def test_a_written_record_is_not_read_before_the_next_reading(codat: Codat, linked: Linked) -> None:
    path = f"companies/{linked.company}/connections/{linked.connection}/push/bills"
    key = codat.ask("POST", path, bill()).json()["pushOperationKey"]
    assert codat.ask("GET", f"companies/{linked.company}/push/{key}").json()["status"] == "Success"
    assert ids(codat, linked, "bills") == []
    queue(codat, linked, "bills")
    assert ids(codat, linked, "bills") == ["2001"]
    row = codat.ask("GET", f"companies/{linked.company}/data/bills/2001").json()
    assert (row["reference"], row["note"], row["subTotal"], row["taxAmount"], row["totalAmount"]) == (
        "SI-48213", "kept as it came", 100.0, 20.0, 120.0,
    )  # fmt: skip


def test_what_was_deleted_stays_with_a_mark(codat: Codat, linked: Linked) -> None:
    before = codat.ask("GET", f"companies/{linked.company}/data/suppliers/METRO01").json()
    codat.later(60)
    codat.control("DELETE", f"connections/{linked.connection}/records/suppliers/METRO01")
    assert codat.ask("GET", f"companies/{linked.company}/data/suppliers/METRO01").json() == before
    queue(codat, linked, "suppliers")
    after = codat.ask("GET", f"companies/{linked.company}/data/suppliers/METRO01").json()
    assert after["metadata"] == {"isDeleted": True}
    assert after["modifiedDate"] > before["modifiedDate"]
    assert {**after, "metadata": before["metadata"], "modifiedDate": before["modifiedDate"]} == before


def test_only_what_changed_has_a_new_date(codat: Codat, linked: Linked) -> None:
    codat.later(60)
    since = codat.control("GET", "state")["now"]
    codat.write(linked, "suppliers", {"id": "METRO01", "supplierName": "Metro Telecom Ltd"})
    queue(codat, linked, "suppliers")
    found = codat.ask("GET", f"companies/{linked.company}/data/suppliers?query=modifiedDate>={since}").json()["results"]
    assert [(one["id"], one["supplierName"]) for one in found] == [("METRO01", "Metro Telecom Ltd")]


def test_a_parent_of_tracking_categories_tells_its_children(codat: Codat, linked: Linked) -> None:
    told = codat.ask("GET", f"companies/{linked.company}/data/trackingCategories/Department").json()
    assert [one["name"] for one in told["subCategories"]] == ["Administration", "Marketing", "Operations", "Training"]


@pytest.mark.parametrize("fault", ["FetchError", "RateLimitError", "NotSupported", "PermissionsError"])
def test_a_reading_can_end_badly(codat: Codat, linked: Linked, fault: str) -> None:
    whole = status(codat, linked, "bills")
    codat.control("PUT", "reads", {"bills": fault})
    queue(codat, linked, "bills")
    told = status(codat, linked, "bills")
    assert (told["currentStatus"], told["latestSuccessfulSyncId"]) == (fault, whole["latestSyncId"])
    pull = codat.ask("GET", f"companies/{linked.company}/data/history/{told['latestSyncId']}").json()
    assert (pull["isErrored"], pull["errorMessage"]) == (True, f"The reading ended as {fault}.")
    codat.control("PUT", "reads", {})
    queue(codat, linked, "bills")
    assert status(codat, linked, "bills")["currentStatus"] == "Complete"


def test_an_access_that_ends_while_it_is_read_leaves_the_old_state(codat: Codat, linked: Linked) -> None:
    codat.set(sync_seconds=60)
    codat.write(linked, "suppliers", {"id": "METRO01", "supplierName": "Changed Ltd"})
    queue(codat, linked, "suppliers")
    codat.ask("PATCH", f"companies/{linked.company}/connections/{linked.connection}", {"status": "Unlinked"})
    codat.later(60)
    assert status(codat, linked, "suppliers")["currentStatus"] == "AuthError"
    row = codat.ask("GET", f"companies/{linked.company}/data/suppliers/METRO01").json()
    assert row["supplierName"] == "Metro Telecom"


def test_a_refused_access_ends_the_connection(codat: Codat, linked: Linked) -> None:
    codat.control("PUT", "reads", {"bills": "AuthError"})
    with listening(codat) as listener:
        queue(codat, linked, "bills")
        (told,) = listener.wait_for("connection.disconnected")
    assert told["payload"]["connection"]["status"] == "Deauthorized"
    now = codat.ask("GET", f"companies/{linked.company}/connections/{linked.connection}").json()
    assert (now["status"], now["dataConnectionErrors"][0]["statusCode"]) == ("Deauthorized", "401")


@pytest.mark.parametrize("platform", ["hbql"])
def test_a_connector_that_is_switched_off_leaves_readings_queued(codat: Codat, linked: Linked, platform: str) -> None:
    codat.control("POST", f"connections/{linked.connection}", {"is_online": False})
    queue(codat, linked, "bills")
    codat.later(86_400)
    assert status(codat, linked, "bills")["currentStatus"] == "Queued"
    codat.control("POST", f"connections/{linked.connection}", {"is_online": True})
    assert status(codat, linked, "bills")["currentStatus"] == "Complete"


@pytest.mark.parametrize("platform", ["fbrh"])
def test_what_a_system_does_not_tell_is_no_data(codat: Codat, linked: Linked, platform: str) -> None:
    answer = codat.ask("GET", f"companies/{linked.company}/data/purchaseOrders")
    assert (answer.status_code, answer.json()["error"]) == (
        404, "Datatype purchaseOrders not supported by platform(s) FreeAgent",
    )  # fmt: skip
    assert codat.ask("POST", f"companies/{linked.company}/data/queue/purchaseOrders").status_code == 404


def test_another_companys_readings_are_not_told(codat: Codat, linked: Linked) -> None:
    other = codat.linked("gbol")
    pull = status(codat, other, "bills")["latestSyncId"]
    assert codat.ask("GET", f"companies/{linked.company}/data/history/{pull}").status_code == 404
    assert codat.ask("GET", f"companies/{linked.company}/connections/{other.connection}").status_code == 404


def test_the_newer_product_refreshes_by_name(codat: Codat, linked: Linked) -> None:
    codat.later(60)
    before = status(codat, linked, "suppliers")["lastSuccessfulSync"]
    answer = codat.ask("POST", f"companies/{linked.company}/products/payables/refresh", {"dataTypes": ["suppliers"]})
    assert answer.status_code == 202
    assert status(codat, linked, "suppliers")["lastSuccessfulSync"] > before
