"""The numbers of what goes back and forth beside the postings: reference data, attachments, differences."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import GaugeMetricFamily, Metric

from portal.amending.due import open_counts as open_amendments
from portal.intake.reconciliation.models import SourceDifference, SourceDifferenceKind
from portal.postings.attachments.due import open_counts
from portal.postings.reconciliation.models import DifferenceState
from portal.reference.sync.models import OPEN_STATES, SourceList, SyncRun
from portal.reference.waits import failed


def collect() -> Iterator[Metric]:
    """The gauges, from indexes over what is open."""
    yield from _syncs()
    handovers = GaugeMetricFamily("postroom_handovers", "Attachments that are not handed over.", labels=["state"])
    for state, count in open_counts().items():
        handovers.add_metric([state.value], count)
    yield handovers
    amendments = GaugeMetricFamily("postroom_amendments", "Changes after posting that are open.", labels=["state"])
    for amended, count in open_amendments().items():
        amendments.add_metric([amended.value], count)
    yield amendments
    differences = GaugeMetricFamily(
        "postroom_source_differences", "Open differences between a source and what came in.", labels=["kind"]
    )
    found = SourceDifference.objects.filter(state=DifferenceState.OPEN).order_by()
    counted = dict(found.values_list("kind").annotate(count=Count("pk")))
    for kind in SourceDifferenceKind:
        differences.add_metric([kind.value], counted.get(kind.value, 0))
    yield differences


def _syncs() -> Iterator[Metric]:
    by_state = GaugeMetricFamily("postroom_syncs", "Runs of the reference sync under way, by state.", labels=["state"])
    runs = SyncRun.objects.filter(state__in=OPEN_STATES).order_by()
    counts = dict(runs.values_list("state").annotate(count=Count("pk")))
    for state in OPEN_STATES:
        by_state.add_metric([state.value], counts.get(state.value, 0))
    yield by_state
    yield GaugeMetricFamily(
        "postroom_syncs_failed", "Kinds of reference data whose latest run failed.", value=failed().count()
    )
    yield GaugeMetricFamily(
        "postroom_lists_incomplete",
        "Lists at a source whose replacement has begun and not ended.",
        value=SourceList.objects.filter(is_incomplete=True).count(),
    )
