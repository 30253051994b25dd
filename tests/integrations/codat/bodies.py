"""Bodies of documents as a client of Codat would push them."""

from __future__ import annotations

from typing import Any

from integrations.codat.standin.platforms import PLATFORMS
from tests.integrations.codat.rig import Codat, Linked


def bill(**changes: Any) -> dict[str, Any]:
    """A bill of 100.00 and 20.00 of tax, with the ids of Codat's own sandbox."""
    return {
        "reference": "SI-48213",
        "note": "kept as it came",
        "supplierRef": {"id": "CROWN01"},
        "issueDate": "2024-03-14T00:00:00Z",
        "dueDate": "2024-04-13T00:00:00Z",
        "currency": "GBP",
        "status": "Open",
        "lineItems": [line()],
        **changes,
    }


def line(**changes: Any) -> dict[str, Any]:
    """One line of it."""
    return {
        "description": "Training room",
        "quantity": 2,
        "unitAmount": 50,
        "taxAmount": 20,
        "totalAmount": 120,
        "accountRef": {"id": "5010"},
        "taxRateRef": {"id": "T1"},
        **changes,
    }


def at(codat: Codat, linked: Linked, **changes: Any) -> dict[str, Any]:
    """A bill with the ids that this accounting system gives, as its push model wants it."""
    ids = {
        data_type: next(one["id"] for one in codat.rows(linked, data_type) if name in one.values())
        for data_type, name in (
            ("suppliers", "Crown Conference Centre"),
            ("chartOfAccounts", "5010"),
            ("taxRates", "T1"),
        )
    }
    refs = {"accountRef": {"id": ids["chartOfAccounts"]}, "taxRateRef": {"id": ids["taxRates"]}}
    if linked.platform == "fbrh":
        refs.pop("taxRateRef")
    own = {"totalAmount": 120, "taxAmount": 20} if PLATFORMS[linked.platform].by_totals else {}
    body = bill(supplierRef={"id": ids["suppliers"]}, currencyRate=1, lineItems=[{**line(), **refs}], **own)
    if linked.platform == "fbrh":
        body["lineItems"][0].pop("taxRateRef")
    return {**body, **changes}
