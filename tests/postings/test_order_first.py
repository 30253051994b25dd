"""An invoice whose order is still on its way waits for it, a day at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import time_machine

from integrations.documents import Kind
from integrations.errors import Rejected, Retryable
from portal.connections.models import Connection
from portal.postings import work
from portal.postings.models import Posting
from tests.factories import a_document, accepted
from tests.postings.fake_books import Books

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime.fromisoformat("2026-11-20T12:00:00+00:00"), tick=False) as traveller:
        yield traveller


@pytest.fixture
def order(connection: Connection, books: Books) -> Posting:
    """An order that could not be sent yet."""
    books.before_booking = raising(Retryable("Down."))
    posting = accepted(connection, a_document(kind=Kind.PURCHASE_ORDER, order_number="ORD000056")).posting
    work.run(posting.pk)
    return posting


@pytest.fixture
def invoice(connection: Connection, order: Posting, books: Books) -> Posting:
    """An invoice of that order, run once."""
    posting = accepted(connection, a_document(order_number="ORD000056")).posting
    work.run(posting.pk)
    books.before_booking = None
    return posting


def raising(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def state(posting: Posting) -> str:
    posting.refresh_from_db()
    return posting.state


def test_it_waits_without_an_attempt_and_goes_when_the_order_is_posted(
    order: Posting, invoice: Posting, clock: time_machine.Traveller
) -> None:
    assert (state(invoice), invoice.attempt_count, invoice.waits_for) == ("ready", 0, "ORD000056")
    assert "ORD000056" in invoice.reason
    clock.shift(10)
    work.run(invoice.pk)
    assert state(invoice) == "ready"
    work.run(order.pk)
    assert state(order) == "posted"
    work.run(invoice.pk)
    assert (state(invoice), invoice.waits_for) == ("posted", "")


def test_it_goes_when_the_order_was_refused(
    order: Posting, invoice: Posting, books: Books, clock: time_machine.Traveller
) -> None:
    books.before_booking = raising(Rejected("Unknown supplier."))
    clock.shift(10)
    work.run(order.pk)
    books.before_booking = None
    work.run(invoice.pk)
    assert (state(order), state(invoice)) == ("rejected", "posted")


def test_after_a_day_a_person_must_look(invoice: Posting, clock: time_machine.Traveller) -> None:
    clock.shift(timedelta(hours=24, seconds=1))
    work.run(invoice.pk)
    assert state(invoice) == "held"
    assert "ORD000056" in invoice.reason
    assert invoice.attempts_made == 0


def test_other_orders_do_not_matter(connection: Connection, order: Posting, books: Books) -> None:
    books.before_booking = None
    posting = accepted(connection, a_document(order_number="ORD000057")).posting
    work.run(posting.pk)
    assert state(posting) == "posted"
