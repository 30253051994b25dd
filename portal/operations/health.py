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
from portal.timetable.history import late_jobs

OK = "ok"
ALIVE_WITHIN = timedelta(seconds=30)
SWEPT_WITHIN = timedelta(seconds=60)
RANG_WITHIN = timedelta(minutes=5)
# Every worker keeps the timetable by itself: without beat it looks some seconds later, and nothing is lost.
NOT_NEEDED = frozenset({"beat"})


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
        "beat": _asked(lambda: _beat(now)),
    }
    well = all(answer == OK for name, answer in parts.items() if name not in NOT_NEEDED)
    return Health("ready" if well else "degraded", parts)


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
    """Whether a job of the timetable is more than two periods late."""
    late = [entry.job.name for entry in late_jobs(now)]
    return f"late: {', '.join(late)}" if late else OK


def _beat(now: datetime) -> str:
    """A portal that has just been installed has heard no tick yet."""
    if not Sign.objects.filter(part=Part.WORKER, started_at__lt=now - RANG_WITHIN).exists():
        return OK
    return _recent(Part.SCHEDULE, "seen_at", now - RANG_WITHIN)
