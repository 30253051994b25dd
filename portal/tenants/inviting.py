"""Invitations by mail: sent, sent again, revoked, and accepted once.

Each mail has its row and its own token, of which only the keyed digest is kept. Sending again revokes the row before.
The mail goes out after the rows are committed: one that cannot be sent is said to be so, and can be sent again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.transaction import atomic
from django.utils import timezone

from portal.digests import digest
from portal.events.services import tell
from portal.notation import day_text
from portal.tenants.invitation_mail import send
from portal.tenants.membership import lock
from portal.tenants.models import Invitation, Member, Role, Tenant
from portal.tenants.refusing import Refused

PREFIX: Final = "pri_"
GOOD_FOR: Final = timedelta(days=7)
MOST_A_DAY: Final = 50
SESSION_KEY: Final = "invitation"

HAS_ONE: Final = "{email} has an invitation that is good until {until}. Send it again, or revoke it first."
BELONGS: Final = "{email} belongs to {tenant} already. Change the role on the list of members."
TOO_MANY: Final = "{tenant} has sent {most} invitations within a day. Send more tomorrow."
NOT_OPEN: Final = "This invitation is not open any more. Nothing was done."
NOT_YOURS: Final = "This invitation is for {address}, and you are logged in with another address."


class Stand(StrEnum):
    """What may be done with an invitation."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REPLACED = "replaced"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Sent:
    """An invitation, and whether its mail has left."""

    invitation: Invitation
    has_left: bool


def invite(tenant: Tenant, email: str, role: Role, *, by: User) -> Sent:
    """Invite whoever reads the mails of `email` to join with a role. Raises `Refused`."""
    address = email.strip().lower()
    with atomic():
        held, now = lock(tenant.pk), timezone.now()
        if addressed_to(address).filter(memberships__tenant=held).exists():
            raise Refused(BELONGS.format(email=address, tenant=held), field="email")
        _make_room(held, address, now)
        made, token = _made(held, address, role, by, now)
    return Sent(made, send(made, token))


def send_again(invitation: Invitation, *, by: User) -> Sent:
    """A new token for the same person and role; the one before is good no more. Raises `Refused`."""
    with atomic():
        held, now = lock(invitation.tenant_id), timezone.now()
        row = _still_there(invitation)
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        made, token = _made(held, row.email, Role(row.role), by, now)
    return Sent(made, send(made, token))


def revoke(invitation: Invitation, *, who: str) -> None:
    """From now on its link is good no more. Raises `Refused` when it was accepted or revoked meanwhile."""
    with atomic():
        tenant = lock(invitation.tenant_id)
        row = _still_there(invitation)
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        message = f"The invitation of {row.email} to {tenant} was revoked."
        tell("invitation.revoked", message, who=who, subject=row, tenant_id=tenant.pk)


def accept(invitation: Invitation, user: User) -> Member:
    """Make the user a member; the invitation is used up. One who is a member already stays as they are.

    The link came by mail, so the address counts as proved. Raises `Refused` for an invitation that is not open any
    more, and for somebody with another address.
    """
    with atomic():
        tenant, now = lock(invitation.tenant_id), timezone.now()
        _refuse_another(invitation, user)
        still_open = {"accepted_at": None, "revoked_at": None, "expires_at__gt": now}
        if not Invitation.objects.filter(pk=invitation.pk, **still_open).update(accepted_at=now):
            raise Refused(NOT_OPEN)
        member, joined = Member.objects.get_or_create(tenant=tenant, user=user, defaults={"role": invitation.role})
        _proved(user, invitation.email)
        if joined:
            message = f"{user} joined {tenant} as {member.get_role_display().lower()}."
            tell("member.joined", message, who=user.get_username(), subject=member, tenant_id=tenant.pk)
    return member


def invitation_behind(token: str) -> Invitation | None:
    """The invitation that a link's token belongs to."""
    return with_digest(digest(token))


def with_digest(value: str) -> Invitation | None:
    """The same for what is kept of a token in a session."""
    rows = Invitation.objects.select_related("tenant", "invited_by")
    return rows.filter(digest=value).first() if value else None


def stand(invitation: Invitation) -> Stand:
    """Where the invitation stands now."""
    if invitation.accepted_at is not None:
        return Stand.ACCEPTED
    if invitation.revoked_at is not None:
        return Stand.REPLACED if _has_newer(invitation) else Stand.REVOKED
    return Stand.OPEN if invitation.expires_at > timezone.now() else Stand.EXPIRED


def with_newer(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The same rows, each knowing whether a newer one took its place, so that `stand` need not ask for each."""
    newer = Invitation.objects.filter(tenant=OuterRef("tenant"), email=OuterRef("email"))
    annotated: QuerySet[Any] = rows.annotate(has_newer=Exists(newer.filter(created_at__gt=OuterRef("created_at"))))
    return annotated


def addressed_to(email: str) -> Any:
    """The users whose address this is: proved by themselves, or entered by staff."""
    proved = EmailAddress.objects.filter(email=email.lower(), verified=True)
    return User.objects.filter(Q(email__iexact=email) | Q(pk__in=proved.values("user")))


def is_for(invitation: Invitation, user: User) -> bool:
    """Whether the invitation was sent to an address of this user."""
    return bool(addressed_to(invitation.email).filter(pk=user.pk).exists())


def _has_newer(invitation: Invitation) -> bool:
    if hasattr(invitation, "has_newer"):
        return bool(invitation.has_newer)
    rows = with_newer(Invitation.objects.filter(pk=invitation.pk))
    return bool(rows.values_list("has_newer", flat=True).get())


def _refuse_another(invitation: Invitation, user: User) -> None:
    if not is_for(invitation, user):
        raise Refused(NOT_YOURS.format(address=invitation.email))


def _make_room(tenant: Tenant, address: str, now: datetime) -> None:
    """One open invitation for an address: one that ran out gives way, one that is good stands."""
    waiting = Invitation.objects.filter(tenant=tenant, email=address, accepted_at=None, revoked_at=None).first()
    if waiting is None:
        return
    if waiting.expires_at > now:
        raise Refused(HAS_ONE.format(email=address, until=day_text(waiting.expires_at)), field="email")
    Invitation.objects.filter(pk=waiting.pk).update(revoked_at=now)


def _made(tenant: Tenant, address: str, role: Role, by: User, now: datetime) -> tuple[Invitation, str]:
    """The row and its token in clear. Nobody's mailbox is flooded from here: a tenant sends so many a day."""
    if Invitation.objects.filter(tenant=tenant, created_at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise Refused(TOO_MANY.format(tenant=tenant, most=MOST_A_DAY))
    token = PREFIX + secrets.token_urlsafe(32)
    row = Invitation.objects.create(
        tenant=tenant, email=address, role=role, digest=digest(token), invited_by=by, expires_at=now + GOOD_FOR
    )
    message = f"{address} was invited to {tenant} as {row.get_role_display().lower()}."
    tell("member.invited", message, who=by.get_username(), subject=row, tenant_id=tenant.pk)
    return row, token


def _still_there(invitation: Invitation) -> Invitation:
    row = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, revoked_at=None).first()
    if row is None:
        raise Refused(NOT_OPEN)
    return row


def _proved(user: User, email: str) -> None:
    """Keep that this address is the user's, unless somebody else has proved it."""
    if EmailAddress.objects.filter(email=email, verified=True).exists():
        return
    mine = EmailAddress.objects.filter(user=user)
    is_first = not mine.filter(primary=True).exists()
    row, _ = EmailAddress.objects.get_or_create(user=user, email=email, defaults={"primary": is_first})
    row.verified = True
    row.save(update_fields=["verified"])
