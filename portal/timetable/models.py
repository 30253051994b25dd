"""The slots that were taken: one row per job and moment, whoever takes it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Outcome(models.TextChoices):
    """What became of a slot. Empty: it runs, or its run died and waits to be taken over."""

    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    DIED = "died", _("Died: its process ended, and a newer slot was due before it could be repeated")
    MISSED = "missed", _("Missed: nothing ran at its time, and it is not made up")
    NEW = "new", _("New: the job was registered after this moment, and begins with its next slot")


class Slot(models.Model):
    """One moment at which a job was due. Whoever inserts the row runs it; the constraint lets one through."""

    id = models.BigAutoField(primary_key=True)
    job = models.CharField(max_length=80)
    starts_at = models.DateTimeField()
    taken_at = models.DateTimeField()
    taken_by = models.CharField(max_length=200, help_text="Host name and process id.")
    token = models.UUIDField(editable=False, help_text="Who holds it: only its holder may finish it.")
    lease_until = models.DateTimeField(help_text="When it is open after this, its run has died or failed.")
    tries = models.PositiveSmallIntegerField(default=1)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    problem = models.CharField(max_length=300, blank=True, help_text="The class and the words of the last error.")

    class Meta:
        ordering = ("-starts_at", "job")
        constraints = (
            models.UniqueConstraint(fields=("job", "starts_at"), name="one_slot_per_job_and_moment"),
            models.UniqueConstraint(
                fields=("job",), condition=Q(finished_at__isnull=True), name="one_open_slot_per_job"
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, outcome="") | (Q(finished_at__isnull=False) & ~Q(outcome="")),
                name="a_finished_slot_has_an_outcome",
            ),
        )

    def __str__(self) -> str:
        return f"{self.job} at {self.starts_at:%Y-%m-%d %H:%M:%S}"
