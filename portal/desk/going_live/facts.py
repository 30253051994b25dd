"""What the checklist is made of: read once, in a number of queries that grows with nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from integrations.errors import Misconfigured
from portal.connections.choosing import chosen_name
from portal.connections.models import Connection, Side, Status
from portal.connections.setup import is_set_up
from portal.desk.access import ICOMPLEAT, Place
from portal.desk.going_live.noticing import Address, addresses
from portal.desk.inbound import inbound
from portal.desk.sources.senders import Senders, senders_of
from portal.desk.syncing import Overview, overview_of
from portal.intake.before_live.keeping import KEPT_AT_MOST
from portal.intake.models import Forecast, KeptDryRun
from portal.postings.gaps import GapReport, gaps_of

LOOKED_AT: Final = 50
MOST_CONNECTIONS: Final = 50
NONE: Final = Overview(connection=None, source=None, rows=())


@dataclass(frozen=True)
class Kept:
    """The dry runs of what came in before go-live, counted by what would become of each."""

    forecasts: Counter[str] = field(default_factory=Counter)
    due: int = 0

    @property
    def total(self) -> int:
        """How many there are."""
        return self.forecasts.total()

    def of(self, forecast: Forecast) -> int:
        """How many of them have this forecast."""
        return self.forecasts[forecast.value]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One company on its way to the first booked document. `former` is the accounting connection that was unlinked, if
    none stands in its place; `source` is iCompleat, `senders` are all sources; `gap_problem` says why nobody
    knows of gaps."""

    place: Place
    accounting: Connection | None
    former: Connection | None
    source: Connection | None
    addresses: list[Address]
    kept: Kept
    overview: Overview
    senders: Senders
    gaps: GapReport | None = None
    gap_problem: str = ""

    @property
    def system(self) -> str:
        """The accounting system's name, or what it is called in general."""
        return chosen_name(self.accounting) if self.accounting else "the accounting system"

    @property
    def is_linked(self) -> bool:
        """Whether the accounting system can be asked."""
        return self.accounting is not None and self.accounting.status == Status.LINKED

    @property
    def source_api(self) -> bool:
        """Whether iCompleat's own interface is set up, which reference data is sent through."""
        return self.source is not None and self.source.status == Status.LINKED and is_set_up(self.source)


def facts_of(place: Place) -> Facts:
    """Everything that the checklist asks."""
    rows = Connection.objects.filter(company=place.company).select_related("company__tenant").order_by("-created_at")
    every = list(rows[:MOST_CONNECTIONS])
    accounting = _first(every, Side.ACCOUNTING)
    source = _first([one for one in every if one.integration == ICOMPLEAT], Side.SOURCE)
    former = None if accounting else next((one for one in every if one.side == Side.ACCOUNTING), None)
    gaps, problem = _gaps(accounting)
    return Facts(
        place=place,
        accounting=accounting,
        former=former,
        source=source,
        senders=_senders(every),
        addresses=addresses(inbound(source, accounting)),
        kept=kept_of(place),
        overview=overview_of(place) if accounting and accounting.status == Status.LINKED else NONE,
        gaps=gaps,
        gap_problem=problem,
    )


def kept_of(place: Place) -> Kept:
    """The latest of the company; at most as many as are kept."""
    rows = KeptDryRun.objects.filter(company=place.company).order_by("-pk")
    found = list(rows.values_list("forecast", "next_try_at")[:KEPT_AT_MOST])
    due = sum(next_try_at is not None for _, next_try_at in found)
    return Kept(Counter(forecast for forecast, _ in found), due)


def _senders(every: list[Connection]) -> Senders:
    active = [one for one in every if one.side == Side.SOURCE and one.status != Status.UNLINKED]
    return senders_of({one.integration: one for one in reversed(active)}.values())


def _first(every: list[Connection], side: Side) -> Connection | None:
    return next((one for one in every if one.side == side and one.status != Status.UNLINKED), None)


def _gaps(accounting: Connection | None) -> tuple[GapReport | None, str]:
    """Of the latest transactions only: this page asks again and again, and the report is a page of its own."""
    if accounting is None or accounting.status != Status.LINKED:
        return None, ""
    try:
        return gaps_of(accounting, LOOKED_AT), ""
    except Misconfigured as error:
        return None, error.message
