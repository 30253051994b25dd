"""What is sold, in Odoo: customers' money with what it settles, over the stand-in, and by exact values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.documents import Allocation, Document, IdempotencyKey, Kind, Posted
from integrations.errors import Misconfigured, OutcomeUnknown, Rejected
from integrations.odoo import money, paying
from integrations.odoo.connector import Odoo
from integrations.odoo.money import Owed, Paying
from integrations.odoo.records import all_of, update
from integrations.odoo.sandbox import build
from integrations.sandbox import Server, Store, mount
from tests.contract.sales import for_invoice
from tests.integrations.odoo.test_connector import TOKEN, link
from tests.samples import KEY, sale, settling, with_line

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
OWED = Owed(account=75, partner=6, currency="USD", lines=(9,), left=Decimal("170.50"))
PAYING = Paying(
    partner=6,
    receivable=74,
    journal=13,
    currency=1,
    own_currency="GBP",
    accounts={"1200": 183},
    invoices={"5": OWED, "7": replace(OWED, account=74)},
)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_ODOO_KEY", TOKEN)
    store = Store("odoo", tmp_path)
    yield store
    store.close()


@pytest.fixture
def url(state: Store) -> Iterator[str]:
    with Server(mount({"odoo": build(state)})) as server:
        yield f"{server.url}/odoo"


@pytest.fixture
def system(url: str) -> Odoo:
    return Odoo(link(url))


def post(system: Odoo, document: Document, key: str = KEY.value) -> Posted:
    return system.post(document, key=IdempotencyKey(key), reference="P-000001")


def every(state: Store, model: str) -> list[dict[str, Any]]:
    with state.transaction() as database:
        return all_of(database, model)


def left(state: Store, invoice: Posted) -> Decimal:
    lines = (one for one in every(state, "account.move.line") if str(one["move_id"]) == invoice.external_id)
    owed = (one for one in lines if one["account_type"] == "asset_receivable")
    return sum((one["amount_residual_currency"] for one in owed), Decimal(0))


def crediting(document: Document, credit: Posted, amount: str) -> Document:
    part = Allocation(
        kind=Kind.SALES_CREDIT_NOTE, external_id="c", amount=Decimal(amount), posted_as=credit.external_id
    )
    return replace(document, allocations=(part,))


def in_dollars(**changes: Any) -> Document:
    return with_line(sale(Kind.PAYMENT, currency="USD", **changes), 0, base_net=Decimal("100.01"), base_tax=Decimal(0))


# --- what settles what -----------------------------------------------------------------------------------------------


def test_a_payment_settles_parts_of_two_invoices_and_the_rest_stays_on_account(system: Odoo, state: Store) -> None:
    first, second = post(system, sale(), "a"), post(system, sale(number="INV-2"), "b")
    paid = post(system, sale(Kind.PAYMENT, allocations=settling("60.25", first.external_id, second.external_id)), "c")
    assert [left(state, one) for one in (first, second, paid)] == [
        Decimal("110.25"), Decimal("110.25"), Decimal("-50.00"),
    ]  # fmt: skip


def test_a_refund_pays_out_a_credit_note(system: Odoo, state: Store) -> None:
    credit = post(system, sale(Kind.SALES_CREDIT_NOTE), "a")
    post(system, crediting(sale(Kind.REFUND), credit, "100.00"), "b")
    assert left(state, credit) == Decimal("-70.50")
    with pytest.raises(Rejected, match="GBP is open in Odoo, but"):
        post(system, crediting(sale(Kind.REFUND), credit, "70.51"), "c")


def test_a_refund_of_an_invoice_stays_on_the_customers_account(system: Odoo, state: Store) -> None:
    invoice = post(system, sale(), "a")
    post(system, for_invoice(sale(Kind.PAYMENT), invoice, "170.50"), "b")
    refund = post(system, for_invoice(sale(Kind.REFUND), invoice, "170.50"), "c")
    assert (left(state, invoice), left(state, refund)) == (0, Decimal("170.50"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"posted_as": "999"}, "Sales invoice INV-2024-0117 is not in the books of Odoo"),
        ({"posted_as": "x"}, "Sales invoice INV-2024-0117 is not in the books of Odoo"),
        ({"posted_as": ""}, "Sales invoice INV-2024-0117 is not in Odoo yet."),
        ({"amount": Decimal("170.51")}, "170.51 GBP are allocated, but the document is 170.50 only"),
    ],
)
def test_what_cannot_be_settled_is_refused_before_a_write(
    system: Odoo, state: Store, changes: dict[str, Any], words: str
) -> None:
    invoice = post(system, sale(), "a")
    payment = for_invoice(sale(Kind.PAYMENT), invoice, "170.50")
    parts = tuple(replace(one, **changes) for one in payment.allocations)
    with pytest.raises(Rejected, match=words):
        post(system, replace(payment, allocations=parts), "b")
    assert len(every(state, "account.move")) == 1


@pytest.mark.parametrize(
    ("owed", "words"),
    [
        ({"partner": 99}, "another customer's"),
        ({"currency": "EUR"}, "in EUR in Odoo"),
        ({"left": Decimal("59.99")}, "59.99 USD is open in Odoo, but 60.00"),
    ],
)
def test_an_invoice_has_to_be_the_customers_own_and_open(owed: dict[str, Any], words: str) -> None:
    document = in_dollars(allocations=settling("60.00", "5"))
    invoices = {"5": replace(OWED, **owed)}
    with pytest.raises(Rejected, match=words) as caught:
        money.check_open(document, replace(PAYING, invoices=invoices))
    assert caught.value.field == "allocations[0]"
    money.check_open(document, PAYING)


# --- an attempt that broke off ---------------------------------------------------------------------------------------


def test_a_payment_that_has_not_settled_yet_is_finished(
    system: Odoo, state: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in the books and counts as absent until it has; the next attempt makes no second one."""
    invoice = post(system, sale(), "a")
    payment = for_invoice(sale(Kind.PAYMENT), invoice, "100.00")
    with monkeypatch.context() as broken:
        broken.setattr(paying, "settle", lambda *_: None)
        first = post(system, payment, "b")
    assert left(state, invoice) == Decimal("170.50")
    assert system.find(payment, key=IdempotencyKey("b")) == ()
    assert post(system, payment, "b") == first
    assert left(state, invoice) == Decimal("70.50")
    assert system.find(payment, key=IdempotencyKey("b")) == (first,)


def test_a_payment_of_what_somebody_else_settled_is_in_the_books(
    system: Odoo, state: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = post(system, sale(), "a")
    payment = for_invoice(sale(Kind.PAYMENT), invoice, "170.50")
    with monkeypatch.context() as broken:
        broken.setattr(paying, "settle", lambda *_: None)
        late = post(system, payment, "b")
    post(system, payment, "c")
    assert system.find(payment, key=IdempotencyKey("b")) == (late,)
    assert left(state, late) == Decimal("-170.50")


def test_a_refusal_to_settle_is_no_refusal_of_the_money(
    system: Odoo, state: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoice = post(system, sale(), "a")
    with state.transaction() as database:
        (line,) = (one for one in all_of(database, "account.move.line") if one["account_type"] == "asset_receivable")
        update(database, "account.move.line", {**line, "account_id": 1})
    monkeypatch.setattr("integrations.odoo.money._owed_lines", _on_debtors)
    with pytest.raises(OutcomeUnknown, match="did not settle"):
        post(system, for_invoice(sale(Kind.PAYMENT), invoice, "100.00"), "b")


def _on_debtors(document: Document, paying_: Paying) -> Iterator[dict[str, str]]:
    yield money._line(document, paying_, paying_.receivable, "x", -document.gross, -document.gross)


def test_a_draft_that_was_left_behind_is_finished(system: Odoo, state: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    invoice = post(system, sale(), "a")
    payment = for_invoice(sale(Kind.PAYMENT), invoice, "100.00")
    with monkeypatch.context() as broken, pytest.raises(ConnectionError):
        broken.setattr(Odoo, "_booked", _breaks)
        post(system, payment, "b")
    assert system.find(payment, key=IdempotencyKey("b")) == ()
    post(system, payment, "b")
    assert left(state, invoice) == Decimal("70.50")
    assert [one["state"] for one in every(state, "account.move")] == ["posted", "posted"]


def _breaks(*_: object) -> None:
    raise ConnectionError


# --- where it is booked ----------------------------------------------------------------------------------------------


def test_the_journal_is_that_of_the_account_else_the_general_one(system: Odoo, state: Store) -> None:
    assert post(system, sale(Kind.PAYMENT), "a").number == "BNK1/2024/00001"
    assert post(system, with_line(sale(Kind.PAYMENT), 0, account_code="4000"), "b").number == "MISC/2024/00001"


def test_a_payment_without_an_account_says_what_to_set(system: Odoo) -> None:
    with pytest.raises(Misconfigured) as caught:
        post(system, with_line(sale(Kind.PAYMENT), 0, account_code=None))
    assert caught.value.field == "defaults.account_code"


def test_a_new_customer_has_what_was_told(system: Odoo, state: Store) -> None:
    post(system, sale())
    (partner,) = (one for one in every(state, "res.partner") if one["ref"] == "HARB01")
    assert (partner["email"], partner["street"]) == ("accounts@harbour.example", "Unit 4, Dock Road")
    assert (partner["city"], partner["zip"], partner["supplier_rank"]) == ("Hull", "HU1 1AA", 0)
    assert partner["customer_rank"] > 0


def test_a_sale_takes_the_taxes_for_sales(system: Odoo, state: Store) -> None:
    post(system, sale())
    (move,) = every(state, "account.move")
    used = {one for line in move["lines"] for one in line["tax_ids"]}
    assert {one["type_tax_use"] for one in every(state, "account.tax") if one["id"] in used} == {"sale"}


def test_books_of_an_earlier_version_get_what_sales_need(system: Odoo, state: Store) -> None:
    with state.transaction() as database:
        database.execute("DELETE FROM record WHERE model = 'account.journal' OR body LIKE '%\"sale\"%'")
        database.execute("DELETE FROM record WHERE model = 'account.account' AND body LIKE '%asset_%'")
    build(state)
    assert post(system, sale(Kind.PAYMENT)).number == "BNK1/2024/00001"


# --- another currency ------------------------------------------------------------------------------------------------


def test_a_foreign_payment_is_shared_out_to_the_penny() -> None:
    document = in_dollars(allocations=settling("60.00", "5", "7"))
    fields, rows = money.table(document, PAYING, key=KEY, reference="P-1")
    wanted = ("line_ids/account_id/.id", "line_ids/amount_currency", "line_ids/debit", "line_ids/credit")
    assert [tuple(dict(zip(fields, row, strict=True))[name] for name in wanted) for row in rows] == [
        ("75", "-60.00", "0", "35.19"),
        ("74", "-60.00", "0", "35.19"),
        ("74", "-50.50", "0", "29.63"),
        ("183", "170.50", "100.01", "0"),
    ]


def test_a_foreign_payment_needs_amounts_in_the_companys_currency() -> None:
    without = with_line(in_dollars(), 0, base_net=None)
    for document, own in ((without, "GBP"), (in_dollars(), "EUR")):
        with pytest.raises(Rejected) as caught:
            money.table(document, replace(PAYING, own_currency=own), key=KEY, reference="P-1")
        assert (caught.value.field, own in caught.value.message) == ("base_net", True)


def test_payments_are_listed_with_their_amounts(system: Odoo) -> None:
    """An entry does not tell whether it is a payment or a refund."""
    paid = post(system, sale(Kind.PAYMENT))
    (told,) = system.written_since(LONG_AGO)
    assert (told.kind, told.key, told.reference, told.posted) == (None, KEY.value, "P-000001", paid)
