"""Addresses and answers of these pages, and members who hear by mail."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portal.desk.company_settings import readers
from portal.events import recipients
from portal.tenants.models import Member, Role, Tenant
from tests.desk.scene import Scene
from tests.factories import MemberFactory


@pytest.fixture
def members_hear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members are asked for, as when the applications are ready."""
    monkeypatch.setitem(recipients._asked, "members", readers.readers)


def of_company(scene: Scene, name: str) -> str:
    return reverse(f"desk:{name}", args=[scene.company.pk])


def of_tenant(scene: Scene, name: str, *more: object) -> str:
    return reverse(f"desk:{name}", args=[scene.tenant.pk, *more])


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return text_of(response)


def text_of(response: Any) -> str:
    return html.unescape(response.content.decode())


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def with_role(tenant: Tenant, role: Role, **user: Any) -> tuple[Client, Member]:
    member: Member = MemberFactory.create(
        tenant=tenant, role=role, **{f"user__{name}": value for name, value in user.items()}
    )
    client = Client()
    client.force_login(member.user)
    return client, member
