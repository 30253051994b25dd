"""A webhook that the portal switched off waits for its owners: they switch it on again, or delete it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse

from portal.events.models import Matter
from portal.events.waits import Found, ToMembers, Wait, register
from portal.events.webhooks.addresses import shown
from portal.events.webhooks.models import Consumer, Dispatch

DISABLED: Final = "webhook.disabled"


def register_waits() -> None:
    """Let it be watched. It is the customer's own affair: staff see it, and get no mail."""
    register(
        Wait(
            kind=DISABLED,
            one="webhook that was switched off",
            many="webhooks that were switched off",
            advice="Nothing arrived at the customer's address for five days, or it asked for no more.",
            list_path=lambda: f"{reverse('admin:events_consumer_changelist')}?state=off",
            begins=_begins,
            still=_still,
            to_staff=False,
            members=ToMembers(
                one="webhook was switched off",
                many="webhooks were switched off",
                advice="Nothing arrived any more. Look at its latest messages, mend the other side, and switch it on.",
                list_path=_page_of,
                owners_only=True,
                once=True,
            ),
        )
    )


def _off() -> QuerySet[Consumer]:
    """By the portal: a person who switches one off knows of it, and gives no reason."""
    return Consumer.objects.filter(disabled_at__isnull=False, deleted_at__isnull=True).exclude(disabled_why="")


def _begins(_: datetime, known: frozenset[str]) -> Iterator[Found]:
    """Owners hear of what is one of their companies' matter; where a webhook is for all, it is its last message's."""
    latest = Dispatch.objects.filter(consumer=OuterRef("pk"), announcement__company_id__isnull=False).order_by("-pk")
    of_company = Coalesce(F("company_id"), Subquery(latest.values("announcement__company_id")[:1]))
    rows = _off().exclude(pk__in=_ids(known)).annotate(matter_of=of_company).defer("secrets").order_by("disabled_at")
    for one in rows:
        yield Found(
            subject_id=str(one.pk),
            title=f"{shown(one.url)}: {one.disabled_why}",
            path=reverse("admin:events_consumer_change", args=[one.pk]),
            since=one.disabled_at or one.created_at,
            tenant_id=one.tenant_id,
            company_id=one.matter_of,
            desk_path=reverse("desk:webhook", args=[one.tenant_id, one.pk]),
            desk_title=f"Webhook to {shown(one.url)}",
        )


def _still(_: datetime, known: frozenset[str]) -> Iterable[str]:
    return (str(pk) for pk in _off().filter(pk__in=_ids(known)).values_list("pk", flat=True))


def _ids(known: frozenset[str]) -> list[uuid.UUID]:
    return [uuid.UUID(subject_id) for subject_id in known]


def _page_of(company_id: uuid.UUID) -> str:
    """The list of the organisation that a company belongs to, as its open matter knows it."""
    rows = Matter.objects.filter(kind=DISABLED, company_id=company_id, settled_at__isnull=True)
    return reverse("desk:webhooks", args=[rows.values_list("tenant_id", flat=True)[0]])
