"""The table of Codat's calls: what each asks, what it refuses to ask, and what it never shows."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from integrations.codat.client import Client
from integrations.codat.endpoints import CALLS, Call, call
from integrations.errors import Misconfigured, Missing
from tests.integrations.codat.account import asked, client, link
from tests.outgoing import Calls
from tests.scripted import ScriptedServer, answer, json_answer

OTHER = "0498e921-9b53-4396-a412-4f2f5983b0a2"


def test_every_call_has_a_sound_path_and_says_what_it_does() -> None:
    wrong = [
        name
        for name, one in CALLS.items()
        if not re.fullmatch(r"[a-z_]+", name)
        or one.method not in {"GET", "POST", "PUT", "PATCH", "DELETE"}
        or not re.fullmatch(r"[a-zA-Z]+(/([a-zA-Z]+|\{[a-zA-Z]+\}))*", one.template)
        or not re.fullmatch(r"[A-Z][^\n]{8,80}", one.about)
        or bool(one.takes)
        != (one.method in {"POST", "PUT", "PATCH"} and name not in {"queue", "queue_all", "add_product"})
    ]

    assert (wrong, len({(one.method, one.template) for one in CALLS.values()})) == ([], len(CALLS))


def test_only_calls_that_may_change_the_books_count_as_writes() -> None:
    writes = {name for name, one in CALLS.items() if one.writes}

    assert {name for name in writes if not name.startswith(("create_", "update_", "delete_", "payables_"))} == set()
    assert writes & {"create_company", "delete_company", "create_connection", "queue", "payables_bills"} == set()
    assert {"create_bill", "create_purchase_order", "create_journal_entry", "payables_create_bill"} <= writes


def test_the_connection_s_own_ids_and_the_first_page_stand_in() -> None:
    rows = {"results": [{"id": "61", "totalAmount": Decimal("10.50")}], "totalResults": 1}
    with ScriptedServer(json_answer({"results": []}), json_answer(rows)) as server:
        call(client(server), "bills", {"companyId": OTHER, "pageSize": "5"})
        text = call(client(server), "bills", {"query": "supplierRef.id=61"})

        assert asked(server) == [
            f"GET /companies/{OTHER}/data/bills?page=1&pageSize=5",
            "GET /companies/COMPANY/data/bills?page=1&pageSize=100&query=supplierRef.id%3D61",
        ]
    assert text == '{"results": [{"id": "61", "totalAmount": 10.50}], "totalResults": 1}'


def test_a_body_goes_out_as_json_and_an_empty_answer_is_empty() -> None:
    with ScriptedServer(json_answer({"pushOperationKey": "1"}), answer(status=204)) as server:
        sent = call(client(server), "create_journal_entry", {"timeoutInMinutes": "60"}, {"description": "Accrual"})
        queued = call(client(server), "queue_all", {})

        assert asked(server) == [
            "POST /companies/COMPANY/connections/CONNECTION/push/journalEntries?timeoutInMinutes=60",
            "POST /companies/COMPANY/data/all",
        ]
        assert server.asked[0].json() == {"description": "Accrual"}
    assert (sent, queued) == ('{"pushOperationKey": "1"}', "")


@pytest.mark.parametrize(
    ("name", "values", "body", "field", "message"),
    [
        ("bill", {}, None, "billId", "The call bill needs a value for billId."),
        ("bill", {"billId": ""}, None, "billId", "The call bill needs a value for billId."),
        (
            "bill",
            {"billId": "1", "page": "2"},
            None,
            "page",
            "The call bill does not know page: it knows companyId, billId.",
        ),
        ("bill", {"billId": ".."}, None, "billId", "The value for billId is no id."),
        ("webhooks", {"x": "1"}, None, "x", "The call webhooks does not know x: it takes no values."),
        ("create_bill", {}, None, "body", "The call create_bill needs a body in JSON."),
        ("company", {}, {}, "body", "The call company takes no body."),
    ],
)
def test_what_is_missing_or_not_known_is_named_and_nothing_is_asked(
    name: str, values: dict[str, str], body: Any, field: str, message: str
) -> None:
    with ScriptedServer() as server, pytest.raises(Misconfigured) as error:
        call(client(server), name, values, body)

    assert (str(error.value), error.value.field) == (message, field)


def test_before_it_is_linked_a_company_has_to_be_named() -> None:
    with ScriptedServer() as server, pytest.raises(Misconfigured, match="needs a value for companyId"):
        call(client(server, told={}), "company", {})


def test_a_name_that_is_not_in_the_table() -> None:
    with ScriptedServer() as server, pytest.raises(Missing, match="Codat has no call levitate"):
        call(client(server), "levitate", {})


def test_values_cannot_leave_their_place_in_the_path() -> None:
    with ScriptedServer(json_answer({})) as server:
        call(client(server), "bill", {"billId": "../../apiKeys?x#y"})

        assert asked(server) == ["GET /companies/COMPANY/data/bills/..%2F..%2FapiKeys%3Fx%23y"]


def test_secrets_in_answers_are_not_shown() -> None:
    told = {"name": "Bank of Dave", "apiKey": "abc", "keys": [{"accessToken": "def", "token": None}]}
    with ScriptedServer(json_answer(told)) as server:
        text = call(client(server), "profile", {})

    assert text == '{"name": "Bank of Dave", "apiKey": "***", "keys": [{"accessToken": "***", "token": null}]}'


@pytest.mark.parametrize(("name", "values", "checks"), [("create_bill", {}, 1), ("queue", {"dataType": "bills"}, 0)])
def test_the_lease_is_checked_before_what_may_change_the_books(
    calls: Calls, name: str, values: dict[str, str], checks: int
) -> None:
    with ScriptedServer(json_answer({})) as server:
        ours = link(server)
        call(Client(replace(ours, outbound=calls.outbound())), name, values, {} if CALLS[name].takes else None)

    assert calls.checks == checks


def test_the_names_of_a_path_are_told_in_order() -> None:
    one = Call("GET", "companies/{companyId}/data/bills/{billId}", "Show a bill")

    assert one.names == ("companyId", "billId")
