"""Of what one person is told, in which words, and what they were told before: staff of everything, members of their
companies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from portal.events.models import Alert, AlertKind, Matter
from portal.events.noticing import open_matters
from portal.events.recipients import Reader, readers_of
from portal.events.waits import waits

TOLD_AGAIN_AFTER: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How a kind is told. `list_path()` is the page with all that wait."""

    one: str
    many: str
    advice: str
    list_path: Callable[[], str]
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """One person, and of what they hear. `words` has the kinds in the order of the mail; `reader` is None for staff."""

    recipient: str
    words: Mapping[str, Words]
    reader: Reader | None = None

    @property
    def told(self) -> QuerySet[Alert]:
        """The mails of this sort that were written to them."""
        company_id = self.reader.company_id if self.reader else None
        rows = Alert.objects.filter(recipient=self.recipient, kind=AlertKind.WAITING)
        return rows.filter(company_id=company_id) if company_id else rows.filter(company_id__isnull=True)

    def open(self, kind: str | None = None) -> QuerySet[Matter]:
        """What waits of what they may hear, of one kind or of all."""
        rows = open_matters(kind).filter(kind__in=list(self.words))
        return rows.filter(company_id=self.reader.company_id).exclude(desk_path="") if self.reader else rows

    def line(self, matter: Matter) -> tuple[str, str]:
        """One line of a mail, and the path of its page."""
        return (matter.desk_title, matter.desk_path) if self.reader else (matter.title, matter.path)


def of_staff(recipient: str) -> Circle:
    """Staff hear of every kind that is not the customers' own affair."""
    words = {
        wait.kind: Words(one=wait.one, many=wait.many, advice=wait.advice, list_path=wait.list_path)
        for wait in waits()
        if wait.to_staff
    }
    return Circle(recipient=recipient, words=words)


def of_member(reader: Reader) -> Circle:
    """A member hears of what is a matter of one company; of some kinds only its owners do."""
    words = {
        wait.kind: Words(
            one=told.one, many=told.many, advice=told.advice, once=told.once,
            list_path=_of_company(told.list_path, reader.company_id),
        )
        for wait in waits()
        if (told := wait.members) is not None and (reader.is_owner or not told.owners_only)
    }  # fmt: skip
    return Circle(recipient=reader.address, words=words, reader=reader)


def waiting_members(now: datetime) -> list[Circle]:
    """Members to whom something may have to be told at `now` (aware UTC), in a constant number of queries.

    Who has heard of all that waits within a day is left out: a quiet minute costs the same however many members
    there are.
    """
    waiting: dict[UUID, set[int]] = defaultdict(set)
    rows = open_matters().filter(company_id__isnull=False).exclude(desk_path="").order_by()
    for company_id, pk in rows.values_list("company_id", "pk"):
        if company_id is not None:
            waiting[company_id].add(pk)
    told = _told_lately(waiting, now)
    readers = [reader for reader in readers_of(waiting) if reader.alerts]
    return [
        of_member(reader) for reader in readers if waiting[reader.company_id] - told[reader.address, reader.company_id]
    ]


def _told_lately(company_ids: Mapping[UUID, object], now: datetime) -> dict[tuple[str, UUID], set[int]]:
    told: dict[tuple[str, UUID], set[int]] = defaultdict(set)
    lately = Alert.matters.through.objects.filter(
        alert__company_id__in=list(company_ids), alert__made_at__gt=now - TOLD_AGAIN_AFTER
    )
    for address, company_id, pk in lately.values_list("alert__recipient", "alert__company_id", "matter_id"):
        if company_id is not None:
            told[address, company_id].add(pk)
    return told


def _of_company(list_path: Callable[[UUID], str], company_id: UUID) -> Callable[[], str]:
    return lambda: list_path(company_id)
