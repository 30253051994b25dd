"""What is sold, in Tryton: customers' money with what it settles, over the stand-in, and by exact values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client as Browser

from integrations.documents import Allocation, Document, IdempotencyKey, Kind, Posted
from integrations.errors import Misconfigured, Rejected
from integrations.sandbox import Server, Store, mount
from integrations.tryton import kinds, listing, money
from integrations.tryton.books import Books
from integrations.tryton.connector import Tryton
from integrations.tryton.domains import plain
from integrations.tryton.money import Paying
from integrations.tryton.sandbox import build
from tests.contract.sales import for_invoice
from tests.integrations.tryton.test_connector import TOKEN, link
from tests.samples import KEY, OTHER_KEY, sale, settling, with_line

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
PAYING = Paying(
    company=1,
    party=2,
    accounts={"1200": {"id": 142}},
    receivable=67,
    journal=3,
    period=9,
    own_currency="GBP",
    invoices={"5": {"account": 68}, "6": {"account": 67}},
)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("POSTROOM_TRYTON_KEY", TOKEN)
    store = Store("tryton", tmp_path)
    yield store
    store.close()


@pytest.fixture
def url(state: Store) -> Iterator[str]:
    with Server(mount({"tryton": build(state)})) as server:
        yield f"{server.url}/tryton"


@pytest.fixture
def system(url: str) -> Tryton:
    return Tryton(link(url))


def post(system: Tryton, document: Document, key: str = KEY.value) -> Posted:
    return system.post(document, key=IdempotencyKey(key), reference="P-000001")


def every(state: Store, model: str) -> list[dict[str, Any]]:
    with state.transaction() as database:
        return Books(database).every(model)


def left(state: Store, invoice: Posted) -> Decimal:
    (told,) = (one for one in every(state, kinds.INVOICES) if str(one["id"]) == invoice.external_id)
    return Decimal(plain(told["amount_to_pay"]))


def crediting(document: Document, credit: Posted, amount: str) -> Document:
    part = Allocation(
        kind=Kind.SALES_CREDIT_NOTE,
        external_id="c",
        amount=Decimal(amount),
        number="CN-1",
        posted_as=credit.external_id,
    )
    return replace(document, allocations=(part,))


# --- what settles what -----------------------------------------------------------------------------------------------


def test_a_payment_settles_in_parts_and_the_rest_stays_on_account(system: Tryton, state: Store) -> None:
    first = post(system, sale(), "a")
    second = post(system, sale(number="INV-2"), "b")
    parts = settling("60.25", first.external_id, second.external_id)
    paid = post(system, sale(Kind.PAYMENT, allocations=parts), "c")
    assert (left(state, first), left(state, second)) == (Decimal("110.25"), Decimal("110.25"))
    lines = [one for one in every(state, "account.move.line") if str(one["move"]) == paid.external_id]
    assert [(plain(one["credit"]), one["invoice_payment"]) for one in lines] == [
        (Decimal("60.25"), int(first.external_id)),
        (Decimal("60.25"), int(second.external_id)),
        (Decimal("50.00"), None),
        (Decimal(0), None),
    ]


def test_a_refund_pays_out_a_credit_note(system: Tryton, state: Store) -> None:
    credit = post(system, sale(Kind.SALES_CREDIT_NOTE), "a")
    post(system, crediting(sale(Kind.REFUND), credit, "100.00"), "b")
    assert left(state, credit) == Decimal("-70.50")
    with pytest.raises(Rejected) as caught:
        post(system, crediting(sale(Kind.REFUND), credit, "70.51"), "c")
    assert caught.value.field == "allocations[0]"
    assert "70.5 GBP is open in Tryton, but 70.51 is to be settled" in caught.value.message


def test_a_refund_of_an_invoice_stays_on_the_customers_account(system: Tryton, state: Store) -> None:
    """Tryton has no place for it: a payment of an invoice is on the other side."""
    invoice = post(system, sale(), "a")
    post(system, for_invoice(sale(Kind.PAYMENT), invoice, "170.50"), "b")
    post(system, for_invoice(sale(Kind.REFUND), invoice, "170.50"), "c")
    assert left(state, invoice) == 0
    refund = every(state, "account.move.line")[-2]
    assert (refund["description"], refund["invoice_payment"]) == ("INV-2024-0117", None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"posted_as": "999"}, "Sales invoice INV-2024-0117 is not in the books of Tryton"),
        ({"posted_as": "x"}, "Sales invoice INV-2024-0117 is not in the books of Tryton"),
        ({"posted_as": ""}, "Sales invoice INV-2024-0117 is not in Tryton yet."),
        ({"amount": Decimal("170.51")}, "allocated"),
    ],
)
def test_what_cannot_be_settled_is_refused_before_a_write(
    system: Tryton, state: Store, changes: dict[str, Any], words: str
) -> None:
    invoice = post(system, sale(), "a")
    payment = for_invoice(sale(Kind.PAYMENT), invoice, "170.50")
    parts = tuple(replace(one, **changes) for one in payment.allocations)
    with pytest.raises(Rejected, match=words):
        post(system, replace(payment, allocations=parts), "b")
    assert [one for one in every(state, kinds.MOVES) if one["journal"]] == []


def test_another_customers_invoice_is_refused_by_tryton(system: Tryton, state: Store) -> None:
    invoice = post(system, sale(), "a")
    other = replace(sale().party, code="OTHER", name="Other Ltd")
    with pytest.raises(Rejected):
        post(system, replace(for_invoice(sale(Kind.PAYMENT), invoice, "1.00"), party=other), "b")
    assert left(state, invoice) == Decimal("170.50")


def test_a_left_behind_draft_counts_once_against_its_invoice(system: Tryton, state: Store, url: str) -> None:
    """The draft holds the whole of the invoice; its own next attempt goes on with it."""
    invoice = post(system, sale(), "a")
    payment = for_invoice(sale(Kind.PAYMENT), invoice, "170.50")
    told = post(system, payment, "b")
    with state.transaction() as database:
        books = Books(database)
        move = books.one(kinds.MOVES, told.external_id)
        assert move
        books.change(kinds.MOVES, move, state="draft", number=None)
    assert system.find(payment, key=IdempotencyKey("b")) == ()
    assert post(system, payment, "b").external_id == told.external_id
    less = replace(with_line(payment, 0, net=Decimal("1.00"), gross=Decimal("1.00")), gross=Decimal("1.00"))
    assert left(state, invoice) == 0
    with pytest.raises(Rejected, match="allocated"):
        post(system, less, "c")


def test_a_day_without_an_open_period_is_refused(system: Tryton, state: Store) -> None:
    for day in (date(2024, 1, 15), date(2019, 1, 1)):
        with pytest.raises(Rejected) as caught:
            post(system, sale(Kind.PAYMENT, date=day))
        assert caught.value.field == "date"
        assert str(day.year) in caught.value.message


def test_a_payment_without_an_account_says_what_to_set(system: Tryton) -> None:
    with pytest.raises(Misconfigured) as caught:
        post(system, with_line(sale(Kind.PAYMENT), 0, account_code=None))
    assert caught.value.field == "defaults.account_code"


def test_a_question_about_dates_is_answered_with_yes(system: Tryton) -> None:
    """Due in the past, or dated in the future: approved is approved."""
    today = datetime.now(UTC).date()
    assert post(system, sale(due_date=date(2024, 4, 13)), "a").number
    told = post(system, sale(date=today + timedelta(days=3), due_date=today + timedelta(days=30)), "b")
    assert told.date == today + timedelta(days=3)


def test_a_new_customer_has_the_address_that_was_told(system: Tryton, state: Store) -> None:
    post(system, sale())
    (party,) = (one for one in every(state, "party.party") if one["code"] == "HARB01")
    (address,) = (one for one in every(state, "party.address") if one["party"] == party["id"])
    assert (address["street"], address["city"], address["postal_code"]) == ("Unit 4, Dock Road", "Hull", "HU1 1AA")


# --- another currency ------------------------------------------------------------------------------------------------


def in_dollars(kind: Kind = Kind.PAYMENT, **changes: Any) -> Document:
    amounts = {"base_net": Decimal("100.01"), "base_tax": Decimal(0)}
    return with_line(sale(kind, currency="USD", base_gross=Decimal("100.01"), **changes), 0, **amounts)


def test_a_foreign_payment_is_shared_out_to_the_penny() -> None:
    foreign = replace(PAYING, currency=2)
    document = in_dollars(allocations=settling("60.00", "5", "6"))
    body = money.values(document, foreign, key=KEY, reference="P-1")
    lines = body["lines"][0][1]
    assert [(one["account"], one["credit"]["decimal"], one["amount_second_currency"]["decimal"]) for one in lines] == [
        (68, "35.19", "-60.00"),
        (67, "35.19", "-60.00"),
        (67, "29.63", "-50.50"),
        (142, "0", "170.50"),
    ]
    assert lines[-1]["debit"]["decimal"] == "100.01"
    assert {one["second_currency"] for one in lines} == {2}


def test_a_foreign_payment_needs_amounts_in_the_companys_currency() -> None:
    without = with_line(in_dollars(), 0, base_net=None)
    for document, own in ((without, "GBP"), (in_dollars(), "EUR")):
        with pytest.raises(Rejected) as caught:
            money.values(document, replace(PAYING, currency=2, own_currency=own), key=KEY, reference="P-1")
        assert (caught.value.field, own in caught.value.message) == ("base_net", True)


def test_a_foreign_payment_settles_and_is_told(system: Tryton, state: Store) -> None:
    invoice = post(system, sale(currency="USD"), "a")
    paid = post(system, replace(for_invoice(in_dollars(), invoice, "170.50")), "b")
    assert (paid.gross, paid.currency) == (Decimal("170.50"), "USD")
    assert left(state, invoice) == 0
    (told,) = system.settled_since(LONG_AGO)
    assert (told.document.gross, told.document.currency) == (Decimal("170.50"), "USD")
    assert (told.document.base_gross, told.document.base_currency) == (Decimal("100.01"), "GBP")
    assert [one.amount for one in told.document.allocations] == [Decimal("170.50")]


# --- what is told ----------------------------------------------------------------------------------------------------


def test_a_refund_is_told_as_one(system: Tryton) -> None:
    credit = post(system, sale(Kind.SALES_CREDIT_NOTE), "a")
    post(system, crediting(sale(Kind.REFUND), credit, "100.00"), "b")
    (told,) = system.settled_since(LONG_AGO)
    document = told.document
    assert (told.key, document.kind, document.gross) == ("b", Kind.REFUND, Decimal("170.50"))
    assert [(one.account_code, one.net) for one in document.lines] == [("1200", Decimal("170.50"))]
    assert [(one.kind, one.amount) for one in document.allocations] == [(Kind.SALES_CREDIT_NOTE, Decimal("100.00"))]


def test_what_was_cancelled_is_not_told(system: Tryton, state: Store) -> None:
    """Neither the payment nor the entry that cancels it."""
    post(system, sale(Kind.PAYMENT), "a")
    kept = post(system, sale(Kind.PAYMENT), "b")
    with state.transaction() as database:
        books = Books(database)
        gone = next(one for one in books.every(kinds.MOVES) if "payment a]" in one["description"])
        copied = {
            name: gone[name] for name in ("company", "journal", "period", "date", "description", "state", "lines")
        }
        books.add(kinds.MOVES, {**copied, "number": "2024/99", "origin": f"account.move,{gone['id']}"})
    assert [one.document.external_id for one in system.settled_since(LONG_AGO)] == [kept.external_id]


def test_drafts_and_money_that_is_no_customers_are_not_told(system: Tryton, state: Store) -> None:
    post(system, sale(Kind.PAYMENT), "a")
    with state.transaction() as database:
        books = Books(database)
        (move,) = (one for one in books.every(kinds.MOVES) if one["journal"])
        books.change(kinds.MOVES, move, state="draft")
        bank = books.every("account.move.line")[-1]
        books.add(kinds.MOVES, {**{k: v for k, v in move.items() if k in ("company", "journal", "date")},
                                "state": "posted", "number": "2024/7", "lines": [bank["id"]]})  # fmt: skip
    assert list(system.settled_since(LONG_AGO)) == []


def test_settlements_go_through_all_pages(system: Tryton, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.tryton.client.PAGE_SIZE", 2)
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    posted = [post(system, sale(Kind.PAYMENT), key).external_id for key in "abcde"]
    assert [one.document.external_id for one in system.settled_since(LONG_AGO)] == posted


def test_the_entry_of_an_invoice_is_no_document_of_its_own(system: Tryton) -> None:
    """It has the description of its invoice, and so our mark."""
    invoice = post(system, sale(), KEY.value)
    payment = post(system, for_invoice(sale(Kind.PAYMENT), invoice, "170.50"), OTHER_KEY.value)
    told = [(one.kind, one.key, one.posted.external_id) for one in system.written_since(LONG_AGO)]
    assert told == [
        (Kind.SALES_INVOICE, KEY.value, invoice.external_id),
        (Kind.PAYMENT, OTHER_KEY.value, payment.external_id),
    ]


def test_people_see_the_money_in_the_stand_in(system: Tryton, state: Store) -> None:
    invoice = post(system, sale(), "a")
    post(system, for_invoice(sale(Kind.PAYMENT), invoice, "100.00"), "b")
    page = Browser(build(state)).get("/").text
    assert "Payment or refund" in page
    assert "70.50" in page
