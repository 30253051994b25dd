"""How companies are linked: connections, inbound endpoints and their secret tokens."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from integrations.documents import Kind
from portal.connections.access.models import AccessGrant, HookToken, IntegrationSettings, Visit, VisitOutcome
from portal.connections.limit_groups import limit_group
from portal.connections.narrowing import narrowed
from portal.fields import EncryptedJSONField
from portal.tenants.models import Company

__all__ = [
    "KIND_CHOICES",
    "AccessGrant",
    "AnswerPolicy",
    "Conformance",
    "Connection",
    "Endpoint",
    "EndpointToken", "HookToken",
    "IntegrationSettings",
    "Side",
    "Status",
    "TokenOrigin",
    "Visit",
    "VisitOutcome",
]  # fmt: skip

KIND_CHOICES = [(kind.value, kind.label) for kind in Kind]


class Status(models.TextChoices):
    """Where a connection stands, in Codat's words."""

    BLANK = "blank", _("Blank")
    PENDING_AUTH = "pending_auth", _("PendingAuth")
    LINKED = "linked", _("Linked")
    UNLINKED = "unlinked", _("Unlinked")
    DEAUTHORISED = "deauthorised", _("Deauthorised")


class Side(models.TextChoices):
    """Whether we receive from the integration or post into it."""

    SOURCE = "source", _("Source")
    ACCOUNTING = "accounting", _("Accounting system")


class Connection(models.Model):
    """One company's link to one integration.

    `mapping` holds the rules by which a document's codes become the accounting system's, defaults for what it lacks
    included; `portal.reference.rules` alone reads and writes it. `kept_kinds` names the kinds that the system cannot
    take and that are kept as numbered memo entries instead of being refused.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="connections")
    integration = models.SlugField(max_length=40, help_text="The integration's slug, such as ledger or icompleat.")
    side = models.CharField(max_length=20, choices=Side.choices, default=Side.ACCOUNTING)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.BLANK)
    external_company_id = models.CharField(max_length=100, blank=True, help_text="The company's id over there.")
    external_company_name = models.CharField(max_length=200, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    secrets = EncryptedJSONField(default=dict, blank=True, editable=False)
    mapping = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        blank=True,
        editable=False,
        help_text="Rules for codes; portal/reference/rules.py reads and writes them.",
    )
    kept_kinds = models.JSONField(default=list, blank=True, help_text="Kinds kept as memo entries, not refused.")
    taken_kinds = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        help_text="The kinds that it takes. Empty: all that its integration takes.",
    )
    told = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        blank=True,
        editable=False,
        help_text="What the system said of itself when it was last asked.",
    )
    told_at = models.DateTimeField(null=True, blank=True, editable=False)
    paused = models.BooleanField(default=False, help_text="Nothing is sent while paused; postings wait.")
    failures = models.PositiveIntegerField(default=0, help_text="Calls in a row that failed for technical reasons.")
    open_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then nothing is sent: the breaker is open. After it, one call tries."
    )
    linked_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Since when a person has said that it is the right company."
    )
    there = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        blank=True,
        editable=False,
        help_text="Of the company over there: base_currency, legal_name, registration.",
    )
    limit_group = models.CharField(
        max_length=64,
        blank=True,
        db_default=Value(""),
        default="",
        editable=False,
        help_text="Connections with the same one share the vendor's limit. Empty: it has one of its own.",
    )
    can_list = models.BooleanField(
        null=True, editable=False, help_text="Whether it tells what it holds. Empty: as its integration does."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("company",),
                condition=Q(side=Side.ACCOUNTING) & ~Q(status=Status.UNLINKED),
                name="one_active_accounting_connection_per_company",
            ),
        )
        indexes = (models.Index(fields=("integration", "external_company_id"), name="connection_by_company_there"),)

    def __str__(self) -> str:
        return f"{self.company} to {self.integration}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep `limit_group`, `taken_kinds` and `can_list` beside what they are made of."""
        names = kwargs.get("update_fields")
        if names is None or {"settings", "secrets", "told"} & set(names):
            self.limit_group = limit_group(self.integration, self.settings, lambda: self.secrets)
            self.taken_kinds, self.can_list = narrowed(self.integration, self.settings, self.told)
            made = {"limit_group", "taken_kinds", "can_list"}
            kwargs["update_fields"] = None if names is None else {*names, *made}
        super().save(*args, **kwargs)


class AnswerPolicy(models.TextChoices):
    """When a delivery is answered, and with which number."""

    IMMEDIATE = "immediate", _("Immediate: the portal's own number at once")
    CONFIRMED = "confirmed", _("Confirmed: wait for the accounting system, else the portal's number")
    STRICT = "strict", _("Strict: wait for the accounting system, else say that it failed")


def default_answer_template() -> dict[str, str]:
    """The answer that iCompleat expects, as far as it is known (the member's name is inferred)."""
    return {"JournalNumber": "{journal}"}


def check_answer_template(value: object) -> None:
    """A template is a JSON object in which `{journal}` stands in at least one string value, at any depth."""
    if not isinstance(value, dict) or not _names_the_journal(list(value.values())):
        raise ValidationError(
            'The answer is a JSON object with {journal} in one of its values, such as {"JournalNumber": "{journal}"}.'
        )


def _names_the_journal(value: object) -> bool:
    if isinstance(value, dict):
        return _names_the_journal(list(value.values()))
    if isinstance(value, list):
        return any(_names_the_journal(item) for item in value)
    return isinstance(value, str) and "{journal}" in value


def check_header_names(value: object) -> None:
    """A list of HTTP header names; empty means the source's own default list."""
    if not isinstance(value, list) or not all(isinstance(name, str) and name.strip() for name in value):
        raise ValidationError('Header names are a list such as ["x-api-compleat-token"].')


class Endpoint(models.Model):
    """One company's inbound URL at a source, for one kind of transaction or for all."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="endpoints")
    kind = models.CharField(max_length=30, choices=KIND_CHOICES, blank=True, help_text="Empty: all kinds.")
    is_active = models.BooleanField(default=True)
    token_header_names = models.JSONField(
        default=list,
        blank=True,
        validators=[check_header_names],
        help_text="Headers that may carry the token; empty: the source's default list.",
    )
    discovery_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Until then a token in any other header is accepted too, and that header's name is kept.",
    )
    answer = models.CharField(max_length=20, choices=AnswerPolicy.choices, default=AnswerPolicy.CONFIRMED)
    answer_within_seconds = models.PositiveSmallIntegerField(default=8, validators=[MaxValueValidator(25)])
    answer_template = models.JSONField(default=default_answer_template, validators=[check_answer_template])
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("connection", "kind")

    def __str__(self) -> str:
        return f"{self.get_kind_display() or 'All kinds'} of {self.connection.company}"


class TokenOrigin(models.TextChoices):
    """Who made a token."""

    OURS = "ours", _("Made here")
    PASTED = "pasted", _("Pasted in from the source")


class EndpointToken(models.Model):
    """One secret token of an endpoint: only its keyed digest is kept. At most two are live, for rotation."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64)
    hint = models.CharField(max_length=4, help_text="The token's last four characters.")
    origin = models.CharField(max_length=10, choices=TokenOrigin.choices, default=TokenOrigin.OURS)
    created_at = models.DateTimeField(auto_now_add=True)
    retires_at = models.DateTimeField(null=True, blank=True, help_text="From then on it is refused.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("endpoint", "digest"), name="one_row_per_endpoint_and_token"),)

    def __str__(self) -> str:
        return f"…{self.hint}"


class Conformance(models.Model):
    """One run of the conformance checks against a live account. Rows are written once; the latest one counts."""

    integration = models.SlugField(max_length=40)
    connection = models.ForeignKey(
        Connection,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="conformances",
        help_text="Empty: it ran with credentials of its own, and no connection relies on it.",
    )
    base_url = models.CharField(max_length=500, blank=True)
    external_company_id = models.CharField(max_length=100, blank=True)
    external_company_name = models.CharField(max_length=200, blank=True)
    version = models.CharField(max_length=20, help_text="A fingerprint of the connector's source.")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    checks = models.JSONField(default=list, help_text="name, title, outcome, seen, documents and counts of each.")
    trusted = models.BooleanField(help_text="Whether the vendor's idempotency key may be relied on.")
    who = models.CharField(max_length=150)

    class Meta:
        ordering = ("-ended_at",)
        verbose_name = "conformance run"
        indexes = (models.Index(fields=("connection", "-ended_at"), name="conformance_of_connection"),)

    def __str__(self) -> str:
        return f"{self.integration}, {self.ended_at:%d %b %Y}"
