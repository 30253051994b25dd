from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from integrations.accessplanit.marks import marked
from integrations.documents import Allocation, Customer, Kind, Line, Stage
from integrations.errors import Malformed, NotDue
from tests.integrations.accessplanit.records import invoice, payment_body, read
from tests.samples import KEY

OTHER = {"ID": "10483", "Reference": "INV-10483"}


def link(invoice_id: str, amount: Any = None) -> dict[str, Any]:
    given = Decimal(amount) if isinstance(amount, str) else amount
    return {"ID": f"L{invoice_id}", "TransactionID": "7741", "InvoiceID": invoice_id, "Amount": given}


def settles(invoice_id: str, amount: str, kind: Kind = Kind.SALES_INVOICE) -> Allocation:
    number = f"INV-{invoice_id}"
    return Allocation(kind=kind, external_id=f"invoice-{invoice_id}", amount=Decimal(amount), number=number)


def test_the_sample_is_a_payment_of_its_invoice() -> None:
    found = read(payment_body())
    assert (found.kind, found.identity, found.number) == (Kind.PAYMENT, "transaction-7741", "7741")
    assert (found.net, found.tax, found.gross, found.currency) == (582, 0, 582, "GBP")
    assert found.lines == (
        Line(
            number=1,
            description="BACS 20/05",
            net=Decimal("582.00"),
            tax=Decimal(0),
            gross=Decimal("582.00"),
            item_code="BACS",
            external_id="7741",
        ),
    )
    assert found.allocations == (settles("10482", "582.00"),)
    assert isinstance(found.party, Customer)
    assert (found.party.code, found.party.town) == ("BRIGHT7KQ2", "Bristol")
    assert (found.date, found.created_at) == (date(2025, 5, 20), datetime(2025, 5, 20, 10, 2, tzinfo=UTC))


def test_several_invoices_each_with_its_share() -> None:
    heads = [invoice(), invoice(**OTHER)]
    body = payment_body(link("10482", "500.00"), link("10483", "60.00"), link("10483", "22.00"), heads=heads)
    assert read(body).allocations == (settles("10482", "500.00"), settles("10483", "82.00"))


def test_an_allocation_alone_needs_no_amount() -> None:
    assert read(payment_body(link("10482"), InvoiceID="")).allocations == (settles("10482", "582.00"),)


def test_a_negative_amount_is_a_refund() -> None:
    found = read(payment_body(link("10482", "-582.0"), Amount=Decimal("-582.0")))
    assert (found.kind, found.gross, found.lines[0].net) == (Kind.REFUND, 582, 582)
    assert found.allocations == (settles("10482", "582.00"),)


@pytest.mark.parametrize(
    ("word", "kind"), [("Refund", Kind.REFUND), ("Re-Fund", Kind.REFUND), ("Payment", Kind.PAYMENT)]
)
def test_a_refund_by_its_type(word: str, kind: Kind) -> None:
    assert read(payment_body(Kind=word), refund_rule="type", fields="transaction.type = Kind").kind is kind


def test_what_is_below_zero_is_settled_as_a_credit_note() -> None:
    body = payment_body(heads=[invoice(Amount=Decimal("-582.0"))], Amount=Decimal("-582.0"))
    assert read(body).allocations == (settles("10482", "582.00", Kind.SALES_CREDIT_NOTE),)


@pytest.mark.parametrize("method", ["Credit Note", "CreditNote", "credit note"])
def test_a_credit_note_as_a_method_moves_no_money(method: str) -> None:
    with pytest.raises(NotDue, match="no money") as caught:
        read(payment_body(TransactionMethod=method))
    assert caught.value.for_good


def test_what_we_entered_ourselves_is_not_booked_again() -> None:
    with pytest.raises(NotDue, match="by Postroom") as caught:
        read(payment_body(Reference=marked("P-000001", KEY)))
    assert caught.value.for_good


def test_nothing_is_nothing_to_book() -> None:
    with pytest.raises(NotDue) as caught:
        read(payment_body(Amount=0))
    assert caught.value.for_good


def test_before_the_start_nothing_is_due() -> None:
    with pytest.raises(NotDue) as caught:
        read(payment_body(), start_date="2025-06-01")
    assert caught.value.for_good


def test_without_an_invoice_the_record_names_the_customer() -> None:
    found = read(payment_body(heads=[], InvoiceID="", TargetID="bw1", TargetLabel="Brightwater"))
    assert (found.party.code, found.allocations, found.stage) == ("BW1", (), Stage.APPROVED)


def test_an_invoice_that_nobody_sees_is_settled_all_the_same() -> None:
    found = read(payment_body(heads=[], TargetLabel="Brightwater"))
    expected = Allocation(kind=Kind.SALES_INVOICE, external_id="invoice-10482", amount=Decimal("582.00"))
    assert found.allocations == (expected,)


def test_names_by_setting() -> None:
    body = payment_body(Amount=None, PaidAmount=5, Paid="2025-05-21")
    fields = "transaction.amount = PaidAmount\ntransaction.date=paid"
    assert (read(body, fields=fields).gross, read(body, fields=fields).date) == (5, date(2025, 5, 21))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (payment_body(Amount=""), "Amount"),
        (payment_body(link("10482", "582.01")), "allocations"),
        (payment_body(link("10482", "-1")), "Amount"),
        (payment_body(link("10482"), link("10483", "1")), "Amount"),
        (payment_body(heads=[invoice(), invoice(ID="2", TargetID="other")]), "TargetID"),
        (payment_body(heads=[invoice(), invoice(ID="2", CurrencyCode="EUR")]), "CurrencyCode"),
        (payment_body(CurrencyCode="EUR"), "CurrencyCode"),
        (payment_body(heads=[]), "TargetLabel"),
        (payment_body(InvoiceID="two words"), "InvoiceID"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(body: dict[str, Any], field: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(body)
    assert caught.value.field == field


def test_the_day_of_business_may_be_another_than_that_of_making() -> None:
    found = read(payment_body(PaidOn="2025-03-31"), fields="transaction.date = PaidOn", start_date="2025-05-01")
    assert (found.date, found.created_at) == (date(2025, 3, 31), datetime(2025, 5, 20, 10, 2, tzinfo=UTC))
    with pytest.raises(NotDue) as caught:
        read(payment_body(PaidOn="2025-06-30"), fields="transaction.date = PaidOn", start_date="2025-06-01")
    assert caught.value.for_good
