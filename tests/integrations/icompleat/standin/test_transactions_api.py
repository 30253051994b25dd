"""Transactions over the API: list, detail, create, edit with approve and deny, attachments, timeline."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from typing import Any

import pytest
import requests

from integrations.documents import Kind
from integrations.icompleat.samples import transaction_for
from tests.integrations.icompleat.bodies import COMPANY, coded, line, parse, taking
from tests.integrations.icompleat.standin.scene import (
    OTHER,
    STRANGER,
    TENANT,
    Client,
    Control,
    Receiver,
    says,
    without_meta,
)

OWN = f"{TENANT}/{COMPANY}"
CODING = [coded("Account Code", "5010"), coded("Tax Code", "T1")]


def given(**members: Any) -> dict[str, Any]:
    """An order of one line, as a caller raises it."""
    return {
        "Type": "ORD",
        "Title": "Venue hire [postroom 6f1c0d]",
        "Supplier": {"Code": "CROWN01"},
        "Dates": {"Delivery": "2026-12-01"},
        "Lines": [line(Description="Room", Quantity=2, UnitCost={"Local": {"Value": 50}}, Analysis=CODING)],
        **members,
    }


def user(client: Client) -> str:
    found: str = client.get(f"users/{OWN}")["Users"][0]["Id"]
    return found


def create(client: Client, **members: Any) -> dict[str, Any]:
    answer = client.post(f"transaction/{OWN}/{user(client)}", {"Transaction": given(**members)})
    made: dict[str, Any] = answer["Transaction"]
    return made


def detail(client: Client, transaction: str) -> dict[str, Any]:
    told: dict[str, Any] = client.get(f"transaction/{TENANT}/{transaction}/null")["Transaction"]
    return told


# --- reading ----------------------------------------------------------------------------------------------------------


def listed(client: Client, *, page: int = 1, who: str = "null", status: str = "null", sort: str = "null") -> list[Any]:
    answer = client.get(f"transactions/{TENANT}/{page}/{COMPANY}/{who}/{status}/{sort}")
    assert (answer["PageNumber"], answer["PageSize"]) == (page, 20)
    assert answer["Count"] == len(answer["Transactions"])
    found: list[Any] = answer["Transactions"]
    return found


def test_a_list_item_is_short(client: Client, control: Control) -> None:
    item = listed(client, sort="CRD")[0]
    own = transaction_for("credit-note", COMPANY, "Northgate Training Ltd")
    names = ("Id", "Company", "Owner", "Type", "References", "Dates", "Title", "Net", "Vat", "Gross")
    assert item == {
        **{name: own[name] for name in names},
        **({"MatchingStatusDetail": own["MatchingStatusDetail"]} if "MatchingStatusDetail" in own else {}),
        "SupplierName": "Crown Conference Centre",
        "Status": "PEND",
        "LastUpdatedGuid": own["LastUpdatedGuid"],
    }


def test_lists_are_filtered(client: Client, control: Control) -> None:
    control.step(control.of_kind("purchase_order"), "approve")
    control.step(control.of_kind("invoice"), "deny")
    assert [item["Type"] for item in listed(client)] == ["ORD", "INV", "INV", "CRD", "INV", "INV"]
    assert [item["Type"] for item in listed(client, status="appr")] == ["ORD"]
    assert [item["Status"] for item in listed(client, sort="INV")] == ["DEN", "PEND", "PEND", "PEND"]
    assert [item["Type"] for item in listed(client, status="PEND", sort="CRD")] == ["CRD"]
    assert [item["Type"] for item in listed(client, sort="REC")] == ["REC"]
    mine = listed(client, who=user(client))
    assert [item["SupplierName"] for item in mine].count("Metro Telecom") == 1
    controller = client.get(f"users/{OWN}")["Users"][1]["Id"]
    assert listed(client, who=controller) == []
    assert client.refused("GET", f"transactions/{TENANT}/1/null/null/GONE/null") == (1, "The status is unknown.")
    assert client.refused("GET", f"transactions/{TENANT}/1/null/null/null/PAY") == (
        1,
        "The transaction type is unknown.",
    )


def test_pages_hold_20_and_any_company_means_all_of_the_tenant(client: Client, control: Control) -> None:
    control.put(f"companies/{OTHER}", {"name": "Harbour Street", "base_currency": "GBP", "tenant_id": TENANT})
    control.put(f"companies/{STRANGER}", {"name": "Of another tenant", "base_currency": "GBP"})
    for _ in range(15):
        control.post(f"companies/{COMPANY}/transactions", {"sample": "invoice"})
    assert [len(listed(client, page=page)) for page in (1, 2, 3)] == [20, 1, 0]
    everything = [
        item["Company"]["Id"]
        for page in (1, 2)
        for item in client.get(f"transactions/{TENANT}/{page}/null/null/null/null")["Transactions"]
    ]
    assert (everything.count(COMPANY), everything.count(OTHER)) == (21, 6)


def test_the_detail_has_lines_and_is_never_without_company_status_and_stamp(client: Client, control: Control) -> None:
    minimal = detail(client, control.of_kind("invoice", 2).upper())
    assert minimal["Company"] == {"Id": COMPANY, "Name": "Northgate Training Ltd"}
    assert (minimal["Status"], minimal["Supplier"]) == ("PEND", {"Name": "Metro Telecom"})
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", minimal["LastUpdatedGuid"])
    assert [each["Description"] for each in minimal["Lines"]] == ["Line rental"]


def test_an_order_has_its_number_from_its_approval_on(client: Client, control: Control) -> None:
    order = control.of_kind("purchase_order")
    assert detail(client, order)["References"]["PurchaseOrder"] is None
    control.step(order, "approve")
    number = transaction_for("purchase-order", COMPANY, "x")["References"]["PurchaseOrder"]
    assert detail(client, order)["References"]["PurchaseOrder"] == number


def test_guids_may_come_in_upper_case(client: Client, control: Control) -> None:
    order = control.of_kind("purchase_order")
    control.faults(upper_case_guids=True)
    told = detail(client, order)
    assert (told["Id"], told["Company"]["Id"]) == (order.upper(), COMPANY.upper())
    edit = {"Transaction": {"LastUpdatedGuid": told["LastUpdatedGuid"], "Status": "DEN"}}
    assert client.put(f"transaction/{TENANT}/{told['Id']}/null", edit)["Transaction"]["Status"] == "DEN"


def test_an_invoice_comes_with_its_paper(client: Client, control: Control) -> None:
    invoice = control.of_kind("invoice")
    (told,) = client.get(f"transactionattachments/{TENANT}/{invoice}")["Attachments"]
    reference = detail(client, invoice)["References"]["Supplier"]
    assert (told["FileName"], told["ContentType"]) == (f"{reference}.pdf", "application/pdf")
    path = f"transactionattachment/{TENANT}/{invoice}/{told['Id'].upper()}"
    whole = client.get(path)["Attachment"]
    content = base64.b64decode(whole.pop("Content"), validate=True)
    assert whole == told
    assert len(content) == told["Size"]
    assert b"(Total 1378.44 GBP) Tj" in content
    control.faults(raw_attachments=True)
    raw = client.call("GET", path)
    assert (raw.headers["Content-Type"], raw.content) == ("application/pdf", content)
    assert client.get(f"transactionattachments/{TENANT}/{control.of_kind('purchase_order')}")["Attachments"] == []
    sentence = "Attachment not found"
    assert client.refused("GET", f"transactionattachment/{TENANT}/{invoice}/{STRANGER}") == (1, sentence)


def test_the_paper_is_a_sound_pdf(client: Client, control: Control) -> None:
    invoice = control.of_kind("invoice")
    (told,) = client.get(f"transactionattachments/{TENANT}/{invoice}")["Attachments"]
    control.faults(raw_attachments=True)
    content = client.call("GET", f"transactionattachment/{TENANT}/{invoice}/{told['Id']}").content
    start = int(content.split(b"startxref\n")[1].split(b"\n")[0])
    table = content[start:].split(b"trailer")[0].split(b"\n")[3:-1]
    for number, entry in enumerate(table, start=1):
        assert content[int(entry[:10]) :].startswith(f"{number} 0 obj".encode())
    length = int(content.split(b"/Length ")[1].split(b" ")[0])
    assert len(content.split(b">>\nstream\n")[1].split(b"\nendstream")[0]) == length


def test_scripts_may_attach_more(client: Client, control: Control) -> None:
    order = control.of_kind("purchase_order")
    url = f"{control.url}/transactions/{order}/attachments/drawing.png"
    requests.post(url, data=b"\x89PNG", headers={"Content-Type": "image/png"}, timeout=10).raise_for_status()
    (told,) = client.get(f"transactionattachments/{TENANT}/{order}")["Attachments"]
    assert {**told, "Id": "x"} == {"Id": "x", "FileName": "drawing.png", "ContentType": "image/png", "Size": 4}


def test_the_timeline_tells_everything_that_happened(client: Client, control: Control) -> None:
    order = control.of_kind("purchase_order")
    control.step(order, "recall", comment="one moment")
    control.step(order, "submit")
    control.step(order, "approve")
    told = client.get(f"transactiontimeline/{TENANT}/{order}")["Timeline"]
    controller = client.get(f"users/{OWN}")["Users"][1]["Id"]
    assert [(each["User"]["Name"], each["Action"], each["Comment"]) for each in told] == [
        ("Purchasing", "Created", ""),
        ("Finance Controller", "Recalled", "one moment"),
        ("Finance Controller", "Submitted", ""),
        ("Finance Controller", "Approved", ""),
        ("Finance Controller", "Purchase order number allocated", detail(client, order)["References"]["PurchaseOrder"]),
        ("iCompleat", "Posted", "Journal number P-000001"),
    ]
    assert [each["User"]["Id"] for each in told[:2]] == [user(client), controller]
    assert told[-1]["User"]["Id"] is None
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", each["Date"]) for each in told)


# --- creating ---------------------------------------------------------------------------------------------------------


def test_a_draft_gets_a_number_and_waits(client: Client, control: Control, receiver: Receiver) -> None:
    made = create(client)
    assert (made["Status"], made["References"]["Identifier"], made["References"]["PurchaseOrder"]) == (
        "SAV",
        "REQ000001",
        None,
    )
    assert made == detail(client, made["Id"])
    assert made["Supplier"] == {"Code": "CROWN01", "Name": "Crown Conference Centre"}
    assert made["Gross"]["Local"] == {"Display": "£120.00", "Value": 120}
    assert made["Lines"][0]["Analysis"][0]["Value"] == {"Code": "5010", "Name": "Course Venue Hire [5010]"}
    assert made["Owner"] == {"Id": user(client), "Name": "Purchasing"}
    assert control.get(f"transactions/{made['Id']}")["tray"] == "unprocessed"
    assert receiver.bodies() == []
    assert [create(client, Type=sort)["References"]["Identifier"] for sort in ("ORD", "INV", "CRD")] == [
        "REQ000002",
        "INV000001",
        "CRN000001",
    ]


def test_a_draft_goes_through_the_workflow_and_comes_back_with_its_id(
    client: Client, control: Control, receiver: Receiver
) -> None:
    made = create(client, Type="INV", References={"Supplier": "SI-1"})
    control.step(made["Id"], "submit")
    control.step(made["Id"], "approve")
    (came,) = receiver.bodies()
    assert (came["Id"], came["Title"], came["Status"]) == (made["Id"], "Venue hire [postroom 6f1c0d]", "APPR")
    document = parse(came, taking(Kind.INVOICE))
    assert (document.external_id, document.gross, document.currency) == (made["Id"], Decimal(120), "GBP")


def test_an_approved_order_gets_its_number_and_is_delivered(
    client: Client, control: Control, receiver: Receiver
) -> None:
    made = create(client, Status="APPR")
    assert (made["Status"], made["References"]["Identifier"], made["References"]["PurchaseOrder"]) == (
        "APPR",
        "REQ000001",
        "ORD000001",
    )
    control.settled()
    (came,) = receiver.bodies()
    assert (came["Id"], came["References"]) == (made["Id"], made["References"])
    shown = control.get(f"transactions/{made['Id']}")
    assert (shown["tray"], shown["journal_number"]) == ("approved", "P-000001")


def test_the_delivery_may_come_before_the_answer(client: Client, control: Control, receiver: Receiver) -> None:
    control.faults(deliver_before_answer=True)
    made = create(client, Status="APPR")
    assert [body["Id"] for body in receiver.bodies()] == [made["Id"]]


@pytest.mark.parametrize("status", ["SAV", "APPR"])
def test_the_answer_to_a_creation_may_be_lost(
    client: Client, control: Control, receiver: Receiver, status: str
) -> None:
    control.faults(drop_create=1, deliver_before_answer=True)
    with pytest.raises(requests.ConnectionError):
        create(client, Status=status)
    (found,) = [item for item in listed(client) if "postroom 6f1c0d" in item["Title"]]
    assert found["Status"] == status
    assert len(receiver.bodies()) == (1 if status == "APPR" else 0)
    assert create(client, Status=status)["References"]["Identifier"] == "REQ000002"


def test_amounts_are_reckoned_in_both_currencies(client: Client) -> None:
    lines = [line(100, ..., 100), line(Decimal("10.01"), Decimal("2.00"), ...)]
    made = create(client, Analysis=[coded("Currency Code", "USD")], Lines=lines)
    assert made["Gross"] == {
        "Base": {"Display": "£93.26", "Value": Decimal("93.26")},
        "Local": {"Display": "$112.01", "Value": Decimal("112.01")},
    }
    assert made["Lines"][1]["Gross"]["Local"]["Value"] == Decimal("12.01")
    assert made["Lines"][0]["Vat"]["Local"]["Value"] == 0


def test_without_coding_and_with_a_supplier_that_is_only_a_name(client: Client) -> None:
    made = create(client, Lines=[line()], Supplier={"Name": "New Supplier"})
    assert (made["Supplier"], made["Analysis"], made["Lines"][0]["Analysis"]) == ({"Name": "New Supplier"}, [], [])


def test_a_layout_must_be_one_for_the_type(client: Client) -> None:
    ids = {sort: client.get(f"layouts/{OWN}/{sort}/1")["TransactionLayouts"][0]["Id"] for sort in ("INV", "ORD")}
    assert create(client, LayoutId=ids["ORD"].upper())["Type"] == "ORD"
    assert create(client, Type="CRD", LayoutId=ids["INV"])["Type"] == "CRD"
    body = {"Transaction": given(LayoutId=ids["INV"])}
    sentence = "LayoutId is not a layout for this type of transaction."
    assert client.refused("POST", f"transaction/{OWN}/null", body) == (30, sentence)


@pytest.mark.parametrize(
    "members, sentence",
    [
        ({"Type": "REC"}, "Type must be INV, ORD or CRD."),
        ({"Type": None}, "Type must be INV, ORD or CRD."),
        ({"Status": "PEND"}, "Status must be SAV or APPR."),
        ({"Title": ""}, "Title must be text."),
        ({"Title": "t" * 256}, "Title is longer than 255 characters."),
        ({"Supplier": {}}, "A transaction needs a supplier's Code or Name."),
        ({"Supplier": {"Code": "NOBODY", "Name": "x"}}, "Supplier NOBODY is not known."),
        ({"Supplier": "CROWN01"}, "Supplier must be an object."),
        ({"Dates": {"Invoice": "tomorrow"}}, "Dates.Invoice is not a date."),
        ({"References": []}, "References must be an object."),
        ({"Lines": []}, "A transaction needs at least one line."),
        ({"Lines": [1]}, "Line must be an object."),
        ({"Lines": [line(100, ..., ...)]}, "Line 1 needs two of Net, Vat and Gross."),
        ({"Lines": [line(), line(100, 20, 121)]}, "Line 2: Net and Vat are not the Gross."),
        ({"Lines": [line("100")]}, "Line 1: Net.Local.Value must be a number."),
        ({"Lines": [line(True)]}, "Line 1: Net.Local.Value must be a number."),
        ({"Lines": [line(Net=100)]}, "Line 1: Net.Local.Value must be a number."),
        ({"Lines": [line(Number=0)]}, "Line 1: Number must be a whole number from 1 to 10000."),
        ({"Lines": [line(Number=3), line(Number=3)]}, "Two lines have the same Number."),
        ({"Lines": [line(Quantity="2")]}, "Line 1: Quantity must be a number or null."),
        ({"Lines": [line(Analysis=[coded("Account Code", "9999")])]}, "Line 1: Account Code 9999 is not known."),
        ({"Lines": [line(Analysis=[coded("taxcode", "T9")])]}, "Line 1: taxcode T9 is not known."),
        ({"Analysis": [coded("Currency Code", "XXX")]}, "Currency Code XXX is not known."),
        ({"Analysis": [coded("Course Code", "PM-1")]}, "Course Code PM-1 is not known."),
        ({"Analysis": [{"Name": "x"}]}, "an entry of Analysis needs a Name, and a Value with a Code."),
        ({"Analysis": {}}, "Analysis must be a list."),
    ],
)
def test_transactions_that_are_refused(client: Client, members: dict[str, Any], sentence: str) -> None:
    body = {"Transaction": given(**members)}
    assert client.refused("POST", f"transaction/{OWN}/null", body) == (30, sentence)
    assert len(listed(client)) == 6


def test_unknown_codes_may_pass(client: Client, control: Control) -> None:
    control.faults(check_codes=False)
    made = create(client, Supplier={"Code": "NOBODY", "Name": "x"}, Analysis=[coded("Account Code", "9999")])
    assert (made["Supplier"]["Code"], made["Analysis"][0]["Value"]) == ("NOBODY", {"Code": "9999"})


def test_a_body_without_a_transaction(client: Client) -> None:
    assert client.refused("POST", f"transaction/{OWN}/null", {}) == (1, "Transaction must be an object.")
    assert client.refused("POST", f"transaction/{TENANT}/{STRANGER}/null", {"Transaction": given()})[0] == 2
    assert client.refused("POST", f"transaction/{OWN}/{STRANGER}", {"Transaction": given()})[0] == 3


# --- editing ----------------------------------------------------------------------------------------------------------


def put(client: Client, transaction: str, **members: Any) -> dict[str, Any]:
    stamp = detail(client, transaction)["LastUpdatedGuid"]
    body = {"Transaction": {"LastUpdatedGuid": stamp, **members}}
    told: dict[str, Any] = client.put(f"transaction/{TENANT}/{transaction}/null", body)["Transaction"]
    return told


def refused(client: Client, transaction: str, **members: Any) -> tuple[int, str]:
    body = {"Transaction": {"LastUpdatedGuid": detail(client, transaction)["LastUpdatedGuid"], **members}}
    return client.refused("PUT", f"transaction/{TENANT}/{transaction}/null", body)


def test_a_draft_is_edited_and_keeps_what_was_not_said(client: Client) -> None:
    made = create(client, References={"Supplier": "Q-1"})
    edited = put(client, made["Id"], Title="Another", Dates={"Invoice": "2026-11-30"}, Status="SAV")
    assert edited == {
        **made,
        "Title": "Another",
        "Dates": {**made["Dates"], "Invoice": "2026-11-30"},
        "LastUpdatedGuid": edited["LastUpdatedGuid"],
    }
    assert edited["LastUpdatedGuid"] != made["LastUpdatedGuid"]
    lines = put(client, made["Id"], Lines=[line(10, 2, 12)])
    assert (lines["Gross"]["Local"]["Value"], len(lines["Lines"])) == (12, 1)


def test_an_old_stamp_is_stale(client: Client) -> None:
    made = create(client)
    put(client, made["Id"], Title="Another")
    body = {"Transaction": {"Title": "Mine", "LastUpdatedGuid": made["LastUpdatedGuid"]}}
    path = f"transaction/{TENANT}/{made['Id']}/null"
    sentence = "The transaction was changed meanwhile: LastUpdatedGuid is not the latest."
    assert client.refused("PUT", path, body) == (31, sentence)
    assert client.refused("PUT", path, {"Transaction": {"Title": "Mine"}}) == (31, sentence)
    assert detail(client, made["Id"])["Title"] == "Another"


def test_submit_approve_and_deny(client: Client, control: Control, receiver: Receiver) -> None:
    first, second = create(client)["Id"], create(client)["Id"]
    assert put(client, first, Status="PEND", Title="Last words")["Status"] == "PEND"
    assert put(client, second, Status="PEND")["Status"] == "PEND"
    assert put(client, first, Status="APPR")["Status"] == "APPR"
    assert put(client, second, Status="DEN", Comment="too dear")["Status"] == "DEN"
    control.settled()
    assert [action for _, action, _ in control.timeline(second)] == ["Created", "Submitted", "Denied"]
    assert [action for _, action, _ in control.timeline(first)][:3] == ["Created", "Edited", "Submitted"]
    assert [(body["Id"], body["Title"]) for body in receiver.bodies()] == [(first, "Last words")]
    assert control.timeline(second)[-1] == ("Finance Controller", "Denied", "too dear")


def test_approving_may_echo_the_whole_transaction_but_not_change_it(client: Client, control: Control) -> None:
    made = create(client)
    put(client, made["Id"], Status="PEND")
    whole = detail(client, made["Id"])
    assert refused(client, made["Id"], **{**whole, "Status": "APPR", "Title": "Changed"}) == (
        32,
        "The transaction lies in Awaiting approval and cannot be edited.",
    )
    assert put(client, made["Id"], **{**whole, "Status": "APPR"})["Status"] == "APPR"
    control.settled()


@pytest.mark.parametrize(
    "steps, members, sentence",
    [
        ([], {"Status": "APPR"}, "The transaction lies in Unprocessed."),
        ([], {"Status": "DEN"}, "The transaction lies in Unprocessed."),
        ([], {"Status": "DEL"}, "The Status DEL cannot be set."),
        (["submit"], {"Status": "SAV"}, "The Status SAV cannot be set."),
        (["submit"], {"Title": "x"}, "The transaction lies in Awaiting approval and cannot be edited."),
        (["submit", "deny"], {"Status": "APPR"}, "The transaction lies in Denied."),
        (["submit", "approve"], {"Title": "x"}, "The transaction lies in Approved and cannot be edited."),
        (["submit", "approve"], {"Status": "DEN"}, "The transaction lies in Approved."),
        (["delete"], {"Status": "PEND"}, "The transaction lies in Deleted."),
    ],
)
def test_what_a_status_does_not_allow(
    client: Client, control: Control, steps: list[str], members: dict[str, Any], sentence: str
) -> None:
    made = create(client)["Id"]
    for step in steps:
        control.step(made, step)
    assert refused(client, made, **members) == (32, sentence)


def test_an_edit_that_is_refused_changes_nothing(client: Client) -> None:
    made = create(client)
    assert refused(client, made["Id"], Title="x", Lines=[])[0] == 30
    assert detail(client, made["Id"]) == made


def test_an_uncoded_invoice_cannot_be_submitted(client: Client) -> None:
    made = create(client, Type="INV", Lines=[line(Analysis=[coded("Account Code", "5010")])])["Id"]
    assert refused(client, made, Status="PEND") == (32, "Line 1 has no Tax Code.")
    assert put(client, made, Analysis=[coded("Tax Code", "T1")], Status="PEND")["Status"] == "PEND"


def test_a_failed_approval_by_a_call_lies_among_the_failures(
    client: Client, control: Control, receiver: Receiver
) -> None:
    receiver.answer = says('{"ErrorMessage": "no"}', 400)
    made = create(client, Status="APPR")
    control.settled()
    assert detail(client, made["Id"])["Status"] == "APPR"
    shown = control.get(f"transactions/{made['Id']}")
    assert (shown["tray"], shown["reason"]) == ("posting_failures", "400: no")


def test_the_answer_to_a_create_is_wrapped_with_metadata(client: Client) -> None:
    answer = client.post(f"transaction/{OWN}/null", {"Transaction": given()})
    assert set(without_meta(answer)) == {"Transaction"}
    assert answer["Transaction"]["Owner"] == {"Id": None, "Name": "iCompleat"}
