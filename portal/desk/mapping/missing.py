"""The codes that lack their like, in what came in after go-live and before it."""

from __future__ import annotations

from django.utils import timezone

from portal.connections.models import Connection
from portal.intake.before_live.coded import documents_before_live
from portal.postings.gaps import GapReport, gaps_of
from portal.tenants import living


def gaps_with_what_came_before(connection: Connection) -> GapReport:
    """In a number of queries that grows with nothing. Once something was taken in after going live, what came before
    counts no more: it was sent again then, or never will be. Raises `Misconfigured` for rules that cannot be read."""
    company = connection.company
    is_live = living.is_live(company, timezone.now())
    return gaps_of(connection, before=documents_before_live(company), before_alone=is_live)
