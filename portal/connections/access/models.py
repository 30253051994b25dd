"""What the installation has at a vendor, the access tokens of connections, and people on their way to a vendor."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.fields import EncryptedJSONField


class IntegrationSettings(models.Model):
    """What the operator of this installation has at one vendor, such as an API key for all connections."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    integration = models.SlugField(max_length=40, unique=True, help_text="The integration's slug, such as codat.")
    settings = models.JSONField(default=dict, blank=True)
    secrets = EncryptedJSONField(default=dict, blank=True, editable=False)
    changed_at = models.DateTimeField(auto_now=True)
    refused_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Since when the vendor does not accept what is stored here."
    )
    refused_why = models.TextField(blank=True, editable=False)

    class Meta:
        verbose_name = "integration of this installation"
        verbose_name_plural = "integrations of this installation"

    def __str__(self) -> str:
        return self.integration


class AccessGrant(models.Model):
    """The access token of one connection, for all workers. One of them at a time renews it, under a lease.

    `secrets` holds `access` and `refresh`. `generation` grows with each token. `lease` and `lease_until` say who is
    asking the vendor now; the row is never locked meanwhile.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.OneToOneField(
        "connections.Connection", on_delete=models.CASCADE, related_name="grant", editable=False
    )
    secrets = EncryptedJSONField(default=dict, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: the vendor did not say.")
    generation = models.PositiveIntegerField(default=0)
    obtained_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When the vendor was last asked for one.")

    class Meta:
        verbose_name = "access token"

    def __str__(self) -> str:
        return f"Token {self.generation} of {self.connection}"


class VisitOutcome(models.TextChoices):
    """What came of a visit."""

    OPEN = "open", _("On the way")
    LINKED = "linked", _("Linked")
    CANCELLED = "cancelled", _("Cancelled there")
    FAILED = "failed", _("Failed")
    ANOTHER_COMPANY = "another_company", _("Another company")
    TAKEN = "taken", _("Linked elsewhere already")


class Visit(models.Model):
    """One person's way to a vendor and back, to link a connection. Good once, for ten minutes, in one session.

    `state_digest` is a keyed digest of what the vendor carries along, `session_digest` of the session that began it.
    `secrets` is what the connector wants to have again (`Departure.keep`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey("connections.Connection", on_delete=models.CASCADE, related_name="visits")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    state_digest = models.CharField(max_length=64, unique=True)
    session_digest = models.CharField(max_length=64)
    secrets = EncryptedJSONField(default=dict, blank=True, editable=False)
    return_url = models.CharField(max_length=500)
    next_url = models.CharField(max_length=500, help_text="The page of ours that the person is shown afterwards.")
    began_at = models.DateTimeField()
    good_until = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, choices=VisitOutcome.choices, default=VisitOutcome.OPEN)
    message = models.TextField(blank=True)

    class Meta:
        ordering = ("-began_at",)

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.connection}"


class HookToken(models.Model):
    """The token of a connection's own webhook address: only its keyed digest is kept."""

    connection = models.OneToOneField(
        "connections.Connection", on_delete=models.CASCADE, related_name="hook_token", editable=False
    )
    digest = models.CharField(max_length=64)
    hint = models.CharField(max_length=4, help_text="The token's last four characters.")
    made_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"…{self.hint}"
