"""Webhooks of a source that is read: whatever they say is a hint, and the record itself is asked for."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from integrations.errors import Retryable, Unauthorised
from ledger.models import Entry
from portal.connections.models import Connection, Endpoint, Status
from portal.connections.tokens import issue_token
from portal.intake.feeds import hints, setting_up, tasks
from portal.intake.feeds.models import FeedReader, HintedRecord
from portal.intake.feeds.reading import perform
from portal.intake.models import Delivery, RefusedCalls, Verdict
from portal.intake.refusals import refusals
from portal.operations.logs import redacted
from portal.postings.due import Where
from portal.postings.models import Posting, Transaction
from tests.intake.feeds.fed_source import SLUG, Shelf

NINE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.engine]
Send = Callable[..., Any]


def nobody(_: int, __: Where) -> None:
    """The ledger books at once: nobody has to be woken."""


@pytest.fixture
def endpoint(source: Connection) -> Endpoint:
    """The source's only address."""
    return source.endpoints.get()


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whose hints a worker was nudged for."""
    seen: list[str] = []
    monkeypatch.setattr("portal.intake.views.hinting.ring_hints", lambda one, **_: seen.append(one))
    return seen


@pytest.fixture
def send(endpoint: Endpoint, client: Client, rung: list[str]) -> Send:
    """Call the address with a good token in its header."""
    token = issue_token(endpoint, who="tests")

    def call(body: object = None, *, method: str = "POST", query: str = "", token: str = token) -> Any:
        text = body if isinstance(body, str) else json.dumps(body)
        address = f"/webhooks/{SLUG}/{endpoint.pk}/{query}"
        return client.generic(method, address, text, "application/json", headers={"X-Webhook-Token": token})

    return call


def follow(connection: Connection) -> int:
    """What a worker does a moment later."""
    with time_machine.travel(timezone.now() + timedelta(seconds=3), tick=False):
        return hints.follow(str(connection.pk), nobody)


def booked() -> list[str]:
    """The numbers of the documents in the books."""
    return sorted(Entry.objects.values_list("document_number", flat=True))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_hint_leads_to_the_record(source: Connection, shelf: Shelf, send: Send, rung: list[str], method: str) -> None:
    shelf.put("b1", NINE, net="70.00")
    answer = send({"id": "b1", "net": "1.00"}, method=method)
    assert (answer.status_code, answer.json()) == (202, {"message": "The record bill b1 is read from its feed."})
    assert rung == [str(source.pk)]
    kept = Delivery.objects.get()
    assert (kept.verdict, kept.headers["x-http-method"], kept.answer_status) == (Verdict.HINT, method, 202)
    assert kept.headers["x-webhook-token"] == "***"
    assert follow(source) == 1
    assert Transaction.objects.get().content["net"] == "70.00"
    assert HintedRecord.objects.count() == 0


def test_the_token_may_stand_in_the_path(
    source: Connection, endpoint: Endpoint, client: Client, rung: list[str]
) -> None:
    token = issue_token(endpoint, who="tests")
    address = f"/webhooks/{SLUG}/{endpoint.pk}/"
    assert client.post(f"{address}{token}/", b"{}", "application/json").status_code == 202
    assert client.post(f"{address}{token}x/", b"{}", "application/json").status_code == 401
    assert client.post(address, b"{}", "application/json").status_code == 401
    assert Delivery.objects.count() == 1


def test_a_token_in_the_path_is_in_no_log_line(endpoint: Endpoint) -> None:
    line = f"POST /webhooks/{SLUG}/{endpoint.pk}/s3cr3t-t0ken/?module=invoice 202 3 ms"
    assert redacted(line) == f"POST /webhooks/{SLUG}/{endpoint.pk}/***/?module=invoice 202 3 ms"
    assert redacted(f"POST /webhooks/icompleat/{endpoint.pk}/ 200") == f"POST /webhooks/icompleat/{endpoint.pk}/ 200"


def test_without_a_good_token_nothing_is_kept(endpoint: Endpoint, send: Send) -> None:
    wrong = send({"id": "b1"}, token="wrong")
    unknown = Client().post(f"/webhooks/{SLUG}/{uuid.uuid4()}/", b"{}", "application/json")
    assert (wrong.status_code, wrong.content) == (401, unknown.content)
    assert (Delivery.objects.count(), HintedRecord.objects.count()) == (0, 0)
    refusals.write()
    assert {one.endpoint_id_called for one in RefusedCalls.objects.all()} >= {str(endpoint.pk), "unknown"}


@pytest.mark.parametrize(
    ("body", "said"),
    [("no json at all", hints.SEARCHED), ({}, hints.SEARCHED), ({"id": "x", "feed": "y"}, hints.STRANGE)],
)
def test_a_hint_that_says_nothing_has_the_feeds_read(
    source: Connection, shelf: Shelf, send: Send, body: object, said: str
) -> None:
    setting_up.ensure(source, timezone.now() + timedelta(hours=1))
    answer = send(body)
    assert (answer.status_code, answer.json()["message"]) == (202, said)
    assert HintedRecord.objects.count() == 0
    assert all(one.next_at <= timezone.now() for one in FeedReader.objects.all())
    assert Delivery.objects.get().reason == said


def test_hints_at_one_record_are_one(source: Connection, shelf: Shelf, send: Send) -> None:
    shelf.put("b1", NINE)
    for _ in range(5):
        send({"id": "b1"})
    assert HintedRecord.objects.count() == 1
    follow(source)
    assert (shelf.count("head"), shelf.count("whole"), booked()) == (1, 1, ["b1"])


@pytest.mark.parametrize("is_there", [True, False])
def test_a_hint_that_was_followed_is_over_while_the_clock_runs(
    source: Connection, shelf: Shelf, send: Send, is_there: bool
) -> None:
    if is_there:
        shelf.put("b1", NINE)
    send({"id": "b1"})
    with time_machine.travel(timezone.now() + timedelta(seconds=3)):
        hints.follow(str(source.pk), nobody)
    assert HintedRecord.objects.count() == 0


def test_a_hint_that_failed_counts_its_tries_while_the_clock_runs(source: Connection, shelf: Shelf, send: Send) -> None:
    def down(_: str) -> None:
        raise Retryable("The source is down.")

    shelf.before = down
    send({"id": "b1"})
    with time_machine.travel(timezone.now() + timedelta(seconds=3)):
        hints.follow(str(source.pk), nobody)
    hint = HintedRecord.objects.get()
    assert (hint.tries, hint.problem) == (1, "The source is down.")


def test_a_hint_that_comes_while_its_record_is_read_is_followed_again(
    source: Connection, shelf: Shelf, send: Send
) -> None:
    shelf.put("b1", NINE, status="draft")
    send({"id": "b1"})

    def changes(what: str) -> None:
        if what == "whole bill b1":
            shelf.before = lambda _: None
            shelf.put("b1", NINE)
            with time_machine.travel(timezone.now() + timedelta(seconds=1), tick=False):
                send({"id": "b1"})

    shelf.before = changes
    follow(source)
    assert (HintedRecord.objects.count(), booked()) == (1, [])
    with time_machine.travel(timezone.now() + timedelta(seconds=30), tick=False):
        follow(source)
    assert (HintedRecord.objects.count(), booked()) == (0, ["b1"])


def test_a_record_that_is_not_there_is_nothing_to_read(source: Connection, shelf: Shelf, send: Send) -> None:
    send({"id": "b1"}, method="DELETE")
    follow(source)
    assert (HintedRecord.objects.count(), Delivery.objects.count()) == (0, 1)


def test_a_hint_waits_while_the_source_is_down_and_is_given_up_for_the_readers(
    source: Connection, shelf: Shelf, send: Send
) -> None:
    def down(_: str) -> None:
        raise Retryable("The source is down.")

    shelf.put("b1", NINE)
    shelf.before = down
    send({"id": "b1"})
    now = timezone.now()
    for tried in range(1, len(hints.WAITS_SECONDS)):
        now += timedelta(hours=2)
        with time_machine.travel(now, tick=False):
            assert hints.follow(str(source.pk), nobody) == 0
            hint = HintedRecord.objects.get()
            wait = timedelta(seconds=hints.WAITS_SECONDS[tried - 1])
            assert (hint.tries, hint.problem, hint.next_at - now) == (tried, "The source is down.", wait)
    with time_machine.travel(now + timedelta(hours=2), tick=False):
        hints.follow(str(source.pk), nobody)
    assert HintedRecord.objects.count() == 0
    shelf.before = lambda _: None
    _read_all(source)
    assert booked() == ["b1"]


def test_a_refused_key_deauthorises_and_keeps_the_hints(source: Connection, shelf: Shelf, send: Send) -> None:
    def refuses(_: str) -> None:
        raise Unauthorised("The key is not accepted.")

    shelf.put("b1", NINE)
    shelf.before = refuses
    send({"id": "b1"})
    follow(source)
    source.refresh_from_db()
    assert (source.status, HintedRecord.objects.count()) == (Status.DEAUTHORISED, 1)
    assert hints.connections_hinted(timezone.now() + timedelta(days=1)) == []


def test_the_timetable_finds_hints_whose_nudge_was_lost(
    source: Connection, shelf: Shelf, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    nudged: list[object] = []
    monkeypatch.setattr(tasks, "_send", lambda task, argument, **_: nudged.append((task.name, argument)))
    shelf.put("b1", NINE)
    send({"id": "b1"})
    with time_machine.travel(timezone.now() + timedelta(seconds=3), tick=False):
        tasks.look(timezone.now())
    found = FeedReader.objects.order_by("pk").values_list("pk", flat=True)
    assert nudged == [*(("intake.read_feed", pk) for pk in found), ("intake.follow_hints", str(source.pk))]


@pytest.mark.parametrize("seed", range(6))
def test_lost_doubled_and_reordered_hints_change_nothing_in_the_end(
    source: Connection, shelf: Shelf, send: Send, seed: int
) -> None:
    """The end state is that of the feed: every finished record booked once, with its first finished content."""
    chance = random.Random(seed)
    wanted: dict[str, str] = {}
    pending: list[str] = []
    for step in range(30):
        external_id, net = f"b{chance.randrange(8)}", f"{chance.randrange(1, 99)}.00"
        status = chance.choice(["draft", "done", "done"])
        if external_id in wanted:
            status, net = "done", wanted[external_id]
        shelf.put(external_id, NINE + timedelta(minutes=step), status=status, net=net)
        if status == "done":
            wanted.setdefault(external_id, net)
        pending += [external_id] * chance.choice([0, 1, 1, 2])
        chance.shuffle(pending)
        if chance.random() < 0.3 and pending:
            send({"id": pending.pop()}, method=chance.choice(["POST", "PUT", "PATCH", "DELETE"]))
        if chance.random() < 0.2:
            follow(source)
        if chance.random() < 0.1:
            _read_all(source)
    _read_all(source)
    follow(source)
    found = {one.external_id: one.content["net"] for one in Transaction.objects.all()}
    assert found == wanted
    assert booked() == sorted(wanted)
    assert Posting.objects.count() == len(wanted)


def _read_all(source: Connection) -> None:
    setting_up.ensure(source, timezone.now())
    FeedReader.objects.update(next_at=timezone.now())
    for pk in FeedReader.objects.values_list("pk", flat=True):
        perform(pk, nobody)
