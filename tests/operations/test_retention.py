"""What has had its time is forgotten; records, numbers and hashes never are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError
from pytest_django import Settings

from portal.events.models import Alert, AuditEvent, Matter
from portal.intake.models import Delivery, RefusedCalls, Verdict
from portal.operations import retention
from portal.operations.retention import forget
from portal.postings.maintenance import maintenance
from portal.postings.models import Attempt, Posting, Transaction, Transition
from portal.postings.states import State
from tests.admin.world import delivery, in_state
from tests.environment import database_kind
from tests.factories import DemoConnectionFactory, EndpointFactory

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def deliveries(*days_ago: float) -> list[Delivery]:
    """In the order in which they came."""
    endpoint, made = EndpointFactory.create(), []
    for days in days_ago:
        row = delivery(endpoint, Verdict.ACCEPTED)
        Delivery.objects.filter(pk=row.pk).update(received_at=NOW - days * DAY)
        made.append(row)
    return made


def bodies() -> list[bool]:
    return [bool(bytes(body)) for body in Delivery.objects.order_by("pk").values_list("body", flat=True)]


def attempts(*days_ago: float) -> None:
    connection = DemoConnectionFactory.create()
    for days in days_ago:
        posting = in_state(connection, State.POSTED)
        with maintenance():
            Attempt.objects.filter(posting=posting).update(
                started_at=NOW - days * DAY - timedelta(seconds=1), ended_at=NOW - days * DAY
            )


def test_bodies_are_emptied_after_ninety_days_and_their_hashes_stay() -> None:
    rows = deliveries(100, 91, 89, 1)
    assert forget(NOW) == {"bodies emptied": 2}
    assert bodies() == [False, False, True, True]
    kept = Delivery.objects.get(pk=rows[0].pk)
    assert (kept.body_sha256, kept.verdict, kept.answer_body) == ("ab" * 32, "accepted", {"JournalNumber": "P-000001"})
    assert forget(NOW) == {}
    assert forget(NOW + 2 * DAY) == {"bodies emptied": 1}
    assert bodies() == [False, False, False, True]


def test_exchanges_are_emptied_and_the_attempt_stays() -> None:
    attempts(100, 89)
    assert forget(NOW) == {"exchanges emptied": 1}
    old, young = Attempt.objects.order_by("pk")
    assert (old.exchanges, old.outcome, bool(young.exchanges)) == ([], "Posted", True)
    if database_kind() == "postgres":
        with pytest.raises(DatabaseError, match="closed once"):
            Attempt.objects.filter(pk=young.pk).update(exchanges=[])


def test_records_stay_for_ever() -> None:
    attempts(5000)
    before = [list(model.objects.order_by("pk").values()) for model in (Transaction, Posting, Transition)]
    forget(NOW)
    assert [list(model.objects.order_by("pk").values()) for model in (Transaction, Posting, Transition)] == before


def test_refused_calls_mails_and_what_they_told() -> None:
    for days in (100, 80):
        hour = NOW - days * DAY
        RefusedCalls.objects.create(endpoint_id_called="unknown", hour=hour, last_at=hour, count=1)
    for days in (400, 300):
        at = NOW - days * DAY
        matter = Matter.objects.create(
            kind="k", subject_id="1", title="t", path="/", since=at, noticed_at=at, settled_at=at
        )
        Alert.objects.create(recipient="a@example.org", subject="s", text="t", made_at=at).matters.add(matter)
    waits = NOW - 500 * DAY
    Matter.objects.create(kind="k", subject_id="2", title="waits still", path="/", since=waits, noticed_at=waits)
    assert forget(NOW) == {"refused calls deleted": 1, "mails deleted": 1, "matters deleted": 1}
    assert [RefusedCalls.objects.count(), Alert.objects.count(), Matter.objects.count()] == [1, 1, 2]


def test_the_audit_trail_says_how_much() -> None:
    deliveries(100)
    forget(NOW)
    event = AuditEvent.objects.get()
    assert (event.verb, event.who, event.message) == ("retention.forgot", "retention", "Forgotten: 1 bodies emptied.")
    assert event.details == {"forgotten": {"bodies emptied": 1}}


def test_nothing_is_forgotten_where_the_setting_says_never(settings: Settings) -> None:
    settings.RETENTION_BODY_DAYS = settings.RETENTION_REFUSED_DAYS = settings.RETENTION_ALERT_DAYS = 0
    deliveries(5000)
    attempts(5000)
    assert forget(NOW) == {}
    assert bodies() == [True]


def test_a_pass_is_bounded_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    deliveries(*[100] * 5)
    with time_machine.travel(NOW, tick=False), monkeypatch.context() as patch:
        patch.setattr(retention.Pass, "is_over", property(lambda this: bool(this.done)))
        assert forget(NOW) == {"bodies emptied": 2}
        assert forget(NOW) == {"bodies emptied": 2}
    assert bodies() == [False] * 4 + [True]
    assert forget(NOW) == {"bodies emptied": 1}


def test_a_pass_that_breaks_off_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    deliveries(*[100] * 4)
    count = retention.Pass.count
    broken: list[str] = []

    def break_off(this: Any, what: str, rows: int) -> None:
        count(this, what, rows)
        if not broken:
            broken.append(what)
            raise KeyboardInterrupt

    monkeypatch.setattr(retention.Pass, "count", break_off)
    with pytest.raises(KeyboardInterrupt):
        forget(NOW)
    assert bodies() == [False, False, True, True]
    assert forget(NOW) == {"bodies emptied": 2}


def test_a_long_log_is_walked_once(django_assert_max_num_queries: Any) -> None:
    deliveries(*[100] * 5)
    forget(NOW)
    with django_assert_max_num_queries(15):
        forget(NOW)
