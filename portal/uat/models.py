"""Rounds of user acceptance tests, and what a person found in each step. Nothing of it is ever changed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.connections.models import Connection


class Outcome(models.TextChoices):
    """What a person found."""

    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Failed")
    NOTED = "noted", _("Note only")


class Round(models.Model):
    """One walk through all steps. The one with the highest number is the current one; older ones are history."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="uat_rounds", db_index=False)
    number = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    began_by = models.CharField(max_length=200)

    class Meta:
        ordering = ("connection", "-number")
        verbose_name = "round of acceptance tests"
        verbose_name_plural = "rounds of acceptance tests"
        constraints = (models.UniqueConstraint(fields=("connection", "number"), name="one_uat_round_per_number"),)

    def __str__(self) -> str:
        return f"Round {self.number}"


class Finding(models.Model):
    """What somebody found in one step. The latest with an outcome other than a mere note counts."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="findings", db_index=False)
    step = models.CharField(max_length=40)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    note = models.TextField(blank=True)
    evidence = models.JSONField(default=list, help_text="What the portal had seen at that moment, in sentences.")
    who = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(outcome=Outcome.PASSED) | ~models.Q(note=""), name="a_uat_failure_or_note_has_words"
            ),
        )
        indexes = (models.Index(fields=("round", "id"), name="uat_finding_by_round"),)

    def __str__(self) -> str:
        return f"{self.step}: {self.get_outcome_display()}"
