"""Signs of life that one process leaves for the others, and how far a walk through a log has come."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Part(models.TextChoices):
    """Which part of the portal is alive."""

    WORKER = "worker", _("Worker")
    SCHEDULE = "schedule", _("Schedule")


class Sign(models.Model):
    """The last sign of life of one part in one process. A stale row is a process that ended without a word."""

    part = models.CharField(max_length=20, choices=Part.choices)
    process = models.CharField(max_length=200, help_text="Host name and process id.")
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    swept_at = models.DateTimeField(null=True, blank=True, help_text="The end of its last pass over what is due.")
    tasks_done = models.PositiveBigIntegerField(default=0, help_text="Since it started, failed ones included.")
    run_by_nudge = models.PositiveBigIntegerField(default=0, help_text="Postings run after a nudge, since it started.")
    run_by_sweep = models.PositiveBigIntegerField(default=0, help_text="Postings that the sweep found instead.")

    class Meta:
        verbose_name = _("sign of life")
        verbose_name_plural = _("signs of life")
        constraints = (models.UniqueConstraint(fields=("part", "process"), name="one_sign_per_part_and_process"),)

    def __str__(self) -> str:
        return f"{self.get_part_display()} {self.process}"


class Mark(models.Model):
    """How far something that walks a log by its ids has come. The next pass goes on behind it."""

    name = models.CharField(max_length=60, unique=True)
    up_to = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.up_to}"
