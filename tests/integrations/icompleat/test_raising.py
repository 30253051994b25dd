"""Transactions raised in iCompleat: exact bodies, the key in the title, and finding them again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from integrations import wire
from integrations.documents import Dimension, IdempotencyKey, Kind, Posted, Stage, Supplier
from integrations.errors import IntegrationError, Misconfigured, OutcomeUnknown, Rejected, Retryable, Unauthorised
from integrations.http import Outbound
from integrations.icompleat import raising
from integrations.icompleat.mapping import read
from tests.integrations.icompleat.api import (
    COMPANY,
    TENANT,
    TRANSACTION,
    USER,
    amount,
    asked,
    connector,
    detail,
    listed_row,
    page,
    refused,
    told,
)
from tests.integrations.icompleat.bodies import EVERYTHING
from tests.samples import KEY, OTHER_KEY, REFERENCE, sample, with_line
from tests.scripted import Answer, ScriptedServer, answer, reset

TC = f"{TENANT}/{COMPANY}"
MARK = "[postroom 8f14e45fceea467f9f0d0c2b5a1d7c11]"
LIST = f"/api/transactions/{TENANT}/{{}}/{COMPANY}/null/null/INV"
DETAIL = ("GET", f"/api/transaction/{TENANT}/{TRANSACTION}/null")

SAMPLE_BODY: dict[str, Any] = {
    "Type": "INV",
    "Title": f"Venue hire, March cohort {MARK}",
    "Status": "APPR",
    "References": {"Supplier": "SI-48213", "PurchaseOrder": "ORD000056"},
    "Dates": {"Invoice": "2024-03-14T00:00:00.000Z", "PaymentDue": "2024-04-13T00:00:00.000Z"},
    "Supplier": {"Code": "CROWN01", "Name": "Crown Conference Centre"},
    "Analysis": [{"Name": "Currency Code", "Value": {"Code": "GBP"}}],
    "Lines": [
        {
            "Number": 1,
            "Code": "",
            "Description": "Training room, full day",
            "Quantity": 2,
            "UnitCost": {"Local": {"Value": Decimal("50.00")}},
            "Net": {"Local": {"Value": Decimal("100.00")}},
            "Vat": {"Local": {"Value": Decimal("20.00")}},
            "Gross": {"Local": {"Value": Decimal("120.00")}},
            "Analysis": [
                {"Name": "Account Code", "Value": {"Code": "5010"}},
                {"Name": "Tax Code", "Value": {"Code": "T1"}},
            ],
        },
        {
            "Number": 2,
            "Code": "",
            "Description": "Printed course manuals",
            "Net": {"Local": {"Value": Decimal("50.50")}},
            "Vat": {"Local": {"Value": Decimal("0.00")}},
            "Gross": {"Local": {"Value": Decimal("50.50")}},
            "Analysis": [
                {"Name": "Account Code", "Value": {"Code": "7504"}},
                {"Name": "Tax Code", "Value": {"Code": "T0"}},
            ],
        },
    ],
}


def body(document: Any, **terms: Any) -> dict[str, Any]:
    return raising.body(document, KEY, **{"key_field": "Title", "layouts": {}, **terms})


def test_a_transaction_is_created_with_this_body() -> None:
    with ScriptedServer(told(Transaction=detail())) as server:
        system = connector(server, raise_transactions="yes", raise_user_id=USER, layout_ids="INV = 7\nORD = 8")
        posted = system.post(sample(), key=KEY, reference=REFERENCE)
    (request,) = server.asked
    assert (request.method, request.path) == ("POST", f"/api/transaction/{TC}/{USER}")
    assert request.json() == {"Transaction": {**SAMPLE_BODY, "LayoutId": "7"}}
    assert posted == Posted(
        external_id=TRANSACTION,
        number="INV000123",
        supplier_code="CROWN01",
        net=Decimal(100),
        tax=Decimal(20),
        gross=Decimal(120),
        currency="GBP",
        date=sample().date.replace(2026, 10, 14),  # type: ignore[union-attr]
    )


def test_a_bare_draft_leaves_out_what_it_has_not() -> None:
    bare = replace(
        sample(Kind.PURCHASE_ORDER, stage=Stage.DRAFT, title="", order_number="", supplier_reference="", date=None),
        due_date=None,
        party=Supplier(code=None, name="Crown"),
        lines=(replace(sample().lines[1], account_code=None, tax_code=None),),
    )
    assert body(bare) == {
        "Type": "ORD",
        "Title": MARK,
        "Status": "SAV",
        "References": {},
        "Dates": {},
        "Supplier": {"Name": "Crown"},
        "Analysis": [{"Name": "Currency Code", "Value": {"Code": "GBP"}}],
        "Lines": [{**SAMPLE_BODY["Lines"][1], "Analysis": []}],
    }


def test_coding_stands_where_the_document_has_it() -> None:
    course, centre = Dimension(name="Course Code", code="PM-1", label="One"), Dimension(name="Department", code="TRN")
    made = body(with_line(sample(currency="USD", dimensions=(course,)), 0, dimensions=(centre,), item_code="VEN-D"))
    assert made["Analysis"] == [
        {"Name": "Currency Code", "Value": {"Code": "USD"}},
        {"Name": "Course Code", "Value": {"Code": "PM-1"}},
    ]
    assert made["Lines"][0]["Code"] == "VEN-D"
    assert made["Lines"][0]["Analysis"][2] == {"Name": "Department", "Value": {"Code": "TRN"}}


@pytest.mark.parametrize(
    "kind, type_, layout",
    [(Kind.PURCHASE_ORDER, "ORD", None), (Kind.INVOICE, "INV", "7"), (Kind.CREDIT_NOTE, "CRD", "7")],
)
def test_a_credit_note_takes_the_layout_of_invoices_where_it_has_none(
    kind: Kind, type_: str, layout: str | None
) -> None:
    made = body(sample(kind), layouts={"INV": "7"})
    assert (made["Type"], made.get("LayoutId")) == (type_, layout)
    assert body(sample(kind), layouts={"INV": "7", type_: "9"})["LayoutId"] == "9"


def test_the_key_may_stand_in_another_text() -> None:
    made = body(sample(), key_field="Notes")
    assert (made["Title"], made["Notes"]) == ("Venue hire, March cohort", MARK)


def test_a_key_that_is_no_uuid_stands_as_it_is() -> None:
    assert raising.mark(IdempotencyKey("key-7")) == "[postroom key-7]"


@pytest.mark.parametrize(
    "text, is_ours",
    [
        (f"Venue hire {MARK}", True), (MARK, True), (f"Venue hire {MARK.upper()} ", True), (f"{MARK} copy", False),
        ("Venue hire", False), (raising.mark(OTHER_KEY), False), (None, False), (7, False),
    ],
)  # fmt: skip
def test_a_text_is_ours_when_it_ends_with_our_key(text: object, is_ours: bool) -> None:
    assert raising.is_marked(text, KEY) is is_ours


@pytest.mark.parametrize("kind", [Kind.RECEIPT, Kind.SALES_INVOICE, Kind.PAYMENT])
def test_a_kind_that_icompleat_does_not_take_is_refused(kind: Kind) -> None:
    with pytest.raises(Rejected) as refusal:
        body(sample(kind))
    assert refusal.value.field == "kind"


@pytest.mark.parametrize("stage", [Stage.SUBMITTED, Stage.DENIED, Stage.DELETED, Stage.OTHER])
def test_a_transaction_is_raised_as_a_draft_or_approved(stage: Stage) -> None:
    with pytest.raises(Rejected) as refusal:
        body(sample(stage=stage))
    assert refusal.value.field == "stage"


def test_what_is_raised_reads_as_the_same_document_when_it_comes_back() -> None:
    dimensions = (Dimension(name="Course Code", code="PM-1"),)
    document = with_line(sample(dimensions=dimensions), 0, dimensions=(Dimension(name="Department", code="TRN"),))
    came_back = read({"Transaction": {**body(document), "Id": document.external_id}}, EVERYTHING)
    assert came_back == replace(document, number="", created_at=None)


def test_nothing_is_raised_unless_the_connection_says_so() -> None:
    with ScriptedServer() as server, pytest.raises(Misconfigured) as refusal:
        connector(server).post(sample(), key=KEY, reference=REFERENCE)
    assert refusal.value.field == "raise_transactions"


@pytest.mark.parametrize(
    "reply, error, field",
    [
        (refused(30, "The supplier is not known."), Rejected, ""),
        (refused(3), Misconfigured, "raise_user_id"),
        (refused(2), Misconfigured, "company_id"),
        (answer(status=404), Misconfigured, "paths"),
        (answer(status=401), Unauthorised, ""),
        (answer(status=429), Retryable, ""),
        (answer(status=500), OutcomeUnknown, ""),
        (told(), OutcomeUnknown, ""),
        (reset(), OutcomeUnknown, ""),
    ],
)
def test_what_an_answer_means_for_a_raised_transaction(
    reply: Answer, error: type[IntegrationError], field: str
) -> None:
    with ScriptedServer(reply) as server, pytest.raises(error) as caught:
        connector(server, raise_transactions="yes").post(sample(), key=KEY, reference=REFERENCE)
    assert caught.value.field == field


def test_a_refusal_is_shown_in_the_vendors_words() -> None:
    with ScriptedServer(refused(30, "The supplier is not known.")) as server, pytest.raises(Rejected) as refusal:
        connector(server, raise_transactions="yes").post(sample(), key=KEY, reference=REFERENCE)
    assert refusal.value.message == "The supplier is not known."


@pytest.mark.parametrize("changes", [{"Net": None, "Vat": None, "Gross": None, "Analysis": None, "Dates": None}])
def test_an_answer_with_an_id_alone_is_enough(changes: dict[str, Any]) -> None:
    with ScriptedServer(told(Transaction={"Id": TRANSACTION, **changes})) as server:
        posted = connector(server, raise_transactions="yes").post(sample(), key=KEY, reference=REFERENCE)
    assert posted == Posted(external_id=TRANSACTION, number="")


# --- finding them again ----------------------------------------------------------------------------------------------


def others(count: int) -> list[dict[str, Any]]:
    return [listed_row(Id=f"other-{number}", Title=f"{number}") for number in range(count)]


def found(*script: Answer, **settings: str) -> tuple[tuple[Posted, ...], list[tuple[str, str]]]:
    with ScriptedServer(*script) as server:
        result = connector(server, **settings).find(sample(), key=KEY)
    return result, asked(server)


OURS = listed_row(Title=f"Venue hire {MARK}", Status="SAV")


def test_ours_is_found_on_a_later_page_in_any_status_and_told_with_its_numbers() -> None:
    script = [
        page(others(20)),
        page([*others(19), OURS], 2),
        page(others(3), 3),
        told(Transaction=detail(Status="SAV")),
    ]
    result, requests = found(*script)
    assert [(one.external_id, one.number, one.supplier_code, one.gross) for one in result] == [
        (TRANSACTION, "INV000123", "CROWN01", Decimal(120))
    ]
    assert requests == [("GET", LIST.format(number)) for number in (1, 2, 3)] + [DETAIL]


def test_one_that_moves_to_the_next_page_meanwhile_is_told_once() -> None:
    result, requests = found(page([*others(19), OURS]), page([OURS], 2), told(Transaction=detail()))
    assert len(result) == 1
    assert requests[-1] == DETAIL


def test_two_with_our_key_are_both_told() -> None:
    second = "eba8b351-7149-5ce4-9bf6-2f9ff66aaef9"
    script = [page([OURS, {**OURS, "Id": second}]), told(Transaction=detail()), told(Transaction=detail(Id=second))]
    assert [one.external_id for one in found(*script)[0]] == [TRANSACTION, second]


def test_one_that_vanished_meanwhile_is_told_from_the_list() -> None:
    result, _ = found(page([OURS]), refused(10))
    assert result == (
        Posted(
            external_id=TRANSACTION, number="INV000123", net=Decimal(100), tax=Decimal(20), gross=Decimal(120),
            currency=None, date=result[0].date,
        ),
    )  # fmt: skip


def test_another_key_is_not_ours() -> None:
    assert found(page([listed_row(Title=f"Venue hire {raising.mark(OTHER_KEY)}")]))[0] == ()


def test_no_more_pages_are_searched_than_the_connection_says() -> None:
    result, requests = found(page(others(20)), page(others(20), 2), lookup_pages="2")
    assert (result, len(requests)) == ((), 2)


def test_the_key_is_searched_in_the_field_that_carries_it() -> None:
    ours = listed_row(Notes=MARK)
    assert len(found(page([ours, OURS | {"Id": "other"}]), told(Transaction=detail()), key_field="Notes")[0]) == 1


@pytest.mark.parametrize(
    "reply, error", [(answer(status=500), Retryable), (answer(status=401), Unauthorised), (refused(2), Misconfigured)]
)
def test_a_search_that_fails_leaves_everything_open(reply: Answer, error: type[IntegrationError]) -> None:
    with pytest.raises(error):
        found(page(others(20)), reply)


def test_a_search_ends_with_the_deadline_of_one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    monkeypatch.setattr(wire, "time", SimpleNamespace(monotonic=lambda: seconds[0]))

    def wait_for_the_limit() -> None:
        seconds[0] += 30.0

    outbound = Outbound(allow_private=True, permit=wait_for_the_limit, deadline_seconds=45.0)
    with ScriptedServer(page(others(20)), page(others(20), 2)) as server, pytest.raises(Retryable):
        connector(server, outbound).find(sample(), key=KEY)


def test_a_negative_credit_note_is_told_positive() -> None:
    negative = {"Type": "CRD", "Net": amount(-100), "Vat": amount(-20), "Gross": amount(-120)}
    with ScriptedServer(page([{**OURS, **negative}]), told(Transaction=detail(**negative))) as server:
        (one,) = connector(server).find(sample(Kind.CREDIT_NOTE), key=KEY)
    assert (one.net, one.tax, one.gross) == (Decimal(100), Decimal(20), Decimal(120))
    assert server.asked[0].path.endswith("/null/null/CRD")


@pytest.mark.parametrize(
    "text,shown",
    [
        ("Venue hire [postroom 6f1c0d2e000040008000000000000001]", "Venue hire"),
        ("[postroom 6F1C0D2E000040008000000000000001] ", ""),
        ("Venue [postroom 6f1c] hire", "Venue [postroom 6f1c] hire"),
        ("Venue hire", "Venue hire"),
    ],
)
def test_our_key_is_taken_off_again_for_people(text: str, shown: str) -> None:
    assert raising.unmarked(text) == shown
