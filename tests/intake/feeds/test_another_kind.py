"""An invoice that becomes a credit note is one record still: never are two of its transactions alive."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone

from integrations.errors import Rejected
from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.intake.feeds.models import FedRecord
from portal.intake.models import Delivery, Verdict
from portal.postings import work
from portal.postings.doers import By
from portal.postings.models import Posting, Revision
from portal.postings.repair import RETRY, CannotRepair, possible_repairs, retry, void
from portal.postings.states import State
from tests.factories import StaffFactory
from tests.intake.feeds.fed_source import Shelf
from tests.intake.feeds.passes import followed, last, later, living, read
from tests.postings.fake_books import Books

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ID = "bill-1"
pytestmark = [pytest.mark.django_db, pytest.mark.engine]


def told(source: Connection, shelf: Shelf, net: str, **more: str) -> Delivery:
    """The record is like this now, and was read."""
    shelf.put(ID, NINE, net=net, **more)
    read(source)
    return last()


def kinds() -> list[tuple[str, str]]:
    """Every transaction with its state, in their order."""
    return list(Posting.objects.order_by("pk").values_list("kind", "state"))


@pytest.mark.parametrize(("first", "then"), [("100.00", "-20.00"), ("-20.00", "100.00")])
def test_what_was_not_sent_makes_room(outside: Connection, shelf: Shelf, books: Books, first: str, then: str) -> None:
    told(outside, shelf, first)
    assert told(outside, shelf, then).verdict == Verdict.ACCEPTED
    was, now = Posting.objects.order_by("pk")
    assert (was.state, now.state) == (State.WITHDRAWN, State.READY)
    assert was.reason == f"At the source it is a {now.get_kind_display().lower()} now; as that it is taken instead."
    for one in (was, now):
        work.run(one.pk)
    assert books.count() == 1
    assert told(outside, shelf, first).verdict == Verdict.CONTESTED
    assert kinds()[0][1] == State.WITHDRAWN


def test_it_comes_back_as_what_it_was(outside: Connection, shelf: Shelf, books: Books) -> None:
    for net in ("100.00", "-20.00", "100.00"):
        told(outside, shelf, net)
    assert kinds() == [("invoice", State.READY), ("credit_note", State.WITHDRAWN)]
    assert last().verdict == Verdict.REPEATED


def test_what_was_refused_makes_room(outside: Connection, shelf: Shelf, books: Books) -> None:
    told(outside, shelf, "100.00")
    books.before_booking = _refuse
    work.run(Posting.objects.get().pk)
    assert kinds() == [("invoice", State.REJECTED)]
    assert told(outside, shelf, "-20.00").verdict == Verdict.ACCEPTED
    assert kinds() == [("invoice", State.WITHDRAWN), ("credit_note", State.READY)]


def test_what_is_in_the_books_stays_and_a_person_is_told_once(outside: Connection, shelf: Shelf, books: Books) -> None:
    told(outside, shelf, "100.00")
    work.run(Posting.objects.get().pk)
    kept = told(outside, shelf, "-20.00")
    assert (kept.verdict, kept.transaction_id) == (Verdict.CONTESTED, Posting.objects.get().transaction_id)
    assert kept.reason == (
        "At the source it is a credit note over 24.00 GBP now, but it was taken as invoice P-000001 over 120.00 GBP, "
        "which is in the books as FAKE-1. Nothing was changed in the books, and the credit note was not taken. Put the "
        "difference right in the books by hand."
    )
    assert kinds() == [("invoice", State.POSTED)]
    revision = Revision.objects.get()
    assert revision.differences[0] == ["kind", "Invoice", "Credit note"]
    assert ["gross", "120", "24"] in revision.differences
    assert FedRecord.objects.get().again_at is None
    told(outside, shelf, "-20.00", note="touched")
    assert AuditEvent.objects.filter(verb="transaction.another_kind_at_source").count() == 1


def test_what_may_be_in_the_books_waits_for_a_person_and_goes_on_by_itself(
    outside: Connection, shelf: Shelf, books: Books
) -> None:
    told(outside, shelf, "100.00")
    Posting.objects.update(state=State.HELD, may_exist=True, attempts_made=1, reason="Nobody knows.")
    kept = told(outside, shelf, "-20.00")
    assert kept.verdict == Verdict.CONTESTED
    assert kept.reason.endswith("void it if it is not, then the credit note is taken by itself.")
    assert later(minutes=11) == 1
    kept.refresh_from_db()
    assert (kept.verdict, Posting.objects.count()) == (Verdict.CONTESTED, 1)
    void(Posting.objects.get(), by=StaffFactory.create(), why="Not there.")
    assert later(hours=2) == 1
    kept.refresh_from_db()
    assert (kept.verdict, kinds()) == (Verdict.ACCEPTED, [("invoice", State.VOID), ("credit_note", State.READY)])


def test_nobody_can_retry_what_lives_as_another_kind(outside: Connection, shelf: Shelf, books: Books) -> None:
    for net in ("100.00", "-20.00"):
        told(outside, shelf, net)
    was, now = Posting.objects.order_by("pk")
    assert RETRY not in possible_repairs(was)
    with pytest.raises(CannotRepair, match="lives as P-000002 now"):
        retry(was, by=StaffFactory.create(), why="I want it.")
    Posting.objects.filter(pk=now.pk).update(state=State.HELD)
    void(now, by=StaffFactory.create(), why="Not wanted.")
    retry(was, by=StaffFactory.create(), why="I want it.")
    assert [one.kind for one in living()] == ["invoice"]


def test_a_cancellation_ends_it_whatever_it_looks_like_by_then(outside: Connection, shelf: Shelf, books: Books) -> None:
    told(outside, shelf, "-20.00")
    assert told(outside, shelf, "100.00", status="cancelled").verdict == Verdict.SKIPPED
    assert kinds() == [("credit_note", State.WITHDRAWN)]


def test_a_cancellation_of_what_is_in_the_books_as_another_kind_is_seen(
    outside: Connection, shelf: Shelf, books: Books
) -> None:
    told(outside, shelf, "-20.00")
    work.run(Posting.objects.get().pk)
    assert told(outside, shelf, "100.00", status="cancelled").verdict == Verdict.CONTESTED


def test_records_of_other_feeds_and_companies_are_left_alone(
    outside: Connection, source: Connection, shelf: Shelf, books: Books
) -> None:
    told(outside, shelf, "100.00")
    shelf.put("slip-1", NINE, feed="slip")
    read(outside, "slip")
    shelf.put(ID, NINE, net="-20.00")
    read(source)
    assert sorted(kinds()) == [("credit_note", State.POSTED), ("invoice", State.READY), ("invoice", State.READY)]


@dataclass
class Chaos:
    """The source, the accounting system, a worker and a person, each doing whatever the dice say."""

    source: Connection
    shelf: Shelf
    books: Books
    dice: random.Random
    by: By

    def says(self) -> None:
        status = self.dice.choice(["done", "done", "done", "draft", "cancelled", "old", "broken"])
        self.shelf.put(ID, NINE, net=self.dice.choice(["100.00", "-20.00", "55.00", "-7.00"]), status=status)

    def reads(self) -> None:
        read(self.source)

    def refuses(self) -> None:
        self.books.before_booking = self.dice.choice([None, _refuse])

    def works(self) -> None:
        for one in Posting.objects.all():
            work.run(one.pk)

    def repairs(self) -> None:
        for one in Posting.objects.all():
            with suppress(CannotRepair):
                self.dice.choice([retry, void])(one, by=self.by, why="A try.")

    def asks_again(self) -> None:
        later(days=self.dice.choice([0.1, 2]))
        followed(self.source, days=2)

    def act(self) -> None:
        self.dice.choice([
            self.says, self.says, self.reads, self.refuses, self.works, self.repairs, self.asks_again,
        ])()  # fmt: skip


def _refuse() -> None:
    raise Rejected("The period is closed.")


@pytest.mark.parametrize("seed", range(12))
def test_never_two_of_one_record_are_alive(outside: Connection, shelf: Shelf, books: Books, seed: int) -> None:
    """Whatever the source says, whoever does what, in whatever order."""
    chaos = Chaos(outside, shelf, books, random.Random(seed), StaffFactory.create())
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for minutes in chaos.dice.choices([1, 20, 200], k=40):
            chaos.act()
            clock.shift(timedelta(minutes=minutes))
            assert len(living()) <= 1, kinds()
        shelf.put(ID, NINE, net="61.00")
        read(outside)
        # What is due in the end is alive, unless it was voided by a person.
        assert living() or last().verdict == Verdict.REPEATED, kinds()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_a_retry_and_a_new_kind_at_the_same_moment(outside: Connection, shelf: Shelf, books: Books, turn: int) -> None:
    """Whoever is first, only what the source says now is alive."""
    told(outside, shelf, "100.00")
    told(outside, shelf, "100.00", status="cancelled")
    was, by, start = Posting.objects.get(), StaffFactory.create(), threading.Barrier(2)
    shelf.put(ID, NINE, net="-20.00")

    def retries() -> None:
        start.wait()
        with suppress(CannotRepair):
            retry(was, by=by, why="I want it.")

    def reads() -> None:
        start.wait()
        read(outside)

    in_threads(retries, reads)
    assert [one.kind for one in living()] == ["credit_note"]


def in_threads(*acts: Callable[[], None]) -> None:
    """Each in a thread with a database connection of its own."""

    def closing(act: Callable[[], None]) -> None:
        try:
            act()
        finally:
            database.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        for done in [threads.submit(closing, act) for act in acts]:
            done.result()
