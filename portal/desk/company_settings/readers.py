"""Who of the members hears of which company by mail, and the signed links by which they end it without a log-in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from portal.events.recipients import Reader, register_readers
from portal.notation import zone_of
from portal.tenants.mail_choices import Sort, wish_of
from portal.tenants.models import Company, Digest, MailChoice, Member, Role

SALT: Final = "portal.desk.company_settings.readers"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a link ends: one sort of mails of one company for one member, and nothing else."""

    member_id: int
    company_id: UUID
    sort: Sort

    @property
    def text(self) -> str:
        """It signed, for an address. It does not run out: a mail may be read years later."""
        return signing.dumps([self.member_id, str(self.company_id), self.sort.value], salt=SALT)

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{settings.BASE_URL}{reverse('desk:mails-end', args=[self.text])}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """None for what we did not sign."""
        try:
            member_id, company_id, sort = signing.loads(text, salt=SALT)
        except signing.BadSignature:
            return None
        return cls(member_id, UUID(company_id), Sort(sort))


def register() -> None:
    """Let `portal.events` ask for members."""
    register_readers(readers)


def readers(company_ids: Collection[UUID]) -> Iterator[Reader]:
    """Everybody who hears of one of these companies now: nobody of a closed one. In three queries."""
    companies = open_companies().filter(pk__in=list(company_ids)).select_related("tenant")
    by_tenant: dict[UUID, list[Company]] = {}
    for company in companies:
        by_tenant.setdefault(company.tenant_id, []).append(company)
    chosen = _chosen(company_ids)
    for member in reachable().filter(tenant__in=list(by_tenant)).order_by("pk"):
        for company in by_tenant[member.tenant_id]:
            reader = reader_of(member, company, chosen.get((member.pk, company.pk)))
            if reader.alerts or reader.digest:
                yield reader


def reader_of(member: Member, company: Company, choice: MailChoice | None) -> Reader:
    """One member as a reader of one company, whose tenant is at hand."""
    wish = wish_of(member, choice)
    return Reader(
        address=member.user.email.strip().lower(),
        company_id=company.pk,
        company_name=company.name,
        zone=zone_of(company.tenant.time_zone).key,
        is_owner=member.role == Role.OWNER,
        alerts=wish.alerts,
        digest=wish.digest != Digest.NEVER,
        end_alerts_url=Ticket(member.pk, company.pk, Sort.ALERTS).url,
        end_digest_url=Ticket(member.pk, company.pk, Sort.DIGEST).url,
    )


def reachable() -> QuerySet[Member]:
    """Members who can log in and have an address that is theirs: they proved it, or staff entered it."""
    unproved = EmailAddress.objects.filter(user=OuterRef("user"), email__iexact=OuterRef("user__email"), verified=False)
    active = Member.objects.filter(user__is_active=True).exclude(user__email="")
    return active.filter(~Exists(unproved)).select_related("user")


def open_companies() -> QuerySet[Company]:
    """Companies that are not closed."""
    return Company.objects.filter(Q(closed_at__isnull=True) | Q(closed_at__gt=timezone.now()))


def _chosen(company_ids: Collection[UUID]) -> dict[tuple[Any, Any], MailChoice]:
    rows = MailChoice.objects.filter(company__in=list(company_ids))
    return {(row.member_id, row.company_id): row for row in rows}
