"""One row for one request."""

from __future__ import annotations

from django.db import models


class Row(models.Model):
    """A body as it came, and when."""

    body = models.BinaryField()
    received_at = models.DateTimeField()

    class Meta:
        app_label = "floor"

    def __str__(self) -> str:
        return f"F-{self.pk}"
