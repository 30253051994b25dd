"""What was raised, and what came back: the same transaction of the source, linked whichever was known first.

The source may deliver before its answer to our own request has been read, and a delivery must not wait for anything: so
nobody links when it comes. The job does within a minute, and whoever reads.
"""

from __future__ import annotations

from typing import Final

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Lower
from django.utils import timezone

from integrations.documents import Stage
from portal.postings.models import Transaction
from portal.postings.states import State
from portal.raising.models import Raised

AT_ONCE: Final = 500


def link(rows: QuerySet[Raised]) -> int:
    """Link those of `rows` that came back already, at most 500. Returns how many were."""
    back = Transaction.objects.filter(
        raised_as__isnull=True,
        company_id=OuterRef("company_id"),
        source=OuterRef("posting__connection__integration"),
        kind=OuterRef("posting__kind"),
        external_id=Lower(OuterRef("posting__external_id")),
    )
    settled = rows.filter(came_back__isnull=True, posting__state=State.POSTED)
    found = settled.annotate(back=Subquery(back.values("pk")[:1])).filter(back__isnull=False)
    now, linked = timezone.now(), 0
    for pk, transaction_id in list(found.values_list("pk", "back")[:AT_ONCE]):
        number = Transaction.objects.values_list("source_number", flat=True).get(pk=transaction_id)
        linked += Raised.objects.filter(pk=pk, came_back__isnull=True).update(
            came_back_id=transaction_id,
            came_back_at=now,
            number_there=number,
            stage_there=Stage.APPROVED.value,
            stage_seen_at=now,
            problem="",
            next_look_at=None,
            ended_at=now,
        )
    return linked
