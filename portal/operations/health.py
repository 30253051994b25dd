"""Is the portal well? Asked by load balancers, and by people at night."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from portal.operations.models import Part, Sign

OK = "ok"
ALIVE_WITHIN = timedelta(seconds=30)
SWEPT_WITHIN = timedelta(seconds=60)
SCHEDULED_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Health:
    """`status` is `ready`, `degraded` (deliveries are kept and answered, postings may wait) or `unavailable`."""

    status: str
    parts: dict[str, str]

    @property
    def takes_deliveries(self) -> bool:
        """Whether a load balancer should send requests here: all that is needed is the database."""
        return self.status != "unavailable"


def health(now: datetime | None = None) -> Health:
    """Ask every part. `now` is an aware UTC time."""
    now = now or timezone.now()
    database = _asked(_database)
    if database != OK:
        return Health("unavailable", {"database": database})
    parts = {
        "database": database,
        "broker": _asked(_broker),
        "worker": _asked(lambda: _recent(Part.WORKER, "seen_at", now - ALIVE_WITHIN)),
        "sweep": _asked(lambda: _recent(Part.WORKER, "swept_at", now - SWEPT_WITHIN)),
        "schedule": _asked(lambda: _schedule(now)),
    }
    return Health("ready" if all(answer == OK for answer in parts.values()) else "degraded", parts)


def _asked(question: Callable[[], str]) -> str:
    try:
        return question()
    except (DatabaseError, redis.RedisError) as error:
        return f"failed ({type(error).__name__})"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return OK


def _broker() -> str:
    """The in-memory broker lives with its worker and needs no question of its own."""
    if settings.REDIS_URL:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    return OK


def _recent(part: Part, column: str, since: datetime) -> str:
    last = Sign.objects.filter(part=part).aggregate(last=Max(column))["last"]
    if last is None:
        return "none seen"
    return OK if last >= since else f"silent since {last:%Y-%m-%dT%H:%M:%SZ}"


def _schedule(now: datetime) -> str:
    """A portal that has just been installed has not ticked yet."""
    if not Sign.objects.filter(part=Part.WORKER, started_at__lt=now - SCHEDULED_WITHIN).exists():
        return OK
    return _recent(Part.SCHEDULE, "seen_at", now - SCHEDULED_WITHIN)
