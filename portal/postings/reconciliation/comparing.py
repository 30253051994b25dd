"""Walk through both sides in batches of keys: what is listed, what we say beyond that, and what was open before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from portal.postings.models import Posting
from portal.postings.reconciliation import asking
from portal.postings.reconciliation.again import LEFT, RESOLVED, look_again
from portal.postings.reconciliation.compare import Finding, Told, is_left, judge
from portal.postings.reconciliation.findings import open_ones, report, resolve
from portal.postings.reconciliation.leases import Lease
from portal.postings.reconciliation.models import (
    Difference,
    DifferenceKind,
    DifferenceState,
    ListedDocument,
    ReconciliationRun,
)
from portal.postings.reconciliation.ours import by_key, is_anothers, ours, posted_between, with_key

BATCH: Final = 500
# What was posted this shortly before the listing began may be missing from it, or be on its way into it.
MARGIN: Final = timedelta(minutes=10)
MOST_LOOKED_UP: Final = 500
AGREEING: Final = "agreeing"
TO_BE_ASKED: Final = frozenset({DifferenceKind.MISSING, DifferenceKind.EXTRA})


@dataclass(slots=True)
class Comparison:
    """One run's way through both sides. `asks_left` bounds how many keys are looked up one by one."""

    lease: Lease
    asks_left: int

    @property
    def run(self) -> ReconciliationRun:
        """The run whose counts go up."""
        return self.lease.run

    def all(self) -> None:
        """Compare everything. Raises what the connector's lookup raises; what was found until then stays found."""
        for keys in self._batches_of_keys():
            self._batch(keys)
        for posting in self._not_listed():
            self._differs(posting.idempotency_key, posting, judge(ours(posting), ()))
        self._look_again_at_what_was_open()

    # --- what is listed ----------------------------------------------------------------------------------------------

    def _batches_of_keys(self) -> Iterator[list[UUID]]:
        listed = ListedDocument.objects.filter(run=self.run).order_by("key").values_list("key", flat=True).distinct()
        keys = list(listed[:BATCH])
        while keys:
            yield keys
            self.lease.keep()
            keys = list(listed.filter(key__gt=keys[-1])[:BATCH])

    def _batch(self, keys: list[UUID]) -> None:
        theirs: dict[UUID, list[Told]] = defaultdict(list)
        for key, document in ListedDocument.objects.filter(run=self.run, key__in=keys).values_list("key", "told"):
            theirs[key].append(document)
        postings = by_key(keys)
        were_open = set(open_ones(self.run.connection, keys).values_list("key", flat=True))
        for key in keys:
            posting = postings.get(key)
            if not is_anothers(posting, self.run.connection):
                self._one(key, posting, theirs[key], was_open=key in were_open)

    def _one(self, key: UUID, posting: Posting | None, theirs: list[Told], *, was_open: bool) -> None:
        side = ours(posting, self.lease.started_at - MARGIN)
        finding = judge(side, theirs)
        if finding is not None and not is_left(side):
            finding = judge(ours(posting, in_full=True), theirs)
        if finding is None:
            self._agrees(key, was_open=was_open)
        elif is_left(side):
            self._up(LEFT)
        else:
            self._differs(key, posting, finding)

    def _agrees(self, key: UUID, *, was_open: bool = True) -> None:
        self._up(AGREEING)
        if was_open:
            self.run.resolved += resolve(open_ones(self.run.connection, [key]))

    # --- what we say beyond that -------------------------------------------------------------------------------------

    def _not_listed(self) -> Iterator[Posting]:
        """What we say was posted in the window, long enough before the listing, and is not listed."""
        until = min(self.run.until, self.lease.started_at - MARGIN)
        listed = ListedDocument.objects.filter(run=self.run, key=OuterRef("idempotency_key"))
        rows = posted_between(self.run.connection, self.run.since, until).filter(~Exists(listed))
        page = list(rows[:BATCH])
        while page:
            yield from page
            self.lease.keep()
            last = page[-1]
            beyond = Q(posted_at__gt=last.posted_at) | Q(posted_at=last.posted_at, pk__gt=last.pk)
            page = list(rows.filter(beyond)[:BATCH])

    def _differs(self, key: UUID, posting: Posting | None, finding: Finding | None) -> None:
        """Before it is said that something is missing, or too much, that one key is looked up."""
        if finding is None:
            return
        if finding.kind not in TO_BE_ASKED or self._is_open(key, finding) or not asking.can_find(self.run.connection):
            self._report(key, posting, finding)
        elif self.asks_left > 0:
            self._ask(key, posting, finding)
        else:
            self._up(LEFT)

    def _ask(self, key: UUID, posting: Posting | None, finding: Finding) -> None:
        self.asks_left -= 1
        hint = finding.documents[0] if finding.documents else {}
        theirs = asking.found(self.run.connection, key, posting, hint, self.lease.keep)
        now = with_key(key)
        side = ours(now, in_full=True)
        confirmed = judge(side, theirs)
        if confirmed is None:
            self._agrees(key)
        elif is_left(side):
            self._up(LEFT)
        else:
            self._report(key, now, confirmed)

    def _is_open(self, key: UUID, finding: Finding) -> bool:
        return open_ones(self.run.connection, [key]).filter(kind=finding.kind).exists()

    def _report(self, key: UUID, posting: Posting | None, finding: Finding) -> None:
        self._up(report(self.run.connection, key, posting, finding, self.run))

    # --- what was open before ----------------------------------------------------------------------------------------

    def _look_again_at_what_was_open(self) -> None:
        """What this run has not met, because it is older than the window or because it is gone: each by its key."""
        if not asking.can_find(self.run.connection):
            return
        rows = Difference.objects.filter(connection=self.run.connection, state=DifferenceState.OPEN)
        unseen = rows.filter(~Q(last_run=self.run) | Q(last_run=None)).order_by("last_seen_at", "pk")
        for difference in unseen.select_related("connection__company", "posting__transaction")[: self.asks_left]:
            self._up(look_again(difference, self.lease.keep, run=self.run))

    def _up(self, counter: str) -> None:
        """One more of what happened to a key; the names are those of the run's counts."""
        self.run.compared += counter not in (LEFT, RESOLVED)
        setattr(self.run, counter, getattr(self.run, counter) + 1)
