"""What has to be sent to a list, and which way costs the fewest calls. Counted by the database, never listed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import ceil

from django.db.models import Count, F, Q

from integrations.base import Source
from integrations.reference import RecordKind
from portal.reference.sync.lists import GONE, Target
from portal.reference.sync.models import SyncRun


class Way(Enum):
    """How a list is brought up to date."""

    NOTHING = "nothing"
    EDITS = "edits"
    REPLACEMENT = "replacement"
    EMPTYING = "emptying"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one list needs. `rows` is how many are to be sent or deleted, `before` and `after` how many it holds."""

    target: Target
    way: Way
    rows: int = 0
    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """Of the records of a list. `put` are to be sent and `new` of those are not there, `gone` are to be deleted,
    `renamed` to be deleted under another code, `sendable` all that a replacement would carry, `held` what is there."""

    sendable: int
    put: int
    new: int
    gone: int
    renamed: int
    held: int


def plan(run: SyncRun, source: Source, target: Target, *, edits: bool = True) -> Plan:
    """The cheapest way for one list. Without `edits` single rows are no way: the source refused to take one."""
    counts, there = _counted(target), target.list
    if not _differs(run, target, counts):
        return Plan(target=target, way=Way.NOTHING, before=there.rows, after=there.rows)
    if not counts.sendable:
        return Plan(target=target, way=Way.EMPTYING, rows=max(counts.held, there.rows), before=there.rows)
    calls = counts.put + counts.gone + counts.renamed
    dear = calls > ceil(counts.sendable / source.offers.rows_at_once)
    editable = edits and RecordKind(run.kind) in source.offers.edits
    if dear or not editable or _must_replace(run, target, counts):
        return Plan(target=target, way=Way.REPLACEMENT, rows=counts.sendable, before=there.rows, after=counts.sendable)
    after = counts.held - counts.gone + counts.new
    return Plan(target=target, way=Way.EDITS, rows=counts.put + counts.gone, before=there.rows, after=after)


def _counted(target: Target) -> _Counts:
    wanted = Q(row_hash__gt="")
    sendable = wanted & ~Q(refused_hash=F("row_hash"))
    put, held = sendable & ~Q(pushed_hash=F("row_hash")), ~Q(pushed_code="")
    asked = {
        "sendable": sendable, "put": put, "new": put & ~held, "gone": held & GONE, "held": held,
        "renamed": put & held & ~Q(pushed_code=F("row_code")),
    }  # fmt: skip
    rows = target.records.order_by().aggregate(**{name: Count("pk", filter=which) for name, which in asked.items()})
    return _Counts(**rows)


def _differs(run: SyncRun, target: Target, counts: _Counts) -> bool:
    if counts.put or counts.gone or target.list.is_incomplete:
        return True
    return bool(counts.sendable or target.list.rows) and _must_replace(run, target, counts)


def _must_replace(run: SyncRun, target: Target, counts: _Counts) -> bool:
    """What is there is not known row by row, or everything was asked for and was not sent yet."""
    there = target.list
    if there.is_incomplete or there.replaced_at is None or there.rows != counts.held:
        return True
    return run.is_full and (run.started_at is None or there.replaced_at < run.started_at)
