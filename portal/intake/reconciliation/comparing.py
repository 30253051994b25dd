"""Judge what a source lists: what was approved there and never came, what was deleted there and stands here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from integrations.base import Source
from integrations.documents import Kind, Stage
from integrations.errors import Missing
from integrations.standing import Standing
from portal.connections.models import Connection, Side
from portal.intake.reconciliation import ours
from portal.intake.reconciliation.findings import KNOWN, close, open_ones, report
from portal.intake.reconciliation.models import SourceDifference, SourceDifferenceKind, SourceRun
from portal.postings.models import Posting
from portal.postings.reconciliation.models import DifferenceState

NEVER, DELETED = SourceDifferenceKind.NEVER_RECEIVED, SourceDifferenceKind.DELETED
MOST_ASKED: Final = 100
BATCH: Final = 200
CAME: Final = "It has come in since, as {number}."
SETTLED: Final = "Nothing of it is in the books, and nothing is on its way there any more."
NOT_APPROVED: Final = "It is not approved at the source any more: {word}."
UNKNOWN_THERE: Final = "The source does not know it any more."
BACK: Final = "It is not deleted at the source any more: {word}."


@dataclass(slots=True)
class Comparison:
    """One run's judgements; the counts are kept on the run."""

    run: SourceRun
    live_at: datetime
    kinds: frozenset[Kind | None] = field(init=False)

    def __post_init__(self) -> None:
        self.kinds = ours.kinds_to_receive(self.connection)

    @property
    def connection(self) -> Connection:
        """The source's."""
        return self.run.connection

    def judge(self, stage: Stage, rows: Sequence[Standing]) -> None:
        """Some rows of the list of this stage, each transaction once."""
        once = list({(one.external_id, one.kind): one for one in rows if one.stage is stage}.values())
        for start in range(0, len(once), BATCH):
            JUDGES[stage](self, once[start : start + BATCH])

    def approved(self, rows: Sequence[Standing]) -> None:
        """What we do not hold, was created since the company is live, and had the time to come."""
        wanted = [one for one in rows if one.kind in self.kinds]
        known = ours.held(self.connection, wanted)
        for one in wanted:
            if ours.is_held(one, known):
                self.run.compared += 1
            elif one.created_at is None:
                self.run.undated += 1
            elif one.created_at > self.run.until:
                self.run.left += 1
            elif one.created_at >= self.live_at:
                self.run.compared += 1
                self._count(report(self.run, NEVER, one))

    def deleted(self, rows: Sequence[Standing]) -> None:
        """What we hold, and is in the books, on its way there, or before a person."""
        told = {one.external_id: one for one in rows}
        self.run.compared += len(told)
        for transaction in ours.booked_or_under_way(self.connection, list(told)):
            one = told[transaction.external_id]
            if (transaction.kind == Kind.RECEIPT) == (one.kind is Kind.RECEIPT):
                self._count(report(self.run, DELETED, one, transaction))

    def _count(self, seen: str) -> None:
        name = {NEVER.value: "never_received", DELETED.value: "deleted", KNOWN: "known"}[seen]
        setattr(self.run, name, getattr(self.run, name) + 1)


JUDGES: Final[dict[Stage, Callable[[Comparison, Sequence[Standing]], None]]] = {
    Stage.APPROVED: Comparison.approved,
    Stage.DELETED: Comparison.deleted,
}


def resolve_settled(run: SourceRun) -> None:
    """What our own rows prove: it has come in since, or nothing of it is in the books any more."""
    open_never = list(open_ones(run.connection, NEVER))
    for start in range(0, len(open_never), BATCH):
        _resolve_those_that_came(run, open_never[start : start + BATCH])
    for one in open_ones(run.connection, DELETED):
        alive = ours.booked_or_under_way(run.connection, [one.external_id]).values_list("pk", flat=True)
        if one.transaction_id not in alive:
            run.resolved += close(one, DifferenceState.RESOLVED, SETTLED)


def resolve_gone(run: SourceRun, source: Source, ask: Callable[[Callable[[], Standing]], Standing]) -> None:
    """What this reading has not told again is asked for by itself, the least lately seen first, so many at most: a list
    that changes while it is read proves nothing. Raises what the connector raises."""
    unseen = [one for kind in (NEVER, DELETED) for one in open_ones(run.connection, kind).filter(**_unseen(run))]
    for one in unseen[:MOST_ASKED]:
        try:
            where: Standing | None = ask(lambda one=one: source.standing(one.external_id))  # type: ignore[misc]
        except Missing:
            where = None
        if why := _why_gone(one, where):
            run.resolved += close(one, DifferenceState.RESOLVED, why)
        else:
            SourceDifference.objects.filter(pk=one.pk).update(last_seen_at=run.started_at, last_run=run)


def postings_of(difference: SourceDifference) -> list[Posting]:
    """Where its transaction goes."""
    if difference.transaction_id is None:
        return []
    found = Posting.objects.filter(transaction_id=difference.transaction_id, connection__side=Side.ACCOUNTING)
    return list(found.select_related("transaction", "connection__company").order_by("pk"))


def _unseen(run: SourceRun) -> dict[str, datetime]:
    return {"last_seen_at__lt": run.begun_at or run.asked_at}


def _why_gone(one: SourceDifference, where: Standing | None) -> str:
    """Why it is no difference any more; empty where it is."""
    if one.kind == DELETED:
        return "" if where is None or where.stage is Stage.DELETED else BACK.format(word=_word(where))
    if where is None:
        return UNKNOWN_THERE
    return "" if where.stage is Stage.APPROVED else NOT_APPROVED.format(word=_word(where))


def _word(where: Standing) -> str:
    return where.word or where.stage.value


def _resolve_those_that_came(run: SourceRun, batch: Sequence[SourceDifference]) -> None:
    came: dict[tuple[str, bool], tuple[int, str]] = {}
    rows = ours.of(run.connection, [one.external_id for one in batch]).order_by("-pk")
    for pk, number, external_id, kind in rows.values_list("pk", "number", "external_id", "kind"):
        came[external_id, kind == Kind.RECEIPT] = (pk, number)
    for one in batch:
        found = came.get((one.external_id, one.transaction_kind == Kind.RECEIPT))
        if found is not None:
            why = CAME.format(number=found[1])
            run.resolved += close(one, DifferenceState.RESOLVED, why, transaction_id=found[0])
