"""How deliveries may differ: every knob of the webhook, seen by a receiver."""

from __future__ import annotations

import json

from integrations.documents import Kind
from integrations.icompleat.samples import transaction_for
from tests.integrations.icompleat.bodies import COMPANY, parse, taking
from tests.integrations.icompleat.standin.scene import TOKEN, Control, Receiver

NAME = "Northgate Training Ltd"


def test_null_quantities(control: Control, receiver: Receiver) -> None:
    control.faults(null_quantity=True)
    control.step(control.of_kind("invoice"), "approve")
    (came,) = receiver.bodies()
    own = transaction_for("invoice", COMPANY, NAME)
    assert came == {**own, "Lines": [{**line, "Quantity": None} for line in own["Lines"]]}


def test_missing_analysis(control: Control, receiver: Receiver) -> None:
    control.faults(missing_analysis=True)
    control.step(control.of_kind("invoice"), "approve")
    (came,) = receiver.bodies()
    own = transaction_for("invoice", COMPANY, NAME)
    assert "Analysis" not in json.dumps(list(came))
    assert came.keys() == own.keys() - {"Analysis"}
    assert all("Analysis" not in line for line in came["Lines"])


def test_upper_case_guids(control: Control, receiver: Receiver) -> None:
    control.faults(upper_case_guids=True)
    invoice = control.of_kind("invoice")
    control.step(invoice, "approve")
    (came,) = receiver.bodies()
    assert (came["Id"], came["Company"]["Id"]) == (invoice.upper(), COMPANY.upper())
    assert came["Lines"][0]["Id"] == came["Lines"][0]["Id"].upper()
    assert parse(came, taking(Kind.INVOICE)).external_id == invoice


def test_negative_credit_notes_and_nothing_else_negative(control: Control, receiver: Receiver) -> None:
    control.faults(negative_credit_notes=True)
    control.step(control.of_kind("credit_note"), "approve")
    control.step(control.of_kind("invoice"), "approve")
    credit, invoice = receiver.bodies()
    own = transaction_for("credit-note", COMPANY, NAME)
    assert credit["Gross"]["Local"] == {"Display": "-£38.16", "Value": -own["Gross"]["Local"]["Value"]}
    assert credit["Lines"][0]["Net"]["Base"]["Value"] == -own["Lines"][0]["Net"]["Base"]["Value"]
    assert credit["Lines"][0]["Quantity"] == own["Lines"][0]["Quantity"]
    assert f"{parse(credit, taking(Kind.CREDIT_NOTE)).gross:f}" == "38.16"
    assert invoice == transaction_for("invoice", COMPANY, NAME)


def test_the_same_body_twice(control: Control, receiver: Receiver) -> None:
    control.faults(deliver_twice=True)
    invoice = control.of_kind("invoice")
    assert control.step(invoice, "approve")["journal_number"] == "P-000001"
    first, second = receiver.bodies()
    assert first == second
    assert len(control.get(f"transactions/{invoice}")["deliveries"]) == 2


def test_an_answer_that_is_lost(control: Control, receiver: Receiver) -> None:
    control.faults(lose_answers=1)
    invoice = control.of_kind("invoice")
    failed = control.step(invoice, "approve")
    assert (failed["tray"], failed["reason"]) == ("posting_failures", "Sent, and no answer was seen.")
    assert receiver.numbers == {invoice: "P-000001"}
    assert control.step(invoice, "retry")["journal_number"] == "P-000001"


def test_a_receipt_before_its_order(control: Control, receiver: Receiver) -> None:
    control.faults(receipt_before_order=True)
    order = control.of_kind("purchase_order")
    assert control.step(order, "approve")["tray"] == "receipted"
    receipt, came = receiver.bodies()
    assert (receipt["Type"], came["Type"], came["Id"]) == ("REC", "ORD", order)
    assert receipt["References"]["PurchaseOrder"] == came["References"]["PurchaseOrder"]


def test_receipts_with_the_id_of_their_order(control: Control, receiver: Receiver) -> None:
    control.faults(receipt_has_order_id=True)
    order = control.of_kind("purchase_order")
    control.step(order, "approve")
    for quantity in (1, 2):
        lines = {"lines": [{"number": 1, "quantity": quantity}]}
        assert control.post(f"transactions/{order}/receipt", lines)["id"] != order
    assert [body["Id"] for body in receiver.bodies()] == [order] * 3


def test_another_header_for_all_tokens(control: Control, receiver: Receiver) -> None:
    control.faults(token_header="X-Secret")
    control.step(control.of_kind("invoice"), "approve")
    (seen,) = receiver.recorder.seen
    assert seen.headers["X-Secret"] == TOKEN
    assert "X-Api-Compleat-Token" not in seen.headers


def test_several_at_once(control: Control, receiver: Receiver) -> None:
    control.put("options", {"wrapped": False})
    control.faults(null_quantity=True, missing_analysis=True, upper_case_guids=True)
    invoice = control.of_kind("invoice")
    control.step(invoice, "approve")
    body = json.loads(receiver.recorder.seen[0].body)
    assert (body["Id"], body["Lines"][0]["Quantity"], "Analysis" in body) == (invoice.upper(), None, False)
