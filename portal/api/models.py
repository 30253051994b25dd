"""Who may call the API: tokens of a tenant, kept as keyed digests; and what requests with a key were answered."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.fields import EncryptedJSONField
from portal.tenants.models import Tenant

LONGEST_KEY = 255


class Scope(models.TextChoices):
    """What a token may do."""

    PUSH_READ = "push:read", _("See what was raised")
    PUSH_WRITE = "push:write", _("Raise transactions")
    COMPANIES_READ = "companies:read", _("See companies and integrations")
    COMPANIES_WRITE = "companies:write", _("Create and rename companies")
    CONNECTIONS_READ = "connections:read", _("See connections")
    CONNECTIONS_WRITE = "connections:write", _("Link and unlink companies")
    DATA_READ = "data:read", _("See reference data and its syncs")
    DATA_WRITE = "data:write", _("Start syncs and change their schedules")
    POSTINGS_READ = "postings:read", _("See transactions and postings")
    POSTINGS_WRITE = "postings:write", _("Retry and resolve postings")
    WEBHOOKS_READ = "webhooks:read", _("See webhook consumers and their messages")
    WEBHOOKS_WRITE = "webhooks:write", _("Manage webhook consumers, send messages again")


def check_scopes(value: object) -> None:
    """A list of known scopes, each once, at least one."""
    if not isinstance(value, list) or not value or len(set(map(str, value))) < len(value):
        raise ValidationError("Choose at least one scope, each once.")
    if strange := [one for one in value if one not in Scope.values]:
        raise ValidationError(f"“{strange[0]}” is no scope. Known are {', '.join(Scope.values)}.")


class ApiToken(models.Model):
    """One token with which a tenant's own programs call the API, for all of its companies.

    Only its keyed digest is kept; the token itself is shown once. It is refused from `expires_at` or `revoked_at` on.
    """

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="What it is for, such as the program that uses it.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=4, editable=False, help_text="The token's last four characters.")
    scopes = models.JSONField(default=list, validators=[check_scopes])
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = "API token"
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "name"), condition=Q(revoked_at__isnull=True), name="one_live_token_per_name"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"


class IdempotentAnswer(models.Model):
    """What a request with an `Idempotency-Key` was answered. The row is made before the request is carried out.

    `request_digest` is of its method and address, `body_digest` of its body, both keyed. `claim` names whoever carries
    it out; `status` is null until they have. `answer` holds `body` and `headers` (JSON), encrypted: an answer may show
    a secret for the one time.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=LONGEST_KEY)
    request_digest = models.CharField(max_length=64)
    body_digest = models.CharField(max_length=64)
    claim = models.UUIDField(default=uuid.uuid4)
    status = models.PositiveSmallIntegerField(null=True)
    answer = EncryptedJSONField(default=dict, blank=True, editable=False)
    made_at = models.DateTimeField(db_index=True, help_text="When it was claimed last.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("tenant", "key"), name="one_answer_per_idempotency_key"),)

    def __str__(self) -> str:
        return self.key
