"""Transactions that need a person, people in every role, and Demo Books over real HTTP with a hand in its store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django.test import Client

from integrations.demo.sandbox import build
from integrations.sandbox import Server, Store, mount
from portal.connections.models import Connection
from portal.postings import tasks, work
from portal.postings.models import Posting
from portal.tenants.models import Member, Role
from tests.desk.scene import Scene, a_demo_scene
from tests.factories import MemberFactory, a_document
from tests.postings.reconciliation.tampering import Tampering

TOKEN = "demo-token-of-these-tests"


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The postings for which the door rang."""
    ids: list[int] = []
    monkeypatch.setattr(tasks, "ring", ids.append)
    return ids


@dataclass(frozen=True)
class People:
    """Members of one tenant in every role."""

    scene: Scene

    def client(self, role: Role) -> Client:
        """A browser in which somebody with this role is logged in."""
        client = Client()
        client.force_login(self.member(role).user)
        return client

    def member(self, role: Role) -> Member:
        """Somebody with this role."""
        found = Member.objects.filter(tenant=self.scene.tenant, role=role).select_related("user").first()
        return found or MemberFactory.create(tenant=self.scene.tenant, role=role)


@pytest.fixture
def people(demo: Scene) -> People:
    """The people of the tenant on the demo accounting system."""
    return People(demo)


@dataclass(frozen=True)
class Town:
    """A company linked to Demo Books that run, and a hand in them."""

    scene: Scene
    books: Tampering

    def posted(self, number: str = "INV000123") -> Posting:
        """A document that went there."""
        posting = self.scene.receive(a_document(number=number))
        work.run(posting.pk)
        posting.refresh_from_db()
        assert posting.state == "posted", posting.reason
        return posting


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, db: None) -> Iterator[Town]:
    """Demo Books on a port of their own."""
    monkeypatch.setenv("POSTROOM_DEMO_TOKEN", TOKEN)
    store = Store("demo", tmp_path)
    with Server(mount({"demo": build(store)})) as server:
        scene = a_demo_scene(name="Harbour Street Studios Ltd")
        settings = {"base_url": f"{server.url}/demo", "company_id": "harbour-street"}
        Connection.objects.filter(pk=scene.connection.pk).update(settings=settings)
        scene.connection.refresh_from_db()
        scene.connection.secrets = {"token": TOKEN}
        scene.connection.save()
        yield Town(replace(scene), Tampering(store))
    store.close()
