"""What the books add up to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from integrations.documents import Kind, Supplier
from ledger.models import Books
from ledger.services import (
    SupplierBalance,
    TrialRow,
    keep_memo,
    open_books,
    post_document,
    supplier_balances,
    trial_balance,
)
from tests.factories import a_document, a_line
from tests.ledger.booked import key

pytestmark = pytest.mark.engine

CROWN = Supplier(code="CROWN01", name="Crown Conference Centre")
METRO = Supplier(code="METRO01", name="Metro Telecom")
DEAR = a_line(net=Decimal(1000), tax=Decimal(200), gross=Decimal(1200), account_code="7502")


@pytest.fixture
def busy_books(books: Books) -> Books:
    """Two suppliers over two months, a memo, and a neighbour whose figures must not show."""
    documents = [
        a_document(party=CROWN, date=date(2026, 3, 31)),
        a_document(party=CROWN, date=date(2026, 4, 1), lines=(a_line(1), a_line(2))),
        a_document(party=CROWN, date=date(2026, 4, 2), kind=Kind.CREDIT_NOTE),
        a_document(party=METRO, date=date(2026, 4, 3), kind=Kind.CREDIT_NOTE, lines=(DEAR,)),
    ]
    for number, document in enumerate(documents):
        post_document(books, document, key(f"k{number}"), f"P-{number:06d}")
    keep_memo(books, a_document(kind=Kind.PURCHASE_ORDER), key("memo"), "P-000009")
    post_document(open_books("Harbour Street Catering Ltd", "GBP"), documents[1], key("theirs"), "P-000001")
    return books


def test_every_account_stands_on_its_side(busy_books: Books) -> None:
    balance = trial_balance(busy_books)
    assert balance.rows == (
        TrialRow("2100", "Creditors control", "liability", Decimal(960), Decimal(0)),
        TrialRow("2201", "VAT on purchases", "liability", Decimal(0), Decimal(160)),
        TrialRow("5010", "Course venue hire", "expense", Decimal(200), Decimal(0)),
        TrialRow("7502", "Telephone and internet", "expense", Decimal(0), Decimal(1000)),
    )
    assert (balance.debit, balance.credit) == (Decimal(1160), Decimal(1160))


@pytest.mark.parametrize(
    ("as_at", "total"),
    [(date(2026, 3, 30), 0), (date(2026, 3, 31), 120), (date(2026, 4, 1), 360), (date(2026, 4, 2), 240), (None, 1160)],
)
def test_a_trial_balance_goes_up_to_its_day(busy_books: Books, as_at: date | None, total: int) -> None:
    balance = trial_balance(busy_books, as_at)
    assert (balance.debit, balance.credit) == (total, total)


def test_suppliers_are_owed_their_invoices_less_their_credit_notes(busy_books: Books) -> None:
    assert supplier_balances(busy_books) == (
        SupplierBalance("CROWN01", "Crown Conference Centre", Decimal(240)),
        SupplierBalance("METRO01", "Metro Telecom", Decimal(-1200)),
    )
    assert supplier_balances(busy_books, date(2026, 4, 1)) == (
        SupplierBalance("CROWN01", "Crown Conference Centre", Decimal(360)),
    )


def test_each_balance_is_one_query(busy_books: Books, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for balance in (trial_balance, supplier_balances):
        with django_assert_num_queries(1):
            balance(busy_books)


def test_empty_books_are_empty(books: Books) -> None:
    assert (trial_balance(books).rows, trial_balance(books).debit, supplier_balances(books)) == ((), 0, ())
