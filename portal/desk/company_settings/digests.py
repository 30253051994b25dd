"""The figures of a company by mail: daily, or weekly on Monday, at seven on the clock of its organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.db.transaction import atomic
from django.urls import reverse

from portal.desk.company_settings.readers import open_companies, reachable, reader_of
from portal.events.composing import write_digest
from portal.notation import DASH, day_text, moment_text, zone_of
from portal.postings.figures.reading import Figures, report
from portal.postings.models import Posting
from portal.postings.states import NEEDS_A_PERSON, WAITING_FOR_THEIR_TIME
from portal.staff.paging import at_most
from portal.tenants.models import Company, Digest, MailChoice

LAGGING: Final = "Not everything of this time is counted yet: the figures go up to {at}."
NOTHING_COUNTED: Final = "Nothing of this time is counted yet."
AT: Final = time(7, 0)
DAYS: Final[dict[str, int]] = {Digest.DAILY: 1, Digest.WEEKLY: 7}
# The logs are read in the background: figures that lag are waited for, but not for ever.
WAITS_FOR_FIGURES: Final = timedelta(hours=3)
COUNTED: Final = 1_000
TEMPLATE: Final = "portal/events/digest"
ROWS: Final = (
    ("Received", "received"),
    ("Posted", "posted"),
    ("Refused", "rejected"),
    ("Held for a person", "held"),
    ("Withdrawn", "withdrawn"),
    ("Closed without posting", "voided"),
    ("Came again with other content", "contested"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days of a zone, `first` to `last`, told at `at` (aware)."""

    first: date
    last: date
    at: datetime

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1

    @property
    def words(self) -> str:
        """Such as `19 Nov 2026`, or `9 Nov 2026 – 15 Nov 2026`."""
        return (
            day_text(self.last) if self.first == self.last else f"{day_text(self.first)} {DASH} {day_text(self.last)}"
        )


def send_due_digests(now: datetime) -> int:
    """Write the mails with figures that are due at `now` (aware UTC); the next round of alerts sends them.

    Each is written once for its period, however many workers do this at once. Returns how many were written.
    """
    told: dict[tuple[UUID, str], dict[str, Any] | None] = {}
    return sum(_write(choice, now, told) for choice in _choices())


def period_of(digest: str, now: datetime, zone: ZoneInfo) -> Period:
    """The latest period that was to be told at or before `now`."""
    local = now.astimezone(zone)
    day = local.date() if local.time() >= AT else local.date() - timedelta(days=1)
    if digest == Digest.WEEKLY:
        day -= timedelta(days=day.weekday())
    return Period(
        first=day - timedelta(days=DAYS[digest]),
        last=day - timedelta(days=1),
        at=datetime.combine(day, AT, tzinfo=zone),
    )


def _choices() -> QuerySet[MailChoice]:
    rows = MailChoice.objects.filter(digest__in=DAYS, company__in=open_companies(), member__in=reachable())
    return rows.select_related("company__tenant", "member__user").order_by("company", "pk")


def _write(choice: MailChoice, now: datetime, told: dict[tuple[UUID, str], dict[str, Any] | None]) -> bool:
    zone = zone_of(choice.company.tenant.time_zone)
    period = period_of(choice.digest, now, zone)
    if choice.digest_sent_at is None:  # whoever begins now is told at the next time
        return _take(choice, now) and False
    if choice.digest_sent_at >= period.at:
        return False
    key = (choice.company_id, choice.digest)
    if key not in told:
        told[key] = _told(choice.company, period, now, zone)
    context = told[key]
    return context is not None and _written(choice, period, context, now)


def _written(choice: MailChoice, period: Period, context: dict[str, Any], now: datetime) -> bool:
    with atomic():
        if not _take(choice, now):
            return False
        subject = f"{choice.company.name}: {choice.get_digest_display().lower()} figures, {period.words}"
        reader = reader_of(choice.member, choice.company, choice)
        write_digest(reader, subject=subject, template=TEMPLATE, context=context, now=now)
    return True


def _take(choice: MailChoice, now: datetime) -> bool:
    """Whoever moves this moment writes the mail."""
    same = MailChoice.objects.filter(pk=choice.pk, digest=choice.digest, digest_sent_at=choice.digest_sent_at)
    return bool(same.update(digest_sent_at=now))


def _told(company: Company, period: Period, now: datetime, zone: ZoneInfo) -> dict[str, Any] | None:
    """What the mail says; None while the figures of the period are not complete and may still become so."""
    found = report(company.pk, period.last, days=period.days)
    end = datetime.combine(period.last + timedelta(days=1), time.min, tzinfo=zone)
    is_complete = found.counted_to is not None and found.counted_to >= end
    if not is_complete and now < period.at + WAITS_FOR_FIGURES:
        return None
    return {
        "period": period,
        "rows": _rows(found.all_days),
        "lag": "" if is_complete else _lag(found.counted_to, zone),
        "open": _open(company),
        "made_at": moment_text(now, zone.key),
        "company_url": f"{settings.BASE_URL}{reverse('desk:transactions')}?company={company.pk}",
    }


def _rows(figures: Figures) -> list[tuple[str, str]]:
    return [(label, f"{getattr(figures, name):,}") for label, name in ROWS]


def _lag(at: datetime | None, zone: ZoneInfo) -> str:
    return LAGGING.format(at=moment_text(at, zone.key)) if at else NOTHING_COUNTED


def _open(company: Company) -> list[tuple[str, str]]:
    """What is open now, counted up to a bound."""
    rows = Posting.objects.filter(connection__company=company).order_by()
    counts = {
        "On their way": rows.filter(state__in=WAITING_FOR_THEIR_TIME),
        "Need a person": rows.filter(state__in=NEEDS_A_PERSON),
    }
    return [(label, at_most(found, COUNTED)[1]) for label, found in counts.items()]
