"""What staff may do: have the files of a posting handed over that had its turn before, and have it done again."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.transaction import atomic
from django.utils import timezone

from portal.connections.models import Status
from portal.events.services import tell
from portal.postings.attachments.files import ask_again
from portal.postings.attachments.models import Handover, HandoverState
from portal.postings.attachments.sides import UNLINKED, why_none
from portal.postings.models import Posting
from portal.postings.repair import CannotRepair

UNDER_WAY = "{number}: a worker has its files now. Look again in a minute."
ASKED_BEFORE = "{number}: its files are handed over by themselves. Look at the handover."


def why_not_again(handover: Handover) -> str:
    """Why this handover cannot be done again, in one sentence; empty when it can."""
    if handover.connection.status == Status.UNLINKED:
        return UNLINKED.format(connection=handover.connection)
    if handover.lease_token is not None:
        return UNDER_WAY.format(number=handover.posting.transaction.number)
    return ""


def again(handover: Handover, *, user: User, why: str) -> None:
    """Due now, with a whole schedule before it; what is over there stays as it is. Ring afterwards.

    Raises `CannotRepair`.
    """
    if reason := why_not_again(handover):
        raise CannotRepair(reason)
    with atomic():
        if not ask_again(handover, timezone.now(), message=why, asked_by=user):
            raise CannotRepair(UNDER_WAY.format(number=handover.posting.transaction.number))
        _tell(handover, "handover.retried", user, why)


def ask_for(posting: Posting, *, user: User, why: str) -> Handover:
    """Hand the files of a posting over that nobody noticed, because it was posted before. Ring afterwards.

    Raises `CannotRepair`.
    """
    if reason := why_none(posting):
        raise CannotRepair(reason)
    now = timezone.now()
    with atomic():
        handover, is_new = Handover.objects.get_or_create(
            posting=posting,
            defaults={
                "connection": posting.connection, "state": HandoverState.WAITING, "next_at": now, "created_at": now,
                "message": why, "asked_by": user,
            },
        )  # fmt: skip
        if not is_new:
            raise CannotRepair(ASKED_BEFORE.format(number=posting.transaction.number))
        _tell(handover, "handover.asked", user, why)
    return handover


def _tell(handover: Handover, verb: str, user: User, why: str) -> None:
    company, number = handover.connection.company, handover.posting.transaction.number
    tell(
        verb, f"Attachments of {number} asked for: {why}", who=user.get_username(), subject=handover,
        tenant_id=company.tenant_id, company_id=company.pk,
    )  # fmt: skip
