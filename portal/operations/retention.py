"""Forget what has had its time: raw bodies, exchanges, refused calls, mails. Never transactions, postings or numbers.

Each pass goes on where the last one ended, in small transactions, for a minute at most; one that is cut off loses
nothing. The long logs are walked by their ids, once: a mark keeps how far.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.amending.models import AmendmentDuty, DutyState
from portal.api.idempotency import KEPT_DAYS as ANSWER_DAYS
from portal.api.models import IdempotentAnswer
from portal.connections.models import Visit
from portal.events.models import Alert, Matter
from portal.events.services import tell
from portal.events.webhooks.forgetting import prune as prune_webhooks
from portal.intake.capturing import KEPT_DAYS
from portal.intake.models import Capture, Delivery, RefusedCalls, VendorMessage
from portal.operations.models import Mark
from portal.postings.maintenance import maintenance
from portal.postings.models import Attempt
from portal.reference.sync.forgetting import prune as prune_syncs

PASS_SECONDS: Final = 60.0
BATCH: Final = 200
WHO: Final = "retention"
# Longer than any vendor repeats a message.
VENDOR_MESSAGE_DAYS: Final = 30
VISIT_DAYS: Final = 90
AMENDMENT_DAYS: Final = 90


@dataclass(slots=True)
class Pass:
    """One pass at `now` (aware UTC). `clock` is monotonic, in seconds."""

    now: datetime
    clock: Callable[[], float] = time.monotonic
    began: float = field(default_factory=time.monotonic)
    done: dict[str, int] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether the next batch is left to the next pass."""
        return self.clock() - self.began > PASS_SECONDS

    def before(self, days: int) -> datetime | None:
        """What is older than this has had its time; None where it is kept for ever."""
        return self.now - timedelta(days=days) if days > 0 else None

    def count(self, what: str, rows: int) -> None:
        """So many more of this."""
        if rows:
            self.done[what] = self.done.get(what, 0) + rows


def forget(now: datetime | None = None) -> dict[str, int]:
    """One pass. Returns how many rows of what were emptied or deleted; an audit event keeps it, if there were any."""
    this = Pass(now or timezone.now())
    before = this.before(settings.RETENTION_BODY_DAYS)
    _walk(this, "bodies emptied", Delivery.objects.annotate(moment=F("received_at")), before, {"body": b""})
    attempts = Attempt.objects.annotate(moment=Coalesce("ended_at", "started_at"))
    _walk(this, "exchanges emptied", attempts, before, {"exchanges": []})
    _delete(this, "refused calls deleted", RefusedCalls.objects.all(), "hour", settings.RETENTION_REFUSED_DAYS)
    _delete(this, "mails deleted", Alert.objects.all(), "made_at", settings.RETENTION_ALERT_DAYS)
    replaced = AmendmentDuty.objects.filter(state=DutyState.SUPERSEDED)
    _delete(this, "superseded amendments deleted", replaced, "ended_at", AMENDMENT_DAYS)
    told = Matter.objects.filter(alerts__isnull=True)
    _delete(this, "matters deleted", told, "settled_at", settings.RETENTION_ALERT_DAYS)
    _delete(this, "captures deleted", Capture.objects.all(), "armed_at", KEPT_DAYS)
    _delete(this, "vendors' messages deleted", VendorMessage.objects.all(), "received_at", VENDOR_MESSAGE_DAYS)
    _delete(this, "idempotent answers deleted", IdempotentAnswer.objects.all(), "made_at", ANSWER_DAYS)
    _delete(this, "visits deleted", Visit.objects.all(), "began_at", VISIT_DAYS)
    for what, rows in {**prune_syncs(this.now), **prune_webhooks(this.now)}.items():
        this.count(what, rows)
    if this.done:
        tell("retention.forgot", f"Forgotten: {_said(this.done)}.", who=WHO, forgotten=this.done)
    return this.done


def _walk(this: Pass, what: str, rows: QuerySet[Any], before: datetime | None, empty: dict[str, Any]) -> None:
    """Empty columns of a log, from its mark up to the first row that is young enough. Its ids are in order of time."""
    while before is not None and not this.is_over:
        mark, _ = Mark.objects.get_or_create(name=what)
        seen = list(rows.filter(pk__gt=mark.up_to).order_by("pk").values_list("pk", "moment")[:BATCH])
        young = next((place for place, (_, moment) in enumerate(seen) if moment >= before), len(seen))
        ids = [pk for pk, _ in seen[:young]]
        if not ids:
            return
        with maintenance():
            rows.model.objects.filter(pk__in=ids).update(**empty)
            Mark.objects.filter(pk=mark.pk).update(up_to=ids[-1])
        this.count(what, len(ids))


def _delete(this: Pass, what: str, rows: QuerySet[Any], column: str, days: int) -> None:
    before = this.before(days)
    while before is not None and not this.is_over:
        ids = list(rows.filter(**{f"{column}__lt": before}).order_by(column).values_list("pk", flat=True)[:BATCH])
        if not ids:
            return
        rows.model.objects.filter(pk__in=ids).delete()
        this.count(what, len(ids))


def _said(done: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in done.items())
