"""Tenants with their security keys, their companies, and where each company's transactions are sent."""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from integrations.documents import Kind
from integrations.icompleat.standin import people
from integrations.icompleat.standin.refusals import Unknown
from integrations.sandbox import Store

DEFAULT_TOKEN_HEADER: Final = "x-api-compleat-token"  # noqa: S105 - the name of a header
DEFAULT_TENANT: Final = str(uuid5(NAMESPACE_URL, "postroom:icompleat:tenant"))


@dataclass(frozen=True, slots=True)
class Target:
    """Where transactions of one company and kind are sent, with the secret token and the header that carries it."""

    url: str
    token: str
    token_header: str = DEFAULT_TOKEN_HEADER


class Companies:
    """Who there is. Ids are compared in lower case."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_tenant(self, tenant_id: str, name: str, security_key: str = "") -> dict[str, str]:
        """Make a tenant with a key; of a known one change the name, and the key if one is given."""
        with self._store.transaction() as database:
            database.execute(
                "INSERT INTO tenants VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                (tenant_id.lower(), name, security_key or str(uuid.uuid4())),
            )
            if security_key:
                database.execute("UPDATE tenants SET security_key = ? WHERE id = ?", (security_key, tenant_id.lower()))
        return self.tenant(tenant_id)

    def new_key(self, tenant_id: str) -> dict[str, str]:
        """Regenerate a tenant's key: the old one is dead at once. Raises `Unknown`."""
        tenant = self.tenant(tenant_id)
        return self.add_tenant(tenant["id"], tenant["name"], str(uuid.uuid4()))

    def tenants(self) -> list[dict[str, str]]:
        """Every tenant: id, name, security_key."""
        with self._store.transaction() as database:
            return [dict(row) for row in database.execute("SELECT * FROM tenants ORDER BY rowid")]

    def tenant(self, tenant_id: str) -> dict[str, str]:
        """One tenant. Raises `Unknown`."""
        for tenant in self.tenants():
            if tenant["id"] == tenant_id.lower():
                return tenant
        raise Unknown("This tenant is not known here.")

    def tenant_with(self, security_key: str) -> dict[str, str] | None:
        """Whose key it is."""
        given = security_key.strip().lower().encode()
        for tenant in self.tenants():
            if hmac.compare_digest(tenant["security_key"].lower().encode(), given):
                return tenant
        return None

    def add(self, company_id: str, name: str, base_currency: str, tenant_id: str = "") -> bool:
        """Make a company; of a known one only change the name. True if it is new. Raises `Unknown`."""
        tenant = self.tenant(tenant_id) if tenant_id else self._default_tenant()
        with self._store.transaction() as database:
            known = database.execute("SELECT 1 FROM companies WHERE id = ?", (company_id.lower(),)).fetchone()
            database.execute(
                "INSERT INTO companies VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
                (company_id.lower(), tenant["id"], name, base_currency),
            )
        return known is None

    def _default_tenant(self) -> dict[str, str]:
        try:
            return self.tenant(DEFAULT_TENANT)
        except Unknown:
            return self.add_tenant(DEFAULT_TENANT, "Sandbox")

    def all(self, tenant_id: str = "") -> list[dict[str, str]]:
        """Every company, or those of one tenant: id, tenant_id, name, base_currency."""
        question = "SELECT * FROM companies WHERE ? IN ('', tenant_id) ORDER BY rowid"
        with self._store.transaction() as database:
            return [dict(row) for row in database.execute(question, (tenant_id.lower(),))]

    def one(self, company_id: str) -> dict[str, str]:
        """One company. Raises `Unknown`."""
        with self._store.transaction() as database:
            row = database.execute("SELECT * FROM companies WHERE id = ?", (company_id.lower(),)).fetchone()
        if row is None:
            raise Unknown("This company is not known here.")
        return dict(row)

    def users(self, tenant_id: str) -> list[dict[str, Any]]:
        """The users of all companies of a tenant."""
        return [user for company in self.all(tenant_id) for user in people.users(company)]

    def aim(self, company_id: str, kind: Kind, target: Target) -> None:
        """From now on send this kind there."""
        with self._store.transaction() as database:
            database.execute(
                "INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?, ?, ?)",
                (company_id.lower(), kind, target.url, target.token, target.token_header),
            )

    def targets(self, company_id: str) -> dict[Kind, Target]:
        """Where each kind is sent; a kind without an endpoint is a normal configuration."""
        with self._store.transaction() as database:
            rows = database.execute("SELECT * FROM endpoints WHERE company_id = ?", (company_id.lower(),)).fetchall()
        return {Kind(row["kind"]): Target(row["url"], row["token"], row["token_header"]) for row in rows}
