"""The sandbox iCompleat's control interface: companies, endpoints, approvals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import requests

from integrations.base import Link
from integrations.exact import from_json, to_json
from integrations.icompleat.client import Client
from portal.operations.demo.children import DemoFailed

# Nobody who watches a demo wants to wait for the 50 that the real one allows.
A_MINUTE = 600
DIMENSIONS = ("Department", "Project")
# iCompleat waits for an answer of its own for up to 30 seconds.
TIMEOUT_SECONDS = (5, 45)


@dataclass(frozen=True, slots=True)
class Approved:
    """What came of one approval. `gross` is in `currency`; `status` None: no answer came."""

    id: str
    number: str
    kind: str
    gross: Decimal
    currency: str
    status: int | None
    journal_number: str
    reason: str
    milliseconds: int | None

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Approved:
        """One row of the control interface."""
        return cls(**{name: row[name] for name in cls.__slots__})


def add_custom_fields(link: Link) -> None:
    """The list custom fields that the dimensions of the demo's books go into, made as an administrator would."""
    client = Client(link)
    known = {str(field["Name"]) for field in client.custom_fields()}
    for name in DIMENSIONS:
        if name not in known:
            client.create_custom_field(name)


class SandboxICompleat:
    """The stand-in at `url`. Every call raises `DemoFailed` when it does not answer as it should."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/control"
        self._session = requests.Session()
        self._session.trust_env = False

    def add_tenant(self, tenant_id: str, name: str, security_key: str) -> None:
        """Make a tenant whose API answers to this key."""
        self._call("PUT", f"tenants/{tenant_id}", {"name": name, "security_key": security_key})

    def allow(self, requests_a_minute: int) -> None:
        """Let each key call its API so often."""
        self._call("PUT", "faults", {"limit_per_minute": requests_a_minute})

    def add_company(self, company_id: str, name: str, base_currency: str, tenant_id: str) -> None:
        """Make a company of a tenant, with sample transactions that await approval."""
        body = {"name": name, "base_currency": base_currency, "tenant_id": tenant_id}
        self._call("PUT", f"companies/{company_id}", body)

    def aim(self, company_id: str, kind: str, url: str, token: str) -> None:
        """Send this kind of transaction there from now on."""
        self._call("PUT", f"companies/{company_id}/endpoints/{kind}", {"url": url, "token": token})

    def transaction_ids(self, company_id: str) -> list[str]:
        """The company's transactions, in the order of their making."""
        return [row["id"] for row in self._call("GET", f"companies/{company_id}/transactions")["transactions"]]

    def add_transaction(self, company_id: str, sample: str) -> str:
        """One more transaction, made after a sample, that nobody has seen before; gives its id."""
        transaction_id: str = self._call("POST", f"companies/{company_id}/transactions", {"sample": sample})["id"]
        return transaction_id

    def approve(self, transaction_id: str) -> Approved:
        """Approve one: the stand-in posts it over HTTP, and waits for the answer."""
        return Approved.read(self._call("POST", f"transactions/{transaction_id}/approve"))

    def _call(self, method: str, path: str, body: Mapping[str, str | int] | None = None) -> Mapping[str, Any]:
        content = to_json(body) if body else None
        try:
            response = self._session.request(method, f"{self._url}/{path}", data=content, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise DemoFailed(f"The sandbox iCompleat did not answer: {error}") from error
        if not response.ok:
            raise DemoFailed(f"The sandbox iCompleat refused {method} {path}: {response.status_code} {response.text}")
        answer: Mapping[str, Any] = from_json(response.text)
        return answer
