"""The way back from Codat: only what it says itself counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from integrations.codat.linking import arrive
from integrations.errors import Cancelled, IntegrationError, Misconfigured, Rejected
from tests.integrations.codat.account import (
    COMPANY,
    CONNECTION,
    IDS,
    INFO,
    PLATFORM,
    QUEUE,
    SHOW,
    STATUS,
    SURVEYED,
    asked,
    connection,
    data_status,
    integration,
    link,
    live,
    refused,
)
from tests.scripted import Answer, ScriptedServer, json_answer


def sent_home(error: type[IntegrationError], *script: Answer, query: Mapping[str, str]) -> IntegrationError:
    """What coming back raises."""
    with ScriptedServer(*script) as server, pytest.raises(error) as raised:
        arrive(link(server, told={}), query, keep=IDS)
    return raised.value


def test_a_company_that_is_linked_there_is_linked() -> None:
    script = (
        json_answer(connection()), json_answer(integration()), live(), data_status("company", "Fetching"),
        json_answer({"id": "1"}),
    )  # fmt: skip
    with ScriptedServer(*script) as server:
        found = arrive(link(server, told={}), {"statusCode": "200"}, keep=IDS)

        assert (found.token, found.told) == (None, SURVEYED)
        assert asked(server) == [SHOW, PLATFORM, INFO, STATUS, QUEUE]


@pytest.mark.parametrize("code", ["200", "201", "403", "500", "501", ""])
def test_what_the_address_of_return_says_cannot_unlink_a_company(code: str) -> None:
    script = json_answer(connection()), json_answer(integration()), live(), data_status("company"), refused(409)
    with ScriptedServer(*script) as server:
        found = arrive(link(server), {"statusCode": code, "companyId": "x", "connectionId": "y"}, keep=IDS)

        assert found.told == SURVEYED
        assert asked(server) == [SHOW, PLATFORM, INFO, STATUS, QUEUE]


@pytest.mark.parametrize("code", ["200", "201", ""])
def test_what_the_address_of_return_says_cannot_link_one(code: str) -> None:
    error = sent_home(Rejected, json_answer(connection("PendingAuth")), query={"statusCode": code})

    assert str(error) == (
        "Codat has not linked Xero yet (its status is PendingAuth, not Linked). Finish it, then begin again."
    )


def test_who_says_no_over_there_has_cancelled() -> None:
    error = sent_home(Cancelled, json_answer(connection("PendingAuth")), query={"statusCode": "403"})

    assert str(error) == "Access to Xero was not given, so nothing was linked. Begin again when you are ready."


def test_an_edition_that_is_not_supported_is_told() -> None:
    error = sent_home(Rejected, json_answer(connection("PendingAuth")), query={"statusCode": "501"})

    assert (str(error), error.field) == (
        "Codat does not support this edition of Xero. Nothing was linked.",
        "platform",
    )


def test_the_connection_s_own_open_error_says_it_best() -> None:
    errors = [
        {"errorMessage": "Older.", "erroredOnUtc": "2026-11-20T10:00:00Z", "status": "Active"},
        {"errorMessage": "The user has no rights.", "erroredOnUtc": "2026-11-20T11:00:00Z", "status": None},
        {"errorMessage": "Gone.", "erroredOnUtc": "2026-11-20T12:00:00Z", "status": "Resolved"},
        {"errorMessage": "Mended.", "erroredOnUtc": "2026-11-20T12:00:00Z", "resolvedOnUtc": "2026-11-20T12:30:00Z"},
    ]
    row = connection("PendingAuth", dataConnectionErrors=errors)
    error = sent_home(Rejected, json_answer(row), query={"statusCode": "500", "errorMessage": "Something."})

    assert str(error) == "Xero could not be linked: The user has no rights. Begin again."


def test_without_one_the_address_of_return_says_why() -> None:
    row = connection("PendingAuth", dataConnectionErrors=None)
    query = {"statusCode": "500", "errorMessage": "<b>Timed out</b>\nat the bank"}
    error = sent_home(Rejected, json_answer(row), query=query)

    assert str(error) == "Xero could not be linked: Timed out at the bank. Begin again."


def test_another_platform_than_the_chosen_one_is_told() -> None:
    row = connection(integrationKey="qhyg", platformName="QuickBooks Online")
    error = sent_home(Misconfigured, json_answer(row), query={"statusCode": "200"})

    assert (str(error), error.field) == (
        (
            "In Codat this connection belongs to QuickBooks Online (qhyg), and not to gbol. "
            "Choose QuickBooks Online, or begin again."
        ),
        "platform",
    )


@pytest.mark.parametrize(
    ("name", "currency"), [("Another Ltd", "GBP"), ("Toft Stores Ltd", "EUR")], ids=["name", "currency"]
)
def test_another_company_than_before_is_not_linked_in_its_place(name: str, currency: str) -> None:
    script = json_answer(connection()), json_answer(integration()), live(name, currency), json_answer(connection())
    with ScriptedServer(*script) as server, pytest.raises(Rejected) as error:
        arrive(link(server, told=SURVEYED), {}, keep=IDS)

    assert str(error.value) == (
        f"In Codat this led to {name} ({currency}), but it was linked to Toft Stores Ltd (GBP). "
        "The link there was ended again. Begin again and choose the company of before; if another one is meant, "
        "make a new connection."
    )
    ended = server.asked[-1]
    assert (ended.method, ended.json()) == ("PATCH", {"status": "Unlinked"})


@pytest.mark.parametrize(
    ("before", "name"),
    [
        (SURVEYED, "TOFT stores ltd"),
        ({**SURVEYED, "platform": "qhyg"}, "Toft & Co"),
        ({**SURVEYED, "company": "another"}, "Another Ltd"),
        ({}, "Another Ltd"),
    ],
    ids=["spelling", "platform", "company over there", "first time"],
)
def test_what_may_differ_after_a_visit_does(before: dict[str, Any], name: str) -> None:
    script = json_answer(connection()), json_answer(integration()), live(name), data_status("company"), refused(409)
    with ScriptedServer(*script) as server:
        found = arrive(link(server, told=before), {}, keep=IDS)

    assert found.told == {**SURVEYED, "company_name": name}


def test_a_visit_without_what_was_kept_begins_again() -> None:
    with ScriptedServer() as server, pytest.raises(Rejected, match="Begin again"):
        arrive(link(server, told={}), {"companyId": COMPANY, "connectionId": CONNECTION}, keep={})
