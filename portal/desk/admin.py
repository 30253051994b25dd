"""The people who log in, for staff: stock pages, with an audit event for each edit and without any secret."""

from __future__ import annotations

from typing import Any

from allauth.account.admin import EmailAddressAdmin as StockEmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as StockGroupAdmin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest

from portal.staff.base import StaffAdmin
from portal.staff.formats import moment
from portal.staff.sections import Fact, Section

for _model in (User, Group, EmailAddress, Authenticator):
    admin.site.unregister(_model)


@admin.register(User)
class UserAdmin(StaffAdmin[User], StockUserAdmin):  # type: ignore[misc, type-arg, unused-ignore]
    """Somebody who can log in: staff, or a member of tenants."""

    list_filter = ("is_staff", "is_superuser", "is_active")
    list_display = ("username", "email", "first_name", "last_name", "is_staff", "is_active", "last_login")
    search_fields = ("username", "first_name", "last_name", "email")


@admin.register(Group)
class GroupAdmin(StaffAdmin[Group], StockGroupAdmin):  # type: ignore[misc, type-arg, unused-ignore]
    """What staff may do, by group."""


@admin.register(EmailAddress)
class EmailAddressAdmin(StaffAdmin[EmailAddress], StockEmailAddressAdmin):  # type: ignore[misc, type-arg, unused-ignore]
    """The addresses that somebody proved."""


@admin.register(Authenticator)
class AuthenticatorAdmin(StaffAdmin[Authenticator]):
    """Second factors: staff may remove one that was lost. What it is made of is nobody's to see or to write."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__username",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: its owner sets it up."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """No form: the data hold the secret."""
        return []

    def sections(self, request: HttpRequest, obj: Authenticator) -> list[Section]:
        """Whose it is and when it was used."""
        facts = [
            Fact("User", str(obj.user)),
            Fact("Type", obj.get_type_display()),
            Fact("Set up", moment(obj.created_at)),
            Fact("Last used", moment(obj.last_used_at)),
        ]
        return [Section(title="Second factor", facts=facts)]
