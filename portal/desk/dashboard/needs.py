"""What needs a person, with who that is and where it is mended. Bounded: the newest fifty of each are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from portal.connections.models import Status
from portal.desk.access import Place
from portal.desk.amendments.shown import needing
from portal.desk.dashboard import bounded
from portal.desk.dashboard.health import Vitals
from portal.desk.dashboard.mending import is_mended_here, mender_words
from portal.desk.dashboard.standing import listed
from portal.desk.next_steps import next_step
from portal.desk.words import Group
from portal.intake.models import Delivery, Verdict
from portal.postings.figures.reading import Report
from portal.postings.models import Posting, Transaction
from portal.postings.states import NEEDS_A_PERSON
from portal.reference.sync.models import SourceList, SyncRun, SyncState
from portal.tones import PERSON, WAITING

SHOWN: Final = 5
CONTESTED_DAYS: Final = 7
HERE: Final = "An owner or operator, here"
LINKER: Final = "An owner, here"
LOST: Final[dict[str, str]] = {
    Status.DEAUTHORISED: (
        "Our access is no longer accepted there. What comes in waits, and is sent once it is linked again."
    ),
    Status.PENDING_AUTH: "The link is not finished. What comes in waits until it is.",
    Status.BLANK: "No accounting system is chosen yet.",
}


@dataclass(frozen=True, kw_only=True)
class Need:
    """One thing: the badge, what it is, why, who can mend it, where, and by when if there is a day for it.

    `key` tells it from the others on the page.
    """

    key: str
    tone: str
    badge: str
    what: str
    why: str
    who: str
    url: str
    link: str
    until: datetime | None = None


@dataclass(frozen=True)
class NeedingPosting:
    """A posting that is rejected or held, as the page shows it."""

    posting: Posting

    @property
    def transaction(self) -> Transaction:
        """What it is of."""
        return self.posting.transaction

    @property
    def who(self) -> str:
        """Who can mend it."""
        return mender_words(self.posting)

    @property
    def next_step(self) -> str:
        """What to do, in a sentence."""
        return next_step(self.transaction, self.posting)


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Everything that needs a person. `postings` are the newest, `count` says how many there are (`7`, `50+`)."""

    others: list[Need] = field(default_factory=list)
    postings: list[NeedingPosting] = field(default_factory=list)
    count: str = "0"
    is_more: bool = False
    url: str = ""

    def __bool__(self) -> bool:
        return bool(self.others or self.postings)


def needs(place: Place, vitals: Vitals, figures: Report) -> Needs:
    """What needs a person in this company, what stops everything first."""
    postings = _postings(vitals)
    # To a closed company nothing is linked any more: there only what it left behind can be settled.
    connections = [] if place.is_closed else [*_lost(place, vitals), *_resting(place, vitals), *_unread(vitals)]
    data = [] if place.is_closed else [*_syncs(place, vitals), *_lists(place, vitals)]
    return Needs(
        others=[
            *connections,
            *data,
            *_codes(place, postings),
            *_contested(place, vitals, figures),
            *_amendments(place),
            *_keys(vitals),
        ],
        postings=[NeedingPosting(posting) for posting in postings[:SHOWN]],
        count=bounded.said(len(postings)),
        is_more=len(postings) > SHOWN,
        url=listed(place.company, Group.ATTENTION),
    )


def _postings(vitals: Vitals) -> list[Posting]:
    """The newest of each connection that has any, by the index that holds nothing else; one more than is counted."""
    having = [pk for pk, counts in vitals.counts.items() if counts[bounded.NEEDING]]
    found = [posting for pk in having for posting in _needing(pk)]
    return sorted(found, key=lambda posting: -posting.pk)[: bounded.MOST_COUNTED + 1]


def _needing(connection: UUID) -> QuerySet[Posting]:
    rows = Posting.objects.filter(connection_id=connection, state__in=sorted(NEEDS_A_PERSON))
    rows = rows.select_related("transaction", "connection").defer(
        "booked", "traceback", "transaction__content", "connection__secrets", "connection__mapping"
    )
    return rows.order_by("-pk")[: bounded.MOST_COUNTED + 1]


def _lost(place: Place, vitals: Vitals) -> list[Need]:
    accounting = vitals.accounting
    found = []
    if not accounting.is_linked:
        status = accounting.connection.status if accounting.connection else Status.BLANK
        url = reverse("desk:accounting", args=[place.company.pk])
        found.append(_need("accounting", "Not linked", accounting.name, LOST[status], LINKER, url, "Link it"))
    why = "Nothing can come in until it is connected."
    return found + [
        _need(source.key, "Not linked", source.name, why, HERE, source.url, "Connect it")
        for source in vitals.sources
        if not source.is_linked
    ]


def _unread(vitals: Vitals) -> list[Need]:
    """Feeds whose latest pass did not end."""
    why = "It is tried again by itself; what was made there is not lost."
    return [
        _need(
            f"{source.key}-{number}", "Not read", f"{feed.label} of {source.name}", f"{feed.problem} {why}", HERE,
            source.url, "Look", tone=WAITING,
        )
        for source in vitals.sources
        if source.is_linked
        for number, feed in enumerate(source.unread)
    ]  # fmt: skip


def _resting(place: Place, vitals: Vitals) -> list[Need]:
    """Nothing is sent for now, though it is linked."""
    found = []
    every = [("accounting", vitals.accounting), *((source.key, source) for source in vitals.sources)]
    for key, health in every:
        if health.is_paused:
            doing = "Sending" if key == "accounting" or not health.feeds else "Reading"
            why = f"{doing} is paused. Nothing is lost: it goes on as soon as it is resumed."
            found.append(_need(f"{key}-paused", "Paused", health.name, why, "Our support", "", ""))
        elif health.is_resting and key == "accounting":
            why = "It does not answer at the moment, and is tried again by itself."
            who = f"Whoever looks after {health.name}, if it lasts"
            url = listed(place.company, Group.UNDER_WAY)
            found.append(_need(f"{key}-resting", "No answer", health.name, why, who, url, "What waits", tone=WAITING))
    return found


def _syncs(place: Place, vitals: Vitals) -> list[Need]:
    """Runs that would remove much and wait for somebody: one of each kind at most."""
    rows = SyncRun.objects.filter(connection=vitals.accounting.connection, state=SyncState.VALIDATION_QUEUED)
    return [
        _need(
            f"sync-{run.pk}", "To confirm", str(run.get_kind_display()),
            "The sync would remove much. Nothing is sent until somebody has looked.", HERE,
            reverse("desk:run", args=[place.company.pk, run.pk]), "Look and decide",
        )
        for run in rows.only("kind", "connection").order_by("pk")
    ]  # fmt: skip


def _lists(place: Place, vitals: Vitals) -> list[Need]:
    """Lists at the source whose replacement broke off; one line, however many."""
    linked = {source.connection.pk: source for source in vitals.sources if source.connection}
    rows = SourceList.objects.filter(connection__in=list(linked), is_incomplete=True).exclude(broke_off_at=None)
    broken = list(rows.order_by("kind", "dimension")[:SHOWN])
    if not broken:
        return []
    names, where = [str(one) for one in broken], linked[broken[0].connection_id].name
    why = f"A sync broke off in the middle of: {', '.join(names)}. The next one sends it from the first row."
    url, who = reverse("desk:reference", args=[place.company.pk]), f"By itself, or by {HERE[0].lower()}{HERE[1:]}"
    return [_need("lists", "Incomplete", f"Lists in {where}", why, who, url, "Sync again", tone=WAITING)]


def _codes(place: Place, postings: Sequence[Posting]) -> list[Need]:
    """Codes that the mapping lacks, as the latest refusals name them."""
    count = sum(map(is_mended_here, postings))
    if not count:
        return []
    what = f"{bounded.said(count)} refused for a code or a setting"
    why = "The mapping says nothing for them, or something that the accounting system does not know."
    url = reverse("desk:gaps", args=[place.company.pk])
    return [_need("codes", "Gaps", what, why, HERE, url, "Mend the mapping")]


def _contested(place: Place, vitals: Vitals, figures: Report) -> list[Need]:
    """What came again with other content after it was sent. The figures know whether there is any to look for."""
    count = sum(each.figures.contested for each in figures.days[-CONTESTED_DAYS:])
    if not count:
        return []
    rows = Delivery.objects.filter(company=place.company, verdict=Verdict.CONTESTED).exclude(transaction=None)
    rows = rows.select_related("transaction").defer("body", "headers", "answer_body", "transaction__content")
    newest = rows.order_by("-pk")[: min(count, SHOWN)]
    transactions = {each.transaction_id: each.transaction for each in newest if each.transaction is not None}
    return [
        _need(
            f"contested-{transaction.pk}",
            "Contested",
            f"{transaction.number} came again with other content",
            "It had been sent already, so nothing was changed. Its page shows what differs.",
            f"Your bookkeeper, in {vitals.accounting.name}",
            reverse("desk:transaction", args=[transaction.public_id]),
            "Compare",
        )
        for transaction in transactions.values()
    ]


def _amendments(place: Place) -> list[Need]:
    """What changed on one side and has to be changed on the other by hand, or decided."""
    return [
        _need(
            f"amendment-{each.duty.pk}",
            "By hand",
            f"{each.duty.posting.transaction.number}: {each.what}",
            f"{each.change}. {each.duty.message}",
            HERE,
            reverse("desk:transaction", args=[each.duty.posting.transaction.public_id]),
            "Look and decide",
        )
        for each in needing(place.company.pk, SHOWN)
    ]


def _keys(vitals: Vitals) -> list[Need]:
    """Keys that run out and that somebody has to replace."""
    of_sources = [ending for source in vitals.sources for ending in source.endings]
    endings = [ending for ending in (*of_sources, *vitals.keys) if ending.needs_you]
    return [
        _need(
            f"key-{number}", "Runs out", ending.what, ending.note, LINKER, ending.url, ending.link,
            tone=WAITING, until=ending.at,
        )
        for number, ending in enumerate(endings)
    ]  # fmt: skip


def _need(
    key: str, badge: str, what: str, why: str, who: str, url: str, link: str, *,
    tone: str = PERSON, until: datetime | None = None,
) -> Need:  # fmt: skip
    return Need(key=key, tone=tone, badge=badge, what=what, why=why, who=who, url=url, link=link, until=until)
