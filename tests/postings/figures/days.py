"""What the tests of the figures look at, and how they move the log's times."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from portal.postings.figures.adding import COUNTS
from portal.postings.figures.counting import count
from portal.postings.figures.models import DayFigures
from portal.postings.maintenance import maintenance
from portal.postings.models import Posting, Transaction, Transition
from portal.tenants.models import Company


def in_a_while() -> datetime:
    """When all that happened until now is old enough to be counted."""
    return timezone.now() + timedelta(minutes=3)


def count_all() -> int:
    """Count everything that happened until now."""
    return count(in_a_while())


def figures(company: Company, day: date | None = None) -> dict[str, int]:
    """What is shown of a company, the noughts left out; of all days together without a day."""
    rows = DayFigures.objects.filter(company=company, counting__is_shown=True, **({"day": day} if day else {}))
    sums = {name: sum(getattr(row, name) for row in rows) for name in COUNTS}
    return {name: count for name, count in sums.items() if count}


def moved(posting: Posting, at: datetime, took: timedelta = timedelta(0)) -> None:
    """Received at `at`, and everything that happened to it happened `took` later."""
    with maintenance():
        Transaction.objects.filter(pk=posting.transaction_id).update(received_at=at)
        changes: Any = Transition.objects.filter(posting=posting)
        changes.filter(before="").update(at=at)
        changes.exclude(before="").update(at=at + took)
