"""The pages of an organisation and its people.

Three are for whoever is logged in and have no company or tenant to be narrowed to, or only the reader's own: the list
of one's organisations, the way out of one, and the invitation that was opened. tests/desk/people/ walks them.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from portal.postings.models import Transaction
from portal.tenants.models import Invitation, Role
from tests.desk.walks import Walk
from tests.factories import MemberFactory


def _ids(transaction: Transaction) -> dict[str, Any]:
    """A second member, so that the first one is not the only owner, and an open invitation."""
    tenant = transaction.company.tenant
    member = tenant.members.filter(role=Role.VIEWER, user__username__startswith="kestrel").first()
    member = member or MemberFactory.create(tenant=tenant, role=Role.VIEWER, user__username=f"kestrel-{tenant.pk}")
    invitation, _ = Invitation.objects.get_or_create(
        tenant=tenant,
        email="kestrel77@example.org",
        defaults={"digest": f"digest-{tenant.pk}", "expires_at": timezone.now() + timedelta(days=7)},
    )
    return {"member_id": member.pk, "invitation_id": invitation.pk}


WALK: Final = Walk(
    tenant_pages={
        "organisation": (),
        "people": (),
        "invite": (),
        "member": ("member_id",),
        "member-remove": ("member_id",),
        "invitation-revoke": ("invitation_id",),
        "invitation-again": ("invitation_id",),
    },
    actions=frozenset({"invite", "invitation-revoke", "invitation-again"}),
    owned=frozenset({"organisation", "invite", "member", "member-remove", "invitation-revoke", "invitation-again"}),
    open_to_all=frozenset({"invitation", "invitation-as-another", "confirmation-again", "organisations", "leave"}),
    ids=_ids,
)
