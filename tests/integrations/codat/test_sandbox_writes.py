"""The stand-in's asynchronous writes: what each accounting system wants, and how a write can end."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests

from integrations.codat.standin.platforms import PLATFORMS
from tests.integrations.codat.bodies import at, bill, line
from tests.integrations.codat.listener import listening
from tests.integrations.codat.rig import HEADERS, Codat, Linked

TRACKING = "LineItems[0].TrackingCategoryRefs"
TRAINING = ("Department-Training", "Department-Marketing")


def coded(member: str, code: str) -> dict[str, Any]:
    """A change of a bill: its line with another code."""
    return {"lineItems": [line(**{member: {"id": code}})]}


def tracked(*ids: str) -> dict[str, Any]:
    """A change of a bill: its line with tracking categories."""
    return {"lineItems": [line(trackingCategoryRefs=[{"id": one} for one in ids])]}


def push(codat: Codat, linked: Linked, body: dict[str, Any], data_type: str = "bills", query: str = "") -> Any:
    path = f"companies/{linked.company}/connections/{linked.connection}/push/{data_type}{query}"
    answer = codat.ask("POST", path, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(codat: Codat, linked: Linked, key: str) -> Any:
    return codat.ask("GET", f"companies/{linked.company}/push/{key}").json()


def written(codat: Codat, linked: Linked, body: dict[str, Any], data_type: str = "bills") -> Any:
    return told(codat, linked, push(codat, linked, body, data_type)["pushOperationKey"])


def options(codat: Codat, linked: Linked, data_type: str) -> Any:
    return codat.ask("GET", f"companies/{linked.company}/connections/{linked.connection}/options/{data_type}").json()


# --- what is wanted --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ["hbql"])
def test_the_push_model_tells_types_limits_and_choices(codat: Codat, linked: Linked, platform: str) -> None:
    model = options(codat, linked, "bills")
    members = model["properties"]
    assert (model["type"], model["required"], model["displayName"]) == ("Object", True, "Bill")
    assert {name for name, one in members.items() if one["required"]} == {
        "issueDate", "dueDate", "currency", "supplierRef", "lineItems",
    }  # fmt: skip
    assert members["reference"] == {
        "type": "String",
        "displayName": "Reference",
        "description": "Reference.",
        "required": False,
        "validation": {
            "warnings": [{"field": "Reference", "details": "Max length of 30 characters."}], "information": [],
        },
    }  # fmt: skip
    assert [one["value"] for one in members["status"]["options"]] == ["Open"]
    assert members["lineItems"]["properties"]["description"]["required"]


@pytest.mark.parametrize(
    "platform,data_type,status",
    [("hbql", "purchaseOrders", 404), ("fbrh", "journalEntries", 404), ("vxvy", "bills", 404), ("gbol", "bills", 200)],
)
def test_what_cannot_be_written_has_no_model(codat: Codat, linked: Linked, data_type: str, status: int) -> None:
    base = f"companies/{linked.company}/connections/{linked.connection}"
    assert codat.ask("GET", f"{base}/options/{data_type}").status_code == status
    if status == 404:
        answer = codat.ask("POST", f"{base}/push/{data_type}", bill())
        name = PLATFORMS[linked.platform].name
        assert answer.status_code == 404
        assert answer.json()["error"] == f"Datatype {data_type} not supported by platform(s) {name}"
        codat.checked.forgive()


@pytest.mark.parametrize(
    "platform,changes,item,message",
    [
        ("gbol", {"issueDate": None}, "IssueDate", "Must be provided."),
        ("gbol", {"supplierRef": {"id": "CROWN01"}}, "SupplierRef.Id", "Must be a valid GUID."),
        ("gbol", {"status": "Paid"}, "Status", "Must be one of Open, Draft."),
        ("gbol", {"reference": "x" * 256}, "Reference", "Max length of 255 characters."),
        (
            "gbol",
            {"lineItems": [line(accountRef={"id": "5010"})]},
            "LineItems[0].AccountRef.Id",
            "Must be a valid GUID.",
        ),
        ("qhyg", {"reference": "x" * 22}, "Reference", "Max length of 21 characters."),
        ("qhyg", {"paymentAllocations": [{}]}, "PaymentAllocations", "Must not be provided."),
        ("hbql", {"reference": "x" * 31}, "Reference", "Max length of 30 characters."),
        ("hbql", {"note": "x" * 61}, "Note", "Max length of 60 characters."),
        (
            "hbql",
            {"lineItems": [line(description="x" * 61)]},
            "LineItems[0].Description",
            "Max length of 60 characters.",
        ),
        ("fbrh", {"lineItems": [line()] * 41}, "LineItems", "Max of 40 items."),
        ("fbrh", {"totalAmount": None}, "TotalAmount", "Must be provided."),
        ("akxx", {"currencyRate": None}, "CurrencyRate", "Must be provided."),
        ("mqjo", {"lineItems": []}, "LineItems", "Must be provided."),
        ("mqjo", {"dueDate": "tomorrow"}, "DueDate", "Must be of type DateTime."),
        ("mqjo", {"reference": 7}, "Reference", "Must be of type String."),
        ("mqjo", {"currencyRate": "7"}, "CurrencyRate", "Must be of type Number."),
    ],
)
def test_what_the_model_does_not_allow_is_refused_at_once(
    codat: Codat, linked: Linked, changes: dict[str, Any], item: str, message: str
) -> None:
    base = f"companies/{linked.company}/connections/{linked.connection}"
    answer = codat.ask("POST", f"{base}/push/bills", {**at(codat, linked), **changes})
    codat.checked.forgive()
    assert answer.status_code == 400
    assert answer.json()["validation"] == {
        "errors": [{"itemId": item, "message": message, "validatorName": "Bill"}],
        "warnings": [],
    }
    assert codat.ask("GET", f"companies/{linked.company}/push").json()["totalResults"] == 0


@pytest.mark.parametrize("platform", ["gbol", "qhyg", "hbql", "fbrh", "akxx", "mqjo"])
def test_a_sound_bill_is_written_everywhere(codat: Codat, linked: Linked, platform: str) -> None:
    taken = push(codat, linked, at(codat, linked))
    assert (taken["status"], taken["statusCode"], taken["changes"]) == ("Pending", 202, [])
    assert "completedOnUtc" not in taken
    done = told(codat, linked, taken["pushOperationKey"])
    (row,) = codat.rows(linked, "bills")
    assert (done["status"], done["statusCode"]) == ("Success", 200)
    assert done["changes"] == [{"type": "Created", "recordRef": {"id": row["id"], "dataType": "bills"}}]
    assert (row["subTotal"], row["taxAmount"], row["totalAmount"]) == (
        Decimal("100.00"),
        Decimal("20.00"),
        Decimal(120),
    )


@pytest.mark.parametrize(
    "platform,changes,item,message",
    [
        ("mqjo", {"supplierRef": {"id": "NOBODY"}}, "SupplierRef.Id", "`NOBODY` was not found in Sandbox"),
        ("mqjo", coded("accountRef", "9999"), "LineItems[0].AccountRef.Id", "`9999` was not found in Sandbox"),
        ("mqjo", coded("taxRateRef", "T77"), "LineItems[0].TaxRateRef.Id", "`T77` was not found in Sandbox"),
        ("mqjo", tracked("Department"), f"{TRACKING}.Id", "Must not be a parent tracking category."),
        ("mqjo", tracked("Nowhere"), f"{TRACKING}.Id", "`Nowhere` was not found in Sandbox"),
        ("mqjo", tracked(*TRAINING), TRACKING, "Tracking categories must not have the same parent."),
        ("mqjo", {"totalAmount": 121}, "TotalAmount", "Must equal the sum of the lines, which is 120.00."),
        ("hbql", {"currency": "USD"}, "Currency", "Must match the supplier's currency GBP."),
    ],
)
def test_what_only_the_books_can_refuse_fails_later(
    codat: Codat, linked: Linked, changes: dict[str, Any], item: str, message: str
) -> None:
    done = written(codat, linked, {**at(codat, linked), **changes})
    assert (done["status"], done["statusCode"], done["changes"]) == ("Failed", 400, [])
    assert done["validation"]["errors"][0] == {"itemId": item, "message": message, "validatorName": "Bill"}
    assert done["errorMessage"].startswith("An error occurred in a downstream service. Correlation ID: ")
    assert codat.rows(linked, "bills") == []


def test_a_code_that_was_archived_since_is_refused(codat: Codat, linked: Linked) -> None:
    codat.write(linked, "taxRates", {"id": "T1", "status": "Archived"})
    assert written(codat, linked, bill())["validation"]["errors"][0]["message"] == "`T1` is archived in Sandbox"


def test_nothing_is_booked_on_or_before_the_lock_date(codat: Codat, linked: Linked) -> None:
    codat.control("POST", f"connections/{linked.connection}", {"ledgerLockDate": "2024-03-14T00:00:00"})
    assert written(codat, linked, bill())["validation"]["errors"][0]["itemId"] == "IssueDate"
    assert written(codat, linked, bill(issueDate="2024-03-15T00:00:00Z"))["status"] == "Success"
    codat.refresh(linked)
    info = codat.ask("GET", f"companies/{linked.company}/data/info").json()
    assert info["ledgerLockDate"] == "2024-03-14T00:00:00"


@pytest.mark.parametrize("platform", ["gbol"])
def test_a_system_that_works_tax_out_itself_says_so(codat: Codat, linked: Linked, platform: str) -> None:
    body = at(codat, linked)
    body["lineItems"][0]["taxAmount"] = 19
    done = written(codat, linked, body)
    assert (done["status"], done["validation"]["warnings"][0]["message"]) == (
        "Success", "Xero worked out 20.00 and not 19.",
    )  # fmt: skip
    assert codat.rows(linked, "bills")[0]["taxAmount"] == 20


def test_a_foreign_bill_has_the_given_rate_or_that_of_the_day(codat: Codat, linked: Linked) -> None:
    written(codat, linked, bill(currency="USD", currencyRate=Decimal("0.5")))
    written(codat, linked, bill(currency="USD"))
    assert [one["currencyRate"] for one in codat.rows(linked, "bills")] == [Decimal("0.5"), Decimal("0.832639467")]


@pytest.mark.parametrize(
    "data_type,changes",
    [
        ("billCreditNotes", {"status": "Submitted", "billCreditNoteNumber": "CN-1"}),
        ("purchaseOrders", {"purchaseOrderNumber": "PO-1"}),
    ],
)
def test_other_documents_are_written_too(codat: Codat, linked: Linked, data_type: str, changes: dict[str, Any]) -> None:
    body = {name: one for name, one in bill(**changes).items() if name not in {"reference", "dueDate"}}
    assert written(codat, linked, body, data_type)["changes"][0]["recordRef"]["dataType"] == data_type
    codat.refresh(linked)
    (row,) = codat.ask("GET", f"companies/{linked.company}/data/{data_type}").json()["results"]
    assert (row["totalTaxAmount"], row["totalAmount"]) == (20.0, 120.0)


def test_a_journal_has_to_add_up(codat: Codat, linked: Linked) -> None:
    def entry(*amounts: int) -> dict[str, Any]:
        lines = [{"netAmount": one, "currency": "GBP", "accountRef": {"id": "5010"}} for one in amounts]
        return {"description": "x", "postedOn": "2024-03-14T00:00:00Z", "journalLines": lines}

    assert written(codat, linked, entry(10, -10), "journalEntries")["status"] == "Success"
    assert written(codat, linked, entry(10, -9), "journalEntries")["status"] == "Failed"
    assert written(codat, linked, entry(0), "journalEntries")["status"] == "Failed"


@pytest.mark.parametrize("platform", ["hbql"])
def test_sage_50_wants_its_own_id_of_a_supplier(codat: Codat, linked: Linked, platform: str) -> None:
    body = {"id": "new01", "supplierName": "New Ltd", "status": "Active"}
    assert written(codat, linked, body, "suppliers")["changes"][0]["recordRef"]["id"] == "NEW01"
    assert written(codat, linked, body, "suppliers")["status"] == "Failed"


@pytest.mark.parametrize("platform", ["gbol"])
def test_xero_has_every_number_of_an_order_once(codat: Codat, linked: Linked, platform: str) -> None:
    body = {name: one for name, one in at(codat, linked).items() if name not in {"reference", "dueDate"}}
    first, second = (
        written(codat, linked, {**body, "purchaseOrderNumber": "PO-1"}, "purchaseOrders") for _ in range(2)
    )
    assert (first["status"], second["status"]) == ("Success", "Failed")


# --- how a write can end ---------------------------------------------------------------------------------------------


def test_a_write_is_pending_until_its_time_has_come(codat: Codat, linked: Linked) -> None:
    codat.set(push_seconds=60)
    key = push(codat, linked, bill())["pushOperationKey"]
    assert told(codat, linked, key)["status"] == "Pending"
    assert codat.rows(linked, "bills") == []
    codat.later(60)
    assert told(codat, linked, key)["status"] == "Success"


def test_a_write_can_fail_with_words(codat: Codat, linked: Linked) -> None:
    codat.plan("Failed", message="The period is closed.")
    done = written(codat, linked, bill())
    assert (done["status"], done["validation"]["errors"][0]["message"]) == ("Failed", "The period is closed.")
    assert written(codat, linked, bill())["status"] == "Success", "only the next one was meant"


def test_a_write_can_stay_pending_for_ever(codat: Codat, linked: Linked) -> None:
    codat.plan("Pending")
    key = push(codat, linked, bill())["pushOperationKey"]
    codat.later(86_400)
    assert told(codat, linked, key)["status"] == "Pending"
    assert codat.rows(linked, "bills") == []


def test_a_write_that_timed_out_never_comes(codat: Codat, linked: Linked) -> None:
    codat.plan("TimedOut")
    key = push(codat, linked, bill())["pushOperationKey"]
    assert told(codat, linked, key)["status"] == "TimedOut"
    codat.later(86_400)
    assert told(codat, linked, key)["status"] == "TimedOut"
    assert codat.rows(linked, "bills") == []


def test_a_write_that_timed_out_can_still_come_late(codat: Codat, linked: Linked) -> None:
    codat.plan("Late", late_seconds=600)
    key = push(codat, linked, bill())["pushOperationKey"]
    first = told(codat, linked, key)
    assert (first["status"], codat.rows(linked, "bills")) == ("TimedOut", [])
    codat.later(600)
    assert told(codat, linked, key) == first, "the operation never tells of it"
    assert len(codat.rows(linked, "bills")) == 1


@pytest.mark.parametrize("platform", ["hbql"])
def test_a_connector_that_is_off_keeps_writes_pending_past_their_time_out(
    codat: Codat, linked: Linked, platform: str
) -> None:
    codat.control("POST", f"connections/{linked.connection}", {"is_online": False})
    key = push(codat, linked, at(codat, linked), query="?timeoutInMinutes=10")["pushOperationKey"]
    codat.later(599)
    assert told(codat, linked, key)["status"] == "Pending"
    codat.later(1)
    assert told(codat, linked, key)["status"] == "TimedOut"
    codat.control("POST", f"connections/{linked.connection}", {"is_online": True})
    assert told(codat, linked, key)["status"] == "TimedOut"
    assert len(codat.rows(linked, "bills")) == 1


def test_an_access_that_ends_before_the_write_does_fails_it(codat: Codat, linked: Linked) -> None:
    codat.set(push_seconds=60)
    key = push(codat, linked, bill())["pushOperationKey"]
    codat.control("POST", f"connections/{linked.connection}", {"status": "Deauthorized"})
    codat.later(60)
    done = told(codat, linked, key)
    assert (done["status"], done["statusCode"]) == ("Failed", 401)
    assert done["errorMessage"] == "The data connection is Deauthorized."
    path = f"companies/{linked.company}/connections/{linked.connection}/push/bills"
    assert codat.ask("POST", path, bill()).status_code == 400


def test_the_end_of_a_write_is_told_without_reasons(codat: Codat, linked: Linked) -> None:
    codat.plan("Failed", message="The period is closed.")
    with listening(codat) as listener:
        keys = [push(codat, linked, bill())["pushOperationKey"] for _ in range(2)]
        bad, good = listener.wait_for("bills.write.unsuccessful", "bills.write.successful")
    assert (bad["payload"]["id"], bad["payload"]["status"], "record" in bad["payload"]) == (keys[0], "Failed", False)
    assert (good["payload"]["id"], good["payload"]["record"]) == (keys[1], {"id": "2001"})
    assert good["payload"]["connectionId"] == linked.connection


def test_the_end_of_a_write_can_be_told_before_its_beginning_is_answered(codat: Codat, linked: Linked) -> None:
    codat.set(webhooks_first=True)
    with listening(codat) as listener:
        key = push(codat, linked, bill())["pushOperationKey"]
        assert [one["payload"]["id"] for _, one in listener.came if one["eventType"] == "bills.write.successful"] == [
            key
        ]


def test_records_are_changed_and_deleted(codat: Codat, linked: Linked) -> None:
    written(codat, linked, bill())
    path = f"companies/{linked.company}/connections/{linked.connection}/push/bills/2001"
    changed = codat.ask(
        "PUT", path, bill(reference="SI-2", lineItems=[line(unitAmount=30, taxAmount=12, totalAmount=72)])
    )
    assert told(codat, linked, changed.json()["pushOperationKey"])["changes"][0]["type"] == "Modified"
    (row,) = codat.rows(linked, "bills")
    assert (row["id"], row["reference"], row["totalAmount"]) == ("2001", "SI-2", Decimal("72.00"))
    gone = codat.ask("DELETE", path)
    assert told(codat, linked, gone.json()["pushOperationKey"])["changes"][0]["type"] == "Deleted"
    assert codat.rows(linked, "bills") == []


def test_another_companys_write_is_not_told(codat: Codat, linked: Linked) -> None:
    other = codat.linked("mqjo")
    key = push(codat, other, bill())["pushOperationKey"]
    assert codat.ask("GET", f"companies/{linked.company}/push/{key}").status_code == 404


# --- files -----------------------------------------------------------------------------------------------------------


def attach(codat: Codat, linked: Linked, row: str, name: str = "SI-48213.pdf", kind: str = "application/pdf") -> Any:
    path = f"companies/{linked.company}/connections/{linked.connection}/push/bills/{row}/attachments"
    files = {"whatever": (name, b"%PDF-1.7", kind)}
    return requests.post(f"{codat.url}/{path}", files=files, headers=HEADERS, timeout=5)


def test_a_file_is_attached_to_a_bill_that_is_there(codat: Codat, linked: Linked) -> None:
    assert attach(codat, linked, "2001").status_code == 404
    written(codat, linked, bill())
    done = told(codat, linked, attach(codat, linked, "2001").json()["pushOperationKey"])
    base = f"companies/{linked.company}/connections/{linked.connection}/data/bills/2001/attachments"
    (file,) = codat.ask("GET", base).json()["attachments"]
    assert done["changes"] == [
        {"type": "AttachmentUploaded", "attachmentId": file["id"], "recordRef": {"id": "2001", "dataType": "bills"}}
    ]
    assert (file["name"], file["contentType"], file["fileSize"]) == ("SI-48213.pdf", "application/pdf", 8)
    assert codat.ask("GET", f"{base}/{file['id']}").json() == file
    assert codat.ask("GET", f"{base}/{file['id']}/download").content == b"%PDF-1.7"
    assert codat.ask("GET", f"{base}/{linked.company}").status_code == 404


def test_files_of_no_known_sort_are_refused(codat: Codat, linked: Linked) -> None:
    written(codat, linked, bill())
    assert attach(codat, linked, "2001", name="run.exe").status_code == 400


@pytest.mark.parametrize("platform", ["qhyg"])
def test_quickbooks_wants_the_true_type_of_a_file(codat: Codat, linked: Linked, platform: str) -> None:
    row = written(codat, linked, at(codat, linked))["changes"][0]["recordRef"]["id"]
    assert attach(codat, linked, row, kind="application/octet-stream").status_code == 400
    assert attach(codat, linked, row).status_code == 200
