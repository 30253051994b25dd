"""What this room does at fixed times."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.core.management import call_command
from django.utils import timezone

from portal.amending.tasks import look as look_for_amendments
from portal.connections.asking_daily import ask_due
from portal.desk.company_settings.digests import send_due_digests
from portal.events.mailing import alert
from portal.intake.feeds.tasks import look as read_feeds
from portal.intake.reconciliation.tasks import reconcile_sources_due
from portal.intake.tasks import make_dry_runs_due
from portal.operations.retention import forget
from portal.postings.attachments.tasks import hand_over_due
from portal.postings.figures.counting import count
from portal.postings.reconciliation.tasks import reconcile_due
from portal.postings.unlinked import hold_unlinked
from portal.raising.tasks import follow
from portal.settlements.tasks import look as read_settlements
from portal.timetable.history import prune
from portal.timetable.registry import Job, register
from portal.timetable.slots import Daily, Every, hourly


def register_jobs() -> None:
    """Put them on the timetable. All times are UTC, at night in the zones that we serve."""
    register(Job("connections.survey", Every(timedelta(minutes=1)), _survey, lease=timedelta(minutes=15)))
    register(Job("desk.digests", Every(timedelta(minutes=10)), _digests, lease=timedelta(minutes=15)))
    register(Job("events.alert", Every(timedelta(minutes=1)), _alert, lease=timedelta(minutes=5)))
    register(Job("intake.dry_runs", Every(timedelta(minutes=1)), make_dry_runs_due))
    register(Job("intake.feeds", Every(timedelta(seconds=30)), read_feeds))
    register(Job("amending.look", Every(timedelta(seconds=30)), look_for_amendments))
    register(Job("intake.reconcile", Every(timedelta(minutes=10)), reconcile_sources_due))
    register(Job("operations.clear_sessions", Daily(time(3, 17)), _clear_sessions))
    register(Job("postings.attachments", Every(timedelta(seconds=30)), hand_over_due))
    register(Job("postings.figures", Every(timedelta(minutes=1)), _figures))
    register(Job("postings.reconcile", Every(timedelta(minutes=10)), reconcile_due))
    register(Job("postings.unlinked", Every(timedelta(minutes=5)), _unlinked))
    register(Job("raising.follow", Every(timedelta(minutes=1)), follow))
    register(Job("settlements.look", Every(timedelta(minutes=1)), read_settlements))
    register(Job("operations.retention", hourly(11), _forget))
    register(Job("timetable.prune", Daily(time(3, 23)), _prune))


def _clear_sessions(_slot: datetime) -> None:
    """Delete the sessions of people that have run out."""
    call_command("clearsessions")


def _alert(_slot: datetime) -> None:
    """Notice what waits for a person, and tell staff."""
    alert()


def _survey(_slot: datetime) -> None:
    """Ask systems for what they tell of themselves."""
    ask_due(timezone.now())


def _digests(_slot: datetime) -> None:
    """Send members the figures of the day or the week that is over."""
    send_due_digests(timezone.now())


def _unlinked(_slot: datetime) -> None:
    """Put what an unlinked connection can send no more in front of a person."""
    hold_unlinked()


def _figures(_slot: datetime) -> None:
    """Count what happened since the last time, for the dashboards."""
    count(timezone.now())


def _forget(_slot: datetime) -> None:
    """One pass of what has had its time; an hour later the next."""
    forget()


def _prune(_slot: datetime) -> None:
    prune()
