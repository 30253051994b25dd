"""The steps of the reference data: when it is read, and that it was read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.urls import reverse

from portal.connections.registry import source
from portal.desk.going_live.facts import Facts
from portal.desk.going_live.steps import Stand, Step
from portal.desk.syncing import Row
from portal.reference.sync.models import SyncRun, SyncState

# What to do about a run that stands or ended there.
ADVICE: Final[Mapping[str, str]] = {
    SyncState.VALIDATION_QUEUED: "Look at what would disappear, and confirm or discard it.",
    SyncState.FETCH_ERROR: "Sync again. If that does not help, look whether {system} lets Postroom read this.",
    SyncState.PROCESSING_ERROR: "Sync again. If that does not help, look whether iCompleat takes this.",
    SyncState.AUTH_ERROR: "Authorise {system}, or iCompleat, again; then sync.",
    SyncState.PREREQUISITE_NOT_MET: "Set up what is missing, then sync; or leave this kind out.",
    SyncState.RATE_LIMIT_ERROR: "Sync again in an hour: the limit is the vendor’s.",
    SyncState.INTERNAL_ERROR: "Sync again. If that does not help, ask our support.",
    SyncState.CANCELLED: "Sync again, or leave this kind out.",
}
LEFT_OUT: Final = "Left out: it is not read by itself. Give it a schedule to have it tried again."


@dataclass(frozen=True, kw_only=True)
class SyncLine:
    """How the first sync of one kind stands. `run` is the open one while it moves, `latest` the id of the latest;
    `advice` is what to do where something is to be done."""

    kind: str
    label: str
    word: str
    text: str
    run: SyncRun | None
    latest: int | None = None
    advice: str = ""
    may_leave_out: bool = False

    @property
    def shown(self) -> tuple[object, ...]:
        """What a page shows of it, to tell whether that has changed."""
        moved = self.run and (self.run.done, self.run.total)
        return (self.kind, self.word, self.text, self.advice, self.may_leave_out, moved)


def sync_lines(facts: Facts) -> list[SyncLine]:
    """One line for each kind that the accounting system tells."""
    return [_line(row, facts.system) for row in facts.overview.rows]


def _line(row: Row, system: str) -> SyncLine:
    run = row.status.run
    advice = ADVICE.get(run.state, "").format(system=system) if run else ""
    return SyncLine(
        kind=row.status.kind.value,
        label=row.status.label,
        word=row.status.status_word,
        text=row.progress if row.is_moving else row.outcome,
        run=row.status.open_run if row.is_moving else None,
        latest=run.pk if run and not row.ended_well else None,
        advice=LEFT_OUT if row.is_left_out else advice,
        may_leave_out=row.is_stuck and not row.is_off,
    )


def schedules_step(facts: Facts) -> Step:
    """Each kind is read by itself."""
    company, rows = facts.place.company, facts.overview.rows
    title, key, look = "Set the schedules", "schedules", reverse("desk:reference", args=[company.pk])
    if not rows:
        return Step(key=key, title=title, stand=_without(facts), said=_nothing(facts), is_required=False)
    off = [row.status.label.lower() for row in rows if row.is_off and not row.is_left_out]
    if off:
        recommended = reverse("desk:schedules-recommended", args=[company.pk])
        return Step(
            key=key, title=title, stand=Stand.OPTIONAL, said=f"Not read by themselves: {', '.join(off)}.",
            href=recommended, action="Use the recommended schedules", is_form=True, is_required=False,
            also_href=look, also="Set them one by one",
        )  # fmt: skip
    distinct = list(dict.fromkeys(row.schedule for row in rows if not row.is_left_out))
    said = f"All kinds: {distinct[0]}." if len(distinct) == 1 else f"{len(rows)} kinds, each at its own time."
    said += _left_out(rows)
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
    well = [row for row in rows if row.ended_well]
    there = " and sent to iCompleat" if facts.source_api else ""
    if any(row.is_moving for row in rows):
        return Stand.MOVING, f"{len(well)} of {len(rows)} kinds have been read{there}."
    if stuck := [row.status.label.lower() for row in rows if _needs_somebody(row)]:
        return Stand.MEND, f"Not come to its end: {', '.join(stuck)}."
    if unsent := [row.status.label.lower() for row in rows if _is_unsent(facts, row)]:
        return Stand.OPTIONAL, f"Read before iCompleat’s interface was set up, and not sent there: {', '.join(unsent)}."
    if all(row.ended_well or row.is_left_out for row in rows):
        count = f"All {len(rows)}" if len(well) == len(rows) else f"{len(well)} of {len(rows)}"
        return Stand.DONE, f"{count} kinds have been read{there}.{_left_out(rows)}"
    where = (
        ""
        if facts.source_api or facts.senders.only_reads
        else " iCompleat’s interface is not set up, so what is read stays here."
    )
    return Stand.OPTIONAL, f"Suppliers and codes are read from {facts.system}.{where}"


def _is_unsent(facts: Facts, row: Row) -> bool:
    """Whether iCompleat takes this kind, and the run that read it went nowhere, or elsewhere."""
    there, run = facts.overview.source, row.status.run
    if there is None or run is None or not row.ended_well:
        return False
    return row.status.kind in source(there.integration).offers.takes and run.source_id != there.pk


def _needs_somebody(row: Row) -> bool:
    return (row.is_stuck and not row.is_left_out) or _waits(row)


def _waits(row: Row) -> bool:
    return row.status.open_run is not None and not row.is_moving


def _left_out(rows: Sequence[Row]) -> str:
    kinds = [row.status.label.lower() for row in rows if row.is_left_out]
    return f" Left out: {', '.join(kinds)}." if kinds else ""


def _waits_for_a_person(rows: Sequence[Row]) -> bool:
    return any(_waits(row) for row in rows)


def _without(facts: Facts) -> Stand:
    return Stand.DONE if facts.is_linked else Stand.OPTIONAL


def _nothing(facts: Facts) -> str:
    if facts.is_linked:
        return f"{facts.system} tells no reference data, so there is nothing to do."
    return "Comes after authorising the accounting system."
