"""The users of a company: three, the same on every run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from integrations.icompleat.samples import owner_of

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "postroom:icompleat:users")


@dataclass(frozen=True, slots=True)
class Who:
    """Whose act it is."""

    id: str
    name: str


# What iCompleat does by itself.
ITSELF: Final = Who("", "iCompleat")


def users(company: Mapping[str, str]) -> list[dict[str, Any]]:
    """The users of a company as the API tells them; the first owns the samples, the second approves."""
    host = re.sub(r"[^a-z0-9]+", "-", company["name"].lower()).strip("-") or "company"
    return [
        {
            "Id": owner_of(company["id"]) if role == "Operator" else str(uuid5(_NAMESPACE, company["id"] + role)),
            "FirstName": first,
            "LastName": last,
            "EmailAddress": f"{first.lower()}@{host}.example",
            "Role": role,
            "Status": status,
            "Active": status != "SUSPENDED",
        }
        for first, last, role, status in (
            ("Purchasing", "", "Operator", "ACTIVE"),
            ("Finance", "Controller", "Finance Controller", "ACTIVE"),
            ("Former", "Director", "Finance Director", "SUSPENDED"),
        )
    ]


def who(user: Mapping[str, Any]) -> Who:
    """A user as the one who acts."""
    return Who(user["Id"], f"{user['FirstName']} {user['LastName']}".strip())


def approver(company: Mapping[str, str]) -> Who:
    """Who acts on the pages and for scripts that name nobody."""
    return who(users(company)[1])
