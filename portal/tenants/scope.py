"""Which companies a person may see: the one place that customer-facing queries start from."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet

from portal.tenants.models import Company


def companies_of(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Company]:
    """The companies of every tenant that this user is a member of; none for a visitor."""
    if not user.is_authenticated:
        return Company.objects.none()
    return Company.objects.filter(tenant__members__user_id=user.pk)
