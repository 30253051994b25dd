"""The numbers of sources that are read: feeds that stand still, records that cannot be taken, hints that wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db.models import Min, Q
from prometheus_client.core import GaugeMetricFamily, Metric

from portal.intake.feeds.asking import readable
from portal.intake.feeds.models import FedRecord, FeedReader, HintedRecord
from portal.intake.feeds.waits import stopped
from portal.intake.models import Verdict

NOT_TAKEN: Final = (Verdict.REFUSED, Verdict.UNREADABLE, Verdict.FAILED, Verdict.CONTESTED)


def collect(now: datetime) -> Iterator[Metric]:
    """The gauges at `now` (aware UTC), from the readers, which are few, and from indexes over what waits."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    due = FeedReader.objects.filter(free, readable(now, prefix="connection__"), next_at__lte=now)
    oldest = due.aggregate(oldest=Min("next_at"))["oldest"]
    late = (now - oldest).total_seconds() if oldest else 0.0
    refused = FedRecord.objects.filter(again_at__isnull=False, delivery__verdict__in=NOT_TAKEN).count()
    yield _gauge("postroom_feeds_late_seconds", "How long the longest due feed waits for a worker.", late)
    yield _gauge("postroom_feeds_stopped", "Feeds that could not be read for three hours.", len(stopped(now)))
    yield _gauge("postroom_records_not_taken", "Records of feeds that could not be taken so far.", refused)
    yield _gauge("postroom_hints_waiting", "Hinted records that were not read yet.", HintedRecord.objects.count())


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)
