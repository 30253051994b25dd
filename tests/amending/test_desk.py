"""What customers see of changes after posting, and decide."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from portal.amending.models import AmendmentDuty, DutyState
from portal.operations.retention import forget
from portal.tenants.models import Role
from tests.amending.scene import Scene
from tests.factories import MemberFactory

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def shown(client: Client, scene: Scene) -> str:
    address = reverse("desk:transaction", args=[scene.posting().transaction.public_id])
    return client.get(address).content.decode()


def decision(scene: Scene, duty: AmendmentDuty, choice: str) -> str:
    transaction = scene.posting().transaction
    return reverse("desk:amendment", args=[transaction.company_id, transaction.public_id, duty.pk, choice])


@pytest.fixture
def conflict(scene: Scene) -> AmendmentDuty:
    """PO-S at the source, PO-B in the books."""
    scene.till.put("S1", order_number="PO-S")
    scene.change_books(order_number="PO-B")
    scene.settle()
    return AmendmentDuty.objects.get(state=DutyState.NEEDS_A_PERSON)


def member(client: Client, scene: Scene, role: Role) -> None:
    client.force_login(MemberFactory.create(tenant=scene.books.company.tenant, role=role).user)


def test_the_transactions_page_tells_what_became_of_a_change(client: Client, scene: Scene) -> None:
    member(client, scene, Role.VIEWER)
    assert "Changed after posting" not in shown(client, scene)
    scene.till.put("S1", order_number="PO-2", due_date="2027-01-31")
    scene.settle()
    page = shown(client, scene)
    for words in ("Order number changed in Sold There", "PO-1 → PO-2", "20 Dec 2026 → 31 Jan 2027"):
        assert words in page
    assert "It was written into Postroom ledger." in page


def test_an_operator_decides(client: Client, scene: Scene, conflict: AmendmentDuty) -> None:
    member(client, scene, Role.OPERATOR)
    address = decision(scene, conflict, "use_source")
    assert address in shown(client, scene)
    assert "“PO-S” is written into the books" in client.get(address).content.decode()
    assert client.post(address, {"why": ""}).status_code == 200
    assert client.post(address, {"why": "They rang."}).status_code == 302
    scene.settle()
    conflict.refresh_from_db()
    assert (scene.in_books()[0], conflict.state, conflict.note) == ("PO-S", "done", "They rang.")


def test_a_viewer_does_not(client: Client, scene: Scene, conflict: AmendmentDuty) -> None:
    member(client, scene, Role.VIEWER)
    address = decision(scene, conflict, "use_source")
    assert address not in shown(client, scene)
    client.post(address, {"why": "They rang."})
    conflict.refresh_from_db()
    assert conflict.state == DutyState.NEEDS_A_PERSON


def test_what_needs_a_person_stands_on_the_dashboard(client: Client, scene: Scene, conflict: AmendmentDuty) -> None:
    member(client, scene, Role.OWNER)
    page = client.get(reverse("desk:company", args=[scene.books.company_id])).content.decode()
    assert "Order number changed on both sides" in page


def test_what_was_replaced_is_forgotten_in_its_time(scene: Scene) -> None:
    scene.till.put("S1", order_number="PO-2")
    scene.read_source()
    scene.till.put("S1", order_number="PO-3")
    scene.settle()
    row = AmendmentDuty.objects.get(state=DutyState.SUPERSEDED)
    assert row.ended_at is not None
    AmendmentDuty.objects.update(ended_at=row.ended_at.replace(year=2020))
    forget()
    assert [one[4] for one in scene.duties()] == ["done"]
