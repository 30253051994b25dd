"""The operating numbers for Prometheus, read from the database when asked: the same from whichever process answers.

Every number comes from an index over what is open, so that asking costs the same after a million postings. Ages are
seconds; a gauge without a row to speak of is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from portal.connections.models import Connection, Status
from portal.events.models import Consumer, Dispatch
from portal.intake.models import Delivery, RefusedCalls, Verdict
from portal.operations import feed_metrics, source_metrics
from portal.operations.models import Part, Sign
from portal.postings.models import Attempt, Posting
from portal.postings.reconciliation.due import open_differences, unread_for_long
from portal.postings.reconciliation.models import DifferenceKind
from portal.postings.states import FINAL, LEASED, NEEDS_A_PERSON, UNDER_WAY, WAITING_FOR_THEIR_TIME, State
from portal.timetable.history import late_jobs
from portal.timetable.registry import jobs

# What the figures about answers are made of: the newest deliveries, of the last hour only.
NEWEST = 1000
LATELY = timedelta(hours=1)
QUANTILES = (0.5, 0.99)
CUT_OFF = {"died": "Died", "held_up": "LeaseLost"}
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
        yield from _answers(now)
        yield from _postings(now)
        yield from _connections(now)
        yield _gauge("postroom_refused_calls_last_hour", "Calls without a good token.", _refused(now))
        yield _gauge("postroom_sweep_age_seconds", "Since the newest sweep of any worker ended.", _sweep_age(now))
        yield _woken_by()
        yield _cut_off(now)
        yield _timetable(now)
        yield from _reconciliation(now)
        yield from _webhooks(now)
        yield from source_metrics.collect()
        yield from feed_metrics.collect(now)


def _answers(now: datetime) -> Iterator[Metric]:
    """How long senders waited, how many got the accounting system's own number, how many asked again."""
    columns = Delivery.objects.annotate(
        told=F("transaction__answered_number"), ours=F("transaction__number")
    ).values_list("received_at", "answered_after_ms", "answer_status", "verdict", "told", "ours")
    # By their ids, which are in order, and then by the clock: a quiet hour must not walk through all of the past.
    rows = [row[1:] for row in columns.order_by("-id")[:NEWEST] if row[0] > now - LATELY]
    times = sorted(ms / 1000 for ms, *_ in rows if ms is not None)
    family = GaugeMetricFamily("postroom_answer_seconds", "How long the latest senders waited.", labels=["quantile"])
    for quantile in QUANTILES:
        family.add_metric([str(quantile)], times[round(quantile * (len(times) - 1))] if times else 0)
    yield family
    numbers = [told != ours for _, status, _, told, ours in rows if status == 200]
    ratio = sum(numbers) / len(numbers) if numbers else 1.0
    yield _gauge("postroom_answers_with_own_number_ratio", "Answered with the accounting system's own number.", ratio)
    repeated = sum(verdict == Verdict.REPEATED for _, _, verdict, *_ in rows)
    yield _gauge("postroom_repeated_deliveries", "Of the latest deliveries, those that came again.", repeated)


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
    unposted = Posting.objects.filter(state__in=UNDER_WAY)
    late_refusals = Posting.objects.filter(state=State.REJECTED).exclude(transaction__answered_number="").count()
    yield _gauge(
        "postroom_oldest_due_seconds", "How long the longest due posting waits.", _age(due, "next_attempt_at", now)
    )
    yield _gauge(
        "postroom_oldest_unposted_seconds",
        "Since the oldest that is under way came.",
        _age(unposted, "created_at", now),
    )
    yield _gauge("postroom_refused_after_answer", "Refused although a number was answered.", late_refusals)
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


def _woken_by() -> Metric:
    """Both counts begin anew with each worker, and one that has been silent for a day is forgotten."""
    family = GaugeMetricFamily(
        "postroom_postings_run", "Postings that the workers ran, by what woke them.", labels=["by"]
    )
    ran = Sign.objects.filter(part=Part.WORKER).aggregate(nudge=Sum("run_by_nudge"), sweep=Sum("run_by_sweep"))
    for by, count in ran.items():
        family.add_metric([by], count or 0)
    return family


def _cut_off(now: datetime) -> Metric:
    """Attempts that ended without an outcome of their own: their worker died, or was held up until it had to stop."""
    family = GaugeMetricFamily(
        "postroom_attempts_cut_off", "Of the latest attempts, those whose worker lost its lease.", labels=["why"]
    )
    newest = Attempt.objects.order_by("-id").values_list("started_at", "outcome")[:NEWEST]
    outcomes = [outcome for started_at, outcome in newest if started_at > now - LATELY]
    for why, outcome in CUT_OFF.items():
        family.add_metric([why], outcomes.count(outcome))
    return family


def _timetable(now: datetime) -> Metric:
    family = GaugeMetricFamily(
        "postroom_job_late_seconds", "By how much a job is late; 0 up to two periods.", labels=["job"]
    )
    late = {entry.job.name: entry.overdue.total_seconds() for entry in late_jobs(now)}
    for job in jobs():
        family.add_metric([job.name], late.get(job.name, 0))
    return family


def _reconciliation(now: datetime) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "postroom_differences", "Open differences between the books and what we say.", labels=["kind"]
    )
    counts = dict(open_differences().order_by().values_list("kind").annotate(count=Count("pk")))
    for kind in DifferenceKind:
        family.add_metric([kind.value], counts.get(kind.value, 0))
    yield family
    unread = unread_for_long(now).count()
    yield _gauge("postroom_connections_unreconciled", "Connections that could not be compared for three days.", unread)


def _webhooks(now: datetime) -> Iterator[Metric]:
    """Of what is on its way alone. A message that failed waits for its next try, and is not late."""
    found = Dispatch.objects.filter(next_try_at__isnull=False).aggregate(count=Count("pk"), oldest=Min("next_try_at"))
    off = Consumer.objects.filter(disabled_at__isnull=False, deleted_at__isnull=True).exclude(disabled_why="")
    late = (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0
    yield _gauge("postroom_webhooks_under_way", "Messages to customers' webhooks on their way.", found["count"])
    yield _gauge("postroom_webhooks_late_seconds", "How long the longest due webhook message waits.", max(late, 0.0))
    yield _gauge("postroom_webhooks_off", "Webhooks that were switched off because nothing arrived.", off.count())


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
