"""Every operation of the SOAP interface that is known by name, for support work."""

from __future__ import annotations

import pytest

from integrations.accountsiq.connector import AccountsIQ
from integrations.accountsiq.soap.operations import OPERATIONS
from integrations.errors import LeaseLost, Misconfigured, Missing, OutcomeUnknown, Retryable
from integrations.exact import from_json
from integrations.http import Outbound
from tests.integrations.accountsiq.soap_script import TOKEN, bad, came, good, link, sent
from tests.outgoing import Calls
from tests.scripted import ScriptedServer, answer


def test_each_operation_is_told_in_words() -> None:
    told = AccountsIQ(link("http://127.0.0.1:9")).calls()
    assert len(told) == len(OPERATIONS) == 202
    assert told["GetSupplier"] == "read GetSupplier (supplierCode)"
    assert told["GetPeriodList"] == "read GetPeriodList"
    assert told["SaveOrderGetBackOrderID"] == "write SaveOrderGetBackOrderID (order, create)"
    assert [name for name in told if name.startswith("Token")] == []


def test_what_writes_is_never_called_a_read() -> None:
    verbs = ("Create", "Save", "Update", "Post", "Delete", "Add", "Attach", "Allocate", "Unallocate", "Deliver", "Send")
    assert [name for name, one in OPERATIONS.items() if name.startswith((*verbs, "Set")) and one.reads] == []
    assert all(one.reads for name, one in OPERATIONS.items() if name.startswith(("GetNew", "GetTransaction", "Check")))


def test_a_read_tells_the_answer_as_it_came() -> None:
    play, calls = good("GetSupplier", "<Code>CROWN01</Code>"), Calls()
    with ScriptedServer(play) as server:
        text = AccountsIQ(link(server.url, outbound=calls.outbound())).call("GetSupplier", {"supplierCode": "A & B"})
    assert "<Code>CROWN01</Code>" in text
    assert text.startswith("<?xml")
    assert server.asked[0].body == sent("GetSupplier", "<supplierCode>A &amp; B</supplierCode>")
    assert calls.checks == 0


def test_a_failure_is_an_answer_too() -> None:
    with ScriptedServer(bad("GetSupplier", "SUPPLIER_CODE_DOES_NOT_EXIST", "Not there")) as server:
        text = AccountsIQ(link(server.url)).call("GetSupplier", {"supplierCode": "X"})
    assert "SUPPLIER_CODE_DOES_NOT_EXIST" in text


def test_values_and_body_go_out_in_the_order_of_the_wsdl() -> None:
    body = from_json('{"order": {"OrderID": 0, "NetAmount": 10.50, "QuoteID": null, "Lines": {"OrderLine": [{}, {}]}}}')
    calls = Calls()
    with ScriptedServer(good("SaveOrder")) as server:
        AccountsIQ(link(server.url, outbound=calls.outbound())).call("SaveOrder", {"create": "true"}, body)
    inside = (
        '<order><OrderID>0</OrderID><NetAmount>10.50</NetAmount><QuoteID xsi:nil="true"/><Lines><OrderLine></OrderLine>'
        "<OrderLine></OrderLine></Lines></order><create>true</create>"
    )
    assert server.asked[0].body == sent("SaveOrder", inside)
    assert calls.checks == 1, "a write asks for the lease"


@pytest.mark.parametrize(
    "name,values,body,field",
    [
        ("GetSupplier", {}, None, "supplierCode"),
        ("GetSupplier", {"supplierCode": "X", "colour": "red"}, None, "colour"),
        ("GetPeriodList", {"x": "y"}, None, "x"),
        ("SaveOrder", {"create": "true"}, {"order": 1.5}, "body"),
        ("SaveOrder", {"create": "true"}, [1], "body"),
    ],
)
def test_what_is_missing_or_unknown_is_named(name: str, values: dict[str, str], body: object, field: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        AccountsIQ(link("http://127.0.0.1:9")).call(name, values, body)
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["TokenGet", "TokenRefresh", "GetEverything", ""])
def test_an_operation_that_is_not_known_is_missing(name: str) -> None:
    with pytest.raises(Missing):
        AccountsIQ(link("http://127.0.0.1:9")).call(name, {})


def test_what_is_no_answer_is_told_by_what_the_call_does() -> None:
    page = answer(body="<html>", headers={"Content-Type": "text/html"})
    with ScriptedServer(page) as server, pytest.raises(Retryable):
        AccountsIQ(link(server.url)).call("GetPeriodList", {})
    with ScriptedServer(page) as server, pytest.raises(OutcomeUnknown):
        AccountsIQ(link(server.url)).call("PostInvoice", {"invoiceID": "1"})


def test_a_write_without_a_lease_does_not_go_out() -> None:
    def lost() -> None:
        raise LeaseLost("somebody else holds it")

    with ScriptedServer() as server, pytest.raises(LeaseLost):
        outbound = Outbound(allow_private=True, still_ours=lost)
        AccountsIQ(link(server.url, outbound=outbound)).call("PostInvoice", {"invoiceID": "1"})


def test_the_token_is_not_in_what_is_told() -> None:
    echo = answer(body=came("GetPeriodList", "<Status>Success</Status>"), headers={"Content-Type": "text/xml"})
    with ScriptedServer(echo) as server:
        assert TOKEN not in AccountsIQ(link(server.url)).call("GetPeriodList", {})
