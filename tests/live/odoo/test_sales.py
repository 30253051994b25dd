"""What is sold, in Odoo itself: what a payment settles, to the penny, in two currencies, and what broke off."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from integrations.documents import Allocation, Document, IdempotencyKey, Kind, Posted
from integrations.errors import Rejected
from integrations.odoo import paying
from integrations.odoo.connector import Odoo as Connector
from tests.contract.sales import for_invoice
from tests.live.odoo.seen import RealBooks
from tests.samples import sale, settling, with_line

pytestmark = pytest.mark.odoo_live


def post(system: Connector, document: Document, key: str) -> Posted:
    return system.post(document, key=IdempotencyKey(key), reference="P-000001")


def left(books: RealBooks, invoice: Posted) -> tuple[str, Decimal]:
    """(how Odoo calls its state, what is open)."""
    domain = [["id", "=", int(invoice.external_id)]]
    (told,) = books.call("account.move/search_read", domain=domain, fields=["payment_state", "amount_residual"])
    return told["payment_state"], Decimal(str(told["amount_residual"]))


def crediting(document: Document, credit: Posted, amount: str) -> Document:
    part = Allocation(
        kind=Kind.SALES_CREDIT_NOTE, external_id="c", amount=Decimal(amount), posted_as=credit.external_id
    )
    return replace(document, allocations=(part,))


def in_dollars(base: str, **changes: Any) -> Document:
    return with_line(sale(Kind.PAYMENT, currency="USD", **changes), 0, base_net=Decimal(base), base_tax=Decimal(0))


def test_one_payment_settles_parts_of_two_invoices(system: Connector, books: RealBooks) -> None:
    first, second = post(system, sale(), "a"), post(system, sale(number="INV-2"), "b")
    post(system, sale(Kind.PAYMENT, allocations=settling("60.25", first.external_id, second.external_id)), "c")
    assert left(books, first) == left(books, second) == ("partial", Decimal("110.25"))
    assert books.due_from("HARB01") == Decimal("170.50")


def test_the_last_of_it_makes_an_invoice_paid(system: Connector, books: RealBooks) -> None:
    invoice = post(system, sale(), "a")
    post(system, for_invoice(sale(Kind.PAYMENT), invoice, "100.00"), "b")
    post(system, for_invoice(sale(Kind.PAYMENT), invoice, "70.50"), "c")
    assert left(books, invoice) == ("paid", 0)


def test_a_credit_note_is_paid_out_and_no_more_than_that(system: Connector, books: RealBooks) -> None:
    credit = post(system, sale(Kind.SALES_CREDIT_NOTE), "a")
    post(system, crediting(sale(Kind.REFUND), credit, "100.00"), "b")
    assert left(books, credit) == ("partial", Decimal("70.50"))
    with pytest.raises(Rejected, match="is open in Odoo"):
        post(system, crediting(sale(Kind.REFUND), credit, "70.51"), "c")
    assert books.count() == 2


def test_a_foreign_payment_at_another_rate_settles_its_invoice(system: Connector, books: RealBooks) -> None:
    """Odoo books the exchange difference by itself."""
    base: dict[str, Any] = {
        "base_net": Decimal("125.31"),
        "base_tax": Decimal("16.66"),
        "base_gross": Decimal("141.97"),
    }
    invoice = post(system, sale(currency="USD", base_gross=Decimal("141.97"), **base), "a")
    paid = post(system, for_invoice(in_dollars("140.00"), invoice, "170.50"), "b")
    assert (paid.gross, paid.currency) == (Decimal("170.50"), "USD")
    assert left(books, invoice) == ("paid", 0)
    assert books.due_from("HARB01") == 0


def test_a_payment_that_has_not_settled_yet_is_finished(
    system: Connector, books: RealBooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = post(system, sale(), "a")
    payment = for_invoice(sale(Kind.PAYMENT), invoice, "100.00")
    with monkeypatch.context() as broken:
        broken.setattr(paying, "settle", lambda *_: None)
        first = post(system, payment, "b")
    assert left(books, invoice) == ("not_paid", Decimal("170.50"))
    assert system.find(payment, key=IdempotencyKey("b")) == ()
    assert post(system, payment, "b") == first
    assert left(books, invoice) == ("partial", Decimal("70.50"))
    assert books.count() == 2


def test_a_new_customer_has_what_was_told(system: Connector, books: RealBooks) -> None:
    post(system, sale(), "a")
    fields = ["name", "email", "street", "city", "zip", "customer_rank", "supplier_rank"]
    (told,) = books.call("res.partner/search_read", domain=[["ref", "=", "HARB01"]], fields=fields)
    assert (told["name"], told["email"]) == ("Harbour Logistics Ltd", "accounts@harbour.example")
    assert (told["street"], told["city"], told["zip"]) == ("Unit 4, Dock Road", "Hull", "HU1 1AA")
    assert (told["customer_rank"] > 0, told["supplier_rank"]) == (True, 0)


def test_a_user_without_more_rights_than_bills_need_sells(books: RealBooks) -> None:
    groups = ("account.group_account_invoice", "base.group_erp_manager", "base.group_partner_manager")
    system = books.system(key=books.odoo.key_of_user(books.database, *groups))
    invoice = post(system, sale(), "a")
    post(system, for_invoice(sale(Kind.PAYMENT), invoice, "170.50"), "b")
    assert left(books, invoice) == ("paid", 0)
