"""What a person decides about an amendment, on the staff site and by the service."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.errors import Rejected
from ledger.connector import BuiltInLedger
from portal.amending.deciding import AGAIN, BY_HAND, NOT_NEEDED, USE_BOOKS, USE_SOURCE, choices, decide
from portal.amending.leases import take
from portal.amending.models import AmendmentDuty, DutyState, KnownTerms
from portal.events.models import AuditEvent
from portal.postings.repair import CannotRepair
from tests.amending.scene import Scene
from tests.amending.test_both_ways import failing
from tests.factories import StaffFactory

pytestmark = [pytest.mark.django_db, pytest.mark.engine]


@pytest.fixture
def conflict(scene: Scene) -> AmendmentDuty:
    """PO-S at the source, PO-B in the books."""
    scene.till.put("S1", order_number="PO-S")
    scene.change_books(order_number="PO-B")
    scene.settle()
    return AmendmentDuty.objects.get(state=DutyState.NEEDS_A_PERSON)


@pytest.fixture
def manual(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> AmendmentDuty:
    """The books take no change: PO-2 at the source, PO-1 in the books."""
    monkeypatch.setattr(BuiltInLedger, "can", replace(BuiltInLedger.can, amends=frozenset()))
    scene.till.put("S1", order_number="PO-2")
    scene.settle()
    return AmendmentDuty.objects.get(state=DutyState.NEEDS_A_PERSON)


def decided(duty: AmendmentDuty, choice: str) -> AmendmentDuty:
    return decide(duty.pk, choice, by=StaffFactory.create(username=f"ann-{choice}"), why="The customer says so.")


def state(duty: AmendmentDuty) -> str:
    duty.refresh_from_db()
    return duty.state


def test_the_source_counts(scene: Scene, conflict: AmendmentDuty) -> None:
    decided(conflict, USE_SOURCE)
    scene.settle()
    assert (scene.in_books()[0], scene.at_source()[0], state(conflict)) == ("PO-S", "PO-S", "done")
    event = AuditEvent.objects.get(verb="amendment.use_source")
    assert (event.who, "The customer says so." in event.message) == ("ann-use_source", True)


def test_the_books_count(scene: Scene, conflict: AmendmentDuty) -> None:
    decided(conflict, USE_BOOKS)
    scene.settle()
    assert (scene.in_books()[0], scene.at_source()[0], state(conflict)) == ("PO-B", "PO-B", "not_needed")
    assert scene.duties()[-1] == ("source", "order_number", "PO-S", "PO-B", "done")


def test_what_changed_again_after_the_decision_is_never_overwritten(scene: Scene, conflict: AmendmentDuty) -> None:
    decided(conflict, USE_SOURCE)
    scene.change_books(order_number="PO-B2")
    scene.settle()
    assert (scene.in_books()[0], scene.at_source()[0]) == ("PO-B2", "PO-S")
    assert AmendmentDuty.objects.get(state=DutyState.NEEDS_A_PERSON).is_conflict


def test_both_may_stay_as_they_are(scene: Scene, conflict: AmendmentDuty) -> None:
    decided(conflict, NOT_NEEDED)
    scene.settle()
    assert (scene.in_books()[0], scene.at_source()[0], scene.till.writes) == ("PO-B", "PO-S", [])
    scene.till.put("S1", order_number="PO-3")
    scene.settle()
    assert scene.in_books()[0] == "PO-3"


def test_changed_by_hand_is_looked_at(scene: Scene, manual: AmendmentDuty) -> None:
    decided(manual, BY_HAND)
    scene.settle()
    assert (state(manual), scene.at_source()[0]) == ("needs_a_person", "PO-2")
    scene.change_books(order_number="PO-2")
    decided(AmendmentDuty.objects.get(pk=manual.pk), AGAIN)
    scene.settle()
    assert state(manual) == "done"


def test_changed_by_hand_is_believed_where_the_books_do_not_tell(
    scene: Scene, manual: AmendmentDuty, monkeypatch: pytest.MonkeyPatch
) -> None:
    can = replace(BuiltInLedger.can, amends=frozenset(), tells_amendments=False)
    monkeypatch.setattr(BuiltInLedger, "can", can)
    decided(manual, BY_HAND)
    assert (state(manual), manual.note) == ("done", "The customer says so.")
    assert KnownTerms.objects.get().in_books["order_number"] == "PO-2"


def test_not_needed_is_over(scene: Scene, manual: AmendmentDuty) -> None:
    decided(manual, NOT_NEEDED)
    scene.settle()
    assert (state(manual), scene.in_books()[0], scene.at_source()[0]) == ("not_needed", "PO-1", "PO-2")


def test_a_refused_one_is_tried_again(scene: Scene) -> None:
    scene.change_books(order_number="PO-B")
    failing(scene, "amend", Rejected("Not today."))
    scene.settle()
    duty = AmendmentDuty.objects.get()
    scene.till.before = lambda _: None
    scene.settle()
    assert state(duty) == "refused"
    decided(duty, AGAIN)
    scene.settle()
    assert (state(duty), scene.at_source()[0]) == ("done", "PO-B")


def test_what_is_not_possible(scene: Scene, manual: AmendmentDuty) -> None:
    assert choices(manual) == (AGAIN, BY_HAND, NOT_NEEDED)
    with pytest.raises(CannotRepair, match="Say why"):
        decide(manual.pk, AGAIN, by=StaffFactory.create(), why=" ")
    with pytest.raises(CannotRepair, match="has moved"):
        decided(manual, USE_SOURCE)
    KnownTerms.objects.update(next_at=timezone.now())
    assert take(manual.posting_id, timezone.now())
    with pytest.raises(CannotRepair, match="has moved"):
        decided(manual, NOT_NEEDED)


def page(duty: AmendmentDuty, name: str) -> str:
    return reverse(f"admin:amending_amendmentduty_{name}", args=[duty.pk])


def test_staff_see_and_decide(client: Client, scene: Scene, conflict: AmendmentDuty) -> None:
    client.force_login(StaffFactory.create(username="ann"))
    listed = client.get(f"{reverse('admin:amending_amendmentduty_changelist')}?waits=person").content.decode()
    assert "PO-B → PO-S" in listed
    assert "To be decided" in listed
    row = client.get(page(conflict, "change")).content.decode()
    for name in (USE_SOURCE, USE_BOOKS, NOT_NEEDED):
        assert page(conflict, name) in row
    assert page(conflict, AGAIN) not in row
    assert "“PO-S” is written into the books" in client.get(page(conflict, USE_SOURCE)).content.decode()
    done = client.post(page(conflict, USE_SOURCE), {"confirmed": "1", "reason": "They rang."})
    assert done.status_code == 302
    scene.settle()
    assert (state(conflict), conflict.note) == ("done", "They rang.")


def test_the_list_asks_as_often_however_long_it_is(
    client: Client, scene: Scene, conflict: AmendmentDuty, django_assert_max_num_queries: Any
) -> None:
    client.force_login(StaffFactory.create())
    AmendmentDuty.objects.bulk_create(
        AmendmentDuty(
            posting=conflict.posting, connection=conflict.connection, member="order_number", before=str(n), after="x",
            state=DutyState.DONE, why="x", noticed_at=timezone.now(), ended_at=timezone.now(),
        )
        for n in range(40)
    )  # fmt: skip
    with django_assert_max_num_queries(12):
        client.get(reverse("admin:amending_amendmentduty_changelist"))
