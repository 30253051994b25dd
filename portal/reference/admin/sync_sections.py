"""What the staff page of a sync run shows."""

from __future__ import annotations

from typing import Final

from django.utils.html import format_html

from portal.reference.badges import change_badge, sync_badge
from portal.reference.sync.models import OPEN_STATES, SyncChange, SyncRun
from portal.reference.sync.overview import progress
from portal.staff.base import row_url
from portal.staff.formats import link, moment
from portal.staff.sections import Fact, Section, Table

MOST_SHOWN: Final = 100
COUNTS: Final = (
    "read", "added", "changed", "removed", "unchanged", "refused", "sent", "deleted", "calls", "tries",
)  # fmt: skip


def run_badge(run: SyncRun) -> str:
    """The state of a run as a badge, in Codat's word."""
    return sync_badge(run.state)


def progress_note(run: SyncRun) -> str:
    """How far it is while it goes on. The policy of these pages allows no script of its own: a link looks again."""
    if run.state not in OPEN_STATES:
        return ""
    return format_html('<p class="note">{} <a href="">Look again</a></p>', progress(run))


def facts(run: SyncRun) -> list[Fact]:
    """Who, when, and why it stands where it stands."""
    connection = run.connection
    return [
        Fact("State", run_badge(run)),
        Fact("Which means", str(run.get_state_display())),
        *([Fact("Why", run.message, wide=True)] if run.message else []),
        Fact("Company", link(row_url(connection.company), connection.company.name)),
        Fact("From", link(row_url(connection), connection.integration)),
        Fact("To", link(row_url(run.source), run.source.integration) if run.source else "Nowhere: only mirrored"),
        Fact("Everything again", "Yes" if run.is_full else "No"),
        Fact("Asked by", run.asked_by.get_username() if run.asked_by else "The schedule"),
        Fact("Asked for", moment(run.asked_at, seconds=True)),
        Fact("Started", moment(run.started_at, seconds=True)),
        Fact("Next try", moment(run.next_try_at, seconds=True)),
        Fact("Ended", moment(run.ended_at, seconds=True)),
        Fact("Confirmed by", run.confirmed_by.get_username() if run.confirmed_by else ""),
        Fact("Confirmed", moment(run.confirmed_at, seconds=True)),
    ]


def counts(run: SyncRun) -> Section:
    """Every count under its name."""
    cells = [f"{getattr(run, name):,}" for name in COUNTS]
    table = Table(head=[name.capitalize() for name in COUNTS], rows=[cells], numeric=frozenset(range(len(COUNTS))))
    return Section(title="Counts", table=table)


def losses(run: SyncRun) -> Section:
    """What would disappear, or was confirmed to."""
    rows = [
        (
            each["dimension"] or str(run.get_kind_display()),
            f"{each['before']:,}",
            f"{each['after']:,}",
            f"{max(0, each['before'] - each['after']):,}",
        )
        for each in run.guard
    ]
    table = Table(head=("List", "Now", "Afterwards", "Would disappear"), rows=rows, numeric=frozenset({1, 2, 3}))
    return Section(title="What it would remove", table=table)


def changes(run: SyncRun) -> Section:
    """The first rows that were different."""
    found = run.changes.order_by("id")[: MOST_SHOWN + 1]
    rows = [_change(each) for each in found[:MOST_SHOWN]]
    note = (
        f"The first {MOST_SHOWN} are shown; the customer’s page of this run has them all."
        if len(rows) == MOST_SHOWN
        else ""
    )
    table = Table(head=("Change", "List", "Code", "Name", "What"), rows=rows, empty="No row was different.")
    return Section(title="Rows that were different", note=note, table=table)


def _change(change: SyncChange) -> tuple[str, str, str, str, str]:
    what = "; ".join(f"{name}: {before or '–'} → {after or '–'}" for name, before, after in change.fields)
    return change_badge(change.change), change.dimension, change.code, change.name, change.reason or what
