"""What the rows of the logs mean for the figures: what happened, on which day, for which company."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from portal.connections.models import Connection, Side
from portal.notation import zone_of
from portal.postings.models import Posting, RevisionState, Transaction
from portal.postings.states import State

RECEIVED, POSTED, CONTESTED = "received", "posted", "contested"
FIGURE_OF: Final[Mapping[str, str]] = {
    State.POSTED: POSTED,
    State.REJECTED: "rejected",
    State.HELD: "held",
    State.WITHDRAWN: "withdrawn",
    State.VOID: "voided",
}
COMPANY_AND_ZONE: Final = ("company_id", "company__tenant__time_zone")


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing to count. `seconds` is how long a posted one took since it was received; None for all others."""

    company_id: UUID
    day: date
    figure: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class _Home:
    company_id: UUID
    zone: str
    is_accounting: bool

    def day(self, at: datetime) -> date:
        return at.astimezone(zone_of(self.zone)).date()


def of_changes(changes: Sequence[Mapping[str, Any]]) -> Iterator[Happening]:
    """What changes of postings mean. Each of the queries finds its rows by their keys."""
    wanted = [each for each in changes if not each["before"] or each["after"] in FIGURE_OF]
    postings = _postings({each["posting_id"] for each in wanted})
    homes = _homes({connection for connection, _ in postings.values()})
    posted = {postings[each["posting_id"]][1] for each in wanted if each["after"] == State.POSTED}
    received = dict(Transaction.objects.filter(pk__in=posted).order_by().values_list("pk", "received_at"))
    for each in wanted:
        connection, transaction = postings[each["posting_id"]]
        home, at = homes[connection], each["moment"]
        if not home.is_accounting:
            continue
        if not each["before"]:
            yield Happening(home.company_id, home.day(at), RECEIVED)
        if each["after"] in FIGURE_OF:
            took = (at - received[transaction]).total_seconds() if transaction in received else None
            figure = FIGURE_OF[each["after"]]
            yield Happening(home.company_id, home.day(at), figure, took if figure == POSTED else None)


def of_revisions(revisions: Sequence[Mapping[str, Any]]) -> Iterator[Happening]:
    """What came again with other content after it was sent."""
    contested = [each for each in revisions if each["state"] == RevisionState.CONTESTED]
    rows = Transaction.objects.filter(pk__in={each["transaction_id"] for each in contested}).order_by()
    homes = {pk: (company, zone) for pk, company, zone in rows.values_list("pk", *COMPANY_AND_ZONE)}
    for each in contested:
        company, zone = homes[each["transaction_id"]]
        yield Happening(company, each["moment"].astimezone(zone_of(zone)).date(), CONTESTED)


def _postings(ids: set[int]) -> dict[int, tuple[UUID, int]]:
    """Connection and transaction of each."""
    rows = Posting.objects.filter(pk__in=ids).order_by().values_list("pk", "connection_id", "transaction_id")
    return {pk: (connection, transaction) for pk, connection, transaction in rows}


def _homes(ids: set[UUID]) -> dict[UUID, _Home]:
    rows = Connection.objects.filter(pk__in=ids).values_list("pk", *COMPANY_AND_ZONE, "side")
    return {pk: _Home(company, zone, side == Side.ACCOUNTING) for pk, company, zone, side in rows}
