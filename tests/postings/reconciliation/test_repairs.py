"""What staff do with a difference: who and why are kept, and no state of a posting changes but by its own repairs."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from integrations.errors import Retryable
from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.postings.models import Difference, Posting
from portal.postings.reconciliation import repairs
from portal.postings.repair import CannotRepair
from tests.factories import a_document, accepted
from tests.postings.fake_books import Books
from tests.postings.reconciliation.played import found, key_of, posted, put, reconciled, standing_there
from tests.postings.reconciliation.tampering import Tampering
from tests.postings.reconciliation.test_runs import raising

pytestmark = [pytest.mark.engine, pytest.mark.django_db]

WHY = "Seen there by eye."


def the_one() -> Difference:
    return Difference.objects.select_related("connection__company", "posting__connection").get()


def test_missing_is_accepted_with_the_number_that_it_got_by_hand(fake: Connection, books: Books, staff: User) -> None:
    posting = posted(fake)
    del books.documents[key_of(posting)]
    reconciled(fake)
    assert repairs.possible(the_one()) == {"look_again", "accept"}
    repairs.accept(the_one(), user=staff, why="Entered by hand as B-77.")
    one = the_one()
    assert (one.state, one.closed_by, one.closed_why) == ("dismissed", staff, "Accepted: Entered by hand as B-77.")
    event = AuditEvent.objects.get(verb="difference.dismissed")
    assert (event.who, event.company_id) == ("sam", fake.company_id)
    posting.refresh_from_db()
    assert (posting.state, posting.transitions.filter(before="posted").count()) == ("posted", 0)
    again = reconciled(fake)
    assert (again.known, again.missing, found(), Difference.objects.count()) == (1, 0, set(), 1)


def test_a_dismissed_one_that_changes_is_a_new_alarm(fake: Connection, books: Books, staff: User) -> None:
    posting = posted(fake)
    twin = books.book(a_document(), "elsewhere")
    books.documents[key_of(posting)].append(twin)
    reconciled(fake)
    repairs.accept(the_one(), user=staff, why=WHY)
    assert reconciled(fake).known == 1
    books.documents[key_of(posting)].append(books.book(a_document(), "elsewhere"))
    assert (reconciled(fake).double, found()) == (1, {("double", key_of(posting))})


def test_an_accepted_value_counts_as_booked_and_is_shown_with_the_posting(
    demo: Connection, tampering: Tampering, staff: User
) -> None:
    posting = posted(demo)
    Posting.objects.filter(pk=posting.pk).update(differences=[["date", "2026-03-14", "2026-04-01"]])
    tampering.edit(key_of(posting), gross=121, date="2026-05-01")
    reconciled(demo)
    assert the_one().details == [["gross", "120.00", "121"], ["date", "2026-03-14", "2026-05-01"]]
    repairs.accept(the_one(), user=staff, why="A surcharge, agreed on the phone.")
    posting.refresh_from_db()
    assert (posting.state, posting.booked["gross"], posting.booked["date"]) == ("posted", "121", "2026-05-01")
    assert posting.differences == [["gross", "120.00", "121"], ["date", "2026-03-14", "2026-05-01"]]
    assert (reconciled(demo).agreeing, found()) == (1, set())
    tampering.edit(key_of(posting), gross=122)
    assert reconciled(demo).different == 1


@pytest.mark.parametrize("state", ["held", "rejected"])
def test_an_extra_is_marked_as_posted_with_the_document_that_stands_there(
    demo: Connection, staff: User, state: str
) -> None:
    posting = standing_there(demo, state)
    reconciled(demo)
    assert found() == {("extra", key_of(posting))}
    assert repairs.possible(the_one()) == {"look_again", "accept", "mark_posted"}
    assert repairs.mark_posted(the_one(), user=staff, why=WHY) == (
        "Verified: the accounting system holds it as BILL-000001."
    )
    posting.refresh_from_db()
    assert (posting.state, posting.external_number) == ("posted", "BILL-000001")
    assert posting.external_id == the_one().documents[0]["external_id"]
    last = posting.transitions.order_by("-pk")[0]
    assert (last.before, last.after, last.who, last.user) == (state, "posted", "staff", staff)
    assert (the_one().state, the_one().closed_by) == ("resolved", staff)
    assert (reconciled(demo).agreeing, found()) == (1, set())


@pytest.mark.parametrize("state", ["withdrawn", "void"])
def test_what_should_not_be_there_cannot_be_claimed_and_is_checked_when_it_is_gone(
    demo: Connection, tampering: Tampering, staff: User, state: str
) -> None:
    posting = standing_there(demo, state)
    reconciled(demo)
    with pytest.raises(CannotRepair, match="held or rejected"):
        repairs.mark_posted(the_one(), user=staff, why=WHY)
    assert repairs.look_again(the_one(), user=staff, why=WHY) == repairs.STILL
    tampering.delete(key_of(posting))
    assert repairs.look_again(the_one(), user=staff, why=WHY) == repairs.AGREES
    one = the_one()
    assert (one.state, one.closed_by) == ("resolved", staff)
    assert one.closed_why == f"Looked up again: both sides agree. {WHY}"
    posting.refresh_from_db()
    assert posting.state == state


def test_a_key_that_is_nobodys_is_looked_up_by_what_was_told(
    demo: Connection, tampering: Tampering, staff: User
) -> None:
    posting, key = posted(demo), str(uuid.uuid4())
    tampering.copy(key_of(posting), under=key)
    reconciled(demo)
    assert (found(), the_one().posting) == ({("extra", key)}, None)
    assert repairs.look_again(the_one(), user=staff, why=WHY) == repairs.STILL
    tampering.delete(key)
    assert repairs.look_again(the_one(), user=staff, why=WHY) == repairs.AGREES


def test_a_double_of_which_one_was_cancelled_is_resolved(demo: Connection, tampering: Tampering, staff: User) -> None:
    posting = posted(demo)
    twin = tampering.copy(key_of(posting))
    reconciled(demo)
    assert {row["external_id"] for row in the_one().documents} == {posting.external_id, twin}
    assert repairs.look_again(the_one(), user=staff, why=WHY) == repairs.STILL
    tampering.mend()
    assert repairs.look_again(the_one(), user=staff, why=WHY) == repairs.AGREES
    assert found("resolved") == {("double", key_of(posting))}


def test_two_documents_of_a_held_posting_become_one_that_is_claimed(
    demo: Connection, tampering: Tampering, staff: User
) -> None:
    posting = standing_there(demo, "held")
    tampering.copy(key_of(posting))
    reconciled(demo)
    assert found() == {("double", key_of(posting))}
    tampering.mend()
    assert repairs.look_again(the_one(), user=staff, why=WHY) == repairs.CHANGED.format(kind="extra")
    assert found() == {("extra", key_of(posting))}


def test_a_difference_that_a_lookup_cannot_see_stays(fake: Connection, books: Books, staff: User) -> None:
    """A listing may tell more than a lookup."""
    posting = posted(fake)
    now = timezone.now()
    one = Difference.objects.create(
        connection=fake, posting=posting, kind="different", key=posting.idempotency_key,
        details=[["kind", "invoice", "credit_note"]], first_seen_at=now, last_seen_at=now,
    )  # fmt: skip
    assert repairs.look_again(one, user=staff, why=WHY) == repairs.STILL
    assert the_one().state == "open"


def test_while_its_posting_is_under_way_nothing_is_said(fake: Connection, books: Books, staff: User) -> None:
    posting = put(accepted(fake).posting, "held")
    books.book(a_document(), key_of(posting))
    reconciled(fake)
    put(posting, "unknown")
    assert repairs.look_again(the_one(), user=staff, why=WHY) == repairs.STILL_UNDER_WAY
    assert the_one().state == "open"


def test_a_lookup_that_fails_changes_nothing(fake: Connection, books: Books, staff: User) -> None:
    del books.documents[key_of(posted(fake))]
    reconciled(fake)
    books.at_lookup = raising(Retryable("It does not answer."))
    with pytest.raises(CannotRepair, match="It does not answer"):
        repairs.look_again(the_one(), user=staff, why=WHY)
    assert the_one().state == "open"


def test_what_is_closed_stays_closed_and_a_reason_is_required(
    fake: Connection, books: Books, staff: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    del books.documents[key_of(posted(fake))]
    reconciled(fake)
    for repair in (repairs.accept, repairs.look_again, repairs.mark_posted):
        with pytest.raises(CannotRepair, match="Say why"):
            repair(the_one(), user=staff, why="  ")
    stale = the_one()
    repairs.accept(the_one(), user=staff, why=WHY)
    with pytest.raises(CannotRepair, match="closed already"):
        repairs.accept(stale, user=staff, why=WHY)
    assert repairs.possible(the_one()) == set()
    with pytest.raises(CannotRepair, match="dismissed already"):
        repairs.look_again(the_one(), user=staff, why=WHY)
