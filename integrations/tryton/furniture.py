"""What the stand-in for Tryton knows from the start: a company in pounds, currencies, accounts, taxes, suppliers."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.tryton.books import Books
from integrations.tryton.words import date_told, number

COMPANY: Final = "Harbour Street Studios Ltd"
# Units of each to the pound.
_CURRENCIES: Final[Mapping[str, tuple[str, str]]] = {
    "GBP": ("Pound sterling", "1"),
    "USD": ("US dollar", "1.2010"),
    "EUR": ("Euro", "1.1700"),
}
# The numbering of common UK small-business charts.
_ACCOUNTS: Final[Mapping[str, str]] = {
    "5000": "Materials purchased",
    "5010": "Training rooms",
    "5020": "Trainers",
    "6201": "Advertising",
    "7100": "Rent",
    "7400": "Travel",
    "7502": "Telephone",
    "7504": "Stationery",
    "7506": "Software",
    "7601": "Audit",
    "7602": "Accountancy",
    "7901": "Bank charges",
}
_SALES: Final[Mapping[str, tuple[str, str]]] = {
    "1100": ("Trade debtors", "Receivables"),
    "1200": ("Bank current account", "Cash"),
    "4000": ("Courses", "Revenue"),
    "4020": ("Course materials", "Revenue"),
}
FIRST_YEAR: Final = 2024
CLOSED: Final = (2024, 1)
"""The period that is closed."""
# Name to description and rate.
_TAXES: Final[Mapping[str, tuple[str, str]]] = {
    "T0": ("Zero-rated", "0"),
    "T1": ("Standard rate", "0.20"),
    "T2": ("Exempt", "0"),
    "T5": ("Reduced rate", "0.05"),
    "T9": ("Outside the scope of VAT", "0"),
}
_SUPPLIERS: Final[Mapping[str, str]] = {"CROWN01": "Crown Conference Centre", "METRO01": "Metro Telecom"}
_DEPARTMENTS: Final[Mapping[str, str]] = {"ADM": "Administration", "OPS": "Operations", "TRN": "Training"}


def furnish(books: Books) -> None:
    """Put all of it into empty books; into those of an earlier version what sales need, into others nothing."""
    if not books.every("company.company"):
        _furnish_all(books)
    if not books.every("account.period"):
        _furnish_sales(books)


def _furnish_all(books: Books) -> None:
    currencies = [
        books.add("currency.currency", {"code": code, "name": name, "rate": number(Decimal(rate))})
        for code, (name, rate) in _CURRENCIES.items()
    ]
    own = books.add("party.party", {"code": str(books.next("party code")), "name": COMPANY})
    books.add("company.company", {"party": own["id"], "currency": currencies[0]["id"]})
    tax_account = _accounts(books)
    for name, (description, rate) in _TAXES.items():
        both = {"invoice_account": tax_account, "credit_note_account": tax_account}
        told = {"name": name, "description": description, "rate": number(Decimal(rate)), "company": 1, **both}
        books.add("account.tax", told)
    books.add("account.journal", {"code": "EXP", "name": "Expense", "type": "expense"})
    for code, name in _SUPPLIERS.items():
        supplier(books, {"code": code, "name": name})
    _sites_and_analysis(books)


def _furnish_sales(books: Books) -> None:
    """Debtors, a bank, what is sold, journals, and a period for each month up to the end of next year."""
    made = {}
    for code, (name, sort) in _SALES.items():
        type_ = books.add("account.account.type", {"name": sort, "receivable": sort == "Receivables"})
        made[code] = books.add("account.account", {"code": code, "name": name, "type": type_["id"], "company": 1})
    (configuration,) = books.every("account.configuration")
    books.change("account.configuration", configuration, default_account_receivable=made["1100"]["id"])
    for code, sort in (("REV", "revenue"), ("CASH", "cash")):
        books.add("account.journal", {"code": code, "name": sort.title(), "type": sort})
    for year in range(FIRST_YEAR, dt.datetime.now(dt.UTC).year + 2):
        for month in range(1, 13):
            _period(books, year, month)


def _period(books: Books, year: int, month: int) -> None:
    last = calendar.monthrange(year, month)[1]
    days = {"start_date": date_told(dt.date(year, month, 1)), "end_date": date_told(dt.date(year, month, last))}
    state = "closed" if (year, month) == CLOSED else "open"
    books.add("account.period", {"company": 1, "state": state, **days})


def _sites_and_analysis(books: Books) -> None:
    """A warehouse with its address, and departments as analytic accounts."""
    country = books.add("country.country", {"code": "GB", "name": "United Kingdom"})
    told = {"street": "4 Harbour Street", "city": "Whitby", "postal_code": "YO21 1DN", "country": country["id"]}
    address = books.add("party.address", {"party": 1, "full_address": "4 Harbour Street\nWhitby YO21 1DN", **told})
    books.add("stock.location", {"code": "WH", "name": "Warehouse", "type": "warehouse", "address": address["id"]})
    books.add("stock.location", {"code": "SUP", "name": "Supplier", "type": "supplier"})
    books.add("ir.model", {"name": "analytic_account.account"})
    root = books.add("analytic_account.account", {"name": "Department", "type": "root", "company": 1})
    for code, name in _DEPARTMENTS.items():
        books.add("analytic_account.account", {"code": code, "name": name, "root": root["id"], "company": 1})


def supplier(books: Books, values: Mapping[str, Any]) -> dict[str, Any]:
    """A party with an empty address."""
    party = books.add("party.party", values)
    address = books.add("party.address", {"party": party["id"]})
    return books.change("party.party", party, addresses=[address["id"]])


def _accounts(books: Books) -> int:
    """Gives the account for taxes."""
    sorts = {
        name: books.add("account.account.type", {"name": name})["id"] for name in ("Payables", "Taxes", "Expenses")
    }
    balance = [("2100", "Trade creditors", "Payables"), ("2201", "VAT on purchases", "Taxes")]
    made = [
        books.add("account.account", {"code": code, "name": name, "type": sorts[sort], "company": 1})
        for code, name, sort in (*balance, *((code, name, "Expenses") for code, name in _ACCOUNTS.items()))
    ]
    books.add("account.account", {"code": "5", "name": "Costs", "closed": True, "company": 1})
    books.add("account.configuration", {"default_account_payable": made[0]["id"]})
    return int(made[1]["id"])
