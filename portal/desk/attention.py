"""What needs a person, for the front page of the staff site: bounded counts, each answered by an index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet, Sum
from django.utils import timezone

from portal.amending.due import needing_a_person
from portal.connections.models import Connection, Status
from portal.events.models import AuditEvent
from portal.intake.models import Delivery, RefusedCalls, Verdict
from portal.postings.badges import badge_html
from portal.postings.models import Posting
from portal.postings.reconciliation.due import open_differences
from portal.postings.states import State
from portal.reference.sync.models import SourceList, SyncRun, SyncState
from portal.staff.base import changelist_url, row_url
from portal.staff.formats import age
from portal.staff.paging import at_most
from portal.tones import CLOSED, PERSON, WAITING, tone

MOST_COUNTED: Final = 50
LATE_AFTER: Final = timedelta(minutes=15)
SENT_BY_US: Final = (State.READY, State.UNKNOWN, State.AWAITING)
EVENTS_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One line of the front page. `count` is bounded (`50+`), `oldest` is an age or empty."""

    badge: str
    count: str
    what: str
    url: str
    oldest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One audit event of the front page."""

    url: str
    message: str
    who: str
    ago: str


def attention(user: Any) -> list[Matter]:
    """What this user may see and somebody should look at; nothing that is in order."""
    now = timezone.now()
    found: list[Matter | None] = []
    if user.has_perm("postings.view_posting"):
        found += [_in_state(State.REJECTED, "refused for a reason that somebody can mend", now)]
        found += [_in_state(State.HELD, "held: nobody but a person can decide", now), _late(now)]
    if user.has_perm("postings.view_difference"):
        found += [_differences(now)]
    found += [_amendments(user, now)]
    if user.has_perm("reference.view_syncrun"):
        found += [_syncs_to_confirm(now)]
    if user.has_perm("reference.view_sourcelist"):
        found += [_incomplete_lists(now)]
    if user.has_perm("intake.view_delivery"):
        found += [_judged(Verdict.CONTESTED, "came again with other content after sending", now)]
        found += [_judged(Verdict.FAILED, "failed on our side", now)]
    if user.has_perm("intake.view_refusedcalls"):
        found += [_refused_today(now)]
    if user.has_perm("connections.view_connection"):
        found += [_not_linked(), _broken(now), _paused()]
    return [matter for matter in found if matter is not None]


def latest_events(user: Any) -> list[Told]:
    """The latest of the audit trail, for whoever may read it."""
    if not user.has_perm("events.view_auditevent"):
        return []
    now = timezone.now()
    events = AuditEvent.objects.defer("details").order_by("-id")[:EVENTS_SHOWN]
    return [Told(url=row_url(one), message=one.message, who=one.who, ago=age(one.at, now)) for one in events]


def _in_state(state: State, what: str, now: datetime) -> Matter | None:
    rows = Posting.objects.filter(state=state).order_by("id")
    return _matter(
        badge_html(state), rows, what, changelist_url("postings_posting", f"state={state.value}"), "created_at", now
    )


def _late(now: datetime) -> Matter | None:
    """Due for long, and nobody took it: the workers stand still, or its connection is paused or not Linked."""
    rows = Posting.objects.filter(state__in=SENT_BY_US, next_attempt_at__lt=now - LATE_AFTER).order_by(
        "next_attempt_at"
    )
    url = changelist_url("postings_posting", "state=under-way&age=hour")
    return _matter(tone(WAITING, "Late"), rows, "due for more than 15 minutes", url, "next_attempt_at", now)


def _differences(now: datetime) -> Matter | None:
    rows, url = open_differences().order_by("id"), changelist_url("postings_difference", "state__exact=open")
    badge = tone(PERSON, "Differences")
    return _matter(badge, rows, "between the books and what we say", url, "first_seen_at", now)


def _amendments(user: Any, now: datetime) -> Matter | None:
    if not user.has_perm("amending.view_amendmentduty"):
        return None
    rows, url = needing_a_person().order_by("id"), changelist_url("amending_amendmentduty", "waits=person")
    what = "order numbers and due dates to be changed by hand, or decided"
    return _matter(tone(PERSON, "By hand"), rows, what, url, "noticed_at", now)


def _syncs_to_confirm(now: datetime) -> Matter | None:
    rows = SyncRun.objects.filter(state=SyncState.VALIDATION_QUEUED).order_by("id")
    url = changelist_url("reference_syncrun", f"state__exact={SyncState.VALIDATION_QUEUED.value}")
    return _matter(tone(PERSON, "Syncs"), rows, "would remove much: somebody has to confirm", url, "asked_at", now)


def _incomplete_lists(now: datetime) -> Matter | None:
    """Broken off, and not mended by a try of its own."""
    rows = SourceList.objects.filter(is_incomplete=True, broke_off_at__isnull=False).order_by("broke_off_at")
    url = changelist_url("reference_sourcelist", "is_incomplete__exact=1")
    return _matter(tone(WAITING, "Lists"), rows, "at a source that are incomplete", url, "broke_off_at", now)


def _judged(verdict: Verdict, what: str, now: datetime) -> Matter | None:
    rows = Delivery.objects.filter(verdict=verdict, received_at__gt=now - timedelta(days=1)).order_by("id")
    url = changelist_url("intake_delivery", f"verdict__exact={verdict.value}")
    return _matter(tone(PERSON, verdict.value.capitalize()), rows, f"{what}, within a day", url, "received_at", now)


def _matter(badge: str, rows: QuerySet[Any], what: str, url: str, since: str, now: datetime) -> Matter | None:
    counted, said = at_most(rows, MOST_COUNTED)
    if not counted:
        return None
    return Matter(badge=badge, count=said, what=what, url=url, oldest=age(rows.values_list(since, flat=True)[0], now))


def _refused_today(now: datetime) -> Matter | None:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    count = RefusedCalls.objects.filter(hour__gte=midnight).aggregate(all=Sum("count"))["all"]
    if not count:
        return None
    badge, url = tone(PERSON, "Refused calls"), changelist_url("intake_refusedcalls")
    return Matter(badge=badge, count=f"{count:,}", what="without a good token, since midnight UTC", url=url)


def _not_linked() -> Matter | None:
    rows = Connection.objects.exclude(status__in=(Status.LINKED, Status.UNLINKED))
    counted, said = at_most(rows, MOST_COUNTED)
    if not counted:
        return None
    url = changelist_url("connections_connection")
    return Matter(badge=tone(PERSON, "Not linked"), count=said, what="connections whose postings wait", url=url)


def _broken(now: datetime) -> Matter | None:
    counted, said = at_most(Connection.objects.filter(open_until__gt=now), MOST_COUNTED)
    if not counted:
        return None
    what = "connections whose calls fail one after another"
    return Matter(
        badge=tone(WAITING, "Breaker open"), count=said, what=what, url=changelist_url("connections_connection")
    )


def _paused() -> Matter | None:
    counted, said = at_most(Connection.objects.filter(paused=True), MOST_COUNTED)
    if not counted:
        return None
    url = changelist_url("connections_connection", "paused__exact=1")
    return Matter(badge=tone(CLOSED, "Paused"), count=said, what="connections that staff stopped", url=url)
