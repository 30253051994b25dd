"""What the tests of the customer pages begin with: an organisation, its company, a member, and transactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.test import Client

from integrations.documents import Document, Supplier
from portal.connections.models import Connection
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.tenants.models import Company, Tenant
from tests.admin.world import in_state
from tests.factories import (
    CompanyFactory,
    DemoConnectionFactory,
    LedgerConnectionFactory,
    MemberFactory,
    a_document,
    a_line,
    accepted,
)


@dataclass(frozen=True)
class Scene:
    """One tenant with one company on the built-in ledger, and a member of it."""

    tenant: Tenant
    company: Company
    connection: Connection
    user: Any

    @property
    def client(self) -> Client:
        """A browser in which the member is logged in."""
        client = Client()
        client.force_login(self.user)
        return client

    def receive(self, document: Document | None = None, **options: Any) -> Posting:
        """A document accepted for the company; on the ledger it is posted, or refused, at once."""
        return accepted(self.connection, document or a_document(**options)).posting

    def in_state(self, state: State, **options: Any) -> Posting:
        """A document whose posting came to `state` by the ways that the table allows; for `a_demo_scene`."""
        return in_state(self.connection, state, a_document(**options))

    def refuse(self, **options: Any) -> Posting:
        """A document that the ledger refuses, for its account is not in the books."""
        return self.receive(a_document(lines=(a_line(account_code="9999"),), **options))


def a_scene(**options: Any) -> Scene:
    """A fresh organisation; `options` are the company's."""
    company = CompanyFactory(**options)
    connection = LedgerConnectionFactory(company=company)
    return Scene(company.tenant, company, connection, MemberFactory(tenant=company.tenant).user)


def a_demo_scene(**options: Any) -> Scene:
    """The same on the demo accounting system, where a posting waits for a worker and can be in any state."""
    company = CompanyFactory(**options)
    connection = DemoConnectionFactory(company=company)
    return Scene(company.tenant, company, connection, MemberFactory(tenant=company.tenant).user)


def marked(scene: Scene, mark: str) -> tuple[Transaction, tuple[str, ...]]:
    """A transaction whose every text carries `mark`, and the texts that may be seen of it."""
    posting = scene.receive(
        number=f"INV-{mark}",
        party=Supplier(code=f"S-{mark}", name=f"Supplier {mark}"),
        order_number=f"ORD-{mark}",
        supplier_reference=f"REF-{mark}",
        external_id=f"id-{mark}".lower(),
    )
    transaction = posting.transaction
    return transaction, (mark, mark.lower(), str(transaction.public_id))
