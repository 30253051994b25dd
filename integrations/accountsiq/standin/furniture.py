"""What the company in the stand-in begins with: a small UK training company. Plain data, and how it is put there."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from integrations.accountsiq.standin.memory import Records

COMPANY_ID: Final = 1042
ENTITY: Final = "NORTHGATE01"
COMPANY: Final = "Northgate Training Ltd"
BASE: Final = "GBP"
SUPPLIER: Final = "Supplier"
CUSTOMER: Final = "Customer"

# The numbering of common UK small-business charts: code to name, type, and whether a BI code is mandatory.
ACCOUNTS: Final[Mapping[str, tuple[str, str, bool]]] = {
    "1200": ("Bank Current Account", "Bank", False),
    "2100": ("Creditors Control Account", "Control", False),
    "2201": ("Purchase Tax Control Account", "Control", False),
    "1100": ("Debtors Control Account", "Control", False),
    "2200": ("Sales Tax Control Account", "Control", False),
    "4000": ("Course Fees", "Income", False),
    "4020": ("Course Materials Sold", "Income", False),
    "5000": ("Materials Purchased", "Expense", False),
    "5010": ("Course Venue Hire", "Expense", False),
    "5020": ("Trainer Fees", "Expense", True),
    "6201": ("Advertising", "Expense", False),
    "7100": ("Rent", "Expense", False),
    "7400": ("Travelling", "Expense", False),
    "7502": ("Telephone", "Expense", False),
    "7504": ("Office Stationery", "Expense", False),
    "7506": ("Software Licences", "Expense", False),
    "7601": ("Audit Fees", "Expense", False),
    "7602": ("Accountancy Fees", "Expense", False),
    "7901": ("Bank Charges", "Expense", False),
}
CREDITORS: Final = "2100"
PURCHASE_TAX: Final = "2201"
DEBTORS: Final = "1100"
SALES_TAX: Final = "2200"
# Documents may be coded to accounts of these types.
POSTING: Final = frozenset({"Expense", "Income", "Bank"})
# Code to name, and rate in per cent.
TAXES: Final[Mapping[str, tuple[str, str]]] = {
    "T0": ("Zero rated", "0"),
    "T1": ("Standard rate 20%", "20"),
    "T2": ("Exempt", "0"),
    "T5": ("Reduced rate 5%", "5"),
    "T9": ("Outside the scope of VAT", "0"),
}
# Units of each for one pound.
CURRENCIES: Final[Mapping[str, tuple[str, str, str]]] = {
    "GBP": ("Pound Sterling", "£", "1"),
    "EUR": ("Euro", "€", "1.1700"),
    "USD": ("US Dollar", "$", "1.2010"),
}
_SUPPLIERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "CROWN01": {"name": "Crown Conference Centre", "address_1": "12 Castle Street", "city": "York",
                "postcode": "YO1 9RN",
                "email": "accounts@crown.example", "vat": "GB123456789", "default_account": "5010",
                "credit_term": "30"},
    "METRO01": {"name": "Metro Telecom", "address_1": "Unit 5, Exchange Quay", "city": "Manchester",
                "postcode": "M5 3EQ",
                "email": "billing@metro.example", "vat": "GB234567891", "default_account": "7502", "credit_term": "14"},
    "LAKES01": {"name": "Lakeside Learning Inc", "address_1": "400 Lake Shore Drive", "city": "Chicago",
                "postcode": "60611", "country": "United States", "country_code": "US", "currency": "USD",
                "email": "ar@lakeside.example", "default_account": "7506", "default_tax": "T0", "credit_term": "30"},
    "ACM001": {"name": "Acme Stationery", "address_1": "3 Mill Lane", "city": "Leeds", "postcode": "LS1 4AP",
               "email": "sales@acme.example", "default_account": "7504", "credit_term": "30EOM"},
}  # fmt: skip
_CUSTOMERS: Final[Mapping[str, tuple[str, str]]] = {
    "RIVER01": ("Riverside Care Homes", "finance@riverside.example"),
    "HARB01": ("Harbour Logistics Ltd", "accounts@harbour.example"),
}
DEPARTMENTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "ADM": ("Administration", ("ADM",)),
    "IT": ("Information Technology", ("IT",)),
    "MKT": ("Marketing", ("MKT",)),
    "OPS": ("Operations", ("OPS",)),
    "TRN": ("Training Delivery", ("TRN",)),
    "TRN-PM-2610": ("Training Delivery, Project Management October", ("TRN", "PM-2610")),
}
# The dimensions that BI codes combine: code, description, and their own codes.
DIMENSIONS: Final = (
    ("DEPT", "Department", {"ADM": "Administration", "IT": "Information Technology", "MKT": "Marketing",
                            "OPS": "Operations", "TRN": "Training Delivery"}),
    ("COURSE", "Course", {"PM-2610": "Project Management October", "FA-2611": "First Aid November"}),
)  # fmt: skip
# Code to description, days, and whether they are counted from the end of the month.
CREDIT_TERMS: Final[Mapping[str, tuple[str, int, bool]]] = {
    "14": ("14 Days", 14, False),
    "30": ("30 Days", 30, False),
    "30EOM": ("30 Days End of Month", 30, True),
}
STOCK: Final[Mapping[str, tuple[str, str]]] = {
    "PURCHASE": ("General purchase (non-stock)", "5000"),
    "VENUE": ("Venue hire (non-stock)", "5010"),
}
_FIRST_YEAR, _LAST_YEAR, _CLOSED_YEAR = 2022, 2028, 2022
_FIRST_NUMBERS: Final = {
    "contact": 5309,
    "invoice": 48210,
    "credit_note": 7100,
    "entry": 90116,
    "PI": 4511,
    "order": 1186,
}


def furnish(records: Records) -> None:
    """Put all of it into empty books; into others, nothing."""
    if records.count("company"):
        return
    _company(records)
    for name, number in _FIRST_NUMBERS.items():
        records.begin_at(name, number)
    for code, (name, sort, is_departmental) in ACCOUNTS.items():
        records.add("account", {"type": sort, "departmental": is_departmental}, code=code, name=name, number=int(code))
    for code, (name, rate) in TAXES.items():
        records.add("tax", {"rate": Decimal(rate)}, code=code, name=name)
    for code, (name, symbol, units) in CURRENCIES.items():
        records.add("currency", {"symbol": symbol, "units": Decimal(units)}, code=code, name=name)
    for code, values in _SUPPLIERS.items():
        body = {"type": SUPPLIER, "currency": BASE, "country": "United Kingdom", "country_code": "GB",
                "default_tax": "T1", **values}  # fmt: skip
        records.add("contact", body, code=code, name=str(values["name"]))
    _customers(records)
    _analysis(records)
    for values in _periods():
        records.add("period", values, name=str(values["name"]))


def _customers(records: Records) -> None:
    for code, (name, email) in _CUSTOMERS.items():
        body = {"type": CUSTOMER, "currency": BASE, "email": email, "credit_term": "30"}
        records.add("contact", body, code=code, name=name)


def _company(records: Records) -> None:
    body = {
        "ClientAccountName": COMPANY,
        "ClientAccountShortName": ENTITY,
        "ClientAccountCountry": "United Kingdom",
        "ClientAccountVatNumber": "GB987654321",
        "ClientAccountTelephoneNumber": "0113 496 0000",
        "ClientAccountEmailAddress": "accounts@northgate.example",
    }
    records.add("company", body, code=ENTITY, name=COMPANY, number=COMPANY_ID)
    bank = {"BankAccountName": "Current account", "BankAccountNumber": "12345678", "BankAccountIban": "",
            "DefaultBankAccount": True, "account": "1200", "currency": BASE}  # fmt: skip
    records.add("bank", bank, code="12345678", name="Current account")


def _analysis(records: Records) -> None:
    for code, (name, analysis) in DEPARTMENTS.items():
        records.add("department", {"analysis": list(analysis), "location": 1}, code=code, name=name)
    for code, name, codes in DIMENSIONS:
        records.add("dimension", {"codes": codes}, code=code, name=name)
    for code, name in DIMENSIONS[1][2].items():
        records.add("cost_type", {"CostType": name, "CostTypeCode": code, "Active": True}, code=code, name=name)
    for code, (name, days, is_end_of_month) in CREDIT_TERMS.items():
        records.add("credit_term", {"days": days, "end_of_month": is_end_of_month}, code=code, name=name)
    for code, (name, account) in STOCK.items():
        records.add("stock", {"account": account, "price": Decimal(0)}, code=code, name=name)


def _periods() -> Iterator[dict[str, Any]]:
    """Calendar months; the first year is closed for everybody."""
    for year in range(_FIRST_YEAR, _LAST_YEAR + 1):
        for month in range(1, 13):
            first, last = date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
            is_closed = year == _CLOSED_YEAR
            yield {
                "name": f"{calendar.month_abbr[month]} {year}", "number": month, "year": str(year),
                "starts_on": first.isoformat(), "ends_on": last.isoformat(),
                "sales": is_closed, "purchases": is_closed, "general": is_closed, "year_closed": is_closed,
            }  # fmt: skip


def generated(first: int, count: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Code, name and body of many suppliers."""
    for number in range(first, first + count):
        yield (
            f"GEN{number:06}",
            f"Generated Supplier {number:06} Ltd",
            {
                "type": SUPPLIER, "currency": BASE, "city": "Leeds",
                "postcode": f"LS{number % 28 + 1} {number % 9 + 1}AA",
                "country_code": "GB", "email": f"accounts{number}@supplier.example", "credit_term": "30",
            },
        )  # fmt: skip
