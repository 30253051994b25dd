"""What a new company starts with: a handful of rows in each list, the codes that the sample transactions use."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from integrations.icompleat.standin.custom_fields import CustomFields
from integrations.icompleat.standin.rows import Place, Rows

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "postroom:icompleat:custom-fields")
_ACCOUNTS: Final = {
    "5000": "Materials Purchased",
    "5010": "Course Venue Hire",
    "5020": "Trainer Fees",
    "7502": "Telephone",
    "7504": "Office Stationery",
    "7506": "Software Licences",
}
_LISTS: Final[Mapping[str, list[dict[str, Any]]]] = {
    "suppliers": [
        {"Code": "CROWN01", "Name": "Crown Conference Centre", "TownOrCity": "Reading", "IsoCode": "GB"},
        {"Code": "LAKES01", "Name": "Lakeside Learning Inc", "TownOrCity": "Chicago", "IsoCode": "US"},
        {"Code": "METRO01", "Name": "Metro Telecom", "TownOrCity": "Leeds", "IsoCode": "GB"},
    ],
    "accountcodes": [{"Code": code, "Name": f"{name} [{code}]"} for code, name in _ACCOUNTS.items()],
    "taxcodes": [
        {"Code": "T0", "Name": "Zero rated", "Rate": 0},
        {"Code": "T1", "Name": "Standard rate 20%", "Rate": 20},
        {"Code": "T5", "Name": "Reduced rate 5%", "Rate": 5},
    ],
    "deliverysites": [
        {"Code": "LON", "Name": "London", "Address1": "14 Bridge Street", "Postcode": "SE1 1AA", "IsoCode": "GB"},
        {"Code": "NOR", "Name": "Norwich", "Address1": "1 Castle Yard"},
    ],
}
# Units of each currency for one pound; another base is reckoned from them.
_POUNDS: Final = {"GBP": Decimal(1), "EUR": Decimal("1.134"), "USD": Decimal("1.201")}
_NAMES: Final = {"GBP": "British Pound Sterling", "EUR": "Euro", "USD": "US Dollar"}
_FIELDS: Final[Mapping[tuple[str, str], dict[str, str]]] = {
    ("Course Code", "List"): {
        "PM-2610": "PM-2610 - Project Management October",
        "PM-2611": "PM-2611 - Project Management November",
    },
    ("Goods checked", "Date"): {},
}


def seed(company: Mapping[str, str], rows: Rows, fields: CustomFields) -> None:
    """Fill the lists of a new company, and make its custom fields."""
    for name, listed in _LISTS.items():
        rows.seed(Place(company["id"], name), listed)
    rows.seed(Place(company["id"], "currencycodes"), _currencies(company["base_currency"]))
    for (name, sort), values in _FIELDS.items():
        own = str(uuid5(_NAMESPACE, f"{company['id']} {name}"))
        fields.add(company["id"], {"Name": name, "Type": sort}, own)
        rows.seed(Place(company["id"], own), [{"Code": code, "Name": told} for code, told in values.items()])


def _currencies(base: str) -> list[dict[str, Any]]:
    one = _POUNDS.get(base, Decimal(1))
    codes = [base, *(code for code in _POUNDS if code != base)]
    return [
        {
            "Code": code,
            "Name": _NAMES.get(code, code),
            "Rate": 1 if code == base else round(_POUNDS[code] / one, 6).normalize(),
            "IsBase": code == base,
        }
        for code in codes
    ]
