"""A key of the whole installation that is not accepted: everything waits, nothing is deauthorised, staff hear of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from integrations.errors import KeyRefused
from portal.connections.models import Connection, IntegrationSettings, Status
from portal.events.models import AuditEvent
from portal.postings import work
from portal.postings.states import State
from tests.factories import accepted
from tests.postings.fake_books import Books

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(datetime(2026, 11, 21, 12, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def test_postings_wait_and_go_on_by_themselves(
    connection: Connection, books: Books, clock: time_machine.Traveller
) -> None:
    ours = IntegrationSettings.objects.create(integration="fake")

    def refused() -> None:
        raise KeyRefused("Fake books does not accept the key.", field="api_key")

    books.before_booking = refused
    postings = [accepted(connection).posting, accepted(connection).posting]
    for posting in postings:
        work.run(posting.pk)
        posting.refresh_from_db()
        assert (posting.state, posting.tries, posting.may_exist) == (State.READY, 0, False)
    connection.refresh_from_db()
    ours.refresh_from_db()
    assert (connection.status, connection.failures) == (Status.LINKED, 0)
    assert ours.refused_why == "Fake books does not accept the key."
    assert AuditEvent.objects.filter(verb="installation.refused").count() == 1
    books.before_booking = None
    clock.shift(3600)
    for posting in postings:
        work.run(posting.pk)
        posting.refresh_from_db()
        assert posting.state == State.POSTED
