"""Who: the tenant, its members, its companies."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Tenant(models.Model):
    """Our customer: an organisation with members who log in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    time_zone = models.CharField(
        max_length=64, default="Europe/London", help_text="Times on its pages are shown in it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a member may do."""

    OWNER = "owner", _("Owner")
    OPERATOR = "operator", _("Operator")
    VIEWER = "viewer", _("Viewer")


class Member(models.Model):
    """A user with a role in one tenant."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("tenant", "user"), name="one_membership_per_user_and_tenant"),)

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class Invitation(models.Model):
    """An invitation by mail to become a member. Only the keyed digest of its token is kept; it is good once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "email"),
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="one_open_invitation_per_address",
            ),
        )

    def __str__(self) -> str:
        return f"{self.email} to {self.tenant}"


class Company(models.Model):
    """One legal entity of a tenant: one iCompleat company, at most one active accounting connection.

    A temporary name stands for the one that the accounting system will tell once it is linked. A closed company takes
    nothing in and sends nothing out; what it has stays readable.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="companies")
    name = models.CharField(max_length=200)
    name_is_temporary = models.BooleanField(
        default=False, db_default=False, help_text="Until the accounting system has told the name."
    )
    base_currency = models.CharField(max_length=3, default="GBP", help_text="ISO 4217 code of the books.")
    live_at = models.DateTimeField(
        null=True, blank=True, help_text="Before this, deliveries are answered not live yet."
    )
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="From then on nothing is taken in or sent out for it."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class Digest(models.TextChoices):
    """How often a member gets the figures of a company by mail."""

    NEVER = "never", _("Never")
    DAILY = "daily", _("Daily")
    WEEKLY = "weekly", _("Weekly")


class MailChoice(models.Model):
    """What a member wants to hear of a company by mail. Without a row: alerts for owners and operators, no digest."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="mail_choices")
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="mail_choices")
    alerts = models.BooleanField(default=True, help_text="At once, when something waits for a person.")
    digest = models.CharField(max_length=10, choices=Digest.choices, default=Digest.NEVER)
    digest_sent_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("member", "company"), name="one_mail_choice_per_company"),)

    def __str__(self) -> str:
        return f"{self.member} for {self.company}"
