"""What the accounting systems know, when it was read last, and what the sources have of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.reference import RecordKind
from portal.connections.models import Connection

KIND_CHOICES = [
    (RecordKind.SUPPLIER.value, _("Suppliers")),
    (RecordKind.ACCOUNT.value, _("Account codes")),
    (RecordKind.TAX.value, _("Tax codes")),
    (RecordKind.CURRENCY.value, _("Currency codes")),
    (RecordKind.DELIVERY_SITE.value, _("Delivery sites")),
    (RecordKind.DIMENSION.value, _("Dimensions")),
]


class Record(models.Model):
    """One row of reference data as the accounting system told it last, and what the source has of it.

    `content_hash` is the record's own. `row_code` is how the source names it and `row_key` that in one letter case;
    `row_hash` is of what the source would be told: null while nobody has looked, empty where it is not told (no longer
    active, cannot be told, or another record has its code). `pushed_code` and `pushed_hash` say what the source holds,
    empty where it holds nothing of this record. `refused` is why the source does not take the row whose hash is
    `refused_hash`, or why there is no row. `identity` is what a reading looks records up by, many at a time and by
    nothing else: no database then chooses a plan that walks through the whole list for each few of them.
    """

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="records", db_index=False)
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    dimension = models.CharField(max_length=200, blank=True, help_text="The accounting system's name for it.")
    external_id = models.CharField(max_length=200)
    identity = models.UUIDField(editable=False, help_text="A digest of connection, kind, dimension and external id.")
    code = models.CharField(max_length=200, blank=True)
    name = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)
    details = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    row_code = models.CharField(max_length=200, blank=True)
    row_key = models.CharField(max_length=300, blank=True)
    row_hash = models.CharField(max_length=64, blank=True, null=True, default=None)
    pushed_code = models.CharField(max_length=200, blank=True)
    pushed_hash = models.CharField(max_length=64, blank=True)
    refused = models.TextField(blank=True)
    refused_hash = models.CharField(max_length=64, blank=True)
    changed_at = models.DateTimeField(help_text="When it was last seen to be different.")

    class Meta:
        app_label = "reference"
        ordering = ("kind", "dimension", "code", "id")
        constraints = (models.UniqueConstraint(fields=("identity",), name="one_record_per_external_id"),)
        indexes = (
            models.Index(fields=("connection", "kind", "dimension", "code", "id"), name="record_by_code"),
            models.Index(fields=("connection", "kind", "dimension", "row_key", "id"), name="record_by_row"),
            models.Index(fields=("connection", "kind", "changed_at", "id"), name="record_by_change"),
            models.Index(
                fields=("connection", "kind", "dimension", "external_id"),
                condition=Q(row_hash__isnull=True),
                name="record_not_looked_at",
            ),
            models.Index(fields=("connection", "kind"), condition=~Q(refused=""), name="record_refused"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.name}".strip()


class SourceList(models.Model):
    """One list at a source, as we keep it there. While `is_incomplete`, a replacement has begun and has not ended:
    until another one has, from the first row, nothing else may be sent to it."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="source_lists", db_index=False)
    kind = models.CharField(max_length=20, choices=KIND_CHOICES)
    dimension = models.CharField(max_length=200, blank=True, help_text="The source's name for it.")
    is_incomplete = models.BooleanField(default=False)
    broke_off_at = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveIntegerField(default=0, help_text="How many rows of ours it holds.")
    hashed_by = models.CharField(
        max_length=60, blank=True, help_text="The version of the rows whose hashes the records carry."
    )

    class Meta:
        app_label = "reference"
        ordering = ("connection", "kind", "dimension")
        constraints = (
            models.UniqueConstraint(fields=("connection", "kind", "dimension"), name="one_row_per_source_list"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.dimension}".strip()
