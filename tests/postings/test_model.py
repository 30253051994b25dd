"""The engine against a small model: any order of deliveries, workers, crashes, outcomes, repairs and time.

An ordinary run is the same each time. `POSTROOM_MODEL=deep` is long and searches anew; `unshrunk` stops at the first
failure as it is found.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.transaction import atomic, set_rollback
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from portal.connections.models import AnswerPolicy, Connection, Status
from portal.connections.relink import relink
from portal.connections.services import pause, resume
from portal.postings import work
from portal.postings.accept import Acceptance, Taken
from portal.postings.answer import decide
from portal.postings.models import Posting
from portal.postings.repair import MARK_POSTED, RETRY, VOID, CannotRepair, mark_posted, possible_repairs, retry, void
from portal.postings.shares import shares
from portal.postings.states import LEASED, UNDER_WAY
from portal.postings.sweep import due_ids, release_dead, sweep
from tests.factories import accepted
from tests.postings.breaking import in_the_middle_of_accepting
from tests.postings.clumsy_books import EVERYTHING, OUTCOMES, TELLING, ClumsyBooks, ClumsyVendor, Plan, planned
from tests.postings.office import START, Office, document, open_office
from tests.postings.promises import Model, Seen, check, check_at_rest
from tests.postings.slow_workers import Killed, SlowWorker

pytestmark = [pytest.mark.engine, pytest.mark.django_db]
MODE = os.environ.get("POSTROOM_MODEL", "")
ENOUGH = settings(
    max_examples=2000 if MODE == "deep" else 100,
    stateful_step_count=50 if MODE == "deep" else 30,
    derandomize=MODE != "deep",
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,) if MODE == "unshrunk" else (Phase.reuse, Phase.generate, Phase.shrink),
)
ROUNDS_TO_REST = 200

plans = st.builds(
    Plan,
    outcome=st.sampled_from(OUTCOMES),
    telling=st.sampled_from(TELLING),
    seconds=st.sampled_from([0, 0, 40]),
    late=st.sampled_from([1, 10]),
)
some = st.integers(0, 5)
DATABASE_FAILS, WEB_DIES = "the database fails", "the web process dies"
ENDINGS = (*AnswerPolicy.values, AnswerPolicy.CONFIRMED.value, WEB_DIES, DATABASE_FAILS)
BREAKS_OFF = ("ends the worker", "hits a bug")
SECONDS = (1, 5, 20, 31, 61, 125, 301, 3600, 86_400)


class Engine(RuleBasedStateMachine):
    """The rules; what must hold after each of them stands in `promises`."""

    office: Office

    def __init__(self) -> None:
        super().__init__()
        self.atomic = atomic()
        self.atomic.__enter__()
        self.office.clock.move_to(START)
        for connection in self.office.connections:
            shares.nothing_left(connection.pk)
        self.model = Model()
        self.vendor = ClumsyBooks.vendor = ClumsyVendor(self.office.shift)
        self.workers: list[SlowWorker] = []
        self.everything: list[Seen] = []
        self.is_idle = False

    @initialize(lookup=st.sampled_from(["complete", "complete", "late", "none"]), quiet=st.sampled_from([20, 120, 300]))
    def an_accounting_system(self, lookup: str, quiet: int) -> None:
        ClumsyBooks.can = replace(
            EVERYTHING, lookup=lookup != "none", lookup_complete=lookup == "complete", quiet_seconds=quiet
        )

    # --- the source ------------------------------------------------------------------------------------------------

    @rule(which=some, version=st.sampled_from([0, 0, 1]), then=st.sampled_from(ENDINGS), plan=st.none() | plans)
    def deliver(self, which: int, version: int, then: str, plan: Plan | None) -> None:
        """A delivery, and its answer after a worker had its chance or not."""
        acceptance = self._accept(which, version, fails=then == DATABASE_FAILS)
        if acceptance is None or then == WEB_DIES:
            return
        posting = acceptance.posting
        if plan is not None:
            self._in_a_worker(plan, lambda: work.run(posting.pk))
        if acceptance.taken is not Taken.CONTESTED:
            decision = decide(posting.pk, then)
            self.model.answered(posting.pk, decision.status, decision.number)

    def _accept(self, which: int, version: int, *, fails: bool) -> Acceptance | None:
        self.is_idle = False
        company, content = document(which, version)
        with in_the_middle_of_accepting() if fails else nullcontext():
            try:
                acceptance = accepted(self.office.connections[company], content)
            except OperationalError:
                return None
        self.model.accepted(acceptance)
        return acceptance

    # --- workers ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._under_way())
    @rule(which=some, plan=plans)
    def work(self, which: int, plan: Plan) -> None:
        posting_id = self._one(which).pk
        self._in_a_worker(plan, lambda: work.run(posting_id))

    @precondition(lambda _: bool(due_ids(timezone.now())))
    @rule(plan=plans)
    def sweep(self, plan: Plan) -> None:
        self._in_a_worker(plan, sweep)

    @precondition(lambda self: any(each.lease_until < timezone.now() for each in self._leased()))
    @rule()
    def release_the_dead(self) -> None:
        assert release_dead(timezone.now()) > 0

    @precondition(lambda self: self._under_way() and len(self.workers) < 3)
    @rule(which=some, plan=plans)
    def start_a_slow_worker(self, which: int, plan: Plan) -> None:
        """It stops before it sends or looks, and again before it settles."""
        posting_id = self._one(which).pk

        def body(worker: SlowWorker) -> None:
            self._in_a_worker(replace(plan, stop=worker.stop_here), lambda: work.run(posting_id))

        self.workers.append(SlowWorker(body))
        self._go_on(-1)

    @precondition(lambda self: self.workers)
    @rule(which=some)
    def a_slow_worker_goes_on(self, which: int) -> None:
        self._go_on(which)

    @precondition(lambda self: self.workers)
    @rule(which=some)
    def a_slow_worker_is_killed(self, which: int) -> None:
        self.workers.pop(which % len(self.workers)).kill()

    def _go_on(self, which: int) -> None:
        worker = self.workers[which % len(self.workers)]
        worker.go_on()
        if worker.has_ended:
            self.workers.remove(worker)

    def _in_a_worker(self, plan: Plan, body: Callable[[], object]) -> None:
        self.is_idle = False
        with planned(plan):
            try:
                body()
            except Killed:
                return

    # --- people ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._repairable())
    @rule(which=some, repair=st.sampled_from([RETRY, RETRY, MARK_POSTED, VOID]), plan=plans)
    def repair(self, which: int, repair: str, plan: Plan) -> None:
        waiting = self._repairable()
        posting = waiting[which % len(waiting)]
        if repair not in possible_repairs(posting):
            return
        self.model.told[posting.pk].is_refused = False
        if repair == MARK_POSTED:
            self._mark_posted(posting, plan)
        else:
            {RETRY: retry, VOID: void}[repair](posting, by=self.office.staff, why="So that it goes on.")

    def _mark_posted(self, posting: Posting, plan: Plan) -> None:
        found = self.vendor.visible(posting.idempotency_key)
        number = found[0].posted.number if found else "HAND-1"
        with planned(replace(plan, telling="works" if plan.telling in BREAKS_OFF else plan.telling)):
            try:
                mark_posted(posting, number=number, by=self.office.staff, why="Typed in by hand.")
            except CannotRepair:
                return

    @precondition(lambda self: self._under_way() and not self.is_idle)
    @rule(company=st.integers(0, 1))
    def a_connection_is_paused_or_usable_again(self, company: int) -> None:
        self.is_idle = True
        connection = Connection.objects.get(pk=self.office.connections[company].pk)
        if connection.status == Status.DEAUTHORISED:
            relink(connection, who="sam", why="New credentials.")
        else:
            (resume if connection.paused else pause)(connection, who="sam", why="Because.")

    # --- time ------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._under_way() and not self.is_idle)
    @rule(seconds=st.sampled_from(SECONDS))
    def time_passes(self, seconds: int) -> None:
        self.is_idle = True
        self.office.shift(seconds)

    @precondition(lambda self: self._next_moment())
    @rule(plans=st.lists(plans, min_size=1, max_size=4))
    def time_passes_and_workers_are_there(self, plans: list[Plan]) -> None:
        """The ordinary way: each row is swept when it is due."""
        for plan in plans:
            moment = self._next_moment()
            if moment is None:
                return
            self.office.clock.move_to(max(moment, timezone.now()))
            self.sweep(plan)
            self.every_promise_is_kept()

    def _next_moment(self) -> datetime | None:
        leases = [each.lease_until + timedelta(seconds=1) for each in self._leased()]
        return min(
            [*leases, *(each.next_attempt_at for each in self._under_way() if each.next_attempt_at)], default=None
        )

    # --- what must hold --------------------------------------------------------------------------------------------

    @invariant()
    def every_promise_is_kept(self) -> None:
        self.everything = check(self.model, self.vendor)

    def teardown(self) -> None:
        """Everything comes to rest when the faults end; then nothing of this example is kept."""
        try:
            if sys.exc_info()[0] is None:
                self._come_to_rest()
        finally:
            for worker in self.workers:
                worker.kill()
            set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def _come_to_rest(self) -> None:
        Connection.objects.update(paused=False, status=Status.LINKED)
        for _ in range(ROUNDS_TO_REST):
            with planned(Plan()):
                sweep()
            self.every_promise_is_kept()
            moment = self._next_moment()
            if moment is None:
                break
            self.office.clock.move_to(max(moment, timezone.now() + timedelta(seconds=30)))
        while self.workers:
            self._go_on(0)
        self.office.shift(86_400)
        self.every_promise_is_kept()
        check_at_rest(self.everything)

    def _one(self, which: int) -> Posting:
        under_way = self._under_way()
        return under_way[which % len(under_way)]

    def _under_way(self) -> list[Posting]:
        return [seen.posting for seen in self.everything if seen.state in UNDER_WAY or seen.posting.recheck_asked]

    def _leased(self) -> list[Any]:
        return [seen.posting for seen in self.everything if seen.state in LEASED]

    def _repairable(self) -> list[Posting]:
        return [seen.posting for seen in self.everything if possible_repairs(seen.posting)]


def test_the_engine_keeps_its_promises_whatever_happens() -> None:
    with open_office() as Engine.office:
        run_state_machine_as_test(Engine, settings=ENOUGH)
