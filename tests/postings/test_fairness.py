"""No company slows another: shares of a process, the vendor's own cap, and whose turn it is in the sweep."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connections
from django.utils import timezone

from integrations.metadata import Limits
from portal.connections import registry
from portal.connections.models import Connection
from portal.postings import work
from portal.postings.models import Attempt, Posting
from portal.postings.shares import Shares
from portal.postings.sweep import due_ids
from tests.factories import DemoConnectionFactory, a_document, accepted
from tests.postings.fake_books import Books, FakeBooks

pytestmark = [pytest.mark.engine]
LONG_SECONDS = 20.0


def in_thread(function: Callable[[int], object]) -> Callable[[int], None]:
    def run(posting_id: int) -> None:
        try:
            function(posting_id)
        finally:
            connections.close_all()

    return run


@pytest.mark.django_db
def test_the_sweep_takes_the_first_of_each_connection_before_the_second_of_any(connection: Connection) -> None:
    other = DemoConnectionFactory.create(integration="fake", settings={}, secrets={})
    many = [accepted(connection, a_document()).posting.pk for _ in range(5)]
    one = accepted(other, a_document()).posting.pk
    assert due_ids(timezone.now()) == [many[0], one, *many[1:]]
    assert due_ids(timezone.now(), limit=2) == [many[0], one]


@pytest.mark.django_db(transaction=True)
def test_the_vendors_cap_holds_and_who_finishes_takes_what_was_turned_away(
    connection: Connection, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeBooks, "limits", Limits(at_once=2))
    ids = [accepted(connection, a_document()).posting.pk for _ in range(5)]
    entered, release = threading.Semaphore(0), threading.Event()

    def hang() -> None:
        entered.release()
        assert release.wait(LONG_SECONDS)

    books.before_booking = hang
    with ThreadPoolExecutor(2) as pool:
        calling = [pool.submit(in_thread(work.run), posting_id) for posting_id in ids[:2]]
        for _ in calling:
            assert entered.acquire(timeout=LONG_SECONDS)
        assert [work.run(posting_id) for posting_id in ids[2:]] == [0, 0, 0]
        assert Attempt.objects.count() == 2
        release.set()
        for future in calling:
            future.result(LONG_SECONDS)
    assert set(Posting.objects.filter(pk__in=ids).values_list("state", flat=True)) == {"posted"}
    assert (books.count(), Attempt.objects.count()) == (5, 5)


def test_a_connection_holds_its_share_and_no_more() -> None:
    shares, a, b = Shares(2), uuid.uuid4(), uuid.uuid4()
    with shares.one(a) as first, shares.one(a) as second, shares.one(a) as third, shares.one(b) as other:
        assert (first, second, third, other) == (True, True, False, True)
    assert shares.left_lying(a)
    shares.nothing_left(a)
    assert not shares.left_lying(a)
    with shares.one(a) as again:
        assert again is True


@pytest.mark.django_db(transaction=True)
def test_a_hanging_vendor_leaves_threads_to_the_others_and_is_drained_afterwards(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "shares", Shares(2))
    hanging = DemoConnectionFactory.create(integration="hanging", settings={}, secrets={})
    healthy = DemoConnectionFactory.create(integration="fake", settings={}, secrets={})
    release, entered = threading.Event(), threading.Semaphore(0)

    class Hanging(FakeBooks):
        metadata = replace(FakeBooks.metadata, slug="hanging")
        books = Books()

    def hang() -> None:
        entered.release()
        assert release.wait(LONG_SECONDS)

    Hanging.books.before_booking = hang
    monkeypatch.setitem(registry.accounting_systems(), "hanging", Hanging)
    stuck = [accepted(hanging, a_document()).posting.pk for _ in range(6)]
    fine = [accepted(healthy, a_document()).posting.pk for _ in range(6)]
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(in_thread(work.run), posting_id) for posting_id in stuck]
        for _ in range(2):
            assert entered.acquire(timeout=LONG_SECONDS)
        for future in [pool.submit(in_thread(work.run), posting_id) for posting_id in fine]:
            future.result(LONG_SECONDS)
        assert set(Posting.objects.filter(pk__in=fine).values_list("state", flat=True)) == {"posted"}
        release.set()
        for future in running:
            future.result(LONG_SECONDS)
    assert set(Posting.objects.filter(pk__in=stuck).values_list("state", flat=True)) == {"posted"}
    assert Hanging.books.count() == 6
