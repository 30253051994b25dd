"""The audit trail of a company, and of a whole organisation, as owners read it: who did what, in which part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import QuerySet

from portal.events.models import AuditEvent
from portal.tenants.models import Company, Member, Tenant

OUR_STAFF: Final = "Our support"
OURSELVES: Final = "Postroom"
# The parts by which the trail can be narrowed: the verbs' own areas, in the order of a company's life.
AREAS: Final[dict[str, str]] = {
    "company": "Company",
    "connection": "Links",
    "endpoint": "Addresses and tokens",
    "mapping": "Mapping",
    "sync": "Reference data",
    "posting": "Transactions",
    "transactions": "Raised here",
    "difference": "Reconciliation",
    "mails": "E-mails",
    "export": "Exports",
}
# What acts by itself signs with a word like these and is no person.
BY_ITSELF: Final = frozenset(
    {"attachments", "following", "intake", "reconciliation", "retention", "survey", "sync", "webhooks", "worker"}
)


@dataclass(frozen=True, slots=True)
class Names:
    """Who may be named to a tenant: its people by their names, ours as our support, what acts by itself as Postroom."""

    ours: frozenset[str]

    @classmethod
    def of(cls, tenant_id: UUID) -> Self:
        """In one query: our staff, but for who is a member too."""
        members = Member.objects.filter(tenant_id=tenant_id).values("user_id")
        staff = User.objects.filter(is_staff=True).exclude(pk__in=members)
        return cls(frozenset(staff.values_list("username", flat=True)))

    def shown(self, who: str) -> str:
        """One of them as the page shows it."""
        if who in self.ours:
            return OUR_STAFF
        return OURSELVES if who in BY_ITSELF else who


def trail_of(company: Company, area: str = "") -> QuerySet[AuditEvent]:
    """The events of a company, of one part or of all; by the indexes that begin with the company."""
    rows = AuditEvent.objects.filter(company_id=company.pk).defer("details")
    return rows.filter(area=area) if area else rows


def trail_of_tenant(tenant: Tenant) -> QuerySet[AuditEvent]:
    """The events of an organisation: its own, and those of all its companies."""
    return AuditEvent.objects.filter(tenant_id=tenant.pk).defer("details")


def of_no_company(rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """Those among them that belong to the organisation itself: its people, tokens, webhooks."""
    return rows.filter(company_id__isnull=True)
