"""Somebody does not want to wait: every feed of a connection is due at once."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from portal.connections.models import Connection
from portal.events.services import tell
from portal.intake.feeds.asking import readable
from portal.intake.feeds.models import FeedReader
from portal.intake.feeds.setting_up import ensure

ASKED: Final = "All feeds of {company} at {integration} are read now."


def may_be_read(connection: Connection, now: datetime) -> bool:
    """Whether the connection is read at all at `now` (aware UTC): linked, in use, of a company that is live."""
    return Connection.objects.filter(readable(now), pk=connection.pk).exists()


def read_now(connection: Connection, now: datetime, *, who: str) -> list[int]:
    """Make every reader of the connection due at `now` (aware UTC), those of what is still open, too, and give their
    ids, to be rung for; none where it is not read at all. What is being read goes on and is not read twice."""
    if not may_be_read(connection, now):
        return []
    ensure(connection, now)
    FeedReader.objects.filter(connection=connection, next_at__gt=now).update(next_at=now)
    company = connection.company
    tell(
        "feeds.read_now", ASKED.format(company=company, integration=connection.integration), who=who,
        subject=connection, tenant_id=company.tenant_id, company_id=company.pk,
    )  # fmt: skip
    return list(FeedReader.objects.filter(connection=connection).order_by("pk").values_list("pk", flat=True))
