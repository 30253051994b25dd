"""The accounting systems on the far side of Codat, and what each takes and tells.

What can be written where follows the documented push models; see the README for what of it was seen. The platform
Sandbox is Codat's own: that it takes everything asynchronously, with few rules, is an assumption.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

GET: Final = ("Get",)
WRITE: Final = ("Get", "Post")
CHANGE: Final = ("Get", "Post", "Put")
FILES: Final = ("UploadAttachment", "GetAttachment", "GetAttachments", "DownloadAttachment")
ALL: Final = ("Get", "Post", "Put", "Delete", *FILES)
_MEGA: Final = 1024 * 1024

# What every one of them tells.
_TOLD: Final[Mapping[str, tuple[str, ...]]] = {
    "company": GET,
    "chartOfAccounts": GET,
    "taxRates": GET,
    "trackingCategories": GET,
    "bankAccounts": GET,
    "billPayments": GET,
    "paymentMethods": GET,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One accounting system.

    `ids`: its ids are GUIDs, numbers, or the codes that people give. `pays`: synchronous Bill Pay covers it.
    `is_offline`: it runs on a customer's computer. `reckons_tax`: it works the tax out by itself. `by_totals`: lines
    are told by their totals and not by quantity and price. `reference`: the longest reference that Bill Pay takes.
    """

    key: str
    name: str
    ids: str
    features: Mapping[str, tuple[str, ...]]
    pays: bool = False
    is_offline: bool = False
    reckons_tax: bool = False
    by_totals: bool = False
    reference: int = 255
    most_bytes: int = 100 * _MEGA

    def can(self, data_type: str, feature: str) -> bool:
        """Whether it has a feature of a data type."""
        return feature in self.features.get(data_type, ())

    def integration(self, base: str) -> dict[str, Any]:
        """As `GET /integrations` tells it."""
        return {
            "key": self.key,
            "logoUrl": f"{base}logos/{self.key}.svg",
            "name": self.name,
            "enabled": True,
            "sourceId": guid(f"source {self.key}"),
            "sourceType": "Accounting",
            "integrationId": guid(f"integration {self.key}"),
            "isOfflineConnector": self.is_offline,
            "isBeta": False,
            "dataProvidedBy": self.name,
            "datatypeFeatures": [
                {
                    "dataType": data_type,
                    "supportedFeatures": [{"featureType": one, "featureState": "Release"} for one in features],
                }
                for data_type, features in self.features.items()
            ],
        }


def guid(of: str) -> str:
    """Always the same GUID for the same words."""
    return str(uuid5(NAMESPACE_URL, f"codat stand-in {of}"))


_BOOKS: Final = {"bills": ALL, "billCreditNotes": CHANGE, "journalEntries": WRITE, "directCosts": WRITE}
_ORDERS: Final = {"purchaseOrders": CHANGE}
_SALES: Final = {"invoices": CHANGE, "creditNotes": CHANGE, "payments": WRITE, "customers": CHANGE}

PLATFORMS: Final[Mapping[str, Platform]] = {
    one.key: one
    for one in (
        Platform(
            key="gbol", name="Xero", ids="guid", pays=True, reckons_tax=True, most_bytes=4 * _MEGA,
            features={**_TOLD, **_BOOKS, **_ORDERS, **_SALES, "suppliers": CHANGE, "chartOfAccounts": WRITE},
        ),
        Platform(
            key="qhyg", name="QuickBooks Online", ids="number", pays=True, reckons_tax=True, reference=21,
            features={**_TOLD, **_BOOKS, **_ORDERS, **_SALES, "suppliers": CHANGE, "chartOfAccounts": WRITE},
        ),
        Platform(
            key="hbql", name="Sage 50 (UK)", ids="code", is_offline=True, by_totals=True,
            features={**_TOLD, **_BOOKS, "bills": WRITE, "billCreditNotes": WRITE, **_SALES, "suppliers": CHANGE},
        ),
        Platform(
            key="fbrh", name="FreeAgent", ids="number", pays=True, by_totals=True,
            features={
                **_TOLD, "bills": ("Get", "Post", "Put", *FILES), "billCreditNotes": WRITE, "directCosts": WRITE,
                **_SALES, "suppliers": CHANGE,
            },
        ),
        Platform(
            key="akxx", name="Oracle NetSuite", ids="number", pays=True, reference=45,
            features={**_TOLD, **_BOOKS, **_ORDERS, **_SALES, "suppliers": CHANGE},
        ),
        Platform(
            key="knfz", name="Sage Intacct", ids="code", pays=True, reference=100,
            features={**_TOLD, **_BOOKS, "suppliers": CHANGE},
        ),
        Platform(
            key="rwuv", name="Zoho Books", ids="number", pays=True, reference=50,
            features={**_TOLD, "bills": ("Get", "Post", *FILES), "directCosts": WRITE, "suppliers": GET},
        ),
        Platform(
            key="vxvy", name="FreshBooks", ids="number",
            features={**_TOLD, "bills": GET, "suppliers": GET},
        ),
        Platform(
            key="mqjo", name="Sandbox", ids="code",
            features={**_TOLD, **_BOOKS, **_ORDERS, **_SALES, "suppliers": CHANGE},
        ),
    )
}  # fmt: skip
