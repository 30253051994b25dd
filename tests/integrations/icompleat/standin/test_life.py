"""The life of a transaction: which step is possible in which tray, and what each one leaves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.icompleat.bodies import COMPANY
from tests.integrations.icompleat.standin.scene import STRANGER, Control, Receiver, says

STEPS = ("submit", "approve", "recall", "deny", "retry", "return", "delete")
# How to get there, and what is possible then.
TRAYS: list[tuple[str, list[str], str, list[str]]] = [
    ("purchase_order", [], "awaiting_approval", ["approve", "recall", "deny", "delete"]),
    ("purchase_order", ["recall"], "unprocessed", ["submit", "delete"]),
    ("purchase_order", ["approve"], "approved", ["delete"]),
    ("purchase_order", ["deny"], "denied", ["delete"]),
    ("purchase_order", ["delete"], "deleted", []),
    ("purchase_order", ["approve", "delete"], "deleted", []),
    ("purchase_order", ["fail"], "posting_failures", ["retry", "return"]),
    ("purchase_order", ["fail", "return"], "unprocessed", ["submit", "delete"]),
    ("invoice", [], "awaiting_approval", ["approve", "recall", "deny", "delete"]),
    ("invoice", ["recall"], "unprocessed", ["submit", "delete"]),
    ("invoice", ["recall", "submit"], "awaiting_approval", ["approve", "recall", "deny", "delete"]),
    ("invoice", ["approve"], "approved", []),
    ("invoice", ["fail"], "posting_failures", ["retry", "return"]),
    ("invoice", ["fail", "retry"], "approved", []),
    ("credit_note", ["approve"], "approved", []),
    ("credit_note", ["deny"], "denied", ["delete"]),
    ("receipt", [], "awaiting_approval", ["approve", "recall", "deny"]),
    ("receipt", ["approve"], "approved", []),
    ("receipt", ["fail"], "posting_failures", ["retry"]),
]


def walk(control: Control, receiver: Receiver, kind: str, way: list[str]) -> str:
    transaction = control.of_kind(kind)
    for step in way:
        receiver.answer = says("", 503) if step == "fail" else receiver.numbered
        control.step(transaction, "approve" if step == "fail" else step)
    receiver.answer = receiver.numbered
    return transaction


@pytest.mark.parametrize("kind, way, tray, possible", TRAYS)
def test_what_is_possible_in_a_tray_and_nothing_else(
    control: Control, receiver: Receiver, kind: str, way: list[str], tray: str, possible: list[str]
) -> None:
    transaction = walk(control, receiver, kind, way)
    shown = control.get(f"transactions/{transaction}")
    assert (shown["tray"], shown["steps"]) == (tray, possible)
    for step in set(STEPS) - set(possible):
        status, _ = control.refused("POST", f"transactions/{transaction}/{step}")
        assert status == 409
    assert control.get(f"transactions/{transaction}") == shown


@pytest.mark.parametrize("step, kind, way, sentence", [
    ("delete", "invoice", ["approve"], "An approved invoice cannot be deleted."),
    ("delete", "receipt", [], "A receipt cannot be deleted: a receipted line cannot be undone."),
    ("return", "receipt", ["fail"], "A receipt cannot be edited: a receipted line cannot be undone."),
    ("retry", "invoice", [], "The transaction lies in Awaiting approval."),
    ("recall", "invoice", ["deny"], "The transaction lies in Denied."),
])  # fmt: skip
def test_why_a_step_is_not_possible(
    control: Control, receiver: Receiver, step: str, kind: str, way: list[str], sentence: str
) -> None:
    transaction = walk(control, receiver, kind, way)
    assert control.refused("POST", f"transactions/{transaction}/{step}") == (409, sentence)


def test_a_minimal_invoice_must_be_coded_before_it_is_submitted(control: Control) -> None:
    minimal = control.of_kind("invoice", 2)
    control.step(minimal, "recall")
    sentence = "Line 1 has no Account Code."
    assert control.refused("POST", f"transactions/{minimal}/submit") == (409, sentence)
    lines = [{"number": 1, "account_code": "7502", "tax_code": "T1"}]
    control.put(f"transactions/{minimal}", {"lines": lines})
    assert control.step(minimal, "submit")["tray"] == "awaiting_approval"


def test_several_approvals_and_no_recall_after_the_first(control: Control, receiver: Receiver) -> None:
    control.faults(approvals_needed=2)
    order = control.of_kind("purchase_order")
    assert control.step(order, "approve")["tray"] == "awaiting_approval"
    assert receiver.bodies() == []
    sentence = "The transaction was approved once, and cannot be recalled any more."
    assert control.refused("POST", f"transactions/{order}/recall") == (409, sentence)
    assert control.step(order, "approve")["tray"] == "approved"
    assert [action for _, action, _ in control.timeline(order)] == [
        "Created",
        "Approved",
        "Approved",
        "Purchase order number allocated",
        "Posted",
    ]


def test_approvals_are_counted_anew_after_a_return(control: Control, receiver: Receiver) -> None:
    control.faults(approvals_needed=2)
    order = control.of_kind("purchase_order")
    receiver.answer = says("", 503)
    for step in ("approve", "approve", "return", "submit", "recall"):
        control.step(order, step)
    assert control.get(f"transactions/{order}")["tray"] == "unprocessed"


def test_a_failure_is_returned_edited_and_approved_again_with_the_same_id(control: Control, receiver: Receiver) -> None:
    invoice = control.of_kind("invoice", 3)
    receiver.answer = says('{"ErrorMessage": "Line 2: account code 9999 is not known."}', 400)
    assert control.step(invoice, "approve")["reason"] == "400: Line 2: account code 9999 is not known."
    assert control.step(invoice, "return")["reason"] == ""
    edit = {
        "title": "Telephone",
        "supplier_reference": "MT-1",
        "supplier_code": "METRO01",
        "dates": {"invoice": "2026-11-01", "delivery": ""},
        "lines": [{"number": 2, "account_code": "7502", "net": 40, "vat": 8, "description": "Installation"}],
    }
    edited = control.put(f"transactions/{invoice}", edit)
    assert (str(edited["gross"]), edited["tray"]) == ("126", "unprocessed")
    receiver.answer = receiver.numbered
    control.step(invoice, "submit")
    done = control.step(invoice, "approve")
    assert (done["tray"], done["journal_number"]) == ("approved", "P-000001")
    first, second = receiver.bodies()
    assert first["Id"] == second["Id"]
    assert first["LastUpdatedGuid"] != second["LastUpdatedGuid"]
    assert (second["Title"], second["References"]["Supplier"]) == ("Telephone", "MT-1")
    assert (second["Dates"]["Invoice"], second["Dates"]["Delivery"]) == ("2026-11-01", None)
    assert second["References"]["Identifier"] == first["References"]["Identifier"]
    changed = second["Lines"][1]
    assert (changed["Description"], changed["Gross"]["Local"]) == ("Installation", {"Display": "£48.00", "Value": 48})
    assert {entry["Name"]: entry["Value"]["Code"] for entry in changed["Analysis"]}["Account Code"] == "7502"
    assert second["Gross"]["Local"]["Value"] == 126
    assert [action for _, action, _ in control.timeline(invoice)] == [
        "Created",
        "Approved",
        "Posting failed",
        "Returned to unprocessed",
        "Edited",
        "Submitted",
        "Approved",
        "Posted",
    ]


def test_an_order_keeps_its_number_when_it_is_approved_again(control: Control, receiver: Receiver) -> None:
    order = control.of_kind("purchase_order")
    receiver.answer = says("", 503)
    control.step(order, "approve")
    for step in ("return", "submit", "approve"):
        control.step(order, step)
    first, second = receiver.bodies()
    assert first["References"] == second["References"]
    assert first["References"]["PurchaseOrder"].startswith("ORD")


@pytest.mark.parametrize("body, status, sentence", [
    (
        {"colour": 1},
        400,
        "An edit cannot say colour; it can say dates, lines, supplier_code, supplier_reference, title.",
    ),
    ({"dates": {"tomorrow": "x"}}, 400, "dates cannot say tomorrow; it can say delivery, invoice, payment_due."),
    ({"dates": []}, 400, "dates must be an object."),
    ({"dates": {"invoice": "1 May"}}, 400, "Dates.Invoice is not a date."),
    ({"lines": {}}, 400, "lines must be a list."),
    ({"lines": [{"number": 9}]}, 400, "There is no line 9."),
    ({"lines": [{"number": 1, "gross": 1}]}, 400, "Line 1: Net and Vat are not the Gross."),
    ({"lines": [{"number": 1, "account_code": "1"}]}, 400, "Line 1: Account Code 1 is not known."),
    ({"supplier_code": "NOBODY"}, 400, "Supplier NOBODY is not known."),
])  # fmt: skip
def test_edits_that_are_refused(control: Control, body: dict[str, Any], status: int, sentence: str) -> None:
    order = control.of_kind("purchase_order")
    control.step(order, "recall")
    before = control.get(f"transactions/{order}")
    assert control.refused("PUT", f"transactions/{order}", body) == (status, sentence)
    assert control.get(f"transactions/{order}") == before


def test_only_what_is_unprocessed_can_be_edited(control: Control) -> None:
    order = control.of_kind("purchase_order")
    sentence = "The transaction lies in Awaiting approval; it can be edited in Unprocessed."
    assert control.refused("PUT", f"transactions/{order}", {"title": "x"}) == (409, sentence)
    assert control.refused("PUT", f"transactions/{STRANGER}", {"title": "x"})[0] == 404


# --- receipts ---------------------------------------------------------------------------------------------------------


def ordered(control: Control) -> str:
    order = control.of_kind("purchase_order")
    control.step(order, "approve")
    return order


def receive(control: Control, order: str, *lines: tuple[int, Any], note: str = "") -> dict[str, Any]:
    told = [{"number": number, "quantity": quantity} for number, quantity in lines]
    body: dict[str, Any] = {"lines": told, "delivery_note": note}
    done: dict[str, Any] = control.post(f"transactions/{order}/receipt", body)
    return done


def test_lines_are_receipted_one_by_one_until_the_order_is(control: Control, receiver: Receiver) -> None:
    order = ordered(control)
    first = receive(control, order, (1, 2), note="DN-7")
    assert (first["kind"], first["tray"], first["journal_number"]) == ("receipt", "approved", "P-000002")
    assert control.get(f"transactions/{order}")["received"] == [{"number": 1, "quantity": 2}]
    receive(control, order, (1, 1), (2, 30))
    assert control.get(f"transactions/{order}")["tray"] == "approved"
    receive(control, order, (2, 2))
    shown = control.get(f"transactions/{order}")
    assert (shown["tray"], shown["journal_number"], shown["steps"]) == ("receipted", "P-000001", [])
    original, one, two, three = receiver.bodies()
    assert [[(line["Number"], line["Quantity"]) for line in body["Lines"]] for body in (one, two, three)] == [
        [(1, 2)],
        [(1, 1), (2, 30)],
        [(2, 2)],
    ]
    assert (one["Type"], one["Status"], one["References"]["Supplier"]) == ("REC", "APPR", "DN-7")
    assert one["References"]["PurchaseOrder"] == original["References"]["PurchaseOrder"]
    assert len({body["Id"] for body in receiver.bodies()}) == 4
    for name in ("Net", "Vat", "Gross"):
        values = [body[name]["Local"]["Value"] for body in (one, two, three)]
        assert sum(values) == original[name]["Local"]["Value"]
    assert [action for _, action, _ in control.timeline(order)][-4:] == ["Receipted"] * 3 + ["Fully receipted"]


def test_a_receipt_goes_to_the_endpoint_of_receipts(control: Control, receiver: Receiver, receiver_url: str) -> None:
    target = {"url": f"{receiver_url}/receipts", "token": "another-token-0123456789"}
    control.put(f"companies/{COMPANY}/endpoints/receipt", target)
    order = ordered(control)
    control.post(f"transactions/{order}/receipt")
    assert [seen.path for seen in receiver.recorder.seen] == ["/webhooks", "/webhooks/receipts"]
    assert control.get(f"transactions/{order}")["tray"] == "receipted"


def test_a_failed_receipt_can_be_retried_and_the_line_stays_receipted(control: Control, receiver: Receiver) -> None:
    order = ordered(control)
    receiver.answer = says("", 503)
    failed = receive(control, order, (1, 3))
    assert (failed["tray"], failed["reason"]) == ("posting_failures", "The answer was 503.")
    assert control.get(f"transactions/{order}")["received"] == [{"number": 1, "quantity": 3}]
    receiver.answer = receiver.numbered
    assert control.step(failed["id"], "retry")["tray"] == "approved"


@pytest.mark.parametrize("lines, sentence", [
    ([], "No quantity was given."),
    ([(9, 1)], "The order has no line 9."),
    ([(1, 4)], "Line 1: the quantity must be above 0 and at most 3."),
    ([(1, 0)], "Line 1: the quantity must be above 0 and at most 3."),
    ([(1, -1)], "Line 1: the quantity must be above 0 and at most 3."),
    ([(2, 1)], "Line 2 is receipted already, which cannot be undone."),
])  # fmt: skip
def test_receipts_that_are_refused(
    control: Control, receiver: Receiver, lines: list[tuple[int, int]], sentence: str
) -> None:
    order = ordered(control)
    receive(control, order, (2, 32))
    told = [{"number": number, "quantity": quantity} for number, quantity in lines]
    assert control.refused("POST", f"transactions/{order}/receipt", {"lines": told}) == (409, sentence)
    assert len(receiver.bodies()) == 2


def test_an_order_with_receipted_lines_is_not_deleted(control: Control) -> None:
    order = ordered(control)
    receive(control, order, (1, 1))
    sentence = "An order with receipted lines cannot be deleted."
    assert control.refused("POST", f"transactions/{order}/delete") == (409, sentence)


@pytest.mark.parametrize("kind, way", [("purchase_order", []), ("invoice", ["approve"]), ("receipt", ["approve"])])
def test_only_approved_orders_are_receipted(control: Control, receiver: Receiver, kind: str, way: list[str]) -> None:
    transaction = walk(control, receiver, kind, way)
    sentence = "Only an approved purchase order can be receipted."
    assert control.refused("POST", f"transactions/{transaction}/receipt") == (409, sentence)


@pytest.mark.parametrize("lines", ["all", [1], [{"number": "1", "quantity": 1}], [{"number": 1, "quantity": True}]])
def test_quantities_that_cannot_be_read(control: Control, lines: object) -> None:
    order = ordered(control)
    sentence = "lines must be a list of objects with number and quantity."
    assert control.refused("POST", f"transactions/{order}/receipt", {"lines": lines}) == (400, sentence)


def test_deleting_an_approved_order_tells_nobody(control: Control, receiver: Receiver) -> None:
    order = ordered(control)
    assert control.step(order, "delete")["tray"] == "deleted"
    assert len(receiver.bodies()) == 1
