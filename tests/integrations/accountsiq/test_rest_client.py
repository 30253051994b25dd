"""The REST calls themselves: each of the list, both styles, tokens that run out, envelopes, and pages."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from integrations.accountsiq.connector import AccountsIQ
from integrations.accountsiq.rest.endpoints import ROWS, Endpoint
from integrations.documents import Posted
from integrations.errors import IntegrationError, Misconfigured, Missing, OutcomeUnknown, Retryable, Unauthorised
from integrations.http import Exchange, Outbound
from integrations.reference import RecordKind
from tests.integrations.accountsiq.rest_script import (
    ACCOUNTS,
    CONTACTS,
    SECRET,
    TOKEN,
    account,
    booked,
    link,
)
from tests.samples import KEY, REFERENCE, sample
from tests.scripted import Answer, Handler, ScriptedServer, answer, hang, json_answer

SAVED = {"InvoiceId": 17, "IsPosted": True}
EMPTY = json_answer([])


class Renewing:
    """An access that knows several tokens, one after the other, and notes which were refused."""

    def __init__(self, *tokens: str) -> None:
        self._tokens = list(tokens)
        self.refused: list[str] = []

    def token(self) -> str:
        return self._tokens[0]

    def renewed(self, refused: str) -> str:
        self.refused.append(refused)
        self._tokens.pop(0)
        return self._tokens[0]


def posting() -> list[Answer]:
    """The answers to a post of `sample()` that goes well."""
    told = booked(sample(), "17")
    return [EMPTY, json_answer(CONTACTS), json_answer(ACCOUNTS), json_answer(SAVED), json_answer(told)]


# --- each call of the list -------------------------------------------------------------------------------------------

CALLS = sorted({one.name: one for one in ROWS}.values(), key=lambda one: one.name)


def query(one: Endpoint) -> str:
    """As it is asked with a value for each parameter but the company, which the connection knows."""
    told = [(name, "1042" if name == "ClientAccountId" else f"a {name}") for name in one.takes]
    return "?" + "&".join(f"{name}={value.replace(' ', '+')}" for name, value in told) if told else ""


@pytest.mark.parametrize("one", CALLS, ids=lambda one: one.name)
def test_every_call_is_carried_out(one: Endpoint) -> None:
    values = {name: f"a {name}" for name in one.takes if name != "ClientAccountId"}
    body = {"Name": "Something", "Amount": 7} if one.method == "POST" else None
    with ScriptedServer(answer(body='{"Any":  1.10}', headers={"Content-Type": "application/json"})) as server:
        system = AccountsIQ(link(server.url))
        assert system.call(one.name, values, body) == '{"Any":  1.10}'
    (asked,) = server.asked
    assert (asked.method, asked.path) == (one.method, one.path + query(one))
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    wrapped = {one.wrapper: body} if one.wrapper else body
    assert (asked.json() if asked.body else None) == wrapped


def test_the_calls_are_told_in_words() -> None:
    told = AccountsIQ(link("http://127.0.0.1:9")).calls()
    assert len(told) == 44
    assert list(told) == sorted(told)
    assert told["invoice.get"] == "GET /InvoiceCentre/GetInvoice (InvoiceId)"
    assert told["invoice.save"] == "POST /InvoiceCentre/SaveInvoice (Invoice)"
    assert told["departments.list"] == "GET /Departments/GetDepartments (LocationId, if wanted)"
    assert told["bulk_data.save"] == "POST /BulkData/SaveBulkData"


@pytest.mark.parametrize(
    "name,values,body,error,field",
    [
        ("invoice.forget", {}, None, Missing, ""),
        ("invoice.get", {}, None, Misconfigured, "InvoiceId"),
        ("invoice.by_number", {"ClientAccountId": "7"}, None, Misconfigured, "InvoiceNumber"),
        ("invoice.save", {}, None, Misconfigured, "body"),
        ("invoice.save", {}, [1], Misconfigured, "body"),
    ],
)
def test_a_call_that_cannot_be_made_is_not_made(
    name: str, values: dict[str, str], body: object, error: type[IntegrationError], field: str
) -> None:
    with ScriptedServer() as server, pytest.raises(error) as caught:
        AccountsIQ(link(server.url)).call(name, values, body)
    assert caught.value.field == field


def test_a_value_beyond_those_of_the_list_goes_along() -> None:
    with ScriptedServer(EMPTY) as server:
        AccountsIQ(link(server.url)).call("nominal_accounts.list", {"Page": "2", "ClientAccountId": "7"})
    assert server.asked[0].path == "/GeneralLedgerCentre/GetNominalAccounts?ClientAccountId=7&Page=2"


def test_a_refused_call_tells_why() -> None:
    refused = {"Errors": [{"Code": "InvoiceNotFound", "Message": "Invoice 9 not found"}]}
    with ScriptedServer(json_answer(refused, status=404)) as server, pytest.raises(Missing) as caught:
        AccountsIQ(link(server.url)).call("invoice.get", {"InvoiceId": "9"})
    assert caught.value.message == "Invoice 9 not found"


# --- styles ----------------------------------------------------------------------------------------------------------


def test_the_first_parameter_can_go_into_the_path() -> None:
    with ScriptedServer(EMPTY, EMPTY, EMPTY) as server:
        system = AccountsIQ(link(server.url, param_style="path"))
        assert system.find(sample(), key=KEY) == ()
        system.call("contact.delete", {"ContactId": "a/b ?"})
        system.call("departments.list", {})
    assert [(one.method, one.path) for one in server.asked] == [
        ("GET", f"/InvoiceCentre/GetInvoiceByNumber/{KEY.value}?ClientAccountId=1042"),
        ("DELETE", "/Contacts/DeleteContact/a%2Fb%20%3F"),
        ("GET", "/Departments/GetDepartments"),
    ]


def test_bodies_can_be_flat() -> None:
    with ScriptedServer(*posting()) as server:
        AccountsIQ(link(server.url, body_style="flat")).post(sample(), key=KEY, reference=REFERENCE)
    sent = server.asked[3].json()
    assert (sent["InvoiceNumber"], "Invoice" in sent) == (KEY.value, False)


def test_what_is_wrapped_already_is_not_wrapped_again() -> None:
    with ScriptedServer(EMPTY) as server:
        AccountsIQ(link(server.url)).call("contact.save", {}, {"Contact": {"LastName": "Crown"}})
    assert server.asked[0].json() == {"Contact": {"LastName": "Crown"}}


def test_a_call_that_is_elsewhere_is_asked_there() -> None:
    places = "invoice.by_number GET /v2/Invoices"
    with ScriptedServer(EMPTY) as server:
        AccountsIQ(link(server.url, endpoints=places)).find(sample(), key=KEY)
    assert server.asked[0].path == f"/v2/Invoices?InvoiceNumber={KEY.value}&ClientAccountId=1042"


# --- tokens ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(5))
def test_a_refused_token_is_renewed_once_and_the_same_request_sent_again(place: int) -> None:
    """Before anything was written a 401 proves that the request was not carried out; after that nobody knows."""
    plays = posting()
    access = Renewing("first-token", "second-token")
    if place <= 3:
        plays.insert(place, answer(status=401))
        with ScriptedServer(*plays) as server:
            posted = AccountsIQ(link(server.url, access=access)).post(sample(), key=KEY, reference=REFERENCE)
        assert posted.external_id == "17"
        again, once = server.asked[place + 1], server.asked[place]
        assert (again.method, again.path, again.body) == (once.method, once.path, once.body)
        tokens = ["first-token"] * (place + 1) + ["second-token"] * (5 - place)
        assert [one.headers["authorization"] for one in server.asked] == [f"Bearer {one}" for one in tokens]
        assert access.refused == ["first-token"]
    else:
        plays[place] = answer(status=401)
        with ScriptedServer(*plays) as server, pytest.raises(OutcomeUnknown):
            AccountsIQ(link(server.url, access=access)).post(sample(), key=KEY, reference=REFERENCE)
        assert access.refused == []


def test_a_second_token_that_is_refused_is_the_end() -> None:
    access = Renewing("first-token", "second-token")
    with ScriptedServer(answer(status=401), answer(status=401)) as server, pytest.raises(Unauthorised):
        AccountsIQ(link(server.url, access=access)).company()
    assert access.refused == ["first-token"]


def test_no_token_of_any_kind_is_recorded() -> None:
    exchanges: list[Exchange] = []
    outbound = Outbound(allow_private=True, record=exchanges.append)
    echo = answer(status=500, body=f"first-token second-token {SECRET}")
    with ScriptedServer(answer(status=401, body="first-token"), echo) as server, pytest.raises(Retryable):
        AccountsIQ(link(server.url, outbound=outbound, access=Renewing("first-token", "second-token"))).company()
    assert [one.response_body for one in exchanges] == ["***", "*** *** ***"]
    assert not [one for one in ("first-token", "second-token", SECRET) if one in repr(exchanges)]


def test_the_deadline_is_one_for_both_tokens() -> None:
    outbound = Outbound(allow_private=True, deadline_seconds=1.0)

    def late(handler: Handler) -> None:
        handler.script.over.wait(0.7)
        answer(status=401)(handler)

    began = time.monotonic()
    with ScriptedServer(late, hang()) as server, pytest.raises(Retryable):
        AccountsIQ(link(server.url, outbound=outbound, access=Renewing("first", "second"))).company()
    assert 0.9 < time.monotonic() - began < 1.5
    assert len(server.asked) == 2


def test_without_an_access_of_the_portal_a_token_is_asked_for() -> None:
    company = {"ClientAccountEnquiryId": 1042, "ClientAccountName": "Northgate"}
    given = {"access_token": "fresh-token", "token_type": "Bearer", "expires_in": 3600}
    with ScriptedServer(json_answer(given), json_answer(company)) as server:
        alone = replace(link(f"{server.url}/api", scope="books"), access=None)
        assert AccountsIQ(alone).company().external_id == "1042"
    asked, greeted = server.asked
    assert (asked.method, asked.path) == ("POST", "/api/oauth2/token")
    assert asked.body == b"grant_type=client_credentials&scope=books"
    assert asked.headers["authorization"].startswith("Basic ")
    assert greeted.headers["authorization"] == "Bearer fresh-token"


# --- envelopes and pages ---------------------------------------------------------------------------------------------

ENVELOPES: dict[str, object] = {
    "a bare list": [account("1")],
    "Items": {"Items": [account("1")]},
    "Data": {"Data": [account("1")], "Status": "Success"},
    "Result": {"Result": [account("1")], "ErrorCode": "SUCCESS", "Errors": []},
    "the call's own": {"GetNominalAccountsResult": [account("1")]},
    "all of them": {"GetNominalAccountsResult": {"Result": {"Data": {"Items": [account("1")]}}}},
    "one thing without a list": account("1"),
}


@pytest.mark.parametrize("what", sorted(ENVELOPES))
def test_a_list_is_found_in_every_likely_envelope(what: str) -> None:
    with ScriptedServer(json_answer(ENVELOPES[what])) as server:
        found = list(AccountsIQ(link(server.url)).records(RecordKind.ACCOUNT))
    assert [(one.external_id, one.code) for one in found] == [("1", "1000")]


def test_the_next_page_is_a_number_or_an_address_of_the_same_place() -> None:
    last = "/api/GeneralLedgerCentre/GetNominalAccounts?Page=4"

    def third(handler: Handler) -> None:
        page = {"Items": [account("3")], "NextPage": f"http://{handler.headers['Host']}{last}"}
        json_answer(page)(handler)

    plays = [
        json_answer({"Items": [account("1")], "NextPage": 2}),
        json_answer({"Data": {"Items": [account("2")], "next": "3"}}),
        third,
        json_answer({"Items": [account("4")], "Next": None}),
    ]
    with ScriptedServer(*plays) as server:
        found = list(AccountsIQ(link(f"{server.url}/api")).records(RecordKind.ACCOUNT))
    assert [one.external_id for one in found] == ["1", "2", "3", "4"]
    first = "/api/GeneralLedgerCentre/GetNominalAccounts?ClientAccountId=1042"
    assert [one.path for one in server.asked] == [
        first,
        f"{first}&Page=2",
        f"{first}&Page=3",
        last,
    ]


@pytest.mark.parametrize(
    "following", ["https://elsewhere.example/x", "//elsewhere.example/x", True, {"page": 2}, "2.5"]
)
def test_a_next_page_that_leads_elsewhere_is_not_followed(following: object) -> None:
    page = {"Items": [account("1")], "NextPage": following}
    with ScriptedServer(json_answer(page)) as server, pytest.raises(Retryable) as caught:
        list(AccountsIQ(link(server.url, endpoints="")).records(RecordKind.ACCOUNT))
    assert "elsewhere.example" not in caught.value.message


def test_pages_without_an_end_are_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.accountsiq.rest.client._MOST_PAGES", 3)
    endless = json_answer({"Items": [account("1")], "NextPage": 2})
    with ScriptedServer(*[endless] * 4) as server, pytest.raises(Retryable) as caught:
        list(AccountsIQ(link(server.url)).records(RecordKind.ACCOUNT))
    assert "more pages than there can be" in caught.value.message


# --- addresses -------------------------------------------------------------------------------------------------------


def test_without_an_address_the_setting_is_named() -> None:
    with pytest.raises(Misconfigured) as caught:
        AccountsIQ(link("")).company()
    assert (caught.value.field, "none is public" in caught.value.message) == ("base_url", True)


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_call_that_nobody_knows_there_names_the_address(status: int) -> None:
    page = answer(status=status, body="<h1>Not here</h1>", headers={"Content-Type": "text/html"})
    with ScriptedServer(page) as server, pytest.raises(Misconfigured) as caught:
        AccountsIQ(link(server.url)).find(sample(), key=KEY)
    assert caught.value.field == "base_url"
    assert f"(status {status})" in caught.value.message


def test_a_save_that_nobody_knows_there_leaves_the_outcome_open() -> None:
    """A gateway may have passed it on."""
    page = answer(status=404, body="<h1>Not here</h1>", headers={"Content-Type": "text/html"})
    with ScriptedServer(*posting()[:3], page) as server, pytest.raises(OutcomeUnknown):
        AccountsIQ(link(server.url)).post(sample(), key=KEY, reference=REFERENCE)


@pytest.mark.parametrize("told", [0, -1, True, " ", None, ["17"]])
def test_what_is_no_id_is_none(told: object) -> None:
    saved = {"InvoiceId": told, "TransactionNumber": "PI004512", "IsPosted": True}
    with ScriptedServer(*posting()[:3], json_answer(saved)) as server, pytest.raises(OutcomeUnknown):
        AccountsIQ(link(server.url)).post(sample(), key=KEY, reference=REFERENCE)


def test_a_wrong_company_names_the_setting() -> None:
    refused = {"Errors": [{"Code": "ClientAccountNotFound", "Field": "ClientAccountId", "Message": "No such one."}]}
    for ask in (lambda one: one.company(), lambda one: list(one.records(RecordKind.ACCOUNT))):
        with ScriptedServer(json_answer(refused, status=404)) as server, pytest.raises(Misconfigured) as caught:
            ask(AccountsIQ(link(server.url)))
        assert caught.value.field == "company_ref"


def test_a_lookup_that_is_answered_with_not_found_found_nothing() -> None:
    refused = {"Errors": [{"Code": "NotFound", "Message": "There is no document with this number."}]}
    with ScriptedServer(json_answer(refused, status=404)) as server:
        assert AccountsIQ(link(server.url)).find(sample(), key=KEY) == ()


def test_one_document_without_a_list_is_found() -> None:
    with ScriptedServer(json_answer({"GetInvoiceByNumberResult": booked(sample(), "1")})) as server:
        (found,) = AccountsIQ(link(server.url)).find(sample(), key=KEY)
    assert isinstance(found, Posted)
    assert (found.external_id, found.number, found.supplier_code) == ("1", "PI004512", "CROWN01")
