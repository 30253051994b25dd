"""The checklist that turns green: from a company's name to the day that its documents are booked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils import timezone

from portal.connections.models import Status
from portal.desk.access import Place
from portal.desk.going_live.arriving_steps import (
    addresses_step,
    delivery_step,
    mapping_step,
    source_step,
)
from portal.desk.going_live.facts import Facts, facts_of
from portal.desk.going_live.feeding_steps import feeding_steps
from portal.desk.going_live.linking_steps import authorise_step, confirm_step, name_step, system_step
from portal.desk.going_live.steps import OWNING, Stand, Step
from portal.desk.going_live.syncing_steps import SyncLine, schedules_step, sync_lines, sync_step
from portal.intake.models import Forecast
from portal.tenants import living

LINKING: Final[tuple[Callable[[Facts], Step], ...]] = (name_step, system_step, authorise_step, confirm_step)
SENDING: Final[tuple[Callable[[Facts], Step], ...]] = (source_step, addresses_step, delivery_step)
CODING: Final[tuple[Callable[[Facts], Step], ...]] = (mapping_step, schedules_step, sync_step)


@dataclass(frozen=True, kw_only=True)
class Checklist:
    """Every step of one company in order, going live the last; and what is shown beside them."""

    facts: Facts
    steps: tuple[Step, ...]
    go_live: Step
    syncs: tuple[SyncLine, ...]
    is_live: bool
    is_closed: bool

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """With the last one."""
        return (*self.steps, self.go_live)

    @property
    def missing(self) -> list[Step]:
        """What must be done before going live."""
        return [step for step in self.steps if step.is_required and not step.is_done]

    @property
    def advised(self) -> list[Step]:
        """What had better be done before going live."""
        return [step for step in self.steps if not step.is_required and not step.is_done]

    @property
    def next_key(self) -> str:
        """The step to do next: the first that is open and has a way; empty where all is done."""
        return next((step.key for step in self.all_steps if not step.is_done and step.href), "")

    @property
    def done(self) -> int:
        """How many steps are done, of all."""
        return sum(step.is_done for step in self.all_steps)

    @property
    def is_moving(self) -> bool:
        """Whether something goes on without anybody."""
        kept = self.facts.kept.due and not self.is_live
        return bool(kept) or any(line.run for line in self.syncs)

    @property
    def is_syncing(self) -> bool:
        """Whether the first sync has begun and has not come to its good end for every kind, or a kind is left out."""
        rows = self.facts.overview.rows
        return any(row.status.run for row in rows) and not all(row.ended_well for row in rows)

    @property
    def to_mend(self) -> int:
        """How many of what came in before go-live would be refused as things stand."""
        return self.facts.kept.of(Forecast.REFUSED)

    @property
    def is_waiting(self) -> bool:
        """Whether somebody may be at it elsewhere: at the vendor's page, or in iCompleat."""
        accounting = self.facts.accounting
        pending = accounting is not None and accounting.status in {Status.PENDING_AUTH, Status.BLANK}
        return pending or any(each.waits for each in self.facts.addresses)

    @property
    def shown(self) -> tuple[object, ...]:
        """What a page shows of it, to tell whether that has changed."""
        return (self.all_steps, tuple(line.shown for line in self.syncs), self.is_live, self.is_closed)


def checklist_of(place: Place) -> Checklist:
    """How far a company is, in a constant number of queries."""
    facts, now = facts_of(place), timezone.now()
    steps = tuple(_steps(facts))
    is_live, is_closed = living.is_live(place.company, now), living.is_closed(place.company, now)
    return Checklist(
        facts=facts,
        steps=steps,
        go_live=_go_live(facts, steps, now),
        syncs=tuple(sync_lines(facts)),
        is_live=is_live,
        is_closed=is_closed,
    )


def _steps(facts: Facts) -> Iterator[Step]:
    """Those of iCompleat are left out where all documents are read from somewhere else."""
    yield from (make(facts) for make in LINKING)
    if not facts.senders.only_reads:
        yield from (make(facts) for make in SENDING)
    yield from feeding_steps(facts)
    yield from (make(facts) for make in CODING)


def _go_live(facts: Facts, steps: tuple[Step, ...], now: datetime) -> Step:
    company = facts.place.company
    title, key, href = "Go live", "go-live", reverse("desk:go-live", args=[company.pk])
    if living.is_closed(company, now):
        return Step(key=key, title=title, stand=Stand.OPTIONAL, said="The company is closed.", who=OWNING)
    if living.is_live(company, now):
        said = "What comes in is booked."
        return Step(key=key, title=title, stand=Stand.DONE, said=said, href=href, action="Look", who=OWNING)
    missing = sum(step.is_required and not step.is_done for step in steps)
    said = facts.senders.until_live
    if missing:
        said = f"{missing} required {'step is' if missing == 1 else 'steps are'} left. {said}"
        return Step(key=key, title=title, stand=Stand.TO_DO, said=said, who=OWNING)
    return Step(key=key, title=title, stand=Stand.TO_DO, said=said, href=href, action="Go live", who=OWNING)
