"""What is kept of a linked company: who it is, on which platform, and what can be done there (`Link.told`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from integrations.codat import coverage
from integrations.codat.client import Client, NotFetched
from integrations.codat.statuses import LINKED
from integrations.codat.syncing import FRESH_SECONDS, data_status, have_read
from integrations.codat.values import currency
from integrations.errors import AnotherCompany, Rejected, Unauthorised
from integrations.sentences import sentence

_DATA_TYPE: Final = "company"
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")

_LOCK: Final = "ledger_lock_date"
_KEPT: Final = ("departed_at", "company_name", "base_currency", "legal_name", "registration", _LOCK)

Told = Mapping[str, Any]


def of_connection(client: Client, before: Told, row: Told, *, is_visit: bool = False) -> dict[str, Any]:
    """All that is told of a connection that is linked; `row` is its own. What Codat has not read yet stays as before.

    After a visit the company is compared with the one of `before`: raises `Rejected` where it is another. Raises as
    `System.company` else.
    """
    key = str(row.get("integrationKey") or before.get("platform") or "")
    platform = coverage.platform(client, key)
    facts = {
        "company": client.company,
        "connection": client.connection,
        "platform": key,
        "platform_name": sentence(row.get("platformName"), otherwise=platform.name),
        "is_desktop": platform.is_desktop,
        "features": {name: list(can) for name, can in platform.features.items()},
        "status": LINKED,
    }
    same = before if before.get("company") == client.company else {}
    live = _live(client, key)
    if is_visit:
        _insist_on_same(same, {**facts, **live})
    kept = {name: same[name] for name in _KEPT if name in same}
    return {**kept, **_read(client), **live, **facts}


def _live(client: Client, key: str) -> dict[str, str]:
    """Name and currency from the books themselves, on the platforms of synchronous Bill Pay.

    An account without that product is refused; what Codat has read has to do then.
    """
    if key not in coverage.SYNCHRONOUS:
        return {}
    path = f"companies/{client.company}/connections/{client.connection}/payables/info"
    try:
        return _identity(client.get(path))
    except (Rejected, Unauthorised, NotFetched):
        return {}


def _read(client: Client) -> dict[str, str]:
    """What Codat has read of the company information. If it is old, Codat is told to read it anew."""
    here = data_status(client).get(_DATA_TYPE)
    read_at = here.succeeded_at if here else None
    if read_at is None or (datetime.now(UTC) - read_at).total_seconds() > FRESH_SECONDS:
        have_read(client, _DATA_TYPE)
    if read_at is None:
        return {}
    row = client.get(f"companies/{client.company}/data/info")
    return {**_identity(row), **_legal(row)}


def _identity(row: object) -> dict[str, str]:
    told = row if isinstance(row, Mapping) else {}
    code = currency(told.get("baseCurrency")) or ""
    found = {
        "company_name": sentence(told.get("companyName"), otherwise=""),
        "base_currency": code if _CURRENCY.fullmatch(code) else "",
    }
    return {name: value for name, value in found.items() if value}


def _legal(row: object) -> dict[str, str]:
    """What has ended is told as empty: what is left out stays as it was told before."""
    told = row if isinstance(row, Mapping) else {}
    lock = _DATE.match(str(told.get("ledgerLockDate") or ""))
    return {
        "legal_name": sentence(told.get("companyLegalName"), otherwise=""),
        "registration": sentence(told.get("registrationNumber"), otherwise=""),
        _LOCK: lock[0] if lock else "",
    }


def _insist_on_same(before: Told, now: Told) -> None:
    """Books in another currency are other books. Another name on the same platform is told apart by a person."""
    compared = ["base_currency"]
    if before.get("platform") == now.get("platform"):
        compared.append("company_name")
    if any(_differ(before.get(name), now.get(name)) for name in compared):
        raise AnotherCompany(
            f"In Codat this led to {_who(now)}, but it was linked to {_who(before)}. The link there was ended again. "
            f"Begin again and choose the company of before; if another one is meant, make a new connection."
        )


def _differ(was: object, now: object) -> bool:
    return bool(was and now) and _plain(was) != _plain(now)


def _plain(name: object) -> str:
    return " ".join(str(name).casefold().split())


def _who(told: Told) -> str:
    name, currency = told.get("company_name") or "a company", told.get("base_currency")
    return f"{name} ({currency})" if currency else str(name)
