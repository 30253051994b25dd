"""Bring the lists at the source up to date, one after the other, each in the way that costs the fewest calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from integrations.errors import Misconfigured, NotEditable
from integrations.reference import RecordKind
from portal.connections.models import Connection
from portal.connections.paced import paced
from portal.connections.services import source_of
from portal.reference.sync.editing import edit, empty
from portal.reference.sync.guarding import may_go
from portal.reference.sync.leases import REQUEST_SECONDS, Lease
from portal.reference.sync.lists import Target, targets
from portal.reference.sync.planning import Plan, Way, plan
from portal.reference.sync.replacing import replace
from portal.reference.sync.sending import FREE_PATIENCE_SECONDS, Sending

LIST: Final = "{name}: {message}"


def plans_of(lease: Lease) -> list[Plan]:
    """What each list of a run needs now. Dimensions that cannot be sent are kept as problems of the lease."""
    run = lease.run
    if run.source is None:
        return []
    found, problems = targets(run)
    lease.problems = problems
    source = source_of(run.source)
    return [plan(run, source, target) for target in found]


def push(lease: Lease, plans: list[Plan]) -> bool:
    """Carry the plans out. False when it waits for a person instead, and the lease is given back.

    Raises what the source raises; `Misconfigured` only where no other list could go on.
    """
    run = lease.run
    needed = [one for one in plans if one.way is not Way.NOTHING]
    if run.source is None or not needed:
        return True
    with to_the_source(lease, run.source) as sending:
        return all(_bring_up_to_date(sending, one) for one in needed)


@contextmanager
def to_the_source(lease: Lease, source: Connection) -> Iterator[Sending]:
    """The source of a run, at its vendor's pace and as long as the run is ours."""
    with paced(
        source, lease.keep, patience_seconds=FREE_PATIENCE_SECONDS, still_ours=lease.still_ours,
        record=lease.count_call, deadline_seconds=REQUEST_SECONDS,
    ) as outbound:  # fmt: skip
        yield Sending(lease, source_of(source, outbound))


def _bring_up_to_date(sending: Sending, needed: Plan) -> bool:
    try:
        return _carry_out(sending, needed)
    except Misconfigured as error:
        if sending.lease.run.kind != RecordKind.DIMENSION:
            raise
        sending.lease.problems.append(LIST.format(name=needed.target.list.dimension, message=error.message))
        return True


def _carry_out(sending: Sending, needed: Plan) -> bool:
    _begin(sending.lease, needed)
    if needed.way is Way.EDITS:
        try:
            edit(sending, needed.target)
        except NotEditable:
            return _replace_instead(sending, needed.target)
    elif needed.way is Way.EMPTYING:
        empty(sending, needed.target)
    else:
        replace(sending, needed.target)
    return True


def _replace_instead(sending: Sending, target: Target) -> bool:
    """What was written before the row that cannot be written by itself is booked; the rest goes with the whole list."""
    target.reload()
    instead = plan(sending.lease.run, sending.source, target, edits=False)
    if not may_go(sending.lease, [instead]):
        return False
    return _carry_out(sending, instead) if instead.way is not Way.NOTHING else True


def _begin(lease: Lease, needed: Plan) -> None:
    run = lease.run
    run.dimension, run.done, run.total = needed.target.list.dimension, 0, needed.rows
    lease.keep()
