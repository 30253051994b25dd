"""What outside systems know of each other's codes: the mapping of a connection, and the rows of its tables."""

from __future__ import annotations

import uuid
from typing import ClassVar, Final

from django.db import models
from django.db.models import QuerySet

from portal.connections.models import Connection, Side
from portal.reference.rules import LONGEST_CODE, family_words
from portal.reference.sync.models import (
    Change,
    Frequency,
    Record,
    SourceList,
    SyncChange,
    SyncRun,
    SyncSchedule,
    SyncState,
)

__all__ = [
    "Change", "CodeMapping", "Frequency", "MappedCode", "Record", "SourceList", "SyncChange", "SyncRun", "SyncSchedule",
    "SyncState", "TableUpload",
]  # fmt: skip

LONGEST_FAMILY = 320
# Whether a row is for a part of a label, such as `*first aid*`. Without a parameter, so that the index of such rows is
# used by both databases.
FOR_A_LABEL: Final = models.Func(
    models.F("source_code"), template="SUBSTR(%(expressions)s, 1, 1) = '*'", output_field=models.BooleanField()
)


class AccountingConnections(models.Manager["CodeMapping"]):
    """Only what we post into has codes to map to."""

    def get_queryset(self) -> QuerySet[CodeMapping]:
        """The accounting connections."""
        return super().get_queryset().filter(side=Side.ACCOUNTING)


class CodeMapping(Connection):
    """A connection as its mapping: the rules stand in its column `mapping`, the tables in `MappedCode`."""

    objects: ClassVar[AccountingConnections] = AccountingConnections()

    class Meta:
        proxy = True
        verbose_name = "mapping"

    def __str__(self) -> str:
        return f"Mapping of {super().__str__()}"


class MappedCode(models.Model):
    """One row of a connection's table: a source's code, and the code that the accounting system has for it.

    `family` is one of `portal.reference.families.FAMILIES`, or `dimension:` with the dimension's name in small letters
    (`dimension_family`). Codes are compared letter by letter; of what was sold a row may name a part of the label, such
    as `*first aid*`.
    """

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="mapped_codes")
    family = models.CharField(max_length=LONGEST_FAMILY)
    source_code = models.CharField(max_length=LONGEST_CODE, help_text="As the source writes it, letter by letter.")
    accounting_code = models.CharField(max_length=LONGEST_CODE, help_text="What is sent instead.")
    note = models.CharField(max_length=200, blank=True, help_text="What the code means, for people.")

    class Meta:
        ordering = ("connection", "family", "source_code")
        constraints = (
            models.UniqueConstraint(fields=("connection", "family", "source_code"), name="one_row_per_source_code"),
        )
        indexes = (
            models.Index(
                fields=("connection", "family", "source_code"),
                condition=models.Q(FOR_A_LABEL),
                name="rows_for_labels",
            ),
        )

    def __str__(self) -> str:
        return f"{family_words(self.family)} {self.source_code} to {self.accounting_code}"


class TableUpload(models.Model):
    """A file of rows that somebody uploaded and has not confirmed yet; one for each person and connection."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    who = models.CharField(max_length=200)
    family = models.CharField(max_length=LONGEST_FAMILY, blank=True, help_text="Empty: the file's own column says it.")
    text = models.TextField()
    uploaded_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("connection", "who"), name="one_upload_per_person"),)

    def __str__(self) -> str:
        return f"{self.who}, {self.uploaded_at:%Y-%m-%d %H:%M}"
