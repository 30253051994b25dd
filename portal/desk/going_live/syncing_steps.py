"""The steps of the reference data: when it is read, and that it was read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from portal.desk.going_live.facts import Facts
from portal.desk.going_live.steps import Stand, Step
from portal.desk.syncing import Row
from portal.reference.sync.models import OPEN_STATES, Frequency, SyncRun


@dataclass(frozen=True, kw_only=True)
class SyncLine:
    """How the first sync of one kind stands. `run` is the open one while it moves."""

    kind: str
    label: str
    word: str
    text: str
    run: SyncRun | None

    @property
    def shown(self) -> tuple[object, ...]:
        """What a page shows of it, to tell whether that has changed."""
        return (self.kind, self.word, self.text, self.run and (self.run.done, self.run.total))


def sync_lines(facts: Facts) -> list[SyncLine]:
    """One line for each kind that the accounting system tells."""
    return [
        SyncLine(
            kind=row.status.kind.value,
            label=row.status.label,
            word=row.status.status_word,
            text=row.progress if row.is_moving else row.outcome,
            run=row.status.open_run if row.is_moving else None,
        )
        for row in facts.overview.rows
    ]


def schedules_step(facts: Facts) -> Step:
    """Each kind is read by itself."""
    company, rows = facts.place.company, facts.overview.rows
    title, key, look = "Set the schedules", "schedules", reverse("desk:reference", args=[company.pk])
    if not rows:
        return Step(key=key, title=title, stand=_without(facts), said=_nothing(facts), is_required=False)
    off = [row.status.label.lower() for row in rows if _is_off(row)]
    if off:
        recommended = reverse("desk:schedules-recommended", args=[company.pk])
        return Step(
            key=key, title=title, stand=Stand.OPTIONAL, said=f"Not read by themselves: {', '.join(off)}.",
            href=recommended, action="Use the recommended schedules", is_form=True, is_required=False,
            also_href=look, also="Set them one by one",
        )  # fmt: skip
    distinct = list(dict.fromkeys(row.schedule for row in rows))
    said = f"All kinds: {distinct[0]}." if len(distinct) == 1 else f"{len(rows)} kinds, each at its own time."
    return Step(key=key, title=title, stand=Stand.DONE, said=said, href=look, action="Change", is_required=False)


def sync_step(facts: Facts) -> Step:
    """Each kind was read once, and sent to iCompleat."""
    company, rows = facts.place.company, facts.overview.rows
    title, key = "Do the first sync", "sync"
    if not rows:
        return Step(key=key, title=title, stand=_without(facts), said=_nothing(facts), is_required=False)
    look, press = (reverse(f"desk:{name}", args=[company.pk]) for name in ("reference", "set-up-sync"))
    stand, said = _sync(facts, rows)
    begins = stand in {Stand.OPTIONAL, Stand.MEND} and not _waits_for_a_person(rows)
    return Step(
        key=key, title=title, stand=stand, said=said, is_required=False, is_form=begins,
        href=press if begins else look, action="Sync now" if begins else "Look",
        also_href=look if begins else "", also="Look" if begins else "",
    )  # fmt: skip


def _sync(facts: Facts, rows: Sequence[Row]) -> tuple[Stand, str]:
    done = [row for row in rows if row.status.last_success_at]
    there = " and sent to iCompleat" if facts.source_api else ""
    if any(row.is_moving for row in rows):
        return Stand.MOVING, f"{len(done)} of {len(rows)} kinds have been read{there}."
    if len(done) == len(rows):
        return Stand.DONE, f"All {len(rows)} kinds have been read{there}."
    stuck = [row.status.label.lower() for row in rows if row.status.run and not row.status.last_success_at]
    if stuck:
        return Stand.MEND, f"It did not come to its end: {', '.join(stuck)}."
    where = "" if facts.source_api else " iCompleat’s interface is not set up, so what is read stays here."
    return Stand.OPTIONAL, f"Suppliers and codes are read from {facts.system}.{where}"


def _waits_for_a_person(rows: Sequence[Row]) -> bool:
    return any(row.status.run and row.status.run.state in OPEN_STATES and not row.is_moving for row in rows)


def _is_off(row: Row) -> bool:
    return row.status.schedule is None or row.status.schedule.frequency == Frequency.OFF


def _without(facts: Facts) -> Stand:
    return Stand.DONE if facts.is_linked else Stand.OPTIONAL


def _nothing(facts: Facts) -> str:
    if facts.is_linked:
        return f"{facts.system} tells no reference data, so there is nothing to do."
    return "Comes after authorising the accounting system."
