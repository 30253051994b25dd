"""The account under test: a connector with its settings and secrets, and how a fresh one is made for each call."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integrations.base import AccountingSystem, Link
from integrations.http import Outbound
from portal.connections.models import Connection
from portal.connections.registry import accounting_system
from portal.connections.services import link_of, outbound_terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account at one accounting system; `connection` is None where the credentials were given by hand."""

    connector: type[AccountingSystem]
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    connection: Connection | None = None

    def system(self, outbound: Outbound) -> AccountingSystem:
        """A fresh connector under these terms."""
        if self.connection is not None:
            return self.connector(link_of(self.connection, outbound))
        return self.connector(Link(settings=self.settings, secrets=self.secrets, outbound=outbound))

    def terms(self, **terms: Any) -> Outbound:
        """The terms of outgoing calls in this installation."""
        return outbound_terms(**terms)

    @property
    def base_url(self) -> str:
        """Where the system is, for the record; empty where the connector has no such setting."""
        return self.settings.get("base_url", "")[:500]


def account_of(connection: Connection) -> Account:
    """The account behind an existing connection. Raises `UnknownIntegration`."""
    return Account(
        connector=accounting_system(connection.integration),
        settings=connection.settings,
        secrets=connection.secrets,
        connection=connection,
    )


def source_version(connector: type[AccountingSystem]) -> str:
    """Twelve hex digits over the source of the connector's folder: they change when its code does."""
    folder = Path(sys.modules[connector.__module__].__file__ or ".").parent
    texts = b"\0".join(path.name.encode() + path.read_bytes() for path in sorted(folder.rglob("*.py")))
    return hashlib.sha256(texts).hexdigest()[:12]
