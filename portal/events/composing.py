"""Compose the mails about what waits: at once for the first of a kind, then gathered, again after a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.template.loader import render_to_string

from portal.events.models import Alert, Matter
from portal.events.noticing import MOST_OPEN, open_matters
from portal.events.waits import Wait, waits

GATHERED_FOR: Final = timedelta(minutes=15)
TOLD_AGAIN_AFTER: Final = timedelta(hours=24)
LINES: Final = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One kind in a mail: how many wait in all, the oldest of them, and the first lines of what is told now."""

    wait: Wait
    waiting: int
    oldest: datetime
    lines: Sequence[Matter]

    @property
    def heading(self) -> str:
        """Such as `12 postings held`."""
        more = "+" if self.waiting >= MOST_OPEN else ""
        return f"{self.waiting:,}{more} {self.wait.one if self.waiting == 1 else self.wait.many}"

    @property
    def left_out(self) -> int:
        """How many more there are than lines."""
        return self.waiting - len(self.lines)

    @property
    def list_url(self) -> str:
        """The staff list of all of them."""
        return f"{settings.BASE_URL}{self.wait.list_path()}"

    @property
    def links(self) -> list[tuple[str, str]]:
        """Each line with its address."""
        return [(matter.title, f"{settings.BASE_URL}{matter.path}") for matter in self.lines]


def compose(recipient: str, now: datetime) -> Alert | None:
    """The mail that is due for one person at `now` (aware UTC), written and not sent; None when none is due.

    Call it for one person from one thread at a time: the timetable sees to that.
    """
    if Alert.objects.filter(recipient=recipient, sent_at__isnull=True).exists():
        return None  # the next one waits until this one is through: no heap of mails behind a server that is away
    untold = _untold(recipient, now)
    kinds = list(untold.order_by().values_list("kind", flat=True).distinct())
    if not kinds or not _is_due(recipient, kinds, now):
        return None
    with atomic():
        alert = _written(recipient, list(_parts(untold, kinds)), now)
        alert.matters.set(untold)
    return alert


def _untold(recipient: str, now: datetime) -> QuerySet[Matter]:
    """What waits and was not told to this person within a day. One that somebody writes meanwhile comes next time."""
    last = open_matters().order_by("-id").values_list("id", flat=True).first() or 0
    told = Alert.objects.filter(recipient=recipient, made_at__gt=now - TOLD_AGAIN_AFTER)
    known = Alert.matters.through.objects.filter(alert__in=told).values("matter_id")
    return open_matters().filter(id__lte=last, kind__in=[wait.kind for wait in waits()]).exclude(id__in=known)


def _is_due(recipient: str, kinds: list[str], now: datetime) -> bool:
    """At once for a kind that this person heard nothing of within a day, else when the last mail is long enough ago."""
    told = Alert.objects.filter(recipient=recipient)
    if not told.filter(made_at__gt=now - GATHERED_FOR).exists():
        return True
    heard = told.filter(made_at__gt=now - TOLD_AGAIN_AFTER, matters__kind__in=kinds)
    return bool(set(kinds) - set(heard.order_by().values_list("matters__kind", flat=True).distinct()))


def _parts(untold: QuerySet[Matter], kinds: list[str]) -> Iterator[Part]:
    for wait in waits():
        if wait.kind not in kinds:
            continue
        rows = untold.filter(kind=wait.kind)
        oldest = open_matters(wait.kind).order_by("since").values_list("since", flat=True)[0]
        yield Part(wait, open_matters(wait.kind).count(), oldest, list(rows.order_by("since", "id")[:LINES]))


def _written(recipient: str, parts: list[Part], now: datetime) -> Alert:
    context: dict[str, Any] = {"parts": parts, "base_url": settings.BASE_URL, "now": now, "recipient": recipient}
    return Alert.objects.create(
        recipient=recipient,
        subject=f"Postroom: {', '.join(part.heading for part in parts)}"[:200],
        text=render_to_string("portal/events/alert.txt", context),
        html=render_to_string("portal/events/alert.html", context),
        made_at=now,
        next_try_at=now,
    )
