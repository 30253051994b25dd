"""Numbers that a company will never use, with the reason: a void is explained."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from portal.tenants.models import Company


class VoidNumbers(models.Model):
    """A range of numbers of one series that was left out. Rows are never changed or deleted.

    `series` is the prefix: P for the portal's own journal numbers, JNL and MEM for those of the built-in ledger.
    """

    id = models.BigAutoField(primary_key=True)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="void_numbers")
    series = models.CharField(max_length=10)
    books = models.CharField(max_length=36, blank=True, help_text="The ledger's books whose series it is.")
    first = models.PositiveBigIntegerField()
    last = models.PositiveBigIntegerField()
    why = models.TextField()
    who = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        app_label = "postings"
        ordering = ("-id",)
        verbose_name_plural = "void numbers"
        constraints = (
            models.UniqueConstraint(
                fields=("company", "series", "books", "first"), name="one_void_range_per_first_number"
            ),
            models.CheckConstraint(condition=Q(first__lte=F("last")), name="a_void_range_is_not_empty"),
        )

    def __str__(self) -> str:
        return f"{self.series}-{self.first:06d} to {self.series}-{self.last:06d}"
