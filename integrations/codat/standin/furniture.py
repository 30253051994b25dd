"""What a company's books begin with on the far side: plain data, with the ids that each accounting system gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from integrations.codat.standin.platforms import Platform, guid

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
INCOME: Final[Mapping[str, str]] = {"4000": "Course fees", "4020": "Course materials sold"}
TAX_RATES: Final[Mapping[str, tuple[str, Decimal]]] = {
    "T0": ("Zero rated", Decimal(0)),
    "T1": ("Standard rate 20%", Decimal(20)),
    "T2": ("Exempt", Decimal(0)),
    "T5": ("Reduced rate 5%", Decimal(5)),
    "T9": ("Outside the scope of VAT", Decimal(0)),
}
SUPPLIERS: Final[tuple[Mapping[str, str], ...]] = (
    {"code": "CROWN01", "name": "Crown Conference Centre", "line1": "3 Castle Street", "city": "Reading",
     "postalCode": "RG1 7SB", "country": "GB", "email": "accounts@crown.example"},
    {"code": "METRO01", "name": "Metro Telecom", "line1": "Unit 8, Wharf Road", "city": "Leeds",
     "postalCode": "LS9 8AG", "country": "GB", "email": "billing@metro.example"},
    {"code": "LAKES01", "name": "Lakeside Learning Inc", "line1": "200 Lake Drive", "city": "Chicago",
     "postalCode": "60601", "country": "US", "email": "ar@lakeside.example", "currency": "USD"},
)  # fmt: skip
CUSTOMERS: Final[tuple[Mapping[str, str], ...]] = (
    {"code": "HARB01", "name": "Harbour Logistics Ltd", "line1": "Unit 4, Dock Road", "city": "Hull",
     "postalCode": "HU1 1AA", "country": "GB", "email": "accounts@harbour.example"},
    {"code": "WHIT01", "name": "Whitby Rowing Club", "line1": "2 Pier Road", "city": "Whitby",
     "postalCode": "YO21 3PU", "country": "GB", "email": "treasurer@rowing.example"},
)  # fmt: skip
TRACKING: Final[Mapping[str, tuple[str, ...]]] = {
    "Department": ("Administration", "Marketing", "Operations", "Training"),
    "Project": ("Studio refit", "Spring prospectus"),
}
# How ids of tracking categories begin where they tell what they are of.
PREFIXES: Final[Mapping[str, Mapping[str, str]]] = {
    "hbql": {"Department": "department_", "Project": "project_"},
    "qhyg": {"Department": "DEPARTMENT_", "Project": "CLASS_"},
    "knfz": {"Department": "DEPARTMENT-", "Project": "PROJECT-"},
    "akxx": {"Department": "department-", "Project": "class-"},
}
# Pounds for one unit, when a document names no rate.
DAY_RATES: Final[Mapping[str, Decimal]] = {"USD": Decimal("0.832639467"), "EUR": Decimal("0.854700855")}
ENTITIES: Final[tuple[str, str]] = ("Harbour Street Studios Ltd", "Whitby Harbour Catering Ltd")


def company(name: str, platform: Platform) -> dict[str, Any]:
    """What the accounting system says of the legal entity behind the books."""
    return {
        "id": "company",
        "companyName": name,
        "companyLegalName": name,
        "accountingPlatformRef": guid(f"{platform.key} {name}"),
        "addresses": [{"type": "Billing", "line1": "4 Harbour Street", "city": "Whitby", "postalCode": "YO21 1DN",
                       "country": "GB"}],
        "phoneNumbers": [],
        "webLinks": [],
        "registrationNumber": "01234567" if name == ENTITIES[0] else "07654321",
        "baseCurrency": "GBP",
        "sourceUrls": {},
    }  # fmt: skip


def furniture(platform: Platform) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each row with its data type."""
    yield from (("chartOfAccounts", _account(platform, place, code)) for place, code in enumerate(ACCOUNTS, start=30))
    yield from (("chartOfAccounts", _account(platform, place, code)) for place, code in enumerate(INCOME, start=80))
    yield "chartOfAccounts", {**_account(platform, 90, "1200"), "type": "Asset", "isBankAccount": True}
    yield from (("taxRates", _tax(platform, place, code)) for place, code in enumerate(TAX_RATES, start=1))
    yield from (("suppliers", _supplier(platform, place, one)) for place, one in enumerate(SUPPLIERS, start=56))
    yield from (("customers", _customer(platform, place, one)) for place, one in enumerate(CUSTOMERS, start=71))
    for dimension, values in TRACKING.items():
        parent = _id(platform, dimension, len(dimension), dimension)
        yield "trackingCategories", {"id": parent, "name": dimension, "status": "Active", "hasChildren": True}
        for place, name in enumerate(values, start=1):
            own = {"id": _of(platform, dimension, place, name), "parentId": parent, "hasChildren": False}
            yield "trackingCategories", {**own, "name": name, "status": "Active"}


_PURCHASES: Final = ("Bills", "BillCreditNotes")
_SALES: Final = ("Invoices", "CreditNotes")


def _account(platform: Platform, place: int, code: str) -> dict[str, Any]:
    name = {**ACCOUNTS, **INCOME}.get(code, "Current account")
    kind, places = ("Income", _SALES) if code in INCOME else ("Expense", _PURCHASES)
    return {
        "id": code if platform.key == "fbrh" else _id(platform, f"account {code}", place, code),
        "nominalCode": code,
        "name": name,
        "fullyQualifiedName": f"{kind}.{name}",
        "currency": "GBP",
        "currentBalance": Decimal(0),
        "type": kind,
        "status": "Active",
        "isBankAccount": False,
        "validDatatypeLinks": [{"property": "Id", "links": [f"{place}.LineItems.AccountRef.Id" for place in places]}],
    }


def _tax(platform: Platform, place: int, code: str) -> dict[str, Any]:
    name, rate = TAX_RATES[code]
    return {
        "id": _id(platform, f"tax {code}", place, code),
        "name": name,
        "code": code,
        "status": "Active",
        "effectiveTaxRate": rate,
        "totalTaxRate": rate,
        "components": [{"name": name, "rate": rate, "isCompound": False}],
        "validDatatypeLinks": [
            {"property": "Id", "links": [f"{place}.LineItems.TaxRateRef.Id" for place in (*_PURCHASES, *_SALES)]}
        ],
    }


def _supplier(platform: Platform, place: int, one: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": _id(platform, f"supplier {one['code']}", place, one["code"]),
        "supplierName": one["name"],
        **_known_of(one),
    }


def _customer(platform: Platform, place: int, one: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": _id(platform, f"customer {one['code']}", place, one["code"]),
        "customerName": one["name"],
        **_known_of(one),
    }


def _known_of(one: Mapping[str, str]) -> dict[str, Any]:
    address = {name: one[name] for name in ("line1", "city", "postalCode", "country")}
    return {
        "emailAddress": one["email"],
        "addresses": [{"type": "Billing", **address}],
        "status": "Active",
        "defaultCurrency": one.get("currency", "GBP"),
    }


def _id(platform: Platform, words: str, place: int, code: str) -> str:
    """The id of a row: a GUID, a number, or the code itself."""
    return {"guid": guid(f"{platform.key} {words}"), "number": str(place), "code": code}[platform.ids]


def _of(platform: Platform, dimension: str, place: int, name: str) -> str:
    if prefix := PREFIXES.get(platform.key, {}).get(dimension):
        return f"{prefix}{place}"
    return _id(platform, f"{dimension} {name}", 10 * len(dimension) + place, f"{dimension}-{name}")
