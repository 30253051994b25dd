"""Up to which moment the logs are complete: nothing older can still appear in them.

Rows get their ids when they are written and are seen when their transaction ends, so a log that is read by its ids
could pass one by. It cannot once no transaction is left that was writing then. What leaves two minutes: whoever waits
for a lock gives up after five seconds, a web request's statement is ended after fifteen, a connection that hangs in the
middle of a transaction after sixty; and the clocks of two hosts may differ a little. A worker's statement has no such
limit, hence PostgreSQL is asked for the oldest transaction that has written. SQLite has one writer at a time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import connection

SETTLED_AFTER: Final = timedelta(minutes=2)
OLDEST_WRITER: Final = """
SELECT min(xact_start) FROM pg_stat_activity
WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
"""


def settled_before(now: datetime) -> datetime:
    """What happened before this moment has been committed or never will be. `now` is an aware UTC time.

    Ask it before the log is read, outside a transaction.
    """
    return min(now, _oldest_writer() or now) - SETTLED_AFTER


def _oldest_writer() -> datetime | None:
    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_WRITER)
        oldest: datetime | None = cursor.fetchone()[0]
    return oldest
