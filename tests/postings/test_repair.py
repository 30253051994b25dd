"""Staff's repairs: who, why, from which state, and what is looked up first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from integrations.errors import OutcomeUnknown, Rejected, Retryable
from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.postings import work
from portal.postings.answer import decide
from portal.postings.doers import Program, program_of
from portal.postings.maintenance import maintenance
from portal.postings.models import Posting
from portal.postings.repair import (
    MARK_POSTED,
    RETRY,
    VOID,
    CannotRepair,
    mark_posted,
    possible_repairs,
    retry,
    void,
)
from portal.postings.repairing.offers import offered, why_not
from portal.reference.rules import defaults
from portal.reference.services import save_rules
from portal.tenants.models import Company
from tests.factories import LedgerConnectionFactory, StaffFactory, a_document, a_line, accepted
from tests.postings.fake_books import Books

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture
def staff() -> AbstractBaseUser:
    user: AbstractBaseUser = StaffFactory.create(username="sam")
    return user


def raising(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def rejected(connection: Connection, books: Books) -> Posting:
    books.before_booking = raising(Rejected("Account 9999 is unknown."))
    posting = accepted(connection).posting
    work.run(posting.pk)
    books.before_booking = None
    posting.refresh_from_db()
    return posting


def held_after_sending(connection: Connection, books: Books) -> Posting:
    books.after_booking = raising(ZeroDivisionError())
    posting = accepted(connection).posting
    work.run(posting.pk)
    books.after_booking = None
    posting.refresh_from_db()
    assert posting.state == "held"
    return posting


def test_retry_of_a_rejected_one_sends_it_again_with_a_new_key_generation(
    connection: Connection, books: Books, staff: AbstractBaseUser
) -> None:
    posting = rejected(connection, books)
    retry(posting, by=staff, why="The account was added.")
    work.run(posting.pk)
    posting.refresh_from_db()
    assert posting.state == "posted"
    assert books.sent_keys == [str(posting.idempotency_key), f"{posting.idempotency_key}-2"]
    attempt = posting.attempts.order_by("-number")[0]
    assert (attempt.trigger, attempt.user) == ("manual", staff)
    asked = posting.transitions.get(before="rejected")
    assert (asked.after, asked.who, asked.user, asked.why) == ("ready", "staff", staff, "The account was added.")
    assert AuditEvent.objects.get(verb="posting.retried").who == "sam"


def test_retry_of_a_held_one_that_may_exist_looks_first(
    connection: Connection, books: Books, staff: AbstractBaseUser
) -> None:
    posting = held_after_sending(connection, books)
    retry(posting, by=staff, why="Looks booked to me.")
    work.run(posting.pk)
    posting.refresh_from_db()
    assert (posting.state, posting.external_number) == ("posted", "FAKE-1")
    assert (books.count(), len(books.sent_keys), books.lookups) == (1, 1, 1)
    assert [(t.before, t.after, t.who) for t in posting.transitions.all()][-2:] == [
        ("held", "checking", "staff"), ("checking", "posted", "worker"),
    ]  # fmt: skip


def test_retry_of_a_held_one_that_never_went_out_sends_it(
    connection: Connection, books: Books, staff: AbstractBaseUser
) -> None:
    posting = accepted(connection).posting
    with maintenance():
        Posting.objects.filter(pk=posting.pk).update(state="held", next_attempt_at=None)
    retry(posting, by=staff, why="Again, please.")
    work.run(posting.pk)
    posting.refresh_from_db()
    assert (posting.state, books.lookups) == ("posted", 0)


def test_a_ledger_posting_is_retried_by_a_worker(staff: AbstractBaseUser) -> None:
    connection = LedgerConnectionFactory.create()
    posting = accepted(connection, a_document(lines=(a_line(account_code=None),))).posting
    save_rules(connection, defaults(account="7502"), who="tests")
    retry(posting, by=staff, why="A default account was set.")
    work.run(posting.pk)
    posting.refresh_from_db()
    assert (posting.state, posting.external_number) == ("posted", "JNL-000001")
    assert posting.attempts.order_by("-number")[0].user == staff
    assert possible_repairs(posting) == frozenset()


def test_mark_posted_is_verified_by_lookup(connection: Connection, books: Books, staff: AbstractBaseUser) -> None:
    posting = held_after_sending(connection, books)
    with pytest.raises(CannotRepair, match="FAKE-1, not 4711"):
        mark_posted(posting, number="4711", by=staff, why="Seen there.")
    assert mark_posted(posting, number="FAKE-1", by=staff, why="Seen there.").startswith("Verified")
    posting.refresh_from_db()
    assert (posting.state, posting.external_id, posting.external_number) == ("posted", "1", "FAKE-1")


def test_mark_posted_says_when_it_could_not_be_verified(
    connection: Connection, books: Books, staff: AbstractBaseUser
) -> None:
    posting = rejected(connection, books)
    books.at_lookup = raising(Retryable("It is down."))
    assert "It is down." in mark_posted(posting, number="4711", by=staff, why="Typed in by hand.")
    posting.refresh_from_db()
    assert (posting.state, posting.external_id) == ("posted", "marked:4711")


def test_void_closes_it_for_good(connection: Connection, books: Books, staff: AbstractBaseUser) -> None:
    posting = rejected(connection, books)
    void(posting, by=staff, why="Cancelled by the supplier.")
    posting.refresh_from_db()
    assert (posting.state, posting.reason) == ("void", "Cancelled by the supplier.")
    assert possible_repairs(posting) == frozenset()
    with pytest.raises(CannotRepair, match="is void"):
        retry(posting, by=staff, why="Changed my mind.")


@pytest.mark.parametrize("state", ["ready", "unknown", "posted"])
def test_what_needs_no_person_cannot_be_repaired(connection: Connection, staff: AbstractBaseUser, state: str) -> None:
    posting = accepted(connection).posting
    fields = {"external_id": "1", "posted_at": timezone.now()} if state == "posted" else {}
    with maintenance():
        Posting.objects.filter(pk=posting.pk).update(state=state, **fields)
    for repair in (retry, void):
        with pytest.raises(CannotRepair):
            repair(posting, by=staff, why="Because.")
    with pytest.raises(CannotRepair):
        mark_posted(posting, number="1", by=staff, why="Because.")


def test_a_reason_is_required(connection: Connection, books: Books, staff: AbstractBaseUser) -> None:
    posting = rejected(connection, books)
    with pytest.raises(CannotRepair, match="Say why"):
        retry(posting, by=staff, why="  ")


def test_an_unknown_outcome_can_be_neither_retried_nor_voided(
    connection: Connection, books: Books, staff: AbstractBaseUser
) -> None:
    books.after_booking = raising(OutcomeUnknown("No answer."))
    posting = accepted(connection).posting
    work.run(posting.pk)
    posting.refresh_from_db()
    assert possible_repairs(posting) == frozenset()


def test_nothing_is_sent_again_for_a_closed_company_and_it_can_be_voided(
    connection: Connection, books: Books, staff: AbstractBaseUser
) -> None:
    posting = rejected(connection, books)
    Company.objects.filter(pk=connection.company_id).update(closed_at=timezone.now())
    with pytest.raises(CannotRepair, match="is closed: nothing is sent for it any more"):
        retry(posting, by=staff, why="The account exists now.")
    posting.refresh_from_db()
    assert posting.state == "rejected"
    void(posting, by=staff, why="The company is closed.")
    posting.refresh_from_db()
    assert posting.state == "void"


PROGRAM = Program("The shop (…a1b2)")


def test_a_program_is_recorded_by_its_own_name(connection: Connection, books: Books) -> None:
    posting = rejected(connection, books)
    retry(posting, by=PROGRAM, why="The account was added.")
    asked = posting.transitions.get(before="rejected")
    assert (asked.who, asked.user, asked.why) == ("staff", None, "API token The shop (…a1b2): The account was added.")
    assert program_of(asked) == ("API token The shop (…a1b2)", "The account was added.")
    assert AuditEvent.objects.get(verb="posting.retried").who == "API token The shop (…a1b2)"
    work.run(posting.pk)
    posting.refresh_from_db()
    assert posting.state == "posted"


def test_what_a_source_is_told_of_a_void_one_names_no_token(connection: Connection, books: Books) -> None:
    posting = rejected(connection, books)
    void(posting, by=PROGRAM, why="Ordered twice.")
    assert decide(posting.pk, "confirmed").reason == (
        "This transaction was closed by staff and is not booked: Ordered twice."
    )


def test_nobody_passes_for_a_program(connection: Connection, books: Books, staff: AbstractBaseUser) -> None:
    posting = rejected(connection, books)
    pretended = "API token The shop (…a1b2): The account was added."
    retry(posting, by=staff, why=pretended)
    assert program_of(posting.transitions.get(before="rejected")) == ("", pretended)


def test_what_went_to_a_system_that_is_gone_can_be_closed(connection: Connection, books: Books) -> None:
    posting = rejected(connection, books)
    Connection.objects.filter(pk=connection.pk).update(integration="gone")
    posting = Posting.objects.get(pk=posting.pk)
    assert possible_repairs(posting) == {VOID}
    assert why_not(posting, RETRY) == "No source 'gone' is installed."
    void(posting, by=PROGRAM, why="That system is gone.")
    posting.refresh_from_db()
    assert posting.state == "void"


def test_of_a_closed_company_everything_is_possible_but_sending(connection: Connection, books: Books) -> None:
    posting = rejected(connection, books)
    assert possible_repairs(posting) == {RETRY, MARK_POSTED, VOID}
    Company.objects.filter(pk=connection.company_id).update(closed_at=timezone.now())
    posting = Posting.objects.get(pk=posting.pk)
    assert (possible_repairs(posting), offered(posting)) == ({MARK_POSTED, VOID}, (MARK_POSTED, VOID))
