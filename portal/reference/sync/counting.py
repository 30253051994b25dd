"""A list that was never replaced from here is counted before it is: somebody may have kept it by hand."""

from __future__ import annotations

from integrations.errors import Misconfigured
from integrations.reference import RecordKind
from portal.reference.sync.leases import Lease
from portal.reference.sync.models import SourceList, SyncState
from portal.reference.sync.planning import Plan, Way
from portal.reference.sync.pushing import plans_of, to_the_source
from portal.reference.sync.sending import Sending


def with_unknown_counted(lease: Lease, plans: list[Plan]) -> list[Plan]:
    """The plans, with what is over there in place of what nobody knows. Raises what the source raises."""
    unknown, source = [one for one in plans if _is_unknown(one)], lease.run.source
    if not unknown or source is None:
        return plans
    if lease.run.state == SyncState.FETCHING:
        lease.send_now()
    with to_the_source(lease, source) as sending:
        for one in unknown:
            _count(sending, one)
    return plans_of(lease)


def _is_unknown(plan: Plan) -> bool:
    """A list that broke off half-way is ours, however little of it is there."""
    there = plan.target.list
    return plan.way is Way.REPLACEMENT and there.replaced_at is None and not there.is_incomplete


def _count(sending: Sending, plan: Plan) -> None:
    """A dimension without a field of its own has nothing to count; sending it says so."""
    target = plan.target
    try:
        rows = sending.patiently(lambda: sending.source.count(target.there))
    except Misconfigured:
        if target.there.kind is not RecordKind.DIMENSION:
            raise
        return
    SourceList.objects.filter(pk=target.list.pk).update(rows=rows)
