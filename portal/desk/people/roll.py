"""Who belongs to a tenant, and who is invited, as a page shows it. Each in one query, however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import Http404
from django.utils import timezone

from portal.desk.access import House
from portal.tenants.models import Invitation, Member, Role
from portal.tenants.second_factor import with_second_factor

MOST_SHOWN: Final = 500
RANK: Final = Case(*(When(role=role, then=Value(rank)) for rank, role in enumerate(Role)), output_field=IntegerField())


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that was neither accepted nor revoked."""

    row: Invitation
    has_run_out: bool


def members(house: House) -> list[Member]:
    """Owners first, then by name, each with `has_second_factor`."""
    rows = _members(house).annotate(rank=RANK).order_by("rank", "user__username", "pk")
    return list(rows[:MOST_SHOWN])


def member_of(house: House, member_id: int) -> Member:
    """One of them. Raises `Http404` for anybody else's."""
    found: Member | None = _members(house).filter(pk=member_id).first()
    if found is None:
        raise Http404("There is no such person here.")
    return found


def open_invitations(house: House) -> Sequence[Invited]:
    """The newest first."""
    rows = _invitations(house).select_related("invited_by").order_by("-created_at", "pk")
    now = timezone.now()
    return [Invited(row, row.expires_at <= now) for row in rows[:MOST_SHOWN]]


def invitation_of(house: House, invitation_id: UUID) -> Invitation:
    """One of them. Raises `Http404` for anybody else's; one that is not open any more is the service's to refuse."""
    found = Invitation.objects.select_related("tenant").filter(tenant=house.tenant, pk=invitation_id).first()
    if found is None:
        raise Http404("There is no such invitation here.")
    return found


def _members(house: House) -> QuerySet[Any]:
    rows = Member.objects.filter(tenant=house.tenant).select_related("user", "tenant")
    return rows.annotate(has_second_factor=with_second_factor())


def _invitations(house: House) -> QuerySet[Invitation]:
    return Invitation.objects.filter(tenant=house.tenant, accepted_at=None, revoked_at=None)
