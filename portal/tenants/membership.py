"""Who belongs to a tenant and what they may do there. A tenant always has an owner who can log in."""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db.transaction import atomic

from portal.events.services import tell
from portal.tenants.models import Member, Role, Tenant
from portal.tenants.refusing import Refused

LAST_OWNER: Final = "{name} is the only owner of {tenant}. Make somebody else an owner first."
GONE: Final = "This person does not belong to {tenant} any more."


def found(user: Any, name: str, time_zone: str) -> Tenant:
    """A new tenant of this name (cleaned) and time zone (of the tz database), with the user as its owner."""
    with atomic():
        tenant = Tenant.objects.create(name=name, time_zone=time_zone)
        Member.objects.create(tenant=tenant, user=user, role=Role.OWNER)
    return tenant


def lock(tenant_id: uuid.UUID) -> Tenant:
    """The tenant's row, locked until the transaction ends: whoever changes its people takes turns here."""
    return Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)


def change_role(member: Member, role: Role, *, who: str) -> bool:
    """Give a member another role; False where it is theirs already. Raises `Refused` for the last owner."""
    with atomic():
        held = _held(member)
        if held.role == role:
            return False
        if role != Role.OWNER:
            _keep_an_owner(held)
        before, held.role = held.get_role_display(), role
        held.save(update_fields=["role"])
        message = f"{held.user} is {held.get_role_display().lower()} of {held.tenant} now, {before.lower()} before."
        _tell("member.role_changed", message, held, who)
    member.role = role
    return True


def remove(member: Member, *, who: str) -> None:
    """End a membership, somebody else's or one's own. Raises `Refused` for the last owner, and for one that is gone."""
    with atomic():
        held = _held(member)
        _keep_an_owner(held)
        how = "left" if held.user.get_username() == who else "was removed from"
        _tell("member.removed", f"{held.user} {how} {held.tenant}.", held, who)
        held.delete()


def change_organisation(tenant: Tenant, *, name: str, time_zone: str, who: str) -> list[str]:
    """Keep another name or time zone; gives the fields that changed."""
    with atomic():
        held = lock(tenant.pk)
        given = {"name": name, "time_zone": time_zone}
        changed = {field: value for field, value in given.items() if getattr(held, field) != value}
        if not changed:
            return []
        before = {field: getattr(held, field) for field in changed}
        Tenant.objects.filter(pk=held.pk).update(**changed)
        message = f"{before.get('name', held.name)} has another {' and another '.join(_words(changed))}."
        tell("organisation.changed", message, who=who, subject=held, tenant_id=held.pk, before=before, now=changed)
    tenant.name, tenant.time_zone = name, time_zone
    return sorted(changed)


def is_only_owner(member: Member) -> bool:
    """Whether nobody else who can log in owns the tenant."""
    others = Member.objects.filter(tenant__pk=member.tenant_id, role=Role.OWNER, user__is_active=True)
    return member.role == Role.OWNER and not others.exclude(pk=member.pk).exists()


def _held(member: Member) -> Member:
    """The membership as it stands, behind the tenant's lock. Raises `Refused` when somebody ended it meanwhile."""
    tenant = lock(member.tenant_id)
    found_now = Member.objects.select_related("user", "tenant").filter(pk=member.pk).first()
    if found_now is None:
        raise Refused(GONE.format(tenant=tenant))
    return found_now


def _keep_an_owner(member: Member) -> None:
    if is_only_owner(member):
        raise Refused(LAST_OWNER.format(name=member.user, tenant=member.tenant))


def _words(fields: Any) -> list[str]:
    return [field.replace("_", " ") for field in fields]


def _tell(verb: str, message: str, member: Member, who: str) -> None:
    tell(verb, message, who=who, subject=member, tenant_id=member.tenant_id, person=member.user.get_username())
