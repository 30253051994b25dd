"""What the stand-in for Tryton knows from the start: a company in pounds, currencies, accounts, taxes, suppliers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.tryton.books import Books
from integrations.tryton.words import number

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
    """Put all of it into empty books; into others, nothing."""
    if books.every("company.company"):
        return
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
