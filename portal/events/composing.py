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

from portal.events.circles import TOLD_AGAIN_AFTER, Circle, Words
from portal.events.models import Alert, AlertKind, Matter
from portal.events.noticing import MOST_OF_ONE, MOST_OPEN, open_by_company, open_matters
from portal.events.recipients import Reader
from portal.notation import moment_text

GATHERED_FOR: Final = timedelta(minutes=15)
LINES: Final = 10
LONGEST_SUBJECT: Final = 200


@dataclass(frozen=True, slots=True)
class Part:
    """One kind in a mail: how many wait in all, the oldest of them, and the first lines of what is told now.

    `is_more` says that there are more than are counted.
    """

    words: Words
    waiting: int
    is_more: bool
    since: str
    lines: Sequence[tuple[str, str]]

    @property
    def heading(self) -> str:
        """Such as `12 postings held`."""
        more = "+" if self.is_more else ""
        return f"{self.waiting:,}{more} {self.words.one if self.waiting == 1 else self.words.many}"

    @property
    def left_out(self) -> int:
        """How many more there are than lines."""
        return self.waiting - len(self.lines)

    @property
    def list_url(self) -> str:
        """The page with all of them."""
        return f"{settings.BASE_URL}{self.words.list_path()}"

    @property
    def links(self) -> list[tuple[str, str]]:
        """Each line with its address."""
        return [(title, f"{settings.BASE_URL}{path}") for title, path in self.lines]


def compose(circle: Circle, now: datetime) -> Alert | None:
    """The mail that is due for one person at `now` (aware UTC), written and not sent; None when none is due.

    Call it for one person from one thread at a time: the timetable sees to that.
    """
    if circle.told.filter(sent_at__isnull=True, next_try_at__isnull=False).exists():
        return None  # the next one waits until this one is through: no heap of mails behind a server that is away
    untold = _untold(circle, now)
    kinds = list(untold.order_by().values_list("kind", flat=True).distinct())
    if not kinds or not _is_due(circle, kinds, now):
        return None
    with atomic():
        alert = _written(circle, list(_parts(circle, untold, kinds)), now)
        alert.matters.set(untold)
    return alert


def write_digest(reader: Reader, *, subject: str, template: str, context: dict[str, Any], now: datetime) -> Alert:
    """A mail with a company's figures, written and not sent. `template` is the path without `.txt` and `.html`."""
    shown = {**context, "reader": reader, "base_url": settings.BASE_URL, "end_url": reader.end_digest_url}
    return _kept(reader.address, subject, template, shown, now, kind=AlertKind.DIGEST,
                 company_id=reader.company_id, unsubscribe_url=reader.end_digest_url)  # fmt: skip


def _untold(circle: Circle, now: datetime) -> QuerySet[Matter]:
    """What waits and was not told to this person within a day. One that somebody writes meanwhile comes next time."""
    last = open_matters().order_by("-id").values_list("id", flat=True).first() or 0
    rows = circle.open().filter(id__lte=last).exclude(id__in=_known(circle.told.filter(made_at__gt=_a_day_before(now))))
    once = [kind for kind, words in circle.words.items() if words.once]
    return rows.exclude(kind__in=once, id__in=_known(circle.told)) if once else rows


def _known(told: QuerySet[Alert]) -> QuerySet[Any, Any]:
    return Alert.matters.through.objects.filter(alert__in=told).values("matter_id")


def _a_day_before(now: datetime) -> datetime:
    return now - TOLD_AGAIN_AFTER


def _is_due(circle: Circle, kinds: list[str], now: datetime) -> bool:
    """At once for a kind that this person heard nothing of within a day, else when the last mail is long enough ago."""
    if not circle.told.filter(made_at__gt=now - GATHERED_FOR).exists():
        return True
    heard = circle.told.filter(made_at__gt=_a_day_before(now), matters__kind__in=kinds)
    return bool(set(kinds) - set(heard.order_by().values_list("matters__kind", flat=True).distinct()))


def _parts(circle: Circle, untold: QuerySet[Matter], kinds: list[str]) -> Iterator[Part]:
    for kind, words in circle.words.items():
        if kind not in kinds:
            continue
        waiting, is_more = _counted(circle, kind)
        oldest = circle.open(kind).order_by("since").values_list("since", flat=True)[0]
        lines = [circle.line(matter) for matter in untold.filter(kind=kind).order_by("since", "id")[:LINES]]
        yield Part(words, waiting, is_more, _moment(circle, oldest), lines)


def _counted(circle: Circle, kind: str) -> tuple[int, bool]:
    """How many are known to wait, and whether there are more than are kept."""
    if circle.reader is not None:
        count = circle.open(kind).count()
        return count, count >= MOST_OF_ONE
    by_company = open_by_company(kind)
    is_full = any(count >= MOST_OF_ONE for company_id, count in by_company.items() if company_id is not None)
    return by_company.total(), is_full or by_company.total() >= MOST_OPEN


def _moment(circle: Circle, at: datetime) -> str:
    """For members on the clock of their organisation, for staff in UTC."""
    return moment_text(at, circle.reader.zone) if circle.reader else f"{moment_text(at, 'UTC')} UTC"


def _written(circle: Circle, parts: list[Part], now: datetime) -> Alert:
    what = ", ".join(part.heading for part in parts)
    context: dict[str, Any] = {"parts": parts, "base_url": settings.BASE_URL, "made_at": _moment(circle, now)}
    reader = circle.reader
    if reader is None:
        return _kept(circle.recipient, f"Postroom: {what}", "portal/events/alert", context, now)
    context |= {"reader": reader, "end_url": reader.end_alerts_url}
    return _kept(
        circle.recipient, f"{reader.company_name}: {what}", "portal/events/members", context, now,
        company_id=reader.company_id, unsubscribe_url=reader.end_alerts_url,
    )  # fmt: skip


def _kept(
    recipient: str, subject: str, template: str, context: dict[str, Any], now: datetime, **more: Any
) -> Alert:  # fmt: skip
    return Alert.objects.create(
        recipient=recipient,
        subject=" ".join(subject.split())[:LONGEST_SUBJECT],
        text=render_to_string(f"{template}.txt", context),
        html=render_to_string(f"{template}.html", context),
        made_at=now,
        next_try_at=now,
        **more,
    )
