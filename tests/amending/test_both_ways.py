"""Order number and due date go from either side into the other, once, and what comes back is no change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.utils import timezone

from integrations.errors import IntegrationError, Missing, OutcomeUnknown, Rejected, Retryable, Unauthorised
from ledger.connector import BuiltInLedger
from ledger.models import Entry
from portal.amending import leases
from portal.amending.models import AmendmentDuty, DutyState, KnownTerms
from portal.connections.models import Connection, Status
from portal.intake.models import Delivery, Verdict
from portal.postings.maintenance import maintenance
from portal.postings.models import Posting, Revision, Transaction
from portal.postings.states import State
from tests.amending.scene import Scene

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
DUE, LATER = date(2026, 12, 20), date(2027, 1, 31)


def test_a_change_at_the_source_is_written_into_the_books(scene: Scene) -> None:
    scene.till.put("S1", order_number="PO-2", due_date="2027-01-31")
    scene.settle()
    assert scene.in_books() == ("PO-2", LATER)
    assert scene.duties() == [
        ("accounting", "order_number", "PO-1", "PO-2", "done"),
        ("accounting", "due_date", "2026-12-20", "2027-01-31", "done"),
    ]
    delivery = Delivery.objects.order_by("-pk").first()
    assert delivery is not None
    assert (delivery.verdict, delivery.transaction) == (Verdict.SKIPPED, Transaction.objects.get())
    assert {one.delivery_id for one in AmendmentDuty.objects.all()} == {delivery.pk}
    assert (Entry.objects.count(), Revision.objects.count(), scene.till.writes) == (1, 0, [])


def test_a_change_in_the_books_is_written_into_the_source(scene: Scene) -> None:
    scene.change_books(order_number="PO-B")
    scene.settle()
    assert (scene.at_source(), scene.till.writes) == (("PO-B", DUE), [("S1", {"order_number": "PO-B"})])
    assert scene.duties() == [("source", "order_number", "PO-1", "PO-B", "done")]


def test_each_side_changes_another_member(scene: Scene) -> None:
    scene.till.put("S1", due_date="2027-01-31")
    scene.change_books(order_number="PO-B")
    scene.settle()
    assert scene.in_books() == scene.at_source() == ("PO-B", LATER)


def test_there_and_back_again(scene: Scene) -> None:
    for order in ("PO-2", "PO-1", "PO-3", "PO-1"):
        scene.till.put("S1", order_number=order)
        scene.settle()
        assert scene.in_books()[0] == order
    scene.change_books(order_number="PO-2")
    scene.settle()
    assert scene.at_source()[0] == "PO-2"


def test_the_latest_of_two_that_wait_counts(scene: Scene) -> None:
    scene.till.put("S1", order_number="PO-2")
    scene.read_source()
    scene.till.put("S1", order_number="PO-3")
    scene.read_source()
    assert [one[3:] for one in scene.duties()] == [("PO-2", "superseded"), ("PO-3", "due")]
    scene.settle()
    assert scene.in_books()[0] == "PO-3"


def test_what_was_set_back_before_it_was_passed_on_is_nothing(scene: Scene) -> None:
    scene.till.put("S1", order_number="PO-2")
    scene.read_source()
    scene.till.put("S1", order_number="PO-1")
    scene.read_source()
    scene.settle()
    assert scene.in_books()[0] == "PO-1"
    assert {one[4] for one in scene.duties()} <= {"superseded", "done"}


def test_both_sides_at_once_wait_for_a_person(scene: Scene) -> None:
    scene.till.put("S1", order_number="PO-S")
    scene.change_books(order_number="PO-B")
    scene.settle()
    assert (scene.at_source()[0], scene.in_books()[0], scene.till.writes) == ("PO-S", "PO-B", [])
    (duty,) = AmendmentDuty.objects.filter(state=DutyState.NEEDS_A_PERSON)
    assert (duty.is_conflict, duty.before, duty.after) == (True, "PO-B", "PO-S")
    assert "PO-S at Sold There, PO-B in Postroom ledger" in duty.message
    scene.till.put("S1", order_number="PO-B")
    scene.settle()
    assert not AmendmentDuty.objects.filter(state=DutyState.NEEDS_A_PERSON).exists()


def test_both_sides_say_the_same(scene: Scene) -> None:
    scene.till.put("S1", order_number="PO-2")
    scene.change_books(order_number="PO-2")
    scene.settle()
    assert (scene.till.writes, {one[4] for one in scene.duties()}) == ([], {"done"})


def test_other_content_is_contested_as_before(scene: Scene) -> None:
    scene.till.put("S1", order_number="PO-2", net="250.00")
    scene.settle()
    assert (scene.in_books()[0], scene.duties(), Revision.objects.get().state) == ("PO-1", [], "contested")


def test_what_was_never_sent_is_revised_and_sent_as_it_is(scene: Scene) -> None:
    scene.till.put("S2", net="0.00")
    scene.read_source()
    assert scene.posting("S2").state == State.REJECTED
    scene.till.put("S2", net="50.00", order_number="PO-9")
    scene.settle()
    assert (scene.in_books("S2"), scene.duties("S2")) == (("PO-9", DUE), [])


def test_while_it_is_being_sent_it_is_taken_again_later(scene: Scene) -> None:
    stands(scene, State.HELD)
    scene.till.put("S1", order_number="PO-2")
    scene.read_source()
    assert (scene.duties(), Delivery.objects.order_by("pk").values_list("verdict", flat=True).last()) == ([], "skipped")
    assert Transaction.objects.get().order_number == "PO-1"
    stands(scene, State.POSTED)
    scene.settle()
    assert (scene.in_books()[0], Transaction.objects.get().order_number) == ("PO-2", "PO-2")


def test_what_the_books_cannot_take_waits_for_a_person(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BuiltInLedger, "can", replace(BuiltInLedger.can, amends=frozenset({"due_date"})))
    scene.till.put("S1", order_number="PO-2", due_date="2027-01-31")
    scene.settle()
    assert scene.in_books() == ("PO-1", LATER)
    (duty,) = AmendmentDuty.objects.filter(state=DutyState.NEEDS_A_PERSON)
    assert duty.message == "Postroom ledger takes no change of the order number from here: change it there by hand."
    scene.change_books(order_number="PO-2")
    scene.settle()
    duty.refresh_from_db()
    assert duty.state == DutyState.DONE


def test_a_due_date_that_was_taken_away_waits_for_a_person(scene: Scene) -> None:
    scene.till.put("S1", due_date="")
    scene.settle()
    assert scene.in_books()[1] == DUE
    assert [one[4] for one in scene.duties()] == ["needs_a_person"]


@pytest.mark.parametrize("error", [Retryable("It is down."), OutcomeUnknown("It broke off."), RuntimeError("A bug.")])
def test_a_failure_is_tried_again(scene: Scene, error: Exception) -> None:
    scene.change_books(order_number="PO-B")
    scene.read_books()
    failing(scene, "amend", error)
    scene.match()
    known, (duty,) = KnownTerms.objects.get(), AmendmentDuty.objects.all()
    assert (known.tries, known.lease_token, duty.state, duty.error_class) == (1, None, "due", type(error).__name__)
    assert known.next_at is not None
    assert 50 < (known.next_at - timezone.now()).total_seconds() <= 60
    scene.till.before = lambda _: None
    scene.settle()
    assert scene.at_source()[0] == "PO-B"


def test_what_was_written_although_nobody_knew_is_found(scene: Scene) -> None:
    def breaks(_: str) -> None:
        raise OutcomeUnknown("The answer was lost.")

    scene.change_books(order_number="PO-B")
    scene.read_books()
    scene.till.after = breaks
    scene.match()
    scene.till.after = lambda _: None
    scene.settle()
    assert (len(scene.till.writes), [one[4] for one in scene.duties()]) == (1, ["done"])


def test_after_a_week_a_person_must_look(scene: Scene) -> None:
    scene.change_books(order_number="PO-B")
    scene.read_books()
    failing(scene, "amend", Retryable("It is down."))
    for _ in range(13):
        scene.match()
    (duty,) = AmendmentDuty.objects.all()
    assert (duty.state, duty.message) == (
        "refused", "It was tried for a week without success. The last reason: It is down.",
    )  # fmt: skip
    assert not scene.match()


@pytest.mark.parametrize("error", [Rejected("Too long.", field="order_number"), Missing("Gone.")])
def test_a_refusal_waits_for_a_person_with_its_words(scene: Scene, error: IntegrationError) -> None:
    scene.change_books(order_number="PO-B")
    failing(scene, "amend", error)
    scene.settle()
    (duty,) = AmendmentDuty.objects.all()
    assert (duty.state, duty.message, duty.error_class) == ("refused", error.message, type(error).__name__)


def test_refused_credentials_deauthorise_the_side_that_refused(scene: Scene) -> None:
    scene.change_books(order_number="PO-B")
    scene.read_books()
    failing(scene, "amend", Unauthorised("The key is not valid."))
    scene.match()
    assert dict(Connection.objects.values_list("integration", "status")) == {
        "ledger": Status.LINKED, "soldthere": Status.DEAUTHORISED,
    }  # fmt: skip
    Connection.objects.update(status=Status.LINKED)
    scene.till.before = lambda _: None
    scene.settle()
    assert scene.at_source()[0] == "PO-B"


def test_while_a_side_rests_nothing_is_asked(scene: Scene) -> None:
    scene.change_books(order_number="PO-B")
    scene.read_books()
    Connection.objects.filter(pk=scene.source.pk).update(paused=True)
    failing(scene, "head", AssertionError("It was asked."))
    scene.match()
    assert (KnownTerms.objects.get().tries, [one[4] for one in scene.duties()]) == (0, ["due"])
    Connection.objects.filter(pk=scene.source.pk).update(paused=False)
    scene.till.before = lambda _: None
    scene.settle()
    assert scene.at_source()[0] == "PO-B"


def test_a_cancelled_invoice_is_amended_no_more(scene: Scene) -> None:
    scene.till.put("S1", status="cancelled")
    scene.change_books(order_number="PO-B")
    scene.settle()
    assert (scene.till.writes, AmendmentDuty.objects.get().message) == ([], "It was cancelled at the source.")


def test_what_ends_every_worker_ends_itself(scene: Scene) -> None:
    scene.change_books(order_number="PO-B")
    scene.read_books()
    for _ in range(13):
        assert leases.take(scene.posting().pk, timezone.now())
        KnownTerms.objects.update(lease_until=timezone.now())
    scene.match()
    assert AmendmentDuty.objects.get().message == "Each worker that tried it ended in the middle."
    assert not scene.match()


@pytest.mark.parametrize("side", ["source", "accounting"])
def test_an_unlinked_side_is_put_before_a_person(scene: Scene, side: str) -> None:
    scene.change_books(order_number="PO-B")
    scene.read_books()
    Connection.objects.filter(side=side).update(status=Status.UNLINKED)
    scene.match()
    assert [one[4] for one in scene.duties()] == ["refused"]


def stands(scene: Scene, state: State) -> None:
    """As if it were in this state; the history is not asked."""
    with maintenance():
        Posting.objects.filter(pk=scene.posting().pk).update(state=state, attempts_made=1)


def failing(scene: Scene, call: str, error: Exception) -> None:
    def fails(what: str) -> None:
        if what == call:
            raise error

    scene.till.before = fails
