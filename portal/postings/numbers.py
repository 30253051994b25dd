"""The portal's own journal numbers: no gap, no repeat, per company."""

from __future__ import annotations

import uuid

from django.db.models import F

from portal.postings.models import NumberSeries

PREFIX = "P-"
DIGITS = 6


def next_number(company_id: uuid.UUID) -> str:
    """Take the company's next number, such as `P-000001`. Call it inside `atomic`: a rollback gives it back.

    The row stays locked until the transaction ends, so that numbers are handed out one after another.
    """
    series = NumberSeries.objects.filter(pk=company_id)
    if not series.update(last=F("last") + 1):
        NumberSeries.objects.get_or_create(pk=company_id)
        series.update(last=F("last") + 1)
    return f"{PREFIX}{series.values_list('last', flat=True).get():0{DIGITS}d}"
