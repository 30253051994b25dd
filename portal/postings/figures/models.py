"""The figures of a day, and how far the logs that they are made of have been read."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.tenants.models import Company


class Counting(models.Model):
    """One reading of the logs from their beginning, and how far it has come. Pages show what the shown one counted.

    A new one counts beside it, when everything is counted anew, and takes its place once it has come as far.
    """

    id = models.BigAutoField(primary_key=True)
    is_shown = models.BooleanField(default=False)
    up_to = models.PositiveBigIntegerField(default=0, help_text="The last change of a posting that is counted, by id.")
    revisions_up_to = models.PositiveBigIntegerField(default=0, help_text="The last revision that is counted, by id.")
    counted_to = models.DateTimeField(
        null=True, blank=True, help_text="What happened before this is in the figures. Empty: nothing was read yet."
    )
    began_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "postings"
        constraints = (
            models.UniqueConstraint(fields=("is_shown",), condition=Q(is_shown=True), name="one_counting_is_shown"),
        )

    def __str__(self) -> str:
        return f"Counting {self.pk}, up to {self.up_to}"


class DayFigures(models.Model):
    """What happened to a company's postings on one day of its tenant's zone. A day without any has no row.

    All but `contested` count changes of postings into accounting systems: `rejected` twice is two. What was raised
    from here goes into a source and is not counted; what comes back of it is. `seconds` is how long the posted ones
    took from their receipt, as counts by the buckets of `portal.postings.figures.buckets`.
    """

    id = models.BigAutoField(primary_key=True)
    counting = models.ForeignKey(Counting, on_delete=models.CASCADE, related_name="days", db_index=False)
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    received = models.PositiveIntegerField(default=0)
    posted = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    held = models.PositiveIntegerField(default=0)
    withdrawn = models.PositiveIntegerField(default=0)
    voided = models.PositiveIntegerField(default=0)
    contested = models.PositiveIntegerField(default=0, help_text="Came again with other content after sending.")
    seconds = models.JSONField(default=list)

    class Meta:
        app_label = "postings"
        ordering = ("day",)
        verbose_name_plural = "figures of days"
        constraints = (
            models.UniqueConstraint(fields=("counting", "company", "day"), name="one_row_of_figures_per_day"),
        )

    def __str__(self) -> str:
        return f"{self.company}, {self.day}"
