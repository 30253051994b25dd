"""The addresses of this area; `portal.desk.urls` takes them over under the names `desk:…`."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from portal.desk.people import entrance, views

TENANT: Final = "organisations/<uuid:tenant_id>/"
MEMBER: Final = f"{TENANT}people/<int:member_id>/"
INVITATION: Final = f"{TENANT}invitations/<uuid:invitation_id>/"

urlpatterns: list[URLPattern] = [
    path("invitation/", entrance.invitation, name="invitation"),
    path("invitation/as-another/", entrance.as_another, name="invitation-as-another"),
    path("confirmation/again/", entrance.confirmation_again, name="confirmation-again"),
    path("organisations/", views.organisations, name="organisations"),
    path(TENANT, views.organisation, name="organisation"),
    path(f"{TENANT}people/", views.people, name="people"),
    path(f"{TENANT}people/invite/", views.invite, name="invite"),
    path(f"{TENANT}leave/", views.leave, name="leave"),
    path(MEMBER, views.member, name="member"),
    path(f"{MEMBER}remove/", views.member_remove, name="member-remove"),
    path(f"{INVITATION}revoke/", views.invitation_revoke, name="invitation-revoke"),
    path(f"{INVITATION}again/", views.invitation_again, name="invitation-again"),
]
