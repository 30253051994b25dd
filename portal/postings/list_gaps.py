"""Codes in the source's own lists that would be refused: what people there can choose before anything has come in.

A list is read live, within the limits of its connection, and judged in batches: what is kept of it is counts and the
first findings, however long it is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from integrations.base import Source
from integrations.errors import IntegrationError
from integrations.http import nothing
from integrations.reference import RecordKind, RecordList
from portal.connections.models import Connection, Status
from portal.connections.paced import PATIENCE_SECONDS, paced
from portal.connections.registry import source
from portal.connections.services import source_of
from portal.connections.setup import is_set_up, source_connections
from portal.postings.gaps import used_codes
from portal.reference.judging import KINDS, Fate, Judge, Judged
from portal.reference.mapping import Use
from portal.reference.mirror import Mirror
from portal.reference.rules import How, Rules, dimension_family
from portal.reference.sync.words import label_of

logger = logging.getLogger(__name__)

BATCH: Final = 1_000
ONE_REQUEST_SECONDS: Final = 20.0
MOST_SHOWN: Final = 500
ORDER: Final = (RecordKind.ACCOUNT, RecordKind.TAX, RecordKind.CURRENCY, RecordKind.SUPPLIER)
NO_SOURCE: Final = "{company} has no source in use whose lists can be read. Link its iCompleat, then look again."
TIME_IS_UP: Final = "The time for this page was up after {read:,} rows. Read this list by itself, or by manage.py gaps."
NOT_REACHED: Final = "The time for this page was up before this list. Read it by itself."
BROKE_OFF: Final = "Read as far as row {read:,}, then: {why}"
BUG: Final = "An error on our side: {name}. The log has the details."

Progress = Callable[[RecordList, int], None]


class TimeIsUp(Exception):
    """The bound of a reading was reached. What was read until then counts, and is not the whole."""


@dataclass(frozen=True, slots=True)
class ListGap:
    """One code of a list that is not simply sent; `used` is how many of the last transactions have it."""

    judged: Judged
    used: int


@dataclass(slots=True)
class ListReport:
    """One list: how many codes were read, what becomes of them, and the first findings, the most used first.

    `problem` says why it is not the whole, in one sentence; empty where it is. `counts` are by what becomes of a code.
    """

    target: RecordList
    read: int = 0
    counts: dict[Fate, int] = field(default_factory=dict)
    found: list[ListGap] = field(default_factory=list)
    problem: str = ""

    @property
    def label(self) -> str:
        """The list as people call it: `Account codes`, or the dimension's name."""
        return self.target.dimension or label_of(self.target.kind)

    @property
    def refused(self) -> int:
        """How many codes are, or may be, refused."""
        return self.counts.get(Fate.REFUSED, 0) + self.counts.get(Fate.PERHAPS_REFUSED, 0)

    @property
    def found_in_all(self) -> int:
        """How many there are, shown or not."""
        return self.refused + self.counts.get(Fate.SENT_AS_DEFAULT, 0)


@dataclass(slots=True, kw_only=True)
class Reading:
    """One reading of the lists of a connection's source. `within_seconds` bounds all of it; None is no bound."""

    connection: Connection
    source: Connection
    within_seconds: float | None = None
    patience_seconds: float = PATIENCE_SECONDS
    progress: Progress = nothing
    clock: Callable[[], float] = time.monotonic
    judge: Judge = field(init=False)
    used: Mapping[Use, int] = field(init=False)
    _until: float | None = None

    def __post_init__(self) -> None:
        """Raises `Misconfigured` for rules that cannot be read, and `UnknownIntegration`."""
        self.judge = Judge(self.connection)
        self.used = used_codes(self.connection, self.judge)
        self._until = None if self.within_seconds is None else self.clock() + self.within_seconds

    def reports(self, targets: Iterable[RecordList]) -> Iterator[ListReport]:
        """A report of each list, one after the other."""
        for target in targets:
            report = ListReport(target)
            for gap in self.gaps(report):
                _keep(report, gap)
            report.found.sort(key=lambda gap: (-gap.used, gap.judged.fate is not Fate.REFUSED))
            yield report

    def gaps(self, report: ListReport) -> Iterator[ListGap]:
        """Every finding in the order of the list, however many; the report counts along."""
        try:
            with paced(
                self.source,
                self._keep_time,
                patience_seconds=self._patience(),
                deadline_seconds=ONE_REQUEST_SECONDS,
            ) as outbound:
                for batch in self._batches(report, source_of(self.source, outbound)):
                    yield from self._judged(report, batch)
        except TimeIsUp:
            report.problem = TIME_IS_UP.format(read=report.read) if report.read else NOT_REACHED
        except IntegrationError as error:
            report.problem = BROKE_OFF.format(read=report.read, why=error.message) if report.read else error.message
        except Exception as error:
            logger.exception("The list %s of %s could not be read.", report.label, self.source)
            report.problem = BUG.format(name=type(error).__name__)

    def _batches(self, report: ListReport, there: Source) -> Iterator[list[str]]:
        """The codes, some at a time; those that came before the time was up or the reading broke off are among them."""
        batch = list[str]()
        try:
            for code in there.codes(report.target):
                batch.append(code)
                if len(batch) == BATCH:
                    yield batch
                    batch = []
        except (TimeIsUp, IntegrationError):
            yield batch
            raise
        yield batch

    def _judged(self, report: ListReport, codes: list[str]) -> Iterator[ListGap]:
        report.read += len(codes)
        self.progress(report.target, report.read)
        family = family_of(report.target, self.judge.rules)
        wanted = dict.fromkeys(Use(family, code.strip()) for code in codes)
        for use, judged in self.judge.judge(wanted.keys()).items():
            report.counts[judged.fate] = report.counts.get(judged.fate, 0) + 1
            if judged.fate is not Fate.SENT:
                yield ListGap(judged, self.used.get(use, 0))

    def _patience(self) -> float:
        return self.patience_seconds if self._until is None else max(0.0, min(self.patience_seconds, self._left()))

    def _left(self) -> float:
        return float("inf") if self._until is None else self._until - self.clock()

    def _keep_time(self) -> None:
        if self._left() <= 0:
            raise TimeIsUp


def readable_source(connection: Connection) -> Connection | None:
    """The company's linked source whose lists can be read; None where there is none."""
    for one in source_connections(connection.company_id):
        told = source(one.integration).offers.tells
        if told and one.status == Status.LINKED and not one.paused and is_set_up(one):
            return one
    return None


def targets_of(connection: Connection, there: Connection, rules: Rules) -> list[RecordList]:
    """The lists whose codes are sent. Of the source's custom fields those that the rules name, or that are called as a
    dimension of the accounting system is."""
    told = source(there.integration).offers.tells
    plain = [RecordList(kind=kind) for kind in ORDER if kind in told]
    if RecordKind.DIMENSION not in told:
        return plain
    ruled = {dimension_family(rule.name): rule.name for rule in rules.dimensions if rule.how is not How.DROP}
    dropped = {dimension_family(rule.name) for rule in rules.dimensions if rule.how is How.DROP}
    named = {dimension_family(rule.to or rule.name) for rule in rules.dimensions}
    theirs = {dimension_family(name): name for name in Mirror(connection).dimensions.values()}
    others = {family: name for family, name in theirs.items() if family not in named | dropped}
    return plain + [RecordList(kind=RecordKind.DIMENSION, dimension=name) for name in {**others, **ruled}.values()]


def family_of(target: RecordList, rules: Rules) -> str:
    """The family of the mapping that the codes of a list belong to."""
    if target.kind is RecordKind.DIMENSION:
        return rules.family_of(target.dimension)
    return next(family for family, kind in KINDS.items() if kind is target.kind)


def _keep(report: ListReport, gap: ListGap) -> None:
    """The first so many, and each that lately came in."""
    if len(report.found) < MOST_SHOWN or gap.used:
        report.found.append(gap)
