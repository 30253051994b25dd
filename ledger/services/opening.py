"""Open a company's books."""

from __future__ import annotations

from decimal import Decimal

from django.db.transaction import atomic

from ledger.chart import ACCOUNTS, ROLES, TAX_CODES
from ledger.currencies import NAMES
from ledger.models import Account, Books, Counter, Currency, Series, TaxCode


@atomic
def open_books(name: str, base_currency: str) -> Books:
    """New books with the UK chart, the UK tax codes, the base currency and both number series at zero.

    `base_currency` is an ISO 4217 code in upper case; every debit and credit of these books will be in it. Other
    currencies, delivery sites and dimensions are for people to add.
    """
    books = Books.objects.create(name=name, base_currency=base_currency)
    Counter.objects.bulk_create([Counter(books=books, series=series) for series in Series])
    Account.objects.bulk_create(
        [
            Account(books=books, code=code, name=title, type=kind, role=ROLES.get(code, ""))
            for code, title, kind in ACCOUNTS
        ]
    )
    TaxCode.objects.bulk_create(
        [TaxCode(books=books, code=code, name=title, rate=rate) for code, title, rate in TAX_CODES]
    )
    name = NAMES.get(base_currency, base_currency)
    Currency.objects.create(books=books, code=base_currency, name=name, rate=Decimal(1))
    return books
