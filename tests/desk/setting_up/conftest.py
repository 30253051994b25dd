"""A company that has nothing yet, its owner, and a vendor to visit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from portal.connections.models import Connection
from portal.reference import tasks
from portal.tenants.models import Company, Role
from tests.connections.access.conftest import vendor
from tests.factories import CompanyFactory, MemberFactory

__all__ = ["vendor"]


@dataclass(frozen=True)
class Beginner:
    """An owner of a tenant whose only company is linked to nothing."""

    company: Company
    user: Any
    client: Client

    def url(self, name: str, *more: object) -> str:
        """A page of the company."""
        return reverse(f"desk:{name}", args=[self.company.pk, *more])

    def see(self, name: str, query: str = "") -> str:
        """What stands on it."""
        answer = self.client.get(self.url(name) + query)
        assert answer.status_code == 200, answer
        return str(answer.content.decode())

    def send(self, name: str, data: dict[str, str] | None = None, **options: Any) -> Any:
        """What comes of its form."""
        return self.client.post(self.url(name), data or {}, **options)

    @property
    def connection(self) -> Connection:
        """The one that is not unlinked."""
        return Connection.objects.exclude(status="unlinked").get(company=self.company)


@pytest.fixture
def olga(db: None) -> Beginner:
    """An owner."""
    return beginner(Role.OWNER)


def beginner(role: Role, **options: Any) -> Beginner:
    """Somebody with a role in a tenant of her own."""
    company = CompanyFactory.create(**{"name": "Northgate Ltd", "live_at": None, **options})
    user, client = MemberFactory.create(tenant=company.tenant, role=role).user, Client()
    client.force_login(user)
    return Beginner(company, user, client)


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs for which a door rang; what was listed before is forgotten."""
    ids: list[int] = []
    monkeypatch.setattr(tasks, "ring", ids.append)
    cache.clear()
    return ids
