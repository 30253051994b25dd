"""The way to another company: for owners and operators of a tenant."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import reverse

from portal.desk.access import ACTING
from portal.tenants.models import Member


def new_company_urls(user: AbstractBaseUser | AnonymousUser) -> list[tuple[str, str]]:
    """By tenant: its name, and where a company is added to it; none where this person may not."""
    rows = Member.objects.filter(user__pk=user.pk or 0, role__in=sorted(ACTING)).select_related("tenant")
    found = rows.order_by("tenant__name", "pk")
    return [(member.tenant.name, reverse("desk:company-new", args=[member.tenant_id])) for member in found]
