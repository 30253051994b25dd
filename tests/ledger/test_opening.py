"""New books: the chart and the tax codes that everything else relies on."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from ledger.chart import ACCOUNTS
from ledger.models import Account, Books, Counter, TaxCode
from ledger.services import open_books

pytestmark = pytest.mark.django_db


def test_books_open_with_a_chart_taxes_and_both_series(books: Books) -> None:
    assert (books.name, books.base_currency, books.closed_through) == ("Northgate Training Ltd", "GBP", None)
    assert list(Counter.objects.order_by("series").values_list("series", "last")) == [("JNL", 0), ("MEM", 0)]
    assert Account.objects.filter(books=books, active=True).count() == len(ACCOUNTS)
    assert 40 <= len(ACCOUNTS) <= 70


def test_the_taxes_are_the_uk_ones(books: Books) -> None:
    taxes = TaxCode.objects.filter(books=books).order_by("code").values_list("code", "rate", "active")
    assert list(taxes) == [
        ("T0", Decimal(0), True),
        ("T1", Decimal(20), True),
        ("T2", Decimal(0), True),
        ("T5", Decimal(5), True),
        ("T9", Decimal(0), True),
    ]


@pytest.mark.parametrize("code", ["5000", "5010", "5020", "7502", "7504", "7506", "7601", "7602", "7901"])
def test_the_codes_of_icompleats_samples_are_expenses(books: Books, code: str) -> None:
    assert Account.objects.get(books=books, code=code).type == "expense"


def test_the_ledgers_own_accounts_have_their_roles(books: Books) -> None:
    roles = Account.objects.filter(books=books).exclude(role="").order_by("code").values_list("code", "role", "type")
    assert list(roles) == [
        ("1100", "debtors", "asset"),
        ("2100", "creditors", "liability"),
        ("2200", "tax_output", "liability"),
        ("2201", "tax_input", "liability"),
        ("7907", "rounding", "expense"),
    ]


def test_the_chart_is_in_order_and_says_everything_once() -> None:
    codes = [code for code, _, _ in ACCOUNTS]
    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"\d{4}", code) for code in codes)
    assert len({name for _, name, _ in ACCOUNTS}) == len(ACCOUNTS)


def test_two_companies_may_have_the_same_codes(books: Books) -> None:
    other = open_books("Harbour Street Catering Ltd", "EUR")
    assert Account.objects.filter(code="5000").count() == 2
    assert str(other) == "Harbour Street Catering Ltd"
