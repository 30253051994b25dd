"""The timeline at the source: asked when somebody wants it, kept for a minute, never waited for for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection as database
from redis.exceptions import ConnectionError as RedisAway

from integrations.errors import Missing, Retryable, Unauthorised
from integrations.http import Http
from integrations.sandbox import Server
from integrations.standing import Event
from portal.connections import onlookers, registry
from portal.connections.models import Connection, Status
from portal.postings import timeline
from portal.postings.models import Transaction
from portal.postings.timeline import Timeline, has_timeline, timeline_of
from tests.factories import SourceConnectionFactory
from tests.postings.attachments.conftest import scene as scene  # noqa: PLC0414 - the fixture
from tests.postings.attachments.papers import PaperDesk
from tests.postings.attachments.scene import START, Scene, once, raising

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
APPROVED = Event(at=datetime(2026, 11, 19, 9, 30, tzinfo=UTC), what="Approved", who="Ana Ruiz", detail="Level 2")
RAISED = Event(at=None, what="Raised")
CLOSED = "The desk is closed."
SECOND = timedelta(seconds=1)


@pytest.fixture
def transaction(scene: Scene) -> Transaction:
    """One from the desk, with two events."""
    scene.desk.events = [RAISED, APPROVED]
    return scene.posted(external_id="t-1").transaction


def test_it_is_asked_once_a_minute(scene: Scene, transaction: Transaction) -> None:
    told = Timeline(events=(RAISED, APPROVED), asked_at=START)
    assert timeline_of(transaction) == told
    scene.desk.events = [APPROVED]
    scene.later(59 * SECOND)
    assert (timeline_of(transaction), scene.desk.asked) == (told, ["timeline t-1"])
    scene.later(SECOND)
    assert timeline_of(transaction) == Timeline(events=(APPROVED,), asked_at=START + 60 * SECOND)
    assert scene.desk.asked == ["timeline t-1"] * 2


def test_each_transaction_has_its_own(scene: Scene, transaction: Transaction) -> None:
    timeline_of(transaction)
    scene.desk.events = []
    assert timeline_of(scene.posted(external_id="t-2").transaction) == Timeline(asked_at=START)


@pytest.mark.parametrize("error", [Retryable(CLOSED), Missing(CLOSED)])
def test_without_an_answer_it_says_why_and_does_not_ask_again_at_once(
    scene: Scene, transaction: Transaction, error: Exception
) -> None:
    scene.desk.at_timeline = raising(error)
    assert [timeline_of(transaction) for _ in range(2)] == [Timeline(problem=CLOSED)] * 2
    assert len(scene.desk.asked) == 1
    scene.later(10 * SECOND)
    scene.desk.at_timeline = lambda: None
    assert timeline_of(transaction).events == (RAISED, APPROVED)


def test_the_last_known_stands_while_the_source_cannot_be_asked(scene: Scene, transaction: Transaction) -> None:
    timeline_of(transaction)
    scene.later(3600 * SECOND)
    scene.desk.at_timeline = once(Retryable(CLOSED))
    old = Timeline(events=(RAISED, APPROVED), asked_at=START, note=CLOSED)
    assert [timeline_of(transaction) for _ in range(2)] == [old] * 2


def test_an_error_of_ours_is_said_and_logged(
    scene: Scene, transaction: Transaction, caplog: pytest.LogCaptureFixture
) -> None:
    scene.desk.at_timeline = raising(KeyError("x"))
    assert timeline_of(transaction) == Timeline(problem="An error on our side: KeyError. The log has the details.")
    assert "Traceback" in caplog.text


def test_looking_at_a_page_stops_no_connection(scene: Scene, transaction: Transaction) -> None:
    scene.desk.at_timeline = raising(Unauthorised("The key is revoked."))
    assert timeline_of(transaction) == Timeline(problem="The key is revoked.")
    assert Connection.objects.get(pk=scene.source.pk).status == Status.LINKED


# --- whom it asks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields,why",
    [
        ({"paused": True}, "The connection to Paper desk is paused: resume it to see the timeline."),
        (
            {"status": "deauthorised"},
            "The connection to Paper desk is Deauthorised: link it again to see the timeline.",
        ),
        ({"status": "unlinked"}, "{company} has no connection to Paper desk that can be asked for it."),
        ({"settings": {}}, "{company} has no connection to Paper desk that can be asked for it."),
    ],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_a_connection_that_is_not_in_use_is_not_asked(
    scene: Scene, transaction: Transaction, fields: dict[str, Any], why: str, is_known: bool
) -> None:
    if is_known:
        timeline_of(transaction)
    Connection.objects.filter(pk=scene.source.pk).update(**fields)
    scene.later(3600 * SECOND)
    why = why.format(company=transaction.company)
    old = Timeline(events=(RAISED, APPROVED), asked_at=START, note=why)
    assert timeline_of(transaction) == (old if is_known else Timeline(problem=why))
    assert len(scene.desk.asked) == is_known


def test_another_companys_connection_is_not_asked(scene: Scene, transaction: Transaction) -> None:
    other = SourceConnectionFactory.create(integration="papers", settings=scene.source.settings)
    Connection.objects.filter(pk=scene.source.pk).update(company=other.company)
    assert (timeline_of(transaction).events, scene.desk.asked) == ((), [])


@pytest.mark.parametrize(("source", "called"), [("api", "api"), ("silent", "Paper desk")])
def test_a_source_without_timelines_is_not_asked(
    scene: Scene, transaction: Transaction, source: str, called: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent(PaperDesk):
        offers = type(PaperDesk.offers)(attachments=True)

    known = {**registry.sources(), "silent": Silent()}
    monkeypatch.setattr(registry, "sources", lambda: known)
    assert has_timeline(transaction)
    transaction.source = source
    assert not has_timeline(transaction)
    assert timeline_of(transaction) == Timeline(problem=f"{called} tells no timeline.")


# --- how long it waits -----------------------------------------------------------------------------------------------


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a source that never answers, as long as the test lasts."""
    over = threading.Event()

    def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        over.wait(30)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b"{}"]

    with Server(application) as server:
        yield server.url
        over.set()


def test_a_source_that_hangs_is_waited_for_for_five_seconds_at_most(
    scene: Scene, transaction: Transaction, hanging: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (timeline.ASKED_WITHIN_SECONDS, timeline.PATIENCE_SECONDS) == (5.0, 2.0)
    monkeypatch.setattr(timeline, "ASKED_WITHIN_SECONDS", 0.3)

    class Slow(PaperDesk):
        def timeline(self, external_id: str) -> tuple[Event, ...]:
            Http(self.link.settings["base_url"], self.link.outbound).get("timeline")
            return ()

    known = {**registry.sources(), "papers": Slow()}
    monkeypatch.setattr(registry, "sources", lambda: known)
    Connection.objects.filter(pk=scene.source.pk).update(settings={"base_url": hanging})
    began = time.perf_counter()
    told = timeline_of(transaction)
    assert time.perf_counter() - began < 3
    assert told == Timeline(problem="127.0.0.1 did not answer in time. It will be tried again.")


@pytest.mark.django_db(transaction=True)
def test_no_database_connection_is_held_meanwhile(scene: Scene, transaction: Transaction) -> None:
    held: list[object] = []
    scene.desk.at_timeline = lambda: held.append(database.connection)
    timeline_of(transaction)
    assert held == [None]


def test_while_the_cache_is_away_it_is_asked_each_time(
    scene: Scene, transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("get", "set"):
        monkeypatch.setattr(cache, name, raising(RedisAway("away")))
    assert [timeline_of(transaction).events for _ in range(2)] == [(RAISED, APPROVED)] * 2
    assert len(scene.desk.asked) == 2


def test_while_too_many_wait_for_an_answer_it_is_not_asked(
    scene: Scene, transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onlookers, "MOST", 0)
    assert timeline_of(transaction) == Timeline(problem=onlookers.BUSY)
    assert scene.desk.asked == []
