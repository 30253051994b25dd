"""Transactions as iCompleat holds them, for tests and for the stand-in: shapes as seen, values invented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from integrations.exact import from_json

# In the order in which a purchase goes on: ordered, received, invoiced.
NAMES: Final = (
    "purchase-order",
    "receipt",
    "invoice",
    "invoice-usd",
    "credit-note",
    "invoice-minimal",
    "invoice-unknown-account",
)
_NAMESPACE: Final = uuid5(NAMESPACE_URL, "postroom:icompleat:sandbox")
_OWNER: Final = "26606db5-bae3-588c-be5d-12caf996e951"
_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER: Final = re.compile(r"(.*?)([0-9]{4,})")


def sample(name: str) -> dict[str, Any]:
    """A body as it might be sent: `{"Transaction": {...}, "MetaData": {...}}`, numbers as int or Decimal."""
    body: dict[str, Any] = from_json(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))
    return body


def transaction_for(name: str, company_id: str, company_name: str, *, copy: int = 0) -> dict[str, Any]:
    """A sample's transaction as another company's own: with its ids and document numbers, the same on every call.

    Each `copy` is a different transaction.
    """
    company = uuid5(_NAMESPACE, company_id.lower())
    offset = (company.int + copy) % 900 + 100
    transaction: dict[str, Any] = _rekeyed(sample(name)["Transaction"], uuid5(company, str(copy)) if copy else company)
    if "Company" in transaction:
        transaction["Company"] = {"Id": company_id, "Name": company_name}
    if "Owner" in transaction:
        transaction["Owner"]["Id"] = owner_of(company_id)
    for member in ("References", "MatchingStatusDetail"):
        if member in transaction:
            transaction[member] = _renumbered(transaction[member], offset)
    return transaction


def owner_of(company_id: str) -> str:
    """The id of the user who owns a company's samples."""
    return str(uuid5(uuid5(_NAMESPACE, company_id.lower()), _OWNER))


def _rekeyed(value: Any, own: UUID) -> Any:
    if isinstance(value, dict):
        return {name: _rekeyed(member, own) for name, member in value.items()}
    if isinstance(value, list):
        return [_rekeyed(item, own) for item in value]
    return str(uuid5(own, value)) if isinstance(value, str) and _GUID.fullmatch(value) else value


def _renumbered(value: Any, offset: int) -> Any:
    """Every document number with the company's three digits before its last three: INV000123 becomes INV417123."""
    if isinstance(value, dict):
        return {name: _renumbered(member, offset) for name, member in value.items()}
    if isinstance(value, list):
        return [_renumbered(item, offset) for item in value]
    if not isinstance(value, str) or (found := _NUMBER.fullmatch(value)) is None:
        return value
    prefix, digits = found.groups()
    number = (int(digits) + offset * 1000) % 10 ** len(digits)
    return f"{prefix}{number:0{len(digits)}}"
