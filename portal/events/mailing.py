"""Send the mails that were composed. A mail server that is away costs a try and nothing else."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Final

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F, QuerySet
from django.utils import timezone

from portal.events.circles import of_staff, waiting_members
from portal.events.composing import compose
from portal.events.models import Alert, AlertKind
from portal.events.noticing import notice
from portal.events.recipients import readers_of, recipients

logger = logging.getLogger(__name__)

PASS_SECONDS: Final = 120.0
MOST_AT_ONCE: Final = 100
LONGEST_PAUSE: Final = timedelta(hours=1)
ENDED: Final = "Its reader does not want such mails any more, or the company is closed."


class NotAsked(Exception):
    """Whether something waits could not be asked for some kinds; what was noticed is told all the same."""


def alert(now: datetime | None = None) -> int:
    """The whole round at `now` (aware UTC): notice, compose, send. Returns how many mails were sent.

    Raises `NotAsked` at its end, when everything else was done.
    """
    now = now or timezone.now()
    failed = notice(now)
    for circle in [*map(of_staff, recipients()), *waiting_members(now)]:
        compose(circle, now)
    sent = send_due(now)
    if failed:
        raise NotAsked(f"It could not be asked what waits: {', '.join(failed)}.")
    return sent


def send_due(now: datetime) -> int:
    """Send what is written and not sent, for two minutes at most, to whoever is to be told still. Returns how many.

    Staff come first, then members with what waits for them, then figures.
    """
    began, sent, with_server = time.monotonic(), 0, get_connection()
    for row in [*_to_staff(now)[:MOST_AT_ONCE], *_wanted(list(_to_members(now)[:MOST_AT_ONCE]))]:
        if time.monotonic() - began > PASS_SECONDS:
            break
        sent += _send(row, with_server, now)
    return sent


def message_of(row: Alert) -> EmailMultiAlternatives:
    """The mail: plain text, with the same as simple HTML beside it; for members with the way to end such mails."""
    headers = {"Auto-Submitted": "auto-generated"}
    if row.unsubscribe_url:
        headers |= {"List-Unsubscribe": f"<{row.unsubscribe_url}>"}
        headers |= {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    message = EmailMultiAlternatives(row.subject, row.text, to=[row.recipient], headers=headers)
    message.attach_alternative(row.html, "text/html")
    return message


def _unsent(now: datetime) -> QuerySet[Alert]:
    return Alert.objects.filter(sent_at__isnull=True, next_try_at__lte=now)


def _to_staff(now: datetime) -> QuerySet[Alert]:
    return _unsent(now).filter(company_id__isnull=True, recipient__in=recipients()).order_by("id")


def _to_members(now: datetime) -> QuerySet[Alert]:
    return _unsent(now).filter(company_id__isnull=False).order_by("-kind", "id")


def _wanted(rows: list[Alert]) -> list[Alert]:
    """What its reader wants still. The rest is put aside for good, so that nothing waits behind it."""
    wants = set[tuple[object, ...]]()
    for reader in readers_of({row.company_id for row in rows if row.company_id}):
        wants |= {(reader.address, reader.company_id, AlertKind.WAITING)} if reader.alerts else set()
        wants |= {(reader.address, reader.company_id, AlertKind.DIGEST)} if reader.digest else set()
    wanted = [row for row in rows if (row.recipient, row.company_id, row.kind) in wants]
    unwanted = {row.pk for row in rows} - {row.pk for row in wanted}
    if unwanted:
        Alert.objects.filter(pk__in=unwanted).update(next_try_at=None, problem=ENDED)
    return wanted


def _send(row: Alert, with_server: BaseEmailBackend, now: datetime) -> bool:
    message = message_of(row)
    message.connection = with_server
    try:
        message.send()
    except Exception as error:  # noqa: BLE001 - mail servers fail in their own ways, and none of them may stop the others
        _failed(row, error, now)
        return False
    Alert.objects.filter(pk=row.pk).update(sent_at=timezone.now(), tries=F("tries") + 1, problem="", next_try_at=None)
    return True


def _failed(row: Alert, error: Exception, now: datetime) -> None:
    pause = min(LONGEST_PAUSE, timedelta(minutes=2 ** min(row.tries, 6)))
    problem = f"{type(error).__name__}: {error}"[:300]
    logger.warning("alerts: a mail could not be sent, try %d: %s", row.tries + 1, type(error).__name__)
    Alert.objects.filter(pk=row.pk).update(tries=F("tries") + 1, problem=problem, next_try_at=now + pause)
