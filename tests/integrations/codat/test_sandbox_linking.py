"""Companies, connections, the visit of a person, and what the stand-in tells about it."""

from __future__ import annotations

from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations.codat.standin.events import signature
from tests.integrations.codat.listener import listening
from tests.integrations.codat.rig import Codat, Linked

BACK = (
    "http://127.0.0.1:9/back?company={companyId}&connection={connectionId}&status={statusCode}&error={errorMessage}"
    "&platform={platform}&name={data.company.companyName}&state={state}&other={other}"
)


def waiting(codat: Codat, platform: str = "gbol") -> tuple[str, dict[str, str]]:
    company = codat.ask("POST", "companies", {"name": "Harbour Street"}).json()["id"]
    return company, codat.ask("POST", f"companies/{company}/connections", {"platformKey": platform}).json()


def press(link: str, button: str, **more: str) -> requests.Response:
    """Open the page, press a button on it, and do not follow where it sends."""
    params = {"state": "of the portal", **more}
    assert requests.get(link, params=params, timeout=5).status_code == 200
    return requests.post(link, {"do": button}, params=params, timeout=5, allow_redirects=False)


def came_back(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 303
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


@pytest.fixture(autouse=True)
def back(codat: Codat) -> None:
    answer = codat.ask("PUT", "profile", {"name": "Postroom", "redirectUrl": BACK})
    assert answer.json()["redirectUrl"] == BACK


def status(codat: Codat, company: str, connection: str) -> str:
    told: str = codat.ask("GET", f"companies/{company}/connections/{connection}").json()["status"]
    return told


def test_a_name_loses_what_is_not_allowed_in_one(codat: Codat) -> None:
    made = codat.ask("POST", "companies", {"name": "Crème & Söhne (Leeds) Ltd.", "tags": {"tenant": "7"}})
    codat.checked.forgive()
    company = made.json()
    assert (made.status_code, company["name"], company["tags"]) == (200, "Crme & Shne Leeds Ltd.", {"tenant": "7"})
    assert company["redirect"] == f"{codat.url}/link/company/{company['id']}"
    assert company["dataConnections"] == []
    assert codat.ask("POST", "companies", {"name": "()"}).status_code == 400
    codat.checked.forgive()


def test_a_company_is_changed_and_deleted(codat: Codat) -> None:
    company = codat.ask("POST", "companies", {"name": "One", "tags": {"a": "b"}}).json()["id"]
    assert codat.ask("PATCH", f"companies/{company}", {"name": "Two"}).json()["tags"] == {"a": "b"}
    assert codat.ask("PUT", f"companies/{company}", {"name": "Three"}).json()["tags"] == {}
    assert codat.ask("DELETE", f"companies/{company}").status_code == 204
    assert codat.ask("GET", f"companies/{company}").status_code == 404


def test_a_connection_waits_for_somebody(codat: Codat) -> None:
    company, connection = waiting(codat)
    assert (connection["status"], connection["platformName"], connection["integrationKey"]) == (
        "PendingAuth",
        "Xero",
        "gbol",
    )
    assert connection["linkUrl"].startswith(
        f"{codat.url}/link/companies/{company}/connections/{connection['id']}/start?otp="
    )
    assert codat.ask("POST", f"companies/{company}/connections", {"platformKey": "zzzz"}).status_code == 404


def test_approving_links_and_sends_back_with_every_placeholder(codat: Codat) -> None:
    company, connection = waiting(codat)
    told = came_back(press(connection["linkUrl"], "approve"))
    assert told == {
        "company": company, "connection": connection["id"], "status": "200", "platform": "gbol",
        "name": "Harbour Street Studios Ltd", "state": "of the portal",
    }  # fmt: skip
    assert status(codat, company, connection["id"]) == "Linked"
    info = codat.ask("GET", f"companies/{company}/data/info").json()
    assert (info["companyName"], info["baseCurrency"]) == ("Harbour Street Studios Ltd", "GBP")


@pytest.mark.parametrize(
    "button,code,words",
    [("cancel", "403", "User cancelled linking their company"), ("break", "500", "An unknown error occurred")],
)
def test_not_agreeing_leaves_it_waiting_and_tells_why(codat: Codat, button: str, code: str, words: str) -> None:
    company, connection = waiting(codat)
    told = came_back(press(connection["linkUrl"], button))
    assert (told["status"], told["error"], told["state"]) == (code, words, "of the portal")
    now = codat.ask("GET", f"companies/{company}/connections/{connection['id']}").json()
    assert now["status"] == "PendingAuth"
    assert [(one["statusCode"], one["errorMessage"]) for one in now["dataConnectionErrors"]] == [(code, words)]
    assert came_back(press(now["linkUrl"], "approve"))["status"] == "200"


def test_a_link_is_good_once_and_for_a_day(codat: Codat) -> None:
    company, connection = waiting(codat)
    press(connection["linkUrl"], "cancel")
    assert requests.get(connection["linkUrl"], timeout=5).status_code == 404
    assert requests.post(connection["linkUrl"], {"do": "approve"}, timeout=5).status_code == 404
    fresh = codat.ask("GET", f"companies/{company}/connections/{connection['id']}").json()["linkUrl"]
    codat.later(24 * 60 * 60 + 1)
    assert requests.get(fresh, timeout=5).status_code == 404
    assert status(codat, company, connection["id"]) == "PendingAuth"


def test_somebody_can_agree_for_the_wrong_company(codat: Codat) -> None:
    company, connection = waiting(codat)
    assert came_back(press(connection["linkUrl"], "wrong"))["name"] == "Whitby Harbour Catering Ltd"
    assert codat.ask("GET", f"companies/{company}/data/info").json()["companyName"] == "Whitby Harbour Catering Ltd"


def test_a_visit_to_what_is_linked_does_nothing(codat: Codat, linked: Linked) -> None:
    path = f"companies/{linked.company}/connections/{linked.connection}"
    assert came_back(press(codat.ask("GET", path).json()["linkUrl"], "approve"))["status"] == "201"


def test_the_page_of_the_company_lets_people_choose(codat: Codat) -> None:
    company = codat.ask("POST", "companies", {"name": "Harbour Street"}).json()
    page = requests.get(company["redirect"], timeout=5)
    assert "FreeAgent" in page.text
    chosen = requests.post(company["redirect"], {"platform": "fbrh"}, timeout=5)
    assert "Connect FreeAgent" in chosen.text
    (connection,) = codat.ask("GET", f"companies/{company['id']}/connections").json()["results"]
    assert (connection["integrationKey"], connection["status"]) == ("fbrh", "PendingAuth")


def test_a_host_from_a_placeholder_has_to_be_on_the_list(codat: Codat) -> None:
    profile = {"name": "Postroom", "redirectUrl": "http://{host}/back?{statusCode}"}
    codat.ask("PUT", "profile", profile)
    _, connection = waiting(codat)
    refused = press(connection["linkUrl"], "cancel", host="evil.example")
    assert (refused.status_code, "evil.example is not on the list" in refused.text) == (200, True)
    codat.ask("PUT", "profile", {**profile, "whiteListUrls": ["http://good.example"]})
    _, connection = waiting(codat)
    assert (
        press(connection["linkUrl"], "cancel", host="good.example").headers["Location"]
        == "http://good.example/back?403"
    )


def test_only_what_is_linked_can_be_unlinked(codat: Codat) -> None:
    company, connection = waiting(codat)
    path = f"companies/{company}/connections/{connection['id']}"
    assert codat.ask("PATCH", path, {"status": "Unlinked"}).status_code == 400
    press(connection["linkUrl"], "approve")
    assert codat.ask("PATCH", path, {"status": "Unlinked"}).json()["status"] == "Unlinked"
    assert codat.ask("DELETE", path).status_code == 200
    assert codat.ask("GET", path).status_code == 404


def test_linking_again_keeps_the_books_and_another_company_brings_its_own(codat: Codat, linked: Linked) -> None:
    codat.write(linked, "suppliers", {"id": "NEW01", "supplierName": "New Ltd", "status": "Active"})
    for entity, kept in (("Harbour Street Studios Ltd", True), ("Whitby Harbour Catering Ltd", False)):
        codat.control("POST", f"connections/{linked.connection}", {"status": "Unlinked"})
        codat.control("POST", f"connections/{linked.connection}", {"status": "Linked", "entity": entity})
        assert ("NEW01" in [one["id"] for one in codat.rows(linked, "suppliers")]) is kept


def test_what_was_read_stays_readable_when_the_access_is_gone(codat: Codat, linked: Linked) -> None:
    codat.control("POST", f"connections/{linked.connection}", {"status": "Deauthorized"})
    assert status(codat, linked.company, linked.connection) == "Deauthorized"
    assert len(codat.ask("GET", f"companies/{linked.company}/data/suppliers").json()["results"]) == 3
    assert codat.ask("POST", f"companies/{linked.company}/data/queue/suppliers").status_code == 400


# --- webhooks --------------------------------------------------------------------------------------------------------


def test_the_signature_is_that_of_the_standard() -> None:
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    made = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_change_of_a_connection_is_told_with_a_signature(codat: Codat) -> None:
    with listening(codat) as listener:
        company, connection = waiting(codat)
        path = f"companies/{company}/connections/{connection['id']}"
        press(connection["linkUrl"], "cancel")
        press(codat.ask("GET", path).json()["linkUrl"], "approve")
        codat.ask("PATCH", path, {"status": "Unlinked"})
        press(codat.ask("GET", path).json()["linkUrl"], "approve")
        codat.ask("DELETE", path)
        codat.ask("DELETE", f"companies/{company}")
        listener.wait_for(
            "company.created", "connection.created", "connection.failed", "connection.connected",
            "connection.disconnected", "connection.reconnected", "connection.deleted", "company.deleted",
        )  # fmt: skip
        (linked,) = listener.wait_for("connection.connected")
    assert linked["payload"]["referenceCompany"]["id"] == company
    assert (linked["payload"]["connection"]["id"], linked["payload"]["connection"]["status"]) == (
        connection["id"],
        "Linked",
    )
    assert listener.unsigned == []


def test_the_first_reads_are_told_as_such(codat: Codat) -> None:
    with listening(codat) as listener:
        company, connection = waiting(codat)
        press(connection["linkUrl"], "approve")
        codat.ask("GET", f"companies/{company}/dataStatus")
        (first,) = listener.wait_for("read.completed.initial")
    told = {one["dataType"]: (one["status"], one["recordsModified"]) for one in first["payload"]["dataTypes"]}
    assert told["suppliers"] == ("Complete", True)
    assert told["bills"] == ("Complete", False)


def test_what_is_not_taken_comes_again_with_the_same_id(codat: Codat) -> None:
    with listening(codat) as listener:
        listener.status = 500
        codat.ask("POST", "companies", {"name": "One"})
        listener.wait(lambda: len(listener.came) == 1)
        listener.wait(lambda: len(codat.control("GET", "webhooks")["deliveries"][0]["attempts"]) == 1)
        listener.status = 204
        codat.later(5)
        listener.wait(lambda: len(listener.came) == 2)
        listener.wait(lambda: codat.control("GET", "webhooks")["deliveries"][0]["state"] == "taken")
        codat.later(300)
    assert len({headers["webhook-id"] for headers, _ in listener.came}) == 1
    assert len(listener.came) == 2


def has_been_tried(codat: Codat, count: int) -> bool:
    return len(codat.control("GET", "webhooks")["deliveries"][0]["attempts"]) == count


def test_nobody_is_told_for_ever(codat: Codat) -> None:
    with listening(codat) as listener:
        listener.status = 503
        codat.ask("POST", "companies", {"name": "One"})
        for count, seconds in enumerate((5, 300, 1800, 7200, 18000, 36000, 36000, 36000), start=1):
            listener.wait(partial(has_been_tried, codat, count))
            codat.later(seconds)
        (delivery,) = codat.control("GET", "webhooks")["deliveries"]
    assert (delivery["state"], len(listener.came)) == ("given up", 8)


@pytest.mark.parametrize("mode,count,unsigned", [("twice", 2, 0), ("unsigned", 1, 1), ("sound", 1, 0)])
def test_webhooks_can_come_in_other_ways(codat: Codat, mode: str, count: int, unsigned: int) -> None:
    codat.set(webhooks=mode)
    with listening(codat) as listener:
        codat.ask("POST", "companies", {"name": "One"})
        listener.wait(lambda: len(listener.came) == count)
    assert len({headers["webhook-id"] for headers, _ in listener.came}) == 1
    assert len(listener.unsigned) == unsigned


def test_webhooks_can_be_lost(codat: Codat) -> None:
    codat.set(webhooks="never")
    with listening(codat):
        codat.ask("POST", "companies", {"name": "One"})
        assert codat.control("GET", "webhooks")["deliveries"] == []


def test_an_event_of_somebody_elses_company_can_be_sent(codat: Codat) -> None:
    with listening(codat) as listener:
        payload = {"id": "fc2f2d1a-ff4d-40c6-a7fb-4bd7d04f4008", "status": "Success"}
        codat.control("POST", "webhooks", {"eventType": "bills.write.successful", "payload": payload})
        (told,) = listener.wait_for("bills.write.successful")
    assert told["payload"] == payload


def test_a_consumer_hears_only_what_it_asked_for(codat: Codat) -> None:
    with listening(codat) as listener:
        for one in codat.ask("GET", "webhooks").json()["results"]:
            codat.ask("DELETE", f"webhooks/{one['id']}")
        body = {"url": "http://127.0.0.1:9/x", "eventTypes": ["company.deleted"]}
        for disabled in (False, True):
            codat.ask("POST", "webhooks", {**body, "disabled": disabled})
        company = codat.ask("POST", "companies", {"name": "One"}).json()["id"]
        codat.ask("DELETE", f"companies/{company}")
        told = codat.control("GET", "webhooks")["deliveries"]
    assert ([one["event"] for one in told], listener.came) == (["company.deleted"], [])


def test_a_spent_quota_is_told_once(codat: Codat) -> None:
    with listening(codat) as listener:
        headers = codat.ask("GET", "companies").headers
        spent = int(headers["X-Rate-Limit-Limit"]) - int(headers["X-Rate-Limit-Remaining"])
        codat.set(requests_a_day=spent + 1)
        assert [codat.ask("GET", "companies").status_code for _ in range(3)] == [200, 429, 429]
        (told,) = listener.wait_for("client.rateLimit.reached")
        codat.set(requests_a_day=100)
    assert (told["payload"]["dailyQuota"], told["payload"]["quotaRemaining"]) == (spent + 1, 0)
    assert listener.events().count("client.rateLimit.reached") == 1
