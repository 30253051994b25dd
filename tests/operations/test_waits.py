"""What the rooms say waits for a person: exactly that, as long as it does, and at a bounded price."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from portal.connections.models import Connection, Status
from portal.connections.services import deauthorise
from portal.events.mailing import alert
from portal.events.models import Matter
from portal.events.noticing import notice, open_matters
from portal.events.waits import waits
from portal.operations.models import Part, Sign
from portal.postings.answer import decide
from portal.postings.models import Posting
from portal.postings.repair import retry
from portal.postings.states import State
from portal.timetable import registry
from portal.timetable.models import Outcome, Slot
from portal.timetable.registry import Job
from portal.timetable.running import run_due, take
from portal.timetable.slots import hourly
from tests.admin.world import in_state
from tests.factories import DemoConnectionFactory, StaffFactory

MINUTE = timedelta(minutes=1)

pytestmark = [pytest.mark.engine, pytest.mark.django_db]


def found(kind: str, later: timedelta = timedelta(0)) -> list[str]:
    """What waits now, or some time later, of one kind."""
    assert notice(timezone.now() + later) == []
    return list(open_matters(kind).order_by("id").values_list("title", flat=True))


def answered(posting: Posting) -> Posting:
    assert decide(posting.pk, "confirmed").status == 200
    return posting


@pytest.fixture
def connection(db: None) -> Connection:
    made: Connection = DemoConnectionFactory.create(company__name="Harbour Street")
    return made


def test_a_held_posting_until_somebody_acts(connection: Connection) -> None:
    posting = in_state(connection, State.HELD)
    for state in State:
        if state is not State.HELD:
            in_state(connection, state)
    assert found("posting.held") == ["P-000001, Harbour Street: Two matches were found."]
    matter = Matter.objects.get(kind="posting.held")
    assert matter.path == f"/admin/postings/posting/{posting.pk}/change/"
    assert matter.since == posting.updated_at
    retry(posting, by=StaffFactory.create(), why="looked")
    assert len(found("posting.held")) == 1  # held until a worker has looked it up
    Posting.objects.filter(pk=posting.pk).update(may_exist=False)
    retry(posting, by=StaffFactory.create(), why="looked")
    assert found("posting.held") == []


def test_only_a_refusal_after_the_answer_is_told(connection: Connection) -> None:
    in_state(connection, State.REJECTED)
    told = answered(in_state(connection, State.UNKNOWN))
    assert found("posting.refused_after_answer") == []
    refuse(told)
    assert found("posting.refused_after_answer") == ["P-000002, Harbour Street: Account 9999 is unknown."]
    retry(told, by=StaffFactory.create(), why="mended")
    assert found("posting.refused_after_answer") == []


def refuse(posting: Posting) -> None:
    """The way there is the engine's; here it stands there."""
    from portal.postings.maintenance import maintenance

    with maintenance():
        Posting.objects.filter(pk=posting.pk).update(state=State.REJECTED, reason="Account 9999 is unknown.")


def test_what_is_late_is_told_once_per_connection(connection: Connection) -> None:
    for state in (State.READY, State.UNKNOWN, State.AWAITING, State.POSTED, State.WITHDRAWN):
        in_state(connection, state)
    other = in_state(DemoConnectionFactory.create(company__name="Quayside"), State.READY)
    Connection.objects.filter(pk=other.connection_id).update(paused=True)
    assert found("posting.late", 14 * MINUTE) == []
    assert found("posting.late", 16 * MINUTE) == [
        "Harbour Street to demo: its postings are tried again and again",
        "Quayside to demo: it is paused",
    ]
    Posting.objects.filter(pk=other.pk).update(created_at=timezone.now() + timedelta(hours=1))
    assert found("posting.late", 16 * MINUTE) == ["Harbour Street to demo: its postings are tried again and again"]


def test_what_staff_made_due_a_moment_ago_is_not_late_yet(connection: Connection) -> None:
    posting = in_state(connection, State.READY)
    Posting.objects.filter(pk=posting.pk).update(created_at=timezone.now() - timedelta(days=2))
    assert found("posting.late") == []
    assert len(found("posting.late", 3 * MINUTE)) == 1


def test_a_connection_to_be_linked_again(connection: Connection) -> None:
    DemoConnectionFactory.create()
    deauthorise(connection, who="worker", why="The token was revoked.")
    assert found("connection.deauthorised") == ["Harbour Street to demo"]
    Connection.objects.filter(pk=connection.pk).update(status=Status.LINKED)
    assert found("connection.deauthorised") == []


def test_a_job_that_is_late_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: datetime) -> None:
        raise ConnectionError("password=hunter22")

    now = timezone.now()
    late, failing = Job("a.late", hourly(), print), Job("a.failing", hourly(), fail)
    monkeypatch.setattr(registry, "_jobs", {job.name: job for job in (late, failing)})
    take(late, now - timedelta(hours=5))
    take(failing, now - timedelta(hours=1))
    run_due(now, [failing])
    Slot.objects.filter(outcome="").update(outcome=Outcome.FAILED, finished_at=now)
    assert found("timetable.failed") == ["a.failing: ConnectionError"]
    assert [title.partition(":")[0] for title in found("timetable.late")] == ["a.late"]
    run_due(now, [late])
    assert found("timetable.late") == []


def test_a_worker_that_fell_silent_and_was_not_replaced() -> None:
    now = datetime.now(UTC)

    def worker(process: str, started: float, seen: float) -> None:
        """The figures are minutes ago."""
        times = {"started_at": now - started * MINUTE, "seen_at": now - seen * MINUTE}
        Sign.objects.create(part=Part.WORKER, process=process, **times)

    worker("alive:1", 600, 0.1)
    assert found("worker.silent") == []
    worker("killed:2", 60, 5)
    assert [title.partition(":2")[0] for title in found("worker.silent")] == ["killed"]
    worker("new:3", 4, 0.1)
    assert found("worker.silent") == []


def test_every_kind_leads_to_pages_that_exist_and_asks_a_few_questions(
    connection: Connection, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, settings: Settings
) -> None:
    for state in (State.HELD, State.HELD, State.READY):
        in_state(connection, state)
    refuse(answered(in_state(connection, State.UNKNOWN)))
    Connection.objects.filter(pk=connection.pk).update(status=Status.DEAUTHORISED)
    Sign.objects.create(
        part=Part.WORKER, process="x:1", started_at=timezone.now(), seen_at=timezone.now() - timedelta(hours=1)
    )
    with django_assert_max_num_queries(4 * len(waits())):
        notice(timezone.now() + 16 * MINUTE)
    client.force_login(StaffFactory.create())
    addresses: list[Any] = [wait.list_path() for wait in waits()]
    addresses += Matter.objects.values_list("path", flat=True)
    assert len(addresses) == len(waits()) + 6
    for address in addresses:
        assert client.get(address).status_code == 200, address
    settings.STAFF_ALERTS = ["ops@example.org"]
    assert alert(timezone.now() + 16 * MINUTE) == 1
    body = str(mail.outbox[0].body)
    assert "120.00" not in body
    assert "2 postings held, the oldest since" in body
