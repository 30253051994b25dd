"""The pages of an organisation: its name and clock, its people, and who is invited."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.desk.access import House, house_looks, house_looks_and_owns, house_owns
from portal.desk.people.forms import InviteForm, OrganisationForm, RoleForm
from portal.desk.people.roll import invitation_of, member_of, members, open_invitations
from portal.desk.syncing import person
from portal.notation import moment_text
from portal.tenants import inviting, membership
from portal.tenants.models import Member, Role
from portal.tenants.refusing import Refused

NOT_SENT: Final = "The invitation stands, but its mail to {email} could not be sent. Send it again in a few minutes."


@login_required
@require_safe
@never_cache
def organisations(request: HttpRequest) -> HttpResponse:
    """The organisations of this person; the page of the one where there is one."""
    rows = Member.objects.filter(user=person(request)).select_related("tenant").order_by("tenant__name", "pk")
    found = list(rows[:200])
    if len(found) == 1:
        return redirect("desk:organisation", found[0].tenant_id)
    return render(request, "portal/desk/people/organisations.html", {"memberships": found})


@house_looks_and_owns
def organisation(request: HttpRequest, house: House) -> HttpResponse:
    """Its name and its clock."""
    form = OrganisationForm(request.POST if request.method == "POST" else None, house.tenant)
    if form.is_valid():
        given = form.cleaned_data
        who = request.user.get_username()
        if membership.change_organisation(house.tenant, name=given["name"], time_zone=given["time_zone"], who=who):
            messages.success(request, "Saved.")
        return redirect("desk:organisation", house.tenant.pk)
    return render(request, "portal/desk/people/organisation.html", house.context(form=form))


@house_looks
def people(request: HttpRequest, house: House) -> HttpResponse:
    """Who belongs to it, and who is invited."""
    return _people(request, house, InviteForm())


@house_owns
def invite(request: HttpRequest, house: House) -> HttpResponse:
    """Send somebody an invitation."""
    form = InviteForm(request.POST)
    if form.is_valid():
        try:
            role = Role(form.cleaned_data["role"])
            sent = inviting.invite(house.tenant, form.cleaned_data["email"], role, by=person(request))
        except Refused as refused:
            form.blame(refused)
        else:
            _say_sent(request, house, sent)
            return redirect("desk:people", house.tenant.pk)
    return _people(request, house, form)


@house_looks_and_owns
def member(request: HttpRequest, house: House, member_id: int) -> HttpResponse:
    """One person; sent, their role changes."""
    row = member_of(house, member_id)
    form = RoleForm(request.POST if request.method == "POST" else None, initial={"role": row.role})
    if form.is_valid():
        try:
            if membership.change_role(row, Role(form.cleaned_data["role"]), who=request.user.get_username()):
                messages.success(request, f"{row.user} is {row.get_role_display().lower()} now.")
        except Refused as refused:
            form.blame(refused)
        else:
            return redirect("desk:people", house.tenant.pk)
    return render(request, "portal/desk/people/member.html", _about(request, house, row) | {"form": form})


@house_looks_and_owns
def member_remove(request: HttpRequest, house: House, member_id: int) -> HttpResponse:
    """What it means to take somebody out; sent, it is done."""
    row = member_of(house, member_id)
    if request.method != "POST":
        return render(request, "portal/desk/people/remove.html", _about(request, house, row))
    return _ended(request, house, row, f"{row.user} does not belong to {house.tenant} any more.")


@login_required
@never_cache
def leave(request: HttpRequest, tenant_id: UUID) -> HttpResponse:
    """What it means to go; sent, it is done. Whatever their role, people may go."""
    house = House.of(request.user, tenant_id)
    row = Member.objects.select_related("user", "tenant").filter(tenant=house.tenant, user=person(request)).first()
    if row is None:
        raise Http404("You do not belong to this organisation.")
    if request.method != "POST":
        return render(request, "portal/desk/people/leave.html", _about(request, house, row))
    return _ended(request, house, row, f"You do not belong to {house.tenant} any more.")


@house_owns
def invitation_revoke(request: HttpRequest, house: House, invitation_id: UUID) -> HttpResponse:
    """Its link is good no more."""
    row = invitation_of(house, invitation_id)
    try:
        inviting.revoke(row, who=request.user.get_username())
    except Refused as refused:
        messages.warning(request, refused.message)
    else:
        messages.success(request, f"The invitation of {row.email} is revoked: its link is good no more.")
    return redirect("desk:people", house.tenant.pk)


@house_owns
def invitation_again(request: HttpRequest, house: House, invitation_id: UUID) -> HttpResponse:
    """A new mail with a new link."""
    try:
        _say_sent(request, house, inviting.send_again(invitation_of(house, invitation_id), by=person(request)))
    except Refused as refused:
        messages.warning(request, refused.message)
    return redirect("desk:people", house.tenant.pk)


def _people(request: HttpRequest, house: House, form: InviteForm) -> HttpResponse:
    shown = {"members": members(house), "invitations": open_invitations(house), "form": form}
    return render(request, "portal/desk/people/people.html", house.context(**shown))


def _about(request: HttpRequest, house: House, row: Member) -> dict[str, object]:
    """What the pages about one person need."""
    is_me = row.user_id == request.user.pk
    return house.context(row=row, is_me=is_me, is_only_owner=membership.is_only_owner(row))


def _ended(request: HttpRequest, house: House, row: Member, said: str) -> HttpResponse:
    """End a membership and say so; whoever went oneself has no more page of the organisation to go to."""
    try:
        membership.remove(row, who=request.user.get_username())
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("desk:people", house.tenant.pk)
    messages.success(request, said)
    return redirect("desk:home") if row.user_id == request.user.pk else redirect("desk:people", house.tenant.pk)


def _say_sent(request: HttpRequest, house: House, sent: inviting.Sent) -> None:
    row = sent.invitation
    if not sent.has_left:
        messages.error(request, NOT_SENT.format(email=row.email))
        return
    until = moment_text(row.expires_at, house.zone)
    messages.success(request, f"The invitation went to {row.email}. It is good until {until}, once.")
