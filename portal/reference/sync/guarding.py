"""Nothing that removes much goes out before a person has said so."""

from __future__ import annotations

from typing import Any, Final

from portal.reference.sync.leases import Lease
from portal.reference.sync.planning import Plan, Way
from portal.reference.sync.words import label_of, name_of

KEPT_SHARE: Final = 0.8
ASK: Final = (
    "{kind}{where}: {before:,} rows at {source} would become {after:,}. Nothing was sent. Confirm it, or discard it."
)


def may_go(lease: Lease, plans: list[Plan]) -> bool:
    """Whether these plans may be carried out. False when the run waits for a person from now on."""
    open_ones = [plan for plan in plans if removes_much(plan) and not _confirmed(lease, plan)]
    if not open_ones:
        return True
    guard = [
        {"dimension": plan.target.list.dimension, "before": plan.before, "after": plan.after}
        for plan in plans
        if removes_much(plan)
    ]
    lease.ask_a_person(guard, _question(lease, open_ones[0]))
    return False


def removes_much(plan: Plan) -> bool:
    """Whether a list would be emptied, or lose more than a fifth."""
    if plan.way is Way.NOTHING or not plan.before:
        return False
    return not plan.after or plan.after < KEPT_SHARE * plan.before


def _confirmed(lease: Lease, plan: Plan) -> bool:
    """What was confirmed was a number of rows: losing more of them is asked anew."""
    if lease.run.confirmed_at is None:
        return False
    said: list[dict[str, Any]] = lease.run.guard
    return any(one["dimension"] == plan.target.list.dimension and one["after"] <= plan.after for one in said)


def _question(lease: Lease, plan: Plan) -> str:
    name = plan.target.list.dimension
    return ASK.format(
        kind=label_of(lease.run.kind), where=f" ({name})" if name else "", source=name_of(lease.run.source),
        before=plan.before, after=plan.after,
    )  # fmt: skip
