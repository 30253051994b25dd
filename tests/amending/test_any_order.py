"""Both sides change at random, what is read is late or doubled, workers die anywhere: in the end both sides agree on
what was said last, or a person is asked; and nobody writes for ever."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from django.db.transaction import atomic, set_rollback
from django.utils import timezone
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from integrations.amendments import Amended, Amendment
from integrations.feeds import HeadPage, Wanted
from ledger.connector import PORTAL, BuiltInLedger
from ledger.models import EntryChange
from portal.amending import plans, reading, running
from portal.amending.due import due_postings
from portal.amending.models import WAITING_FOR_A_PERSON, AmendmentDuty, BooksReader, KnownTerms
from portal.intake.feeds.models import FeedReader
from tests.amending.scene import Scene
from tests.amending.sold_there import SoldThere

pytestmark = [pytest.mark.django_db, pytest.mark.engine]
DEEP = os.environ.get("POSTROOM_MODEL") == "deep"

ACTIONS = (
    "source changes", "books change", "source changes", "books change",
    "the source is read", "the source is read as it was", "the books are read", "both are matched",
    "both are matched", "the worker dies reading", "the worker dies before writing there",
    "the worker dies after writing there", "the worker dies after writing here", "the books change under it",
    "the source changes under it", "a lease runs out",
)  # fmt: skip


class Killed(BaseException):
    """The process is gone."""


class World:
    """The scene, what people said last, and what stands ready to go wrong."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.changes, self.last = scene, 0, "PO-1"
        self.before_write_here: Callable[[], None] = self.calm
        self.after_write_here: Callable[[], None] = self.calm
        self.old = copy.deepcopy(scene.till.records)

    def new_value(self) -> str:
        self.changes += 1
        self.last = f"PO-{self.changes + 1}"
        return self.last

    def source_changes(self) -> None:
        self.old = copy.deepcopy(self.scene.till.records)
        self.scene.till.put("S1", order_number=self.new_value())

    def books_change(self) -> None:
        self.scene.change_books(order_number=self.new_value())

    def matched(self) -> None:
        """Whatever is due; a worker that died leaves its lease."""
        KnownTerms.objects.filter(next_at__isnull=False, lease_token=None).update(next_at=timezone.now())
        for pk in due_postings(timezone.now()):
            with suppress(Killed):
                running.perform(pk)

    def step(self, action: str) -> None:
        till, act = self.scene.till, action
        steps: dict[str, Any] = {
            "source changes": self.source_changes,
            "books change": self.books_change,
            "the source is read": self.scene.read_source,
            "the source is read as it was": self.read_late,
            "the books are read": self.scene.read_books,
            "both are matched": self.matched,
            "a lease runs out": lambda: KnownTerms.objects.update(lease_until=timezone.now()),
        }
        if act in steps:
            steps[act]()
            return
        till.before, till.after = self.trouble(act, "head", "amend"), self.trouble(act, "after amend")
        self.before_write_here = self.books_change if act == "the books change under it" else self.calm
        if act == "the source changes under it":
            self.before_write_here = self.source_changes
        self.after_write_here = self.dies if act == "the worker dies after writing here" else self.calm
        self.matched()
        till.before = till.after = lambda _: None
        self.before_write_here = self.after_write_here = self.calm

    def trouble(self, act: str, *calls: str) -> Any:
        """What happens at which call to the source."""
        at = {
            "the worker dies reading": "head", "the worker dies before writing there": "amend",
            "the worker dies after writing there": "after amend", "the books change under it": "amend",
        }.get(act, "")  # fmt: skip
        said = {"after amend": "amend"}

        def happens(call: str) -> None:
            if at in calls and call == said.get(at, at):
                if act == "the books change under it":
                    self.books_change()
                else:
                    raise Killed

        return happens

    def read_late(self) -> None:
        """The feed shows what it was before the latest change there."""
        with showing(self.old):
            self.scene.read_source()

    def calm(self) -> None:
        """Nothing happens."""

    def dies(self) -> None:
        raise Killed


@contextmanager
def showing(records: dict[str, Any]) -> Iterator[None]:
    def page(self: SoldThere, wanted: Wanted) -> HeadPage:
        now, self.till.records = self.till.records, records
        try:
            return usual(self, wanted)
        finally:
            self.till.records = now

    usual = SoldThere.page
    SoldThere.page = page  # type: ignore[method-assign]
    try:
        yield
    finally:
        SoldThere.page = usual  # type: ignore[method-assign]


@settings(
    max_examples=1500 if DEEP else 30, deadline=None, derandomize=not DEEP,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(st.lists(st.sampled_from(ACTIONS), min_size=4, max_size=16))
@example(["source changes", "the source is read", "the source changes under it", "the source is read as it was"])
@example(["books change", "the books are read", "the books change under it", "both are matched"])
@example(["source changes", "the source is read", "books change", "the worker dies after writing here"])
def test_in_any_order(scene: Scene, monkeypatch: pytest.MonkeyPatch, actions: list[str]) -> None:
    with atomic(), monkeypatch.context() as patched:
        patched.setattr(plans, "MOST_WRITES", 1000)
        scene.till.records, scene.till.writes = {}, []
        scene.till.put("S1")
        note(" / ".join(actions))
        patched.setattr(BuiltInLedger, "amend_posted", disturbed(world := World(scene)))
        for action in actions:
            world.step(action)
        at_rest(world)
        set_rollback(True)


def disturbed(world: World) -> Any:
    """The ledger, with something happening right before or right after it writes."""

    def amend_posted(
        self: BuiltInLedger, external_id: str, changes: Amendment, *, before: Amended | None = None
    ) -> None:
        world.before_write_here()
        usual(self, external_id, changes, before=before)
        world.after_write_here()

    usual = BuiltInLedger.amend_posted
    return amend_posted


def at_rest(world: World) -> None:
    """Everything is read and matched until nothing is due; then both sides agree, or somebody is asked."""
    scene = world.scene
    KnownTerms.objects.update(lease_until=timezone.now() - reading.EVERY)
    FeedReader.objects.update(read_through=None)
    BooksReader.objects.update(read_through=timezone.now() - reading.OVERLAP)
    scene.settle()
    there, here = scene.at_source()[0], scene.in_books()[0]
    asked = AmendmentDuty.objects.filter(state__in=WAITING_FOR_A_PERSON).exists()
    written = len(scene.till.writes) + EntryChange.objects.filter(who=PORTAL).count()
    note(f"{there} there, {here} here, {world.last} was said last")
    assert asked or there == here == world.last
    assert world.last in (there, here)
    assert written <= world.changes
