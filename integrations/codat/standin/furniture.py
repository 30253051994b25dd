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
    yield "chartOfAccounts", {**_account(platform, 90, "1200"), "type": "Asset", "isBankAccount": True}
    yield from (("taxRates", _tax(platform, place, code)) for place, code in enumerate(TAX_RATES, start=1))
    yield from (("suppliers", _supplier(platform, place, one)) for place, one in enumerate(SUPPLIERS, start=56))
    for dimension, values in TRACKING.items():
        parent = _id(platform, dimension, len(dimension), dimension)
        yield "trackingCategories", {"id": parent, "name": dimension, "status": "Active", "hasChildren": True}
        for place, name in enumerate(values, start=1):
            own = {"id": _of(platform, dimension, place, name), "parentId": parent, "hasChildren": False}
            yield "trackingCategories", {**own, "name": name, "status": "Active"}


def _account(platform: Platform, place: int, code: str) -> dict[str, Any]:
    name = ACCOUNTS.get(code, "Current account")
    return {
        "id": code if platform.key == "fbrh" else _id(platform, f"account {code}", place, code),
        "nominalCode": code,
        "name": name,
        "fullyQualifiedName": f"Expenses.{name}",
        "currency": "GBP",
        "currentBalance": Decimal(0),
        "type": "Expense",
        "status": "Active",
        "isBankAccount": False,
        "validDatatypeLinks": [
            {"property": "Id", "links": ["Bills.LineItems.AccountRef.Id", "BillCreditNotes.LineItems.AccountRef.Id"]}
        ],
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
            {"property": "Id", "links": ["Bills.LineItems.TaxRateRef.Id", "BillCreditNotes.LineItems.TaxRateRef.Id"]}
        ],
    }


def _supplier(platform: Platform, place: int, one: Mapping[str, str]) -> dict[str, Any]:
    address = {name: one[name] for name in ("line1", "city", "postalCode", "country")}
    return {
        "id": _id(platform, f"supplier {one['code']}", place, one["code"]),
        "supplierName": one["name"],
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
