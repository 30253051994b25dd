"""The circuit breaker: opens after five failures in a row, lets one call try, closes with the first answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
import time_machine
from django.utils import timezone

from integrations.errors import Misconfigured, OutcomeUnknown, Rejected, Retryable
from portal.connections import breaker
from portal.connections.limits import LimitUsedUp
from portal.connections.models import Connection
from portal.events.models import AuditEvent
from portal.postings import work
from portal.postings.models import Posting
from portal.postings.sweep import due_ids
from tests.factories import a_document, accepted
from tests.postings.conftest import books, connection  # noqa: F401 - fixtures
from tests.postings.fake_books import Books

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime.fromisoformat("2026-11-20T12:00:00+00:00"), tick=False) as traveller:
        yield traveller


def raising(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def run_all(postings: list[Posting]) -> int:
    """Run what is due; returns how many calls went out."""
    due = set(due_ids(timezone.now()))
    before = sum(Posting.objects.values_list("attempts_made", flat=True))
    for posting in postings:
        if posting.pk in due:
            work.run(posting.pk)
    return sum(Posting.objects.values_list("attempts_made", flat=True)) - before


def test_an_outage_costs_few_calls_and_ends_at_once(
    connection: Connection,  # noqa: F811
    books: Books,  # noqa: F811
    clock: time_machine.Traveller,
) -> None:
    books.before_booking = raising(Retryable("No connection could be made."))
    postings = [accepted(connection, a_document()).posting for _ in range(20)]
    calls = run_all(postings)
    assert calls == breaker.OPENS_AFTER
    for _ in range(59):
        clock.shift(10)
        calls += run_all(postings)
    assert calls <= 12
    books.before_booking = None
    clock.shift(breaker.LONGEST_SECONDS)
    run_all(postings)
    connection.refresh_from_db()
    assert (connection.open_until, connection.failures) == (None, 0)
    run_all(postings)
    assert set(Posting.objects.values_list("state", flat=True)) == {"posted"}
    assert [e.verb for e in AuditEvent.objects.filter(verb__contains="breaker").order_by("pk")] == [
        "connection.breaker_opened",
        "connection.breaker_closed",
    ]


def test_only_one_call_tries_while_it_is_half_open(connection: Connection, clock: time_machine.Traveller) -> None:  # noqa: F811
    for _ in range(breaker.OPENS_AFTER):
        breaker.failed(connection)
    connection.refresh_from_db()
    assert breaker.is_open(connection, timezone.now())
    assert breaker.may_try(connection, timezone.now()) is False
    clock.shift(breaker.FIRST_SECONDS)
    assert [breaker.may_try(connection, timezone.now()) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    "error,counts",
    [
        (Retryable("Down."), True),
        (OutcomeUnknown("No answer."), True),
        (Retryable("Slow down.", free=True), False),
        (Rejected("Unknown account."), False),
    ],
)
def test_only_technical_failures_count(
    connection: Connection,  # noqa: F811
    books: Books,  # noqa: F811
    error: Exception,
    counts: bool,
) -> None:
    books.before_booking = raising(error)
    work.run(accepted(connection).posting.pk)
    connection.refresh_from_db()
    assert connection.failures == int(counts)


def test_an_answer_resets_the_count(connection: Connection, books: Books) -> None:  # noqa: F811
    Connection.objects.update(failures=4)
    work.run(accepted(Connection.objects.get(pk=connection.pk)).posting.pk)
    connection.refresh_from_db()
    assert connection.failures == 0


@pytest.mark.parametrize("error", [Rejected("Unknown account."), Retryable("Slow down.", free=True)])
def test_a_refusal_is_an_answer_and_closes_it(
    connection: Connection,  # noqa: F811
    books: Books,  # noqa: F811
    error: Exception,
) -> None:
    Connection.objects.update(failures=5, open_until=timezone.now())
    books.before_booking = raising(error)
    work.run(accepted(Connection.objects.get(pk=connection.pk)).posting.pk)
    connection.refresh_from_db()
    assert (connection.failures, connection.open_until) == (0, None)


@pytest.mark.parametrize("error", [Misconfigured("No tax code."), LimitUsedUp("Full.", free=True, retry_after=9)])
def test_what_we_said_ourselves_is_no_answer(
    connection: Connection,  # noqa: F811
    books: Books,  # noqa: F811
    error: Exception,
) -> None:
    Connection.objects.update(failures=3)
    books.before_booking = raising(error)
    work.run(accepted(Connection.objects.get(pk=connection.pk)).posting.pk)
    connection.refresh_from_db()
    assert connection.failures == 3
