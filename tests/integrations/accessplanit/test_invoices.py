from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.documents import Customer, Document, Kind, Line, Stage
from integrations.errors import Malformed, NotDue
from tests.integrations.accessplanit.records import EXPECTED, course, discount, invoice_body, item, read


def test_the_sample_becomes_one_line_net_of_its_discount() -> None:
    assert read(invoice_body()) == Document(
        kind=Kind.SALES_INVOICE,
        source="accessplanit",
        external_id="invoice-10482",
        identity="invoice-10482",
        number="INV-10482",
        party=Customer(
            code="BRIGHT7KQ2",
            name="Brightwater Care Ltd",
            email="ap@brightwater.example",
            address="4 Quay Road",
            town="Bristol",
            postcode="BS1 4RT",
            country="United Kingdom",
        ),
        currency="GBP",
        base_currency="GBP",
        net=Decimal("485.00"),
        tax=Decimal("97.00"),
        gross=Decimal("582.00"),
        lines=(
            Line(
                number=1,
                description="First Aid at Work, 12 May 2025 - J. Osei",
                net=Decimal("485.00"),
                tax=Decimal("97.00"),
                gross=Decimal("582.00"),
                item_code="UserCourseDate/88120",
                external_id="55201",
                tax_code="20",
            ),
        ),
        order_number="PO-7781",
        date=date(2025, 5, 12),
        due_date=date(2025, 6, 11),
        created_at=datetime(2025, 5, 12, 8, 14, 33, tzinfo=UTC),
    )


def test_without_merging_the_discount_stays_a_line() -> None:
    read_lines = read(invoice_body(), merge_negative_lines="no").lines
    assert [(line.number, line.net, line.tax, line.item_code) for line in read_lines] == [
        (1, Decimal("495.00"), Decimal("99.00"), "UserCourseDate/88120"),
        (2, Decimal("-10.00"), Decimal("-2.00"), "Discount/31"),
    ]


def test_net_amounts_by_setting() -> None:
    body = invoice_body(item("485.0", "97.0"), Amount=Decimal(485))
    assert (read(body, amount_mode="net").net, read(body, amount_mode="net").gross) == (485, 582)


@pytest.mark.parametrize(("currency", "gross"), [("GBP", "5.82"), ("JPY", "582"), ("KWD", "0.582")])
def test_pence_by_setting(currency: str, gross: str) -> None:
    body = invoice_body(item("582", "97"), Amount=582, CurrencyCode=currency)
    assert read(body, amount_unit="minor").gross == Decimal(gross)


def test_names_in_any_letter_case_and_numbers_as_text() -> None:
    body = invoice_body(item("582.00", "97.00"))
    body["record"] = {name.upper(): str(value) for name, value in body["record"].items()}
    body["items"] = [{name.lower(): str(value) for name, value in one.items()} for one in body["items"]]
    assert read(body).gross == 582


@pytest.mark.parametrize("nothing", [None, "", " ", False, {}, []])
def test_each_form_of_nothing_is_nothing(nothing: Any) -> None:
    body = invoice_body(item("582.0", nothing), PONumber=nothing, DateDue=nothing, InvoiceTown=nothing)
    found = read(body)
    assert (found.order_number, found.due_date, found.tax, found.lines[0].tax_code) == ("", None, 0, "0")


def test_floating_point_noise_is_no_amount() -> None:
    assert read(invoice_body(item(Decimal("286.20000000000005"), "47.7"), Amount=Decimal("286.2"))).gross == Decimal(
        "286.20"
    )


@pytest.mark.parametrize("status", ["Outstanding", "Completed", "Complete", "Part-Completed", "A new word"])
def test_statuses_that_are_booked(status: str) -> None:
    assert read(invoice_body(Status=status)).stage is Stage.APPROVED


def test_a_temporary_invoice_waits() -> None:
    with pytest.raises(NotDue, match="not committed") as caught:
        read(invoice_body(Status="TEMPORARY"))
    assert not caught.value.for_good


def test_which_statuses_wait_is_a_setting() -> None:
    with pytest.raises(NotDue) as caught:
        read(invoice_body(Status="Pro forma"), skip_statuses="Temporary, Proforma")
    assert not caught.value.for_good


@pytest.mark.parametrize("items", [None, [], [{"ID": "1", "DynamicLabel": "gone"}]])
def test_a_cancelled_invoice_is_deleted_whatever_became_of_its_items(items: Any) -> None:
    body = {**invoice_body(Status="Cancelled", Amount=0), "items": items}
    found = read(body)
    assert (found.stage, found.kind, found.identity) == (Stage.DELETED, Kind.SALES_INVOICE, "invoice-10482")


def test_before_the_start_nothing_is_due() -> None:
    with pytest.raises(NotDue, match="2025-05-13") as caught:
        read(invoice_body(), start_date="2025-05-13")
    assert caught.value.for_good
    assert read(invoice_body(), start_date="2025-05-12").gross == 582


def test_a_total_below_zero_is_a_credit_note_with_the_same_id() -> None:
    found = read(invoice_body(item("-594.0", "-99.0"), item("12.0", "2.0", ID="2"), Amount=Decimal("-582.0")))
    assert (found.kind, found.net, found.tax, found.gross) == (Kind.SALES_CREDIT_NOTE, 485, 97, 582)
    assert found.external_id == found.identity == "invoice-10482"
    assert [line.net for line in found.lines] == [485]


def test_a_total_of_nothing_is_nothing_to_book() -> None:
    with pytest.raises(NotDue, match="nothing to book") as caught:
        read(invoice_body(item("120", "20"), item("-120", "-20"), Amount=0))
    assert caught.value.for_good


def test_a_total_of_nothing_with_a_tax_is_refused() -> None:
    with pytest.raises(Malformed) as caught:
        read(invoice_body(item("120", "20"), item("-120", "0"), Amount=0))
    assert caught.value.field == "Amount"


def test_the_header_may_be_off_by_a_penny_a_line() -> None:
    assert read(invoice_body(Amount=Decimal("582.02"))).gross == 582
    with pytest.raises(Malformed) as caught:
        read(invoice_body(Amount=Decimal("582.03")))
    assert caught.value.message == "Amount is 582.03, but the items add up to 582."
    assert caught.value.field == "Amount"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ID": None}, "ID"),
        ({"ID": "two words"}, "ID"),
        ({"ID": "x" * 65}, "ID"),
        ({"DateCreated": ""}, "DateCreated"),
        ({"DateCreated": "12/05/2025"}, "DateCreated"),
        ({"DateCreated": "2025-13-40"}, "DateCreated"),
        ({"DateCreated": "0001-01-01T00:00:00"}, "DateCreated"),
        ({"Status": ""}, "Status"),
        ({"CurrencyCode": "pounds"}, "CurrencyCode"),
        ({"TargetID": "", "TargetLabel": ""}, "TargetLabel"),
        ({"TargetID": "x" * 51}, "TargetID"),
        ({"Amount": "a lot"}, "Amount"),
        ({"Amount": True}, "Amount"),
        ({"Amount": Decimal("1.23456")}, "Amount"),
        ({"Amount": 10**14}, "Amount"),
        ({"TaxRate": [20]}, "TaxRate"),
        ({"PONumber": "x" * 51}, "PONumber"),
        ({"Reference": {"no": "text"}}, "Reference"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(invoice_body(**changes))
    assert caught.value.field == field


def test_without_items_the_tax_is_not_known() -> None:
    with pytest.raises(Malformed) as caught:
        read({**invoice_body(), "items": []})
    assert caught.value.field == "items"


def test_a_tax_without_an_amount_is_refused() -> None:
    with pytest.raises(Malformed) as caught:
        read(invoice_body(course(), item(None, "1.0")))
    assert caught.value.field == "items[1].Amount"


def test_the_companys_currency_stands_in() -> None:
    expected = replace(EXPECTED, base_currency="EUR")
    assert read(invoice_body(CurrencyCode=""), expected=expected).currency == "EUR"


def test_another_kind_than_the_endpoint_takes_is_refused() -> None:
    with pytest.raises(Malformed, match="only a payment"):
        read(invoice_body(), expected=replace(EXPECTED, kind=Kind.PAYMENT))


def test_a_customer_code_by_setting() -> None:
    assert read(invoice_body(CF_Account="bw01"), customer_code_field="CF_Account").party.code == "BW01"
    assert read(invoice_body(), customer_code_field="CF_Account").party.code is None


def test_long_texts_are_cut_and_control_characters_go() -> None:
    body = invoice_body(course(), discount(), TargetLabel="Bright\u0000water\r\nCare " + "x" * 300)
    assert read(body).party.name == ("Bright water Care " + "x" * 300)[:200]


@pytest.mark.parametrize(
    ("gross", "tax", "stated", "rate"),
    [
        ("120", "20", "20.0", "20"),
        ("105", "5", "20.0", "5"),
        ("117.50", "17.50", "17.5", "17.5"),
        ("100", "0", "20", "0"),
        ("0.02", "0", "20", "20"),
        ("120.02", "20.02", "20", "20"),
        ("110", "10", "20", None),
        ("100", None, None, "0"),
    ],
)
def test_the_rate_of_a_line(gross: str, tax: str | None, stated: str | None, rate: str | None) -> None:
    body = invoice_body(item(gross, tax), Amount=Decimal(gross), TaxRate=stated)
    assert read(body).lines[0].tax_code == rate


@pytest.mark.parametrize(
    "body", [{}, {"feed": "invoice"}, {"feed": "course", "record": {}}, {"feed": [], "record": {}}]
)
def test_a_body_that_is_none_of_ours_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read(body)


def test_parts_of_a_penny_are_refused_where_amounts_are_in_pence() -> None:
    with pytest.raises(Malformed) as caught:
        read(invoice_body(item(Decimal("5.125"), "1"), Amount=5), amount_unit="minor")
    assert caught.value.field == "Amount"


def test_more_items_than_there_can_be_are_refused() -> None:
    with pytest.raises(Malformed, match="5,001 records"):
        read(invoice_body(*[course()] * 5001))
