"""What each member hears of a company by mail. It is their own affair: nobody chooses for somebody else."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from django.db.models import TextChoices
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.events.services import tell
from portal.tenants.models import Company, Digest, MailChoice, Member, Role

HEAR_UNASKED: Final = frozenset({Role.OWNER, Role.OPERATOR})


class Sort(TextChoices):
    """The two sorts of mails that a member gets of a company."""

    ALERTS = "alerts", _("Mails about what waits")
    DIGEST = "digest", _("Mails with the figures")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a member wants to hear of a company."""

    alerts: bool
    digest: Digest

    @property
    def words(self) -> str:
        """Such as `alerts, daily figures`."""
        figures = "" if self.digest == Digest.NEVER else f"{self.digest.label.lower()} figures"
        return ", ".join(filter(None, ("alerts" if self.alerts else "", figures))) or "nothing"


def wish_of(member: Member, choice: MailChoice | None) -> Wish:
    """What they chose; who never chose hears of what waits if they may act, and gets no figures."""
    if choice is None:
        return Wish(member.role in HEAR_UNASKED, Digest.NEVER)
    return Wish(choice.alerts, Digest(choice.digest))


def choose(member: Member, company: Company, wish: Wish, *, who: str) -> bool:
    """Keep what a member wants to hear of a company of their tenant; False where they want it already.

    The first figures come at the next time after this.
    """
    with atomic():
        held = MailChoice.objects.select_for_update().filter(member=member, company=company).first()
        before = wish_of(member, held)
        if held is not None and before == wish:
            return False
        row = held or MailChoice(member=member, company=company)
        row.alerts, row.digest = wish.alerts, wish.digest
        if before.digest != wish.digest:
            row.digest_sent_at = timezone.now()
        row.save()
        if before == wish:
            return False
        message = f"{member.user} hears of {company} by mail: {wish.words}."
        tell(
            "mails.chosen", message, who=who, subject=row, tenant_id=company.tenant_id, company_id=company.pk
        )  # fmt: skip
    return True


def end(member_id: int, company_id: uuid.UUID, sort: Sort) -> bool:
    """End one sort of mails for a member and a company; the other stays. False where there is nothing to end."""
    member = Member.objects.select_related("user").filter(pk=member_id, tenant__companies__pk=company_id).first()
    if member is None:
        return False
    company = Company.objects.get(pk=company_id)
    wish = wish_of(member, MailChoice.objects.filter(member=member, company=company).first())
    ended = Wish(False, wish.digest) if sort is Sort.ALERTS else Wish(wish.alerts, Digest.NEVER)
    return choose(member, company, ended, who=member.user.get_username())
