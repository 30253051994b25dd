"""What is written into accessplanit: exact bodies, and what each answer to a write means."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integrations.accessplanit.connector import AccessPlanit
from integrations.amendments import Amendment
from integrations.documents import Allocation, Document, Kind, Posted
from integrations.errors import (
    IntegrationError,
    LeaseLost,
    Misconfigured,
    Missing,
    OutcomeUnknown,
    Rejected,
    Retryable,
    Unauthorised,
)
from tests.integrations.accessplanit.platform import OUTBOUND, asked, connector, results
from tests.integrations.accessplanit.records import invoice, payment_body, read, transaction
from tests.outgoing import Calls
from tests.samples import KEY
from tests.scripted import Answer, ScriptedServer, answer, json_answer, reset

MARK = "PR8f14e45fceea467f9f0d0c2b5a1d7c11"
MADE = json_answer({"results": [{"ID": "7742"}]}, status=201)
WRITES = {"write_payments": "yes"}


def payment(**changes: Any) -> Document:
    return replace(read(payment_body()), **changes)


def enter(source: AccessPlanit, document: Document | None = None) -> Posted:
    return source.post(document or payment(), key=KEY, reference="P-000017")


def test_a_payment_is_entered_on_its_invoice() -> None:
    with ScriptedServer(results(invoice()), MADE) as server:
        assert enter(connector(server, **WRITES)) == Posted(external_id="transaction-7742", number="7742")
    assert asked(server) == ["GET /api/v2/Invoice?$filter=ID eq '10482'&$top=2", "POST /api/v2/Transaction"]
    assert server.asked[1].json() == {
        "DateCreated": "2025-05-20T00:00:00",
        "Amount": 582,
        "TransactionMethod": "BACS",
        "Reference": f"P-000017 {MARK}",
        "InvoiceID": "10482",
    }


def test_the_invoices_id_goes_out_with_its_own_letters() -> None:
    document = payment(
        allocations=(Allocation(kind=Kind.SALES_INVOICE, external_id="invoice-ab7k", amount=Decimal(1)),)
    )
    with ScriptedServer(results(invoice(ID="AB7k")), MADE) as server:
        enter(connector(server, **WRITES), document)
    assert server.asked[1].json()["InvoiceID"] == "AB7k"


def test_a_refund_by_its_sign_or_by_its_type() -> None:
    refund = payment(kind=Kind.REFUND)
    by_type = {"refund_rule": "type", "fields": "transaction.type = Kind", "amount_unit": "minor"}
    with ScriptedServer(results(invoice()), MADE, results(invoice()), MADE) as server:
        enter(connector(server, **WRITES), refund)
        enter(connector(server, **WRITES, **by_type), refund)
    assert server.asked[1].json()["Amount"] == -582
    assert (server.asked[3].json()["Amount"], server.asked[3].json()["Kind"]) == (58200, "Refund")


def test_what_is_ours_is_told_apart_when_the_feed_brings_it() -> None:
    with ScriptedServer(results(invoice()), MADE) as server:
        enter(connector(server, **WRITES))
    written = server.asked[1].json()
    with pytest.raises(IntegrationError, match="by Postroom"):
        read(payment_body(**{**written, "ID": "7742"}))


@pytest.mark.parametrize("count", [0, 2])
def test_a_payment_of_another_number_of_invoices_is_refused(count: int) -> None:
    with ScriptedServer() as server, pytest.raises(Rejected) as caught:
        enter(connector(server, **WRITES), payment(allocations=payment().allocations * count))
    assert caught.value.field == "allocations"


@pytest.mark.parametrize(
    ("settings", "told", "kinds"),
    [
        ({}, {}, set()),
        ({"write_payments": "found"}, {"takes_payments": False}, set()),
        ({"write_payments": "found"}, {"takes_payments": True}, {Kind.PAYMENT, Kind.REFUND}),
        ({"write_payments": "yes"}, {}, {Kind.PAYMENT, Kind.REFUND}),
        ({"write_payments": "no"}, {"takes_payments": True}, set()),
    ],
)
def test_whether_it_takes_payments(settings: dict[str, str], told: dict[str, Any], kinds: set[Kind]) -> None:
    can = AccessPlanit.can_for(settings, told)
    assert (can.kinds, can.lookup) == (kinds, bool(kinds))


def test_without_the_ability_nothing_goes_out() -> None:
    with ScriptedServer() as server, pytest.raises(Rejected) as caught:
        enter(connector(server))
    assert caught.value.field == "kind"


def test_an_invoice_is_never_entered() -> None:
    with ScriptedServer() as server, pytest.raises(Rejected):
        enter(connector(server, **WRITES), payment(kind=Kind.SALES_INVOICE))


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (json_answer({"message": "No such method."}, status=400), Rejected),
        (answer(status=403), Misconfigured),
        (answer(status=404), Missing),
        (answer(status=409), Rejected),
        (answer(status=429), Retryable),
        (answer(status=401), Unauthorised),
        (answer(status=500), OutcomeUnknown),
        (answer(status=408), OutcomeUnknown),
        (answer(status=302, headers={"Location": "/x"}), OutcomeUnknown),
        (answer(status=201), OutcomeUnknown),
        (json_answer({"results": []}), OutcomeUnknown),
        (json_answer({"success": True}), OutcomeUnknown),
        (answer(body="<html>", headers={"Content-Type": "text/html"}), OutcomeUnknown),
        (reset(), OutcomeUnknown),
    ],
)
def test_an_answer_to_a_write(play: Answer, error: type[IntegrationError]) -> None:
    with ScriptedServer(results(invoice()), play) as server, pytest.raises(error) as caught:
        enter(connector(server, **WRITES))
    assert type(caught.value) is error or issubclass(type(caught.value), error)
    assert error is Missing or not isinstance(caught.value, Missing)


def test_a_refusal_has_the_vendors_words() -> None:
    refused = json_answer({"message": "No such method."}, status=400)
    with ScriptedServer(results(invoice()), refused) as server, pytest.raises(Rejected, match=r"No such method\."):
        enter(connector(server, **WRITES))


@pytest.mark.parametrize("body", [{"ID": 7742}, {"results": {"id": "7742"}}, {"Results": [{"Id": "7742"}]}])
def test_the_id_of_what_was_made_in_any_shape(body: Any) -> None:
    with ScriptedServer(results(invoice()), json_answer(body)) as server:
        assert enter(connector(server, **WRITES)).external_id == "transaction-7742"


def test_a_lost_lease_writes_nothing(calls: Calls) -> None:
    def lost() -> None:
        raise LeaseLost("gone")

    outbound = replace(OUTBOUND, still_ours=lost)
    with ScriptedServer(results(invoice())) as server, pytest.raises(LeaseLost):
        enter(connector(server, outbound, **WRITES))
    with ScriptedServer(results(invoice()), MADE) as server:
        enter(connector(server, calls.outbound(), **WRITES))
    assert calls.checks == 1, "asked once, before the one write"


def test_a_rehearsal_writes_nothing() -> None:
    with ScriptedServer(results(invoice())) as server:
        preview = connector(server, **WRITES).preview(payment(), key=KEY, reference="P-000017")
    assert [one.method for one in preview.requests] == ["POST"]
    assert MARK in preview.requests[0].body


def test_it_is_found_by_our_key() -> None:
    ours = transaction(ID="7742", Reference=f"P-000017 {MARK.lower()}", CurrencyCode="GBP", Amount=Decimal("-582.0"))
    other = transaction(ID="7743", Reference="something else")
    with ScriptedServer(results(ours, other), results()) as server:
        source = connector(server, **WRITES)
        assert source.find(payment(), key=KEY) == (
            Posted(external_id="transaction-7742", number="7742", gross=Decimal("582.00"), currency="GBP"),
        )
        assert source.find(payment(), key=KEY) == ()
    assert asked(server)[0] == f"GET /api/v2/Transaction?$filter=contains(Reference, '{MARK}')&$top=50"


def test_what_is_found_need_not_tell_its_currency() -> None:
    with ScriptedServer(results(transaction(Reference=MARK))) as server:
        found = connector(server, **WRITES).find(payment(), key=KEY)
    assert found == (Posted(external_id="transaction-7741", number="7741"),)


# --- changes of an invoice -------------------------------------------------------------------------------------------

CHANGES = Amendment(order_number="PO-7781-A", due_date=date(2025, 6, 30), posted_number="SI-5")


def test_an_invoice_is_changed() -> None:
    with ScriptedServer(results(invoice()), answer(status=204)) as server:
        connector(server, posted_number_field="CF_Journal").amend("invoice-10482", CHANGES)
    assert asked(server)[1] == "PUT /api/v2/Invoice/10482"
    assert server.asked[1].json() == {
        "PONumber": "PO-7781-A",
        "DateDue": "2025-06-30T00:00:00",
        "CF_Journal": "SI-5",
    }


def test_only_what_changes_is_written() -> None:
    with ScriptedServer(results(invoice()), json_answer({"results": []})) as server:
        source = connector(server)
        source.amend("invoice-10482", Amendment(order_number=""))
        source.amend("invoice-10482", Amendment())
    assert json.loads(server.asked[1].body) == {"PONumber": ""}


@pytest.mark.parametrize(
    ("external_id", "changes", "field"),
    [
        ("transaction-7741", Amendment(order_number="x"), "external_id"),
        ("invoice-10482", Amendment(order_number="x" * 51), "order_number"),
        ("invoice-10482", Amendment(posted_number="SI-5"), "posted_number_field"),
    ],
)
def test_a_change_that_cannot_be_written(external_id: str, changes: Amendment, field: str) -> None:
    with ScriptedServer() as server, pytest.raises(Rejected) as caught:
        connector(server).amend(external_id, changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("play", "error"),
    [(answer(status=404), Missing), (answer(status=500), OutcomeUnknown), (answer(status=400), Rejected)],
)
def test_an_answer_to_a_change(play: Answer, error: type[IntegrationError]) -> None:
    with ScriptedServer(results(invoice()), play) as server, pytest.raises(error):
        connector(server).amend("invoice-10482", Amendment(order_number="x"))


def test_an_invoice_that_is_gone_is_not_changed() -> None:
    with ScriptedServer(results()) as server, pytest.raises(Missing):
        connector(server).amend("invoice-10482", Amendment(order_number="x"))
