"""When each kind is read."""

from __future__ import annotations

from datetime import time

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection
from portal.reference.sync.models.records import KIND_CHOICES


class Frequency(models.TextChoices):
    """How often a kind of reference data is synchronised."""

    OFF = "off", _("Off")
    HOURLY = "hourly", _("Hourly")
    DAILY = "daily", _("Daily")
    WEEKLY = "weekly", _("Weekly")
    MONTHLY = "monthly", _("Monthly")


class SyncSchedule(models.Model):
    """When one kind of a connection's reference data is synchronised, at a local time of the tenant's zone."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="schedules", db_index=False)
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    frequency = models.CharField(max_length=10, choices=Frequency.choices, default=Frequency.DAILY)
    at = models.TimeField(default=time(0, 0), help_text="Local time; hourly uses its minutes alone.")
    weekday = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(6)], help_text="0 is Monday; used weekly."
    )
    day = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(31)], help_text="Used monthly."
    )
    next_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")

    class Meta:
        app_label = "reference"
        ordering = ("connection", "kind")
        constraints = (models.UniqueConstraint(fields=("connection", "kind"), name="one_schedule_per_kind"),)
        indexes = (models.Index(fields=("next_at",), condition=Q(next_at__isnull=False), name="schedule_due"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_frequency_display()}"
