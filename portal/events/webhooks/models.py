"""Whom to tell, what happened, and each message of the one to the other. Plain ids, as everywhere in this room."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q, Value
from django.utils.translation import gettext_lazy as _

from portal.events.webhooks.addresses import shown
from portal.events.webhooks.exactly import ExactDecoder, ExactEncoder
from portal.fields import EncryptedJSONField


class Tail(models.Model):
    """How far a log was read for announcements. A row is read when it is so old that no earlier one can come."""

    name = models.CharField(max_length=60, unique=True)
    up_to = models.BigIntegerField(default=0)
    left = models.JSONField(
        default=list,
        db_default=Value([], models.JSONField()),
        help_text="Ids up to there of rows that were not done yet.",
    )
    read_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name}: {self.up_to}"


class Consumer(models.Model):
    """One address of a tenant that is told what happens. `secrets` holds `signing`, as Standard Webhooks writes it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField(db_index=True)
    url = models.URLField(max_length=500)
    event_types = models.JSONField(default=list, help_text="The types that it wants; empty: all.")
    company_id = models.UUIDField(null=True, blank=True, help_text="Empty: of all companies.")
    secrets = EncryptedJSONField(default=dict, blank=True, editable=False)
    hint = models.CharField(max_length=4, editable=False, help_text="The secret's last four characters.")
    created_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_why = models.CharField(max_length=300, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "webhook consumer"

    def __str__(self) -> str:
        return shown(self.url)


class Announcement(models.Model):
    """Something that happened, as it is told to every consumer that wants it. `origin` says what it was made of, so
    that nothing is announced twice. `public_id` travels as the message's `webhook-id`."""

    id = models.BigAutoField(primary_key=True)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    type = models.CharField(max_length=60, help_text="Such as posting.posted.")
    tenant_id = models.UUIDField()
    company_id = models.UUIDField(null=True, blank=True)
    payload = models.JSONField(encoder=ExactEncoder, decoder=ExactDecoder)
    origin = models.CharField(max_length=80, unique=True)
    happened_at = models.DateTimeField()
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("tenant_id", "-id"), name="announcement_by_tenant"),)

    def __str__(self) -> str:
        return f"{self.type} {self.public_id}"


class DispatchState(models.TextChoices):
    """Where one message stands."""

    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Being sent")
    ARRIVED = "arrived", _("Arrived")
    GIVEN_UP = "given_up", _("Given up")


class Dispatch(models.Model):
    """One announcement on its way to one consumer. The row is the queue; `tries_told` keeps the latest tries.

    `next_try_at` is set for as long as it is on its way: while it is being sent, it is when the lease runs out.
    """

    id = models.BigAutoField(primary_key=True)
    consumer = models.ForeignKey(Consumer, on_delete=models.CASCADE, related_name="dispatches", db_index=False)
    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="dispatches")
    state = models.CharField(max_length=10, choices=DispatchState.choices, default=DispatchState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last try failed.")
    tries_told = models.JSONField(default=list, help_text="The latest tries: at, status, milliseconds, problem.")
    replay_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replays", db_index=False
    )
    made_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "dispatches"
        constraints = (
            models.UniqueConstraint(
                fields=("consumer", "announcement"),
                condition=Q(replay_of__isnull=True),
                name="one_dispatch_per_consumer",
            ),
        )
        indexes = (
            # Without the states: SQLite sees from `next_try_at <= ?` alone that this index serves.
            models.Index(
                fields=("consumer", "next_try_at"), condition=Q(next_try_at__isnull=False), name="dispatch_due"
            ),
            models.Index(fields=("consumer", "-id"), name="dispatch_by_consumer"),
            models.Index(fields=("consumer", "state", "-id"), name="dispatch_by_state"),
            # The database looks for replays of each row that is deleted.
            models.Index(fields=("replay_of",), condition=Q(replay_of__isnull=False), name="dispatch_replays"),
        )

    def __str__(self) -> str:
        return f"{self.announcement} to {self.consumer}"
