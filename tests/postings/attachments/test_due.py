"""Whose turn it is: connections in use with something due, worked through by one thread until the vendor fails."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from integrations.errors import Rejected, Retryable
from portal.celery import app
from portal.connections.models import Connection, Status
from portal.events.models import AuditEvent
from portal.events.noticing import notice, open_matters
from portal.postings import work
from portal.postings.attachments import asking, run, tasks, waits
from portal.postings.attachments.due import due_connections, due_of, open_counts
from portal.postings.attachments.models import Handover, HandoverState
from portal.postings.attachments.run import hand_over_where_there_is_room
from portal.postings.repair import CannotRepair
from tests.factories import DemoConnectionFactory
from tests.postings.attachments.scene import DAY, MINUTE, START, Scene, once, raising, rows
from tests.postings.attachments.scene import run as run_one

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
WHY = "The supplier asks for it."
LEASED = {"lease_token": uuid.UUID(int=7), "lease_until": START + MINUTE}


def put(handover: Handover, state: str, **fields: object) -> Handover:
    """The handover stands in a state, whatever way leads there."""
    ended = {} if state == "waiting" else {"next_at": None, "ended_at": timezone.now()}
    Handover.objects.filter(pk=handover.pk).update(**{"state": state, **ended, **fields})
    handover.refresh_from_db()
    return handover


# --- due -------------------------------------------------------------------------------------------------------------


def test_a_connection_is_rung_for_while_something_of_it_is_due(scene: Scene) -> None:
    now = timezone.now()
    assert due_connections(now) == []
    first, second = scene.handover(), scene.handover()
    Handover.objects.filter(pk=first.pk).update(next_at=now + MINUTE)
    assert (due_connections(now), due_of(scene.books.pk, now)) == ([scene.books.pk], [second.pk])
    assert due_of(scene.books.pk, now + MINUTE) == [second.pk, first.pk]
    put(second, "done")
    assert (due_connections(now), due_of(scene.books.pk, now)) == ([], [])


def test_what_a_worker_has_is_due_again_when_its_lease_runs_out(scene: Scene) -> None:
    put(scene.handover(), "waiting", **LEASED)
    assert due_connections(START + timedelta(seconds=59)) == []
    assert due_connections(START + MINUTE) == [scene.books.pk]


@pytest.mark.parametrize("side", ["source", "books"])
@pytest.mark.parametrize("fields", [{"paused": True}, {"status": "deauthorised"}, {"open_until": START + DAY}])
def test_nobody_is_rung_for_while_a_side_is_not_in_use(scene: Scene, side: str, fields: dict[str, object]) -> None:
    scene.handover()
    Connection.objects.filter(pk=getattr(scene, side).pk).update(**fields)
    assert due_connections(START) == []


def test_the_timetable_notices_and_rings_for_each_connection(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[uuid.UUID] = []
    monkeypatch.setattr(tasks, "ring", rung.append)
    tasks.hand_over_due(START)
    scene.later(MINUTE)
    scene.posted()
    tasks.hand_over_due(START)
    assert (rung, Handover.objects.count()) == ([scene.books.pk], 1)
    assert "postings.hand_over" in app.tasks


def test_a_nudge_works_through_what_is_due(scene: Scene) -> None:
    handovers = [scene.handover() for _ in range(3)]
    tasks.run_handovers(scene.books.pk.hex)
    assert set(Handover.objects.values_list("state", flat=True)) == {"nothing"}
    assert len(scene.desk.asked) == len(handovers)
    assert hand_over_where_there_is_room(scene.books.pk) == 0


def test_when_the_vendor_fails_the_next_ones_are_left_for_later(scene: Scene) -> None:
    for _ in range(3):
        scene.handover()
    scene.desk.at_list = raising(Retryable("Away."))
    assert hand_over_where_there_is_room(scene.books.pk) == 1
    assert list(Handover.objects.order_by("pk").values_list("tries", flat=True)) == [1, 0, 0]
    scene.desk.at_list = once(Rejected("There is no such document."))
    assert hand_over_where_there_is_room(scene.books.pk) == 2
    assert list(Handover.objects.order_by("pk").values_list("state", flat=True)) == ["waiting", "given_up", "nothing"]


def test_a_worker_that_stops_takes_nothing_new(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.handover()
    stopping = threading.Event()
    stopping.set()
    monkeypatch.setattr(run, "stopping", stopping)
    assert (hand_over_where_there_is_room(scene.books.pk), work.stopping.is_set()) == (0, False)


@pytest.mark.django_db(transaction=True)
def test_one_thread_of_a_process_works_for_a_connection_and_few_for_all(scene: Scene) -> None:
    scene.handover()
    told: list[int] = []

    def another() -> None:
        told.append(hand_over_where_there_is_room(scene.books.pk))
        connections.close_all()

    def meanwhile() -> None:
        thread = threading.Thread(target=another)
        thread.start()
        thread.join()

    scene.handover()
    scene.desk.at_list = meanwhile
    assert hand_over_where_there_is_room(scene.books.pk) == 2
    assert told == [0, 0]


def test_what_waits_for_an_unlinked_connection_ends(scene: Scene) -> None:
    handover = put(scene.handover(), "waiting", **LEASED)
    assert run.look(START) == []
    assert Handover.objects.get().state == "waiting"
    Connection.objects.filter(pk=scene.books.pk).update(status=Status.UNLINKED)
    run.look(START)
    handover.refresh_from_db()
    assert (handover.state, handover.message, handover.lease_token) == (
        "given_up", f"{scene.books} was unlinked.", None,
    )  # fmt: skip


def test_the_open_ones_are_counted(scene: Scene) -> None:
    for state in ("waiting", "waiting", "given_up", "done"):
        put(scene.handover(), state)
    assert open_counts() == {HandoverState.WAITING: 2, HandoverState.GIVEN_UP: 1}


# --- told ------------------------------------------------------------------------------------------------------------


def told() -> list[tuple[str, str]]:
    waits.register_waits()
    notice(timezone.now())
    return list(open_matters(waits.KIND).order_by("id").values_list("title", "path"))


def test_what_was_given_up_is_told_once_for_each_connection(scene: Scene) -> None:
    assert told() == []
    first, second = put(scene.handover(), "given_up"), put(scene.handover(), "given_up")
    matter = (
        str(scene.books),
        f"/admin/postings/handover/?state__exact=given_up&company={scene.books.company_id}",
    )
    assert told() == [matter]
    assert list(waits.GIVEN_UP.begins(timezone.now(), frozenset({str(scene.books.pk)}))) == []
    put(first, "done")
    assert told() == [matter]
    put(second, "done")
    assert told() == []


def test_of_an_unlinked_connection_nobody_is_told(scene: Scene) -> None:
    put(scene.handover(), "given_up")
    Connection.objects.filter(pk=scene.books.pk).update(status=Status.UNLINKED)
    assert told() == []


# --- by staff --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["given_up", "partly", "nothing", "done", "waiting"])
def test_staff_have_it_done_again_and_what_was_refused_goes_too(scene: Scene, staff: User, state: str) -> None:
    scene.desk.put("f-1", "macro.xlsm")
    scene.shelf.before = once(Rejected("Not taken."))
    handover = put(run_one(scene.handover()), "partly", tries=9)
    if state == "waiting":
        put(handover, "waiting", next_at=START + DAY, ended_at=None)
    else:
        put(handover, state)
    asking.again(handover, user=staff, why=WHY)
    handover.refresh_from_db()
    assert (handover.state, handover.tries, handover.message, handover.asked_by) == ("waiting", 0, WHY, staff)
    assert (handover.next_at, rows(handover)) == (START, [("macro.xlsm", "waiting", "")])
    assert run_one(handover).state == "done"
    event = AuditEvent.objects.get(verb="handover.retried")
    assert (event.who, event.company_id, event.message) == (
        "sam", scene.books.company_id, f"Attachments of P-000001 asked for: {WHY}",
    )  # fmt: skip


def test_not_while_a_worker_has_it(scene: Scene, staff: User) -> None:
    seen = scene.handover()
    put(Handover.objects.get(), "waiting", **LEASED)
    for handover in (seen, Handover.objects.get()):
        with pytest.raises(CannotRepair, match="P-000001: a worker has its files now"):
            asking.again(handover, user=staff, why=WHY)
    assert not AuditEvent.objects.filter(verb="handover.retried").exists()


def test_not_into_a_connection_that_was_unlinked(scene: Scene, staff: User) -> None:
    handover = put(scene.handover(), "given_up")
    handover.connection.status = Status.UNLINKED
    with pytest.raises(CannotRepair, match="was unlinked"):
        asking.again(handover, user=staff, why=WHY)


def test_staff_ask_for_what_was_posted_before(scene: Scene, staff: User) -> None:
    scene.desk.put("f-1", "invoice.pdf")
    posting = scene.posted()
    handover = asking.ask_for(posting, user=staff, why=WHY)
    assert (handover.state, handover.next_at, handover.asked_by) == ("waiting", START, staff)
    assert (run_one(handover).state, scene.shelf.names()) == ("done", ["invoice.pdf"])
    assert AuditEvent.objects.get(verb="handover.asked").who == "sam"
    with pytest.raises(CannotRepair, match="P-000001: its files are handed over by themselves"):
        asking.ask_for(posting, user=staff, why=WHY)


@pytest.mark.parametrize(
    "fields,why",
    [
        ({"state": "held", "posted_at": None}, "It is not posted."),
        ({"kept": True}, "It is kept as a memo entry: there is no document in the accounting system."),
        ({"external_id": "marked:7"}, "It was marked as posted by hand: nobody knows the document over there."),
        ({"kind": "receipt"}, "fake takes no files for this kind."),
        ({"source": "api"}, "api offers no files."),
        ({"unlinked": "source"}, "{company} has no connection to papers that its files can be fetched with."),
        ({"unlinked": "books"}, "{company} to fake was unlinked."),
        ({"side": "source"}, "It did not go into an accounting system."),
    ],
)
def test_staff_are_told_why_there_is_nothing_to_hand_over(
    scene: Scene, staff: User, fields: dict[str, object], why: str
) -> None:
    posting = scene.posted()
    for name, value in fields.items():
        if name == "source":
            posting.transaction.source = str(value)
        elif name == "side":
            posting.connection.side = str(value)
        elif name == "unlinked":
            Connection.objects.filter(pk=getattr(scene, str(value)).pk).update(status=Status.UNLINKED)
            posting.connection.refresh_from_db()
        else:
            setattr(posting, name, value)
    with pytest.raises(CannotRepair) as refused:
        asking.ask_for(posting, user=staff, why=WHY)
    assert refused.value.message == why.format(company=scene.books.company)
    assert Handover.objects.count() == 0


def test_another_company_is_another_matter(scene: Scene) -> None:
    other = DemoConnectionFactory.create(integration="fake", settings={}, secrets={})
    now = timezone.now()
    Handover.objects.create(posting=scene.posted(), connection=other, next_at=now, created_at=now)
    assert due_connections(now) == []
