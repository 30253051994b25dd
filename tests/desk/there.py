"""A running stand-in for iCompleat with one company, and a form that leads to it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from integrations.icompleat.sandbox import build
from integrations.sandbox import Server, Store
from portal.connections.registry import source

KEY = "key-for-the-tests-of-pages"
NAME = "Northgate Training"


@dataclass(frozen=True)
class There:
    """One company over there."""

    url: str
    tenant_id: str
    company_id: str

    @property
    def settings(self) -> dict[str, str]:
        """What the form of a connection holds."""
        defaults = {one.key: one.default for one in source("icompleat").metadata.settings if not one.secret}
        own = {"base_url": self.url, "tenant_id": self.tenant_id, "company_id": self.company_id}
        return {**defaults, **own, "requests_per_minute": "600"}

    def form(self, key: str = KEY, **changes: str) -> dict[str, str]:
        """The same as a browser sends it."""
        fields = {f"setting__{name}": value for name, value in {**self.settings, **changes}.items()}
        return {**fields, "secret__security_key": key}

    def rows(self, name: str) -> list[dict[str, Any]]:
        """A list over there, as it stands."""
        answer = requests.get(f"{self.url}/control/companies/{self.company_id}/lists/{name}", timeout=10)
        found: list[dict[str, Any]] = answer.json()["rows"]
        return found

    def transaction_ids(self) -> list[str]:
        """The transactions that wait for approval over there."""
        answer = requests.get(f"{self.url}/control/companies/{self.company_id}/transactions", timeout=10)
        return [str(one["id"]) for one in answer.json()["transactions"]]


@contextmanager
def running(directory: Path) -> Iterator[There]:
    """The stand-in on a port of its own."""
    with Server(build(Store("icompleat", directory))) as server:
        there = There(server.url, str(uuid.uuid4()), str(uuid.uuid4()))
        put(f"{server.url}/control/tenants/{there.tenant_id}", name="Northgate Group", security_key=KEY)
        put(
            f"{server.url}/control/companies/{there.company_id}",
            name=NAME, base_currency="GBP", tenant_id=there.tenant_id,
        )  # fmt: skip
        yield there


def put(address: str, **body: object) -> None:
    """Tell the stand-in something."""
    requests.put(address, json=body, timeout=10).raise_for_status()
