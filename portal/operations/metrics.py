"""The operating numbers for Prometheus, read from the database when asked: the same from whichever process answers.

Every number comes from an index over what is open, so that asking costs the same after a million postings. Ages are
seconds; a gauge without a row to speak of is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from portal.connections.models import Connection, Status
from portal.intake.models import RefusedCalls
from portal.operations.models import Part, Sign
from portal.postings.models import Posting
from portal.postings.states import FINAL, LEASED, NEEDS_A_PERSON, WAITING_FOR_THEIR_TIME, State

OPEN_STATES = [state for state in State if state not in FINAL and state is not State.WITHDRAWN]


def exposition() -> bytes:
    """All numbers in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(FromTheDatabase())
    return generate_latest(registry)


class FromTheDatabase(Collector):
    """Collects at the time of asking."""

    def collect(self) -> Iterator[Metric]:
        """The gauges. Costs a handful of queries over partial indexes."""
        now = timezone.now()
        yield from _postings(now)
        yield from _connections(now)
        yield _gauge("postroom_refused_calls_last_hour", "Calls without a good token.", _refused(now))
        yield _gauge("postroom_sweep_age_seconds", "Since the newest sweep of any worker ended.", _sweep_age(now))


def _postings(now: datetime) -> Iterator[Metric]:
    by_state = GaugeMetricFamily("postroom_postings", "Postings that are not final, by state.", labels=["state"])
    counts = dict(
        Posting.objects.filter(state__in=OPEN_STATES).order_by().values_list("state").annotate(count=Count("pk"))
    )
    for state in OPEN_STATES:
        by_state.add_metric([state.value], counts.get(state.value, 0))
    yield by_state
    due = Posting.objects.filter(state__in=WAITING_FOR_THEIR_TIME, next_attempt_at__lte=now)
    waiting = Posting.objects.filter(state__in=NEEDS_A_PERSON)
    leased = Posting.objects.filter(state__in=LEASED)
    yield _gauge(
        "postroom_oldest_due_seconds", "How long the longest due posting waits.", _age(due, "next_attempt_at", now)
    )
    yield _gauge("postroom_oldest_held_seconds", "How long a person is waited for.", _age(waiting, "updated_at", now))
    yield _gauge("postroom_oldest_attempt_seconds", "The longest running attempt.", _age(leased, "updated_at", now))


def _connections(now: datetime) -> Iterator[Metric]:
    found = Connection.objects.exclude(status=Status.UNLINKED).aggregate(
        not_linked=Count("pk", filter=~Q(status=Status.LINKED)),
        paused=Count("pk", filter=Q(paused=True)),
        broken=Count("pk", filter=Q(open_until__gt=now)),
    )
    family = GaugeMetricFamily("postroom_connections_stopped", "Connections that send nothing, by why.", labels=["why"])
    for why in ("not_linked", "paused", "broken"):
        family.add_metric([why], found[why])
    yield family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _age(rows: QuerySet[Posting], column: str, now: datetime) -> float:
    oldest = rows.aggregate(oldest=Min(column))["oldest"]
    return (now - oldest).total_seconds() if oldest else 0.0


def _refused(now: datetime) -> int:
    recent = RefusedCalls.objects.filter(hour__gte=now - timedelta(hours=1))
    return int(recent.aggregate(calls=Sum("count"))["calls"] or 0)


def _sweep_age(now: datetime) -> float:
    newest = Sign.objects.filter(part=Part.WORKER).order_by("-swept_at").values_list("swept_at", flat=True).first()
    return (now - newest).total_seconds() if newest else 0.0
