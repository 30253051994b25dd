"""What the portal itself has seen of each step since a round began: six queries, however much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from integrations.documents import Kind
from portal.amending.models import AmendmentDuty, DutyState
from portal.connections.models import Connection, Endpoint
from portal.intake.feeds.taking import CANCELLED
from portal.intake.models import Delivery, Origin, Verdict
from portal.postings.models import Posting, Transaction
from portal.postings.states import State
from portal.uat.models import Round
from portal.uat.steps import STEPS, Step, Trace

SHOWN: Final = 3
LOOKED_AT: Final = 500
# One whose order number or due date alone has changed is skipped: nothing of it is booked a second time.
CHANGED: Final = (Verdict.REVISED, Verdict.CONTESTED, Verdict.SKIPPED)
# Hints at a record are gathered, and the record is read soon after; one that is older has nothing to do with it.
SOON: Final = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One transaction that may be what was tried. `at` is when it came, came again or was changed; aware
    UTC. `change` is what we wrote into the source's record, empty where we wrote nothing."""

    transaction: Transaction
    at: datetime
    posting: Posting | None
    by_webhook: bool
    change: str = ""

    @property
    def journal_number(self) -> str:
        """The accounting system's, where it is posted; else empty."""
        if self.posting is None or self.posting.state != State.POSTED:
            return ""
        return self.posting.external_number or self.transaction.number

    @property
    def said(self) -> str:
        """The same as a sentence, to be kept with what a person found."""
        way = "told by webhook" if self.by_webhook else "read in a batch"
        number = f"journal number {self.journal_number}" if self.journal_number else "not posted"
        name = f"{self.transaction.number} {self.transaction.get_kind_display()} {self.transaction.source_number}"
        return f"{name.strip()}, {self.change or way}, {number}."


@dataclass(frozen=True, kw_only=True)
class _Log:
    """What came by the connection since the round began."""

    hinted: Mapping[str, list[datetime]] = field(default_factory=dict)
    again: Mapping[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _Traces:
    """What happened since the round began, the latest first."""

    came: Sequence[Transaction]
    again: Sequence[Transaction]
    went: Sequence[Posting]
    amended: Sequence[AmendmentDuty]


def evidence(found: Round) -> dict[str, list[Seen]]:
    """What may be seen of each step, by its key, the latest first; at most a few of each."""
    connection = found.connection
    log = _log(connection, found.began_at)
    latest = _latest(connection)
    came = [one for one in latest if one.received_at >= found.began_at]
    again = list(Transaction.objects.filter(pk__in=list(log.again)[:LOOKED_AT]).defer("content"))
    postings = _postings([*latest, *again])
    traces = _Traces(
        came=came,
        again=again,
        went=_went(connection, found.began_at),
        amended=_amended(connection, postings.values(), found.began_at),
    )
    return {step.key: _of(step, traces, log, postings)[:SHOWN] for step in STEPS}


def _of(step: Step, traces: _Traces, log: _Log, postings: Mapping[int, Posting]) -> list[Seen]:
    if step.trace is Trace.WENT:
        return [_written(one) for one in traces.went if Kind(one.transaction.kind) in step.kinds]
    if step.trace is Trace.AMENDED:
        return [_changed(one) for one in traces.amended if one.member in step.members]
    rows = traces.came if step.trace is Trace.CAME else traces.again
    seen = [_seen(one, log, postings) for one in rows if Kind(one.kind) in step.kinds]
    fitting = [one for one in seen if step.by_webhook in (None, one.by_webhook)]
    return sorted(fitting, key=lambda one: one.at, reverse=True)


def _changed(duty: AmendmentDuty) -> Seen:
    transaction = duty.posting.transaction
    at = duty.ended_at or duty.noticed_at
    return Seen(transaction=transaction, at=at, posting=duty.posting, by_webhook=False, change=_in_words(duty))


def _in_words(duty: AmendmentDuty) -> str:
    return f"{duty.get_member_display()} written there: {duty.after or 'none'}"


def _written(posting: Posting) -> Seen:
    transaction = posting.transaction
    at = posting.posted_at or transaction.received_at
    return Seen(transaction=transaction, at=at, posting=posting, by_webhook=False)


def _seen(transaction: Transaction, log: _Log, postings: Mapping[int, Posting]) -> Seen:
    at = log.again.get(transaction.pk, transaction.received_at)
    hints = log.hinted.get(transaction.external_id, ())
    by_webhook = any(at - SOON <= hint <= at for hint in hints)
    return Seen(transaction=transaction, at=at, posting=postings.get(transaction.pk), by_webhook=by_webhook)


def _latest(connection: Connection) -> list[Transaction]:
    rows = Transaction.objects.filter(company=connection.company_id).order_by("-pk").defer("content")[:LOOKED_AT]
    return [one for one in rows if one.source == connection.integration]


def _amended(connection: Connection, postings: Iterable[Posting], since: datetime) -> list[AmendmentDuty]:
    """What was written into records at the source, of those that came lately."""
    rows = AmendmentDuty.objects.filter(posting__in=[one.pk for one in postings], connection=connection)
    done = rows.filter(state=DutyState.DONE, ended_at__gte=since).select_related("posting__transaction")
    return list(done.order_by("-ended_at")[:LOOKED_AT])


def _went(connection: Connection, since: datetime) -> list[Posting]:
    rows = Posting.objects.filter(connection=connection, state=State.POSTED, posted_at__gte=since)
    return list(rows.select_related("transaction").defer("booked", "traceback").order_by("-posted_at")[:SHOWN])


def _postings(transactions: Iterable[Transaction]) -> dict[int, Posting]:
    rows = Posting.objects.filter(transaction__in=[one.pk for one in transactions]).defer("booked", "traceback")
    return {one.transaction_id: one for one in rows.order_by("pk")}


def _log(connection: Connection, since: datetime) -> _Log:
    addresses = list(Endpoint.objects.filter(connection=connection).values_list("pk", flat=True))
    rows = Delivery.objects.filter(endpoint_id__in=addresses).order_by("-pk")
    slim = rows.values_list("origin", "verdict", "reason", "transaction_id", "received_at")[:LOOKED_AT]
    hinted: dict[str, list[datetime]] = defaultdict(list)
    again: dict[int, datetime] = {}
    for origin, verdict, reason, transaction_id, at in slim:
        if at < since:
            break
        if verdict == Verdict.HINT:
            for word in reason.casefold().split():
                hinted[word].append(at)
        elif origin == Origin.FEED and transaction_id and verdict in CHANGED and reason not in CANCELLED.values():
            again.setdefault(transaction_id, at)
    return _Log(hinted=hinted, again=again)
