"""What a company in Demo Books begins with: chart, tax codes, currencies, delivery sites, dimensions. Plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

# The numbering of common UK small-business charts; the codes of iCompleat's own samples are among them.
ACCOUNTS: Final[Mapping[str, str]] = {
    "5000": "Materials Purchased",
    "5010": "Course Venue Hire",
    "5020": "Trainer Fees",
    "6201": "Advertising",
    "7100": "Rent",
    "7400": "Travelling",
    "7502": "Telephone",
    "7504": "Office Stationery",
    "7506": "Software Licences",
    "7601": "Audit Fees",
    "7602": "Accountancy Fees",
    "7901": "Bank Charges",
}
# What sales need: where money comes in, and what is sold.
SALES_ACCOUNTS: Final[Mapping[str, tuple[str, str]]] = {
    "1200": ("Bank Current Account", "bank"),
    "4000": ("Course Sales", "income"),
    "4020": ("Course Materials Sold", "income"),
}
# Code to name and rate in per cent. The rate is for people: tax is booked as it was given.
TAX_CODES: Final[Mapping[str, tuple[str, Decimal]]] = {
    "T0": ("Zero rated", Decimal(0)),
    "T1": ("Standard rate 20%", Decimal(20)),
    "T2": ("Exempt", Decimal(0)),
    "T5": ("Reduced rate 5%", Decimal(5)),
    "T9": ("Outside the scope of VAT", Decimal(0)),
}
# Units for one pound. Books in another currency begin with that one alone.
RATES: Final[Mapping[str, tuple[str, Decimal]]] = {
    "EUR": ("Euro", Decimal("1.1700")),
    "USD": ("US Dollar", Decimal("1.2010")),
}
SITES: Final[tuple[Mapping[str, str], ...]] = (
    {"code": "HARBOUR", "name": "Harbour Street", "address_1": "4 Harbour Street", "town": "Whitby",
     "postcode": "YO21 1DN", "country": "GB", "phone": "01947 496 000"},
    {"code": "LEEDS", "name": "Leeds Training Centre", "address_1": "Unit 2, Canal Wharf", "address_2": "Holbeck",
     "town": "Leeds", "postcode": "LS11 5PS", "country": "GB", "phone": "0113 496 0000"},
)  # fmt: skip
DIMENSIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "Department": {"ADM": "Administration", "MKT": "Marketing", "OPS": "Operations", "TRN": "Training"},
    "Project": {"P-101": "Studio refit", "P-102": "Spring prospectus"},
}


def furniture(base_currency: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row with the resource that it belongs to."""
    for code, name in ACCOUNTS.items():
        yield "accounts", {"code": code, "name": name, "type": "expense"}
    yield from sales_accounts()
    for code, (name, rate) in TAX_CODES.items():
        yield "tax-codes", {"code": code, "name": name, "rate": rate}
    base_name = "Pound Sterling" if base_currency == "GBP" else base_currency
    yield "currencies", {"code": base_currency, "name": base_name, "rate": Decimal(1), "is_base": True}
    for code, (name, rate) in RATES.items() if base_currency == "GBP" else ():
        yield "currencies", {"code": code, "name": name, "rate": rate}
    for site in SITES:
        yield "delivery-sites", dict(site)
    for dimension, values in DIMENSIONS.items():
        for code, name in values.items():
            yield "dimensions", {"dimension": dimension, "code": code, "name": name}


def sales_accounts() -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows that sales need."""
    for code, (name, type_) in SALES_ACCOUNTS.items():
        yield "accounts", {"code": code, "name": name, "type": type_}
