"""The runner's thread: it finds work by itself, takes turns between connections, and two of them never do one run."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connections
from django.utils import timezone

from integrations.reference import RecordKind
from portal.connections import registry
from portal.connections.models import Connection
from portal.operations import syncing
from portal.reference import tasks
from portal.reference.sync import asking, leases, runner
from portal.reference.sync.asking import ask_all
from portal.reference.sync.models import OPEN_STATES, SyncRun, SyncState
from portal.reference.sync.runner import Runner, in_turns
from tests.factories import DemoConnectionFactory, SourceConnectionFactory
from tests.reference.sync.far_ends import FakeSource, FakeSystem, Shelf, There
from tests.reference.sync.scene import a_record

A, B, C = (uuid.UUID(int=number) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("busy", "room", "each", "expected"),
    [
        ({}, 4, 2, [1, 4, 2, 5]),
        ({A: 2}, 2, 2, [4, 5]),
        ({A: 1, B: 1}, 2, 2, [1, 4]),
        ({A: 2, B: 2}, 4, 2, []),
        ({}, 0, 2, []),
    ],
)
def test_connections_take_turns(busy: dict[uuid.UUID, int], room: int, each: int, expected: list[int]) -> None:
    assert in_turns([(1, A), (2, A), (3, A), (4, B), (5, B)], Counter(busy), room, each) == expected


def test_a_single_run_is_chosen_once() -> None:
    assert in_turns([(1, C)], Counter(), 4, 2) == [1]


@pytest.fixture
def companies(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> list[Connection]:
    """Two companies with everything to synchronise."""
    systems, known = {"fakebooks": FakeSystem}, {"fakesource": FakeSource()}
    for module in (registry, asking):
        monkeypatch.setattr(module, "accounting_systems", lambda: systems)
        monkeypatch.setattr(module, "sources", lambda: known)
    monkeypatch.setattr(FakeSystem, "shelf", Shelf())
    monkeypatch.setattr(FakeSource, "there", There())
    leases.stopping.clear()
    linked = [DemoConnectionFactory.create(integration="fakebooks", settings={}, secrets={}) for _ in range(2)]
    for one in linked:
        SourceConnectionFactory.create(
            company=one.company, integration="fakesource", settings={"company_id": str(one.pk)}
        )
    for kind in RecordKind:
        dimension = "Department" if kind is RecordKind.DIMENSION else ""
        FakeSystem.shelf.put(kind, [a_record(number, kind, dimension=dimension) for number in range(1, 7)])
    return linked


def until(happened: Callable[[], bool]) -> None:
    """Wait for a condition, for half a minute at most."""
    bell, deadline = threading.Event(), timezone.now() + timedelta(seconds=30)
    while not happened():
        assert timezone.now() < deadline, list(SyncRun.objects.values_list("state", "message"))
        bell.wait(0.05)


@pytest.mark.engine
def test_two_workers_do_every_run_once(companies: list[Connection]) -> None:
    for one in companies:
        ask_all(one)
    workers = [Runner(threads=4), Runner(threads=4)]
    for worker in workers:
        worker.start()
    try:
        until(lambda: not SyncRun.objects.filter(state__in=OPEN_STATES).exists())
    finally:
        for worker in workers:
            worker.stop()
    assert list(SyncRun.objects.order_by().values_list("state", "read", "sent", "calls").distinct()) == [
        (SyncState.COMPLETE, 6, 6, 2)
    ]
    assert Counter(call.verb for call in FakeSource.there.calls) == {"first": 12, "more": 12}
    connections.close_all()


@pytest.mark.engine
def test_the_bell_wakes_it_and_a_predecessor_that_died_is_not_waited_for(
    companies: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "EVERY_SECONDS", 600.0)
    runs, _ = ask_all(companies[0])
    SyncRun.objects.filter(pk=runs[0].pk).update(
        state=SyncState.FETCHING, lease_token=uuid.uuid4(), lease_until=timezone.now() + timedelta(seconds=40)
    )
    step = syncing.Syncing(SimpleNamespace())  # type: ignore[arg-type]
    step.start(SimpleNamespace())  # type: ignore[arg-type]
    try:
        until(lambda: not SyncRun.objects.filter(state__in=OPEN_STATES).exists())
        second, _ = ask_all(companies[1])
        tasks.look_for_runs(second[0].pk)
        until(lambda: not SyncRun.objects.filter(state__in=OPEN_STATES).exists())
    finally:
        step.stop(SimpleNamespace())  # type: ignore[arg-type]
    assert SyncRun.objects.filter(state=SyncState.COMPLETE).count() == 12
    assert SyncRun.objects.get(pk=runs[0].pk).tries in (0, 1)
    connections.close_all()
