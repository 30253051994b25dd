"""What is sold, in Tryton itself: what a payment settles, to the penny, in two currencies, and what is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.documents import Allocation, Document, IdempotencyKey, Kind, Posted
from integrations.errors import Rejected
from integrations.tryton import kinds
from integrations.tryton.connector import Tryton
from tests.contract.sales import for_invoice
from tests.live.tryton.furnishing import BANK
from tests.live.tryton.ledger import Ledger
from tests.samples import sale, settling, with_line

pytestmark = pytest.mark.tryton_live

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def post(system: Tryton, document: Document, key: str) -> Posted:
    return system.post(document, key=IdempotencyKey(key), reference="P-000001")


def left(books: Ledger, invoice: Posted) -> Decimal:
    (told,) = books.rpc.read(kinds.INVOICES, [["id", "=", int(invoice.external_id)]], "amount_to_pay")
    return Decimal(told["amount_to_pay"])


def crediting(document: Document, credit: Posted, amount: str) -> Document:
    part = Allocation(
        kind=Kind.SALES_CREDIT_NOTE, external_id="c", amount=Decimal(amount), posted_as=credit.external_id
    )
    return replace(document, allocations=(part,))


def in_dollars(**changes: Any) -> Document:
    return with_line(sale(Kind.PAYMENT, currency="USD", **changes), 0, base_net=Decimal("141.97"), base_tax=Decimal(0))


def test_the_ledger_has_each_amount_on_its_account(system: Tryton, books: Ledger) -> None:
    invoice = post(system, sale(), "a")
    post(system, for_invoice(sale(Kind.PAYMENT), invoice, "170.50"), "b")
    lines = sorted((one["account."]["code"], one["debit"] - one["credit"]) for one in books.entries())
    assert lines == [
        ("1.2.1", Decimal("-170.50")),
        ("1.2.1", Decimal("170.50")),
        (BANK, Decimal("170.50")),
        ("2.2.3", Decimal("-20.00")),
        ("4000", Decimal("-100.00")),
        ("4020", Decimal("-50.50")),
    ]


def test_one_payment_settles_parts_of_two_invoices(system: Tryton, books: Ledger) -> None:
    first, second = post(system, sale(), "a"), post(system, sale(number="INV-2"), "b")
    post(system, sale(Kind.PAYMENT, allocations=settling("60.25", first.external_id, second.external_id)), "c")
    assert (left(books, first), left(books, second)) == (Decimal("110.25"), Decimal("110.25"))
    assert books.due_from("HARB01") == Decimal("170.50")


def test_a_credit_note_is_paid_out_and_no_more_than_that(system: Tryton, books: Ledger) -> None:
    credit = post(system, sale(Kind.SALES_CREDIT_NOTE), "a")
    post(system, crediting(sale(Kind.REFUND), credit, "100.00"), "b")
    assert left(books, credit) == Decimal("-70.50")
    with pytest.raises(Rejected, match="is open in Tryton"):
        post(system, crediting(sale(Kind.REFUND), credit, "70.51"), "c")
    assert books.count() == 2


def test_tryton_itself_refuses_more_than_is_open(
    system: Tryton, books: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two attempts that both saw it open: the second one's entry is refused whole, and nothing of it stays."""
    invoice = post(system, sale(), "a")
    payment = for_invoice(sale(Kind.PAYMENT), invoice, "170.50")
    post(system, payment, "b")
    monkeypatch.setattr("integrations.tryton.paying._check", lambda *_: None)
    with pytest.raises(Rejected, match="can not be greater than the invoice amount"):
        post(system, payment, "c")
    assert books.count() == 2
    assert books.due_from("HARB01") == 0


def test_a_draft_that_was_left_behind_is_finished(system: Tryton, books: Ledger) -> None:
    invoice = post(system, sale(), "a")
    payment = for_invoice(sale(Kind.PAYMENT), invoice, "100.00")
    draft = books.draft(payment, "b")
    assert left(books, invoice) == Decimal("70.50")
    assert system.find(payment, key=IdempotencyKey("b")) == ()
    assert post(system, payment, "b").external_id == str(draft)
    assert left(books, invoice) == Decimal("70.50")


def test_a_draft_that_says_something_else_frees_its_invoice(system: Tryton, books: Ledger) -> None:
    invoice = post(system, sale(), "a")
    payment = for_invoice(sale(Kind.PAYMENT), invoice, "170.50")
    draft = books.draft(replace(payment, date=date(2024, 3, 15)), "b")
    told = post(system, payment, "b")
    assert told.external_id != str(draft)
    assert (left(books, invoice), books.count()) == (0, 2)


def test_a_foreign_payment_settles_a_foreign_invoice(system: Tryton, books: Ledger) -> None:
    invoice = post(system, sale(currency="USD"), "a")
    paid = post(system, for_invoice(in_dollars(), invoice, "170.50"), "b")
    assert (paid.gross, paid.currency, paid.date) == (Decimal("170.50"), "USD", date(2024, 3, 14))
    assert left(books, invoice) == 0
    assert books.due_from("HARB01") == 0
    (told,) = system.settled_since(LONG_AGO)
    assert (told.document.gross, told.document.currency) == (Decimal("170.50"), "USD")
    assert (told.document.base_gross, told.document.base_currency) == (Decimal("141.97"), "GBP")


def test_a_cancelled_payment_is_not_told(system: Tryton, books: Ledger) -> None:
    """With the wizard that people have at the screen; nor is the entry that it makes."""
    paid = post(system, sale(Kind.PAYMENT), "a")
    move = int(paid.external_id)
    rpc = books.rpc
    context = dict(rpc.context)
    rpc.context |= {"active_model": kinds.MOVES, "active_id": move, "active_ids": [move]}
    session = rpc.call("wizard.account.move.cancel.create")[0]
    rpc.call("wizard.account.move.cancel.execute", session, {"default": {"reversal": True}}, "cancel")
    rpc.context = context
    for one in rpc.ids(kinds.MOVES, [["state", "=", "draft"]]):
        rpc.call(f"model.{kinds.MOVES}.post", [one])
    assert len(rpc.ids(kinds.MOVES, [])) == 2
    assert list(system.settled_since(LONG_AGO)) == []


def test_an_invoice_dated_in_the_future_is_booked_on_its_day(system: Tryton) -> None:
    day = datetime.now(UTC).date() + timedelta(days=3)
    assert post(system, sale(date=day, due_date=day + timedelta(days=30)), "a").date == day


def test_a_new_customer_has_the_address_that_was_told(system: Tryton, books: Ledger) -> None:
    post(system, sale(), "a")
    (address,) = books.rpc.read(
        "party.address", [["party.code", "=", "HARB01"]], "street", "city", "postal_code", "party.name"
    )
    assert (address["street"], address["city"], address["postal_code"]) == ("Unit 4, Dock Road", "Hull", "HU1 1AA")
    assert address["party."]["name"] == "Harbour Logistics Ltd"


def test_a_day_in_a_closed_period_is_refused(system: Tryton, books: Ledger) -> None:
    for kind in (Kind.SALES_INVOICE, Kind.PAYMENT):
        with pytest.raises(Rejected) as caught:
            post(system, sale(kind, date=date(2024, 1, 15)), f"key-{kind}")
        assert caught.value.field == "date"
    assert books.count() == 0
