"""Invitations for staff: seen, and revoked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from portal.staff.asking import Question, SureForm, ask, form_data
from portal.staff.base import Button, ReadOnlyAdmin, name_of, row_url, say
from portal.staff.formats import link, moment
from portal.staff.sections import Fact, Section
from portal.tenants.inviting import Stand, revoke, stand, with_newer
from portal.tenants.models import Invitation
from portal.tenants.refusing import Refused
from portal.tones import CLOSED, POSTED, WAITING, tone

STANDS = {
    Stand.OPEN: (WAITING, "Open"),
    Stand.ACCEPTED: (POSTED, "Accepted"),
    Stand.REPLACED: (CLOSED, "Sent again"),
    Stand.REVOKED: (CLOSED, "Revoked"),
    Stand.EXPIRED: (CLOSED, "Ran out"),
}


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin[Invitation]):
    """Who was invited by mail. Owners send invitations; staff may revoke one."""

    list_display = ("email", "tenant", "role", "state", "invited_by", "sent")
    list_select_related = ("tenant", "invited_by")
    search_fields = ("=email", "tenant__name")
    search_help_text = "The whole address, or a part of the tenant's name."
    buttons = (Button(name="revoke", label="Revoke", permission="tenants.change_invitation"),)

    def for_list(self, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        """With where they stand; no digest leaves the database for a page."""
        return with_newer(queryset).defer("digest")

    def offers(self, button: Button, obj: Invitation) -> bool:
        """While its link could still be used, or sent again."""
        return stand(obj) in (Stand.OPEN, Stand.EXPIRED)

    def revoke(self, request: HttpRequest, obj: Invitation) -> HttpResponse:
        """Its link is good no more."""
        form = SureForm(form_data(request))
        if form.is_valid():
            try:
                revoke(obj, who=name_of(request.user))
            except Refused as refused:
                say(request, refused.message, level=messages.WARNING)
            else:
                say(request, f"The invitation of {obj.email} is revoked.")
            return HttpResponseRedirect(row_url(obj))
        effects = (f"The link that {obj.email} has is good no more.", "An owner can send another invitation.")
        question = Question(
            title="Revoke", effects=effects, submit="Revoke", cancel_url=row_url(obj), form=form, danger=True
        )
        return ask(request, self.page_context(request, obj, "Revoke"), question)

    def sections(self, request: HttpRequest, obj: Invitation) -> Sequence[Section]:
        """What there is to know of it, but for its token."""
        facts = [
            Fact("State", self.state(obj)),
            Fact("Tenant", link(row_url(obj.tenant), obj.tenant.name)),
            Fact("Role", str(obj.get_role_display())),
            Fact("Invited by", str(obj.invited_by or "")),
            *(Fact(label, moment(at)) for label, at in _moments(obj)),
        ]
        return [Section(title="Invitation", facts=facts)]

    @admin.display(description="State")
    def state(self, obj: Invitation) -> str:
        """Where it stands."""
        return tone(*STANDS[stand(obj)])

    @admin.display(description="Sent", ordering="created_at")
    def sent(self, obj: Invitation) -> str:
        """When its mail was sent."""
        return moment(obj.created_at)


def _moments(row: Invitation) -> list[tuple[str, datetime | None]]:
    return [
        ("Sent", row.created_at), ("Good until", row.expires_at), ("Accepted", row.accepted_at),
        ("Revoked", row.revoked_at),
    ]  # fmt: skip
