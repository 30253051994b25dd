"""One call of the API: who calls, what the address says, what the body says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request

from integrations.exact import from_json, to_json
from integrations.icompleat.standin import people
from integrations.icompleat.standin.people import Who
from integrations.icompleat.standin.refusals import Code, Refused, Unknown
from integrations.icompleat.standin.transactions import Held
from integrations.icompleat.standin.world import World


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that is not JSON."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call by the owner of a tenant's key. Its methods raise `Refused` with the code of what is wrong."""

    world: World
    tenant: Mapping[str, str]
    values: Mapping[str, str]
    request: Request

    def value(self, name: str) -> str:
        """A part of the address; empty for `null` in any letter case."""
        value = self.values.get(name, "")
        return "" if value.lower() == "null" else value

    def page(self) -> int:
        """The page number."""
        given = self.values["page"]
        if not (given.isascii() and given.isdigit()) or not 1 <= int(given) <= 10**9:
            raise Refused(Code.BAD_REQUEST, "The page number must be a whole number from 1.")
        return int(given)

    def company(self) -> dict[str, str]:
        """The company, which must be the tenant's."""
        return self._company(self.value("company"))

    def optional_company(self) -> dict[str, str] | None:
        """The company, or None for `null`."""
        return self._company(self.value("company")) if self.value("company") else None

    def _company(self, company_id: str) -> dict[str, str]:
        try:
            company = self.world.companies.one(company_id)
        except Unknown:
            company = {"tenant_id": ""}
        if company["tenant_id"] != self.tenant["id"]:
            raise Refused(Code.UNKNOWN_COMPANY, "Unknown company")
        return company

    def user(self) -> Who | None:
        """The user, or None for `null`."""
        wanted = self.value("user").lower()
        if not wanted:
            return None
        for user in self.world.companies.users(self.tenant["id"]):
            if user["Id"] == wanted:
                return people.who(user)
        raise Refused(Code.UNKNOWN_USER, "Invalid user id")

    def transaction(self) -> Held:
        """The transaction, which must be of one of the tenant's companies."""
        unknown = Refused(Code.UNKNOWN_TRANSACTION, "Transaction not found")
        try:
            held = self.world.transactions.one(self.value("transaction"))
        except Unknown:
            raise unknown from None
        if self.world.companies.one(held.company_id)["tenant_id"] != self.tenant["id"]:
            raise unknown
        return held

    def optional_transaction(self) -> Held | None:
        """The transaction, or None for `null`."""
        return self.transaction() if self.value("transaction") else None

    def body(self) -> Mapping[str, Any]:
        """The body, a JSON object."""
        try:
            body = from_json(self.request.get_data().decode())
        except ValueError:
            raise Refused(Code.BAD_REQUEST, "The body is not JSON.") from None
        if not isinstance(body, dict):
            raise Refused(Code.BAD_REQUEST, "The body is not a JSON object.")
        try:
            to_json(body).encode()
        except (UnicodeEncodeError, RecursionError):
            raise Refused(Code.BAD_REQUEST, "The body holds half a character, or is nested too deeply.") from None
        return body

    def member(self, name: str) -> Mapping[str, Any]:
        """A member of the body that is an object itself."""
        value = self.body().get(name)
        if not isinstance(value, dict):
            raise Refused(Code.BAD_REQUEST, f"{name} must be an object.")
        return value
