"""Send the mails that were composed. A mail server that is away costs a try and nothing else."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Final

from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import F
from django.utils import timezone

from portal.events.composing import compose
from portal.events.models import Alert
from portal.events.noticing import notice
from portal.events.recipients import recipients

logger = logging.getLogger(__name__)

PASS_SECONDS: Final = 120.0
MOST_AT_ONCE: Final = 100
LONGEST_PAUSE: Final = timedelta(hours=1)


class NotAsked(Exception):
    """Whether something waits could not be asked for some kinds; what was noticed is told all the same."""


def alert(now: datetime | None = None) -> int:
    """The whole round at `now` (aware UTC): notice, compose, send. Returns how many mails were sent.

    Raises `NotAsked` at its end, when everything else was done.
    """
    now = now or timezone.now()
    failed = notice(now)
    for recipient in recipients():
        compose(recipient, now)
    sent = send_due(now)
    if failed:
        raise NotAsked(f"It could not be asked what waits: {', '.join(failed)}.")
    return sent


def send_due(now: datetime) -> int:
    """Send what is written and not sent, for two minutes at most, to whoever is to be told still. Returns how many."""
    began, sent, with_server = time.monotonic(), 0, get_connection()
    unsent = Alert.objects.filter(sent_at__isnull=True, next_try_at__lte=now, recipient__in=recipients())
    for row in unsent.order_by("id")[:MOST_AT_ONCE]:
        if time.monotonic() - began > PASS_SECONDS:
            break
        sent += _send(row, with_server, now)
    return sent


def message_of(row: Alert) -> EmailMultiAlternatives:
    """The mail: plain text, with the same as simple HTML beside it."""
    message = EmailMultiAlternatives(
        row.subject, row.text, to=[row.recipient], headers={"Auto-Submitted": "auto-generated"}
    )
    message.attach_alternative(row.html, "text/html")
    return message


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
