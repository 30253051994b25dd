"""Reference data through Codat: read whole, no older than an hour, and with what is gone over there marked so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine

from integrations import codat as codat_package
from integrations.codat.codes import resolve
from integrations.codat.connector import Codat as Connector
from integrations.codat.lists import Lists
from integrations.codat.tracking import Tracking
from integrations.documents import Dimension, Document, Kind, Supplier
from integrations.errors import OutcomeUnknown, Rejected, Retryable
from integrations.http import Outbound
from integrations.papers import File
from integrations.reference import Record, RecordKind
from tests.contract import book
from tests.integrations.codat.account import client
from tests.integrations.codat.conversation import (
    ACCOUNTS,
    SANDBOX,
    SUPPLIER,
    TAX_RATES,
    CodatConversations,
    page,
    reading_of,
)
from tests.integrations.codat.rig import Codat, Linked, SeenBooks
from tests.samples import PAPER, sample, with_line
from tests.scripted import ScriptedServer, json_answer

Row = Mapping[str, Any]

DEPARTMENT: Row = {"id": "d", "name": "Department", "status": "Active", "hasChildren": True}
TRAINING: Row = {"id": "d1", "name": "Training", "status": "Active", "parentId": "d", "hasChildren": False}
NORTH: Row = {"id": "CLASS_7", "name": "North", "status": "Active", "hasChildren": False}


@pytest.fixture
def system(codat: Codat, linked: Linked) -> Connector:
    return Connector(codat.link(linked))


def told(kind: RecordKind, data_type: str, *rows: Row) -> list[Record]:
    """The records of a list of these rows."""
    plays = [reading_of(data_type).play(), json_answer(page(rows))]
    with ScriptedServer(*plays) as server:
        system = CodatConversations().connect(server.url, Outbound(allow_private=True))
        return list(system.records(kind))


# --- how old they are ------------------------------------------------------------------------------------------------


def test_a_list_of_more_than_an_hour_is_read_anew_before_it_is_told(codat: Codat, linked: Linked) -> None:
    system = Connector(codat.link(linked))
    codat.set(sync_seconds=30)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=59), tick=True):
        assert len(list(system.records(RecordKind.SUPPLIER))) == 3
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61), tick=True):
        codat.write(linked, "suppliers", {"id": "NEW01", "supplierName": "New one", "status": "Active"})
        for _ in range(2):
            with pytest.raises(Retryable) as caught:
                list(system.records(RecordKind.SUPPLIER))
            assert caught.value.message == (
                "Codat is fetching suppliers from the accounting software. It will be asked again."
            )
            assert caught.value.retry_after == 60.0
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=62), tick=True):
        assert "NEW01" in {one.code for one in system.records(RecordKind.SUPPLIER)}


def test_a_kind_that_the_platform_does_not_tell_is_none(codat: Codat, system: Connector) -> None:
    features = {name: can for name, can in system.link.told["features"].items() if name != "taxRates"}
    without = Connector(replace(system.link, told={**system.link.told, "features": features}))
    assert list(without.records(RecordKind.TAX)) == []
    assert list(without.records(RecordKind.CURRENCY)) == []


# --- what they are ---------------------------------------------------------------------------------------------------


def test_a_supplier_is_told_with_everything_that_is_known() -> None:
    row = {
        **SUPPLIER, "taxNumber": "GB123", "emailAddress": "a@crown.example", "phone": " 0118 ", "balance": 12,
        "addresses": [
            {"type": "Delivery", "line1": "Dock 4"},
            {"type": "Billing", "line1": "3 Castle\nStreet", "line2": None, "city": "Reading", "region": "",
             "postalCode": "RG1 7SB", "country": "GB"},
        ],
    }  # fmt: skip
    assert told(RecordKind.SUPPLIER, "suppliers", row) == [
        Record(
            kind=RecordKind.SUPPLIER,
            code="CROWN01",
            name="Crown Conference Centre",
            external_id="CROWN01",
            details={
                "tax_number": "GB123",
                "email": "a@crown.example",
                "phone": "0118",
                "currency": "GBP",
                "address_1": "3 Castle Street",
                "city": "Reading",
                "postcode": "RG1 7SB",
                "country_code": "GB",
                "address": "3 Castle Street, Reading, RG1 7SB, GB",
            },
        )
    ]


@pytest.mark.parametrize(
    ("changes", "is_active"),
    [
        ({}, True),
        ({"status": "Archived"}, False),
        ({"status": "Unknown"}, True),
        ({"status": "Hibernating"}, True),
        ({"status": None}, True),
        ({"metadata": {"isDeleted": True}}, False),
        ({"metadata": {"isDeleted": False}}, True),
        ({"metadata": None}, True),
    ],
)
def test_what_is_archived_or_deleted_is_no_longer_in_use(changes: dict[str, Any], is_active: bool) -> None:
    (one,) = told(RecordKind.SUPPLIER, "suppliers", {**SUPPLIER, **changes})
    assert one.is_active is is_active


def test_a_row_that_is_deleted_over_there_stays_and_is_marked(codat: Codat, linked: Linked, system: Connector) -> None:
    codat.control("DELETE", f"connections/{linked.connection}/records/suppliers/METRO01")
    codat.refresh(linked)
    assert {one.code: one.is_active for one in system.records(RecordKind.SUPPLIER)} == {
        "CROWN01": True, "METRO01": False, "LAKES01": True,
    }  # fmt: skip


def test_accounts_are_told_by_nominal_code_unless_two_have_it() -> None:
    rows: list[Row] = [
        {"id": "a1", "nominalCode": "5010", "name": "Venues", "type": "Expense", "status": "Active"},
        {"id": "a2", "nominalCode": "5010", "name": "Venues too", "type": "Expense", "status": "Active"},
        {"id": "a3", "nominalCode": "7504", "name": "Stationery", "type": "Expense", "status": "Active"},
        {"id": "a4", "nominalCode": "7504", "name": "Old stationery", "type": "Expense", "status": "Archived"},
        {"id": "a5", "nominalCode": None, "name": "", "type": "Unknown", "status": "Pending"},
    ]
    found = told(RecordKind.ACCOUNT, "chartOfAccounts", *rows)
    assert [(one.code, one.name, one.external_id, one.is_active) for one in found] == [
        ("a1", "Venues", "a1", True),
        ("a2", "Venues too", "a2", True),
        ("7504", "Stationery", "a3", True),
        ("a4", "Old stationery", "a4", False),
        ("a5", "a5", "a5", False),
    ]
    assert [one.details for one in found[:1]] == [{"type": "Expense"}]


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({}, True),
        ({"isBankAccount": True}, False),
        ({"validDatatypeLinks": [{"property": "Id", "links": ["Bills.LineItems.AccountRef.Id"]}]}, True),
        ({"validDatatypeLinks": [{"property": "Id", "links": ["Invoices.LineItems.AccountRef.Id"]}]}, False),
        ({"validDatatypeLinks": [{"property": "Id", "links": None}], "isBankAccount": False}, True),
        ({"validDatatypeLinks": None}, True),
    ],
)
def test_accounts_that_no_purchase_may_be_coded_to_are_no_records(changes: dict[str, Any], is_told: bool) -> None:
    assert bool(told(RecordKind.ACCOUNT, "chartOfAccounts", {**ACCOUNTS[0], **changes})) is is_told


def test_tax_rates_have_their_code_and_their_effective_rate() -> None:
    rows: list[Row] = [
        *TAX_RATES,
        {"id": "t9", "code": None, "name": "Mixed", "status": "Active", "effectiveTaxRate": None},
    ]
    rows.append({"id": "t8", "name": "Compound", "status": "Active", "effectiveTaxRate": Decimal("21.50")})
    rows.append({**TAX_RATES[0], "id": "t7", "validDatatypeLinks": [{"links": ["Invoices.LineItems.TaxRateRef.Id"]}]})
    found = told(RecordKind.TAX, "taxRates", *rows)
    assert [(one.code, one.external_id, dict(one.details)) for one in found] == [
        ("tax-T0", "tax-T0", {"rate": "0"}),
        ("T1", "tax-T1", {"rate": "20"}),
        ("t9", "t9", {}),
        ("t8", "t8", {"rate": "21.5"}),
    ]


def test_leaves_of_tracking_categories_are_values_of_the_topmost_ones() -> None:
    twin = {**TRAINING, "id": "d2"}
    deeper = {"id": "d3x", "name": "Evening", "status": "Archived", "parentId": "d3", "hasChildren": False}
    middle = {"id": "d3", "name": "Courses", "status": "Active", "parentId": "d", "hasChildren": True}
    rows: list[Row] = [
        DEPARTMENT,
        TRAINING,
        twin,
        middle,
        deeper,
        NORTH,
        {"id": "77", "name": "Lone", "status": "Active"},
    ]
    found = told(RecordKind.DIMENSION, "trackingCategories", *rows)
    assert [(one.dimension, one.code, one.name, one.external_id, one.is_active) for one in found] == [
        ("Department", "d1", "Training", "d1", True),
        ("Department", "d2", "Training", "d2", True),
        ("Department", "Evening", "Evening", "d3x", False),
        ("Class", "North", "North", "CLASS_7", True),
        ("Tracking category", "Lone", "Lone", "77", True),
    ]


def test_categories_that_go_round_in_circles_end() -> None:
    one, other = {"id": "1", "name": "A", "parentId": "2"}, {"id": "2", "name": "B", "parentId": "1"}
    assert Tracking([one, other]).dimension(one) in {"A", "B"}


# --- codes of documents ----------------------------------------------------------------------------------------------


def found(document: Document, **lists: Sequence[Row]) -> list[tuple[str, int | None, str]]:
    """What stands against the codes of a document, when Codat has these lists."""
    plays: list[Sequence[Row]] = [
        lists.get("suppliers", [SUPPLIER]),
        lists.get("accounts", ACCOUNTS),
        lists.get("taxes", TAX_RATES),
    ]
    if "tracking" in lists:
        plays.append(lists["tracking"])
    with ScriptedServer(*(json_answer(page(rows)) for rows in plays)) as server:
        _, objections = resolve(document, Lists(client(server, told=SANDBOX)))
    return [(one.field, one.line, one.message) for one in objections]


def test_codes_that_are_known_have_nothing_against_them() -> None:
    by_id = with_line(sample(), 0, account_code="account-5010", tax_code="tax-T1")
    assert found(sample()) == found(by_id) == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [],
            "Codat knows no supplier CROWN01. Add it in the accounting software, have the list read again, or map it.",
        ),
        (
            [{**SUPPLIER, "status": "Archived"}],
            "The supplier CROWN01 is archived in the accounting software. Restore it there, or map another one.",
        ),
        (
            [{**SUPPLIER, "metadata": {"isDeleted": True}}],
            "Codat knows no supplier CROWN01. Add it in the accounting software, have the list read again, or map it.",
        ),
    ],
)
def test_a_supplier_that_cannot_be_used_is_told(rows: list[Row], message: str) -> None:
    assert found(sample(), suppliers=rows) == [("supplier", None, message)]


def test_suppliers_of_one_name_are_not_guessed() -> None:
    twins = [SUPPLIER, {**SUPPLIER, "id": "CROWN02", "supplierName": "CROWN conference Centre "}]
    nameless = sample(party=Supplier(code=None, name="Crown Conference Centre"))
    message = (
        "Several suppliers are called Crown Conference Centre in the accounting software. "
        "Map this one to the id of the right one."
    )
    assert found(nameless, suppliers=twins) == [("supplier", None, message)]
    assert found(nameless, suppliers=[SUPPLIER, {**twins[1], "status": "Archived"}]) == []


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("Crown Conference Centre", "query=supplierName~Conference&"),
        ("Łódź & Co=1 || x", "query=supplierName~Co&"),
        ("東京", ""),
    ],
)
def test_a_supplier_is_looked_for_by_the_longest_word_of_its_name(name: str, query: str) -> None:
    with ScriptedServer(json_answer(page([]))) as server:
        Lists(client(server, told=SANDBOX)).suppliers(code=None, name=name)
    assert server.asked[0].path.endswith(f"/data/suppliers?pageSize=500&{query}page=1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"status": "Archived"},
            (
                "Line 1: the account 5010 is no longer in use in the accounting software. "
                "Restore it there, or map another one."
            ),
        ),
        (
            {"nominalCode": "5011"},
            (
                "Line 1: the account 5010 is not known to Codat. "
                "Add it in the accounting software, have the list read again, or map it."
            ),
        ),
    ],
)
def test_an_account_that_cannot_be_used_is_told_by_line(changes: dict[str, Any], message: str) -> None:
    rows = [{**ACCOUNTS[0], **changes}, *ACCOUNTS[1:]]
    assert found(sample(), accounts=rows) == [("account_code", 1, message)]


def test_an_account_code_that_is_there_twice_is_not_guessed() -> None:
    rows = [*ACCOUNTS, {**ACCOUNTS[0], "id": "another"}]
    message = "Line 1: the account 5010 is there 2 times. Map it to the id of the right one."
    assert found(sample(), accounts=rows) == [("account_code", 1, message)]
    assert found(sample(), accounts=[*ACCOUNTS, {**rows[-1], "status": "Archived"}]) == []


def test_an_id_that_is_in_use_comes_before_a_code_that_is_not() -> None:
    rows = [{**ACCOUNTS[0], "status": "Archived"}, *ACCOUNTS[1:], {"id": "5010", "status": "Active"}]
    assert found(sample(), accounts=rows) == []


@pytest.mark.parametrize(
    ("dimension", "expected"),
    [
        (Dimension(name="department ", code="Training"), []),
        (Dimension(name="Anything", code="d1"), []),
        (Dimension(name="Cost centre", code="X"), []),
        (
            Dimension(name="Department", code="Sales"),
            ["the Department Sales is not there in the accounting software. Map it to the right one."],
        ),
        (
            Dimension(name="Department", code="Old"),
            ["the Department Old is no longer in use in the accounting software. Map it to the right one."],
        ),
        (
            Dimension(name="Department", code="d"),
            ["the tracking category d has others below it, and only those can be used. Map one of them."],
        ),
    ],
)
def test_dimensions_are_values_of_tracking_categories_or_nothing_of_theirs(
    dimension: Dimension, expected: list[str]
) -> None:
    old = {**TRAINING, "id": "d9", "name": "Old", "status": "Archived"}
    document = with_line(sample(), 1, dimensions=(dimension,))
    told_of = found(document, tracking=[DEPARTMENT, TRAINING, old])
    assert told_of == [("dimensions", 2, f"Line 2: {one}") for one in expected]


def test_a_line_has_its_own_value_before_that_of_the_document(codat: Codat, linked: Linked, books: SeenBooks) -> None:
    outbound = Outbound(allow_private=True, permit=lambda: codat.refresh(linked))
    header = sample(dimensions=(Dimension(name="Department", code="Training"),))
    document = with_line(header, 1, dimensions=(Dimension(name="Department", code="Marketing"),))
    book(Connector(codat.link(linked, outbound=outbound)), document)
    (bill,) = books.every("bills")
    assert [line["trackingCategoryRefs"] for line in bill["lineItems"]] == [
        [{"id": "Department-Training"}],
        [{"id": "Department-Marketing"}],
    ]


# --- who is linked ---------------------------------------------------------------------------------------------------


def test_who_is_linked_is_told_as_the_books_say(system: Connector, linked: Linked) -> None:
    company = system.company()
    assert (company.external_id, company.name, company.base_currency, company.registration) == (
        linked.company, "Harbour Street Studios Ltd", "GBP", "01234567",
    )  # fmt: skip


# --- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ["mqjo", "knfz"])
def test_a_file_is_there_once_when_its_key_is_long_forgotten(codat: Codat, linked: Linked, books: SeenBooks) -> None:
    outbound = Outbound(allow_private=True, permit=lambda: codat.refresh(linked))
    system = Connector(codat.link(linked, outbound=outbound))
    bill = book(system, sample()).external_id
    for _ in range(2):
        system.attach(Kind.INVOICE, bill, PAPER)
        books.forget_keys()
    assert books.stored(Kind.INVOICE, bill, PAPER.name) == PAPER.content


@pytest.mark.parametrize("outcome", ["Pending", "Failed"])
def test_a_file_that_is_not_there_yet_is_looked_for_and_a_refused_one_is_told(
    codat: Codat, linked: Linked, outcome: str
) -> None:
    outbound = Outbound(allow_private=True, permit=lambda: codat.refresh(linked))
    system = Connector(codat.link(linked, outbound=outbound))
    bill = book(system, sample()).external_id
    codat.plan(outcome, message="Files of this type are not taken.")
    with pytest.raises(OutcomeUnknown if outcome == "Pending" else Rejected) as caught:
        system.attach(Kind.INVOICE, bill, PAPER)
    expected = {
        "Pending": "Codat is passing the file on to the accounting software. It will be looked for.",
        "Failed": "Files of this type are not taken.",
    }
    assert caught.value.message == expected[outcome]
    assert system.attached(Kind.INVOICE, bill) == ()


@pytest.mark.parametrize("platform", ["gbol"])
def test_a_file_that_the_platform_finds_too_large_is_not_sent(system: Connector) -> None:
    large = File(name="scan.pdf", content_type="application/pdf", content=b" " * (4 * 1024 * 1024 + 1))
    with pytest.raises(Rejected) as caught:
        system.attach(Kind.INVOICE, "1", large)
    message = "scan.pdf is larger than 4 MB, which the accounting software does not take. Attach it there."
    assert (caught.value.message, caught.value.field) == (message, "content")


def test_the_single_calls_are_told_and_carried_out(system: Connector, linked: Linked) -> None:
    assert system.calls()["company"] == "Show a company"
    assert linked.company in system.call("company", {})


def test_the_readme_lists_every_single_call(system: Connector) -> None:
    readme = Path(codat_package.__file__).with_name("README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| `(?:GET|POST|PUT|PATCH|DELETE) .*` \| (.*) \|$", readme, re.MULTILINE)
    assert dict(listed) == dict(system.calls())
