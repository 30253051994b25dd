"""Layouts and analysis fields: which coding a transaction of a type carries, and whether on its header or lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "postroom:icompleat:layouts")
_FIELDS: Final = {
    "Currency Code": "OnHeader",
    "Delivery Site": "OnHeader",
    "Account Code": "OnLine",
    "Tax Code": "OnLine",
    "Department": "OnLine",
}
_ALLOCATIONS: Final = {"OnHeader": "HEADER", "OnLine": "LINE"}
# Credit notes use the layout of invoices: the vendor's enumeration has no type for them.
JOURNAL_TYPES: Final = {"INV": "Invoice", "ORD": "Order"}
LAYOUT_TYPES: Final = {"INV": "INV", "CRD": "INV", "ORD": "ORD"}


def analysis_fields(company_id: str, *, of_orders: bool = False) -> list[dict[str, Any]]:
    """The analysis fields of a company, or those of its layout for orders or invoices."""
    return [
        {"Id": _id(company_id, name), "Name": name, "Allocation": _ALLOCATIONS[level]}
        for name, level in _FIELDS.items()
        if of_orders or name != "Delivery Site"
    ]


def layouts(company_id: str, type_code: str, custom_fields: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The layouts for one type, INV or ORD: one each."""
    is_order = type_code == "ORD"
    return [
        {
            "Id": layout_id(company_id, type_code),
            "Code": f"{type_code}C",
            "Name": f"Default {JOURNAL_TYPES[type_code].lower()} layout",
            "Posting": True,
            "JournalType": JOURNAL_TYPES[type_code],
            "AnalysisFields": [
                {"Id": field["Id"], "Code": field["Name"], "Level": _FIELDS[field["Name"]]}
                for field in analysis_fields(company_id, of_orders=is_order)
            ],
            "CustomFields": [
                {
                    "Id": field["Id"],
                    "Name": field["Name"],
                    "Type": field["Type"],
                    "Level": "OnHeader",
                    "Restrictions": [{"Name": "Mandatory", "Value": True}] if field["Mandatory"] else [],
                }
                for field in custom_fields
                if field["Active"]
            ],
        }
    ]


def layout_id(company_id: str, type_code: str) -> str:
    """The id of a company's layout for INV or ORD."""
    return _id(company_id, f"layout {type_code}")


def _id(company_id: str, name: str) -> str:
    return str(uuid5(_NAMESPACE, f"{company_id} {name}"))
