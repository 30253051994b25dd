"""The dry run of a delivery that came in before its company was live."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.fields import MoneyField
from portal.tenants.models import Company


class Forecast(models.TextChoices):
    """What would become of a delivery if the company were live."""

    POSTED = "posted", _("Would be posted")
    PERHAPS_REFUSED = "perhaps_refused", _("May be refused")
    REFUSED = "refused", _("Would be refused")
    UNKNOWN = "unknown", _("Not known yet")


class KeptDryRun(models.Model):
    """What would have been done with one delivery. The row is the queue: `next_try_at` is empty where nothing is due.

    `result` is `DryRun.to_json` without the raw body, which stands with the delivery; `problem` says why there is none,
    or why nobody knows. What was made before stays until it is made anew. `gross` is in `currency`; both are empty, as
    `kind`, `number` and `supplier` are, where the body could not be read.
    """

    id = models.BigAutoField(primary_key=True)
    delivery = models.OneToOneField("intake.Delivery", on_delete=models.CASCADE, related_name="dry_run")
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="kept_dry_runs", db_index=False)
    asked_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True, blank=True, help_text="Empty: nothing is due.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often the accounting system did not answer.")
    made_at = models.DateTimeField(null=True, blank=True)
    forecast = models.CharField(max_length=20, choices=Forecast.choices, default=Forecast.UNKNOWN)
    why = models.TextField(blank=True, help_text="Why it would be, or may be, refused.")
    result = models.JSONField(null=True, blank=True)
    problem = models.TextField(blank=True)
    kind = models.CharField(max_length=30, blank=True)
    number = models.CharField(max_length=100, blank=True)
    supplier = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    gross = MoneyField(null=True, blank=True)

    class Meta:
        app_label = "intake"
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("company", "-id"), name="kept_dry_run_by_company"),
            models.Index(fields=("next_try_at",), condition=Q(next_try_at__isnull=False), name="kept_dry_run_due"),
        )

    def __str__(self) -> str:
        return f"Dry run of delivery {self.delivery_id}"
