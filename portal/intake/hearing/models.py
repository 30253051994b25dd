"""The messages of outside systems' own webhooks, each once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.connections.models import Connection


class VendorMessage(models.Model):
    """One message whose origin was proven. It is a hint: what it made us ask is in `effects`, in words.

    `connection` is empty where it names a company that no connection of ours is linked to.
    """

    integration = models.SlugField(max_length=40)
    connection = models.ForeignKey(
        Connection, null=True, blank=True, on_delete=models.CASCADE, related_name="vendor_messages"
    )
    message_id = models.CharField(max_length=200, blank=True, help_text="The vendor's own id; repeats have the same.")
    about = models.CharField(max_length=200)
    received_at = models.DateTimeField(auto_now_add=True)
    repeats = models.PositiveIntegerField(default=0, help_text="How often the vendor sent it again.")
    effects = models.JSONField(default=list)

    class Meta:
        ordering = ("-id",)
        verbose_name = "message of a vendor"
        verbose_name_plural = "messages of vendors"
        constraints = (
            models.UniqueConstraint(
                fields=("integration", "message_id"), condition=~Q(message_id=""), name="one_vendor_message_per_id"
            ),
        )
        indexes = (models.Index(fields=("received_at",), name="vendor_message_received"),)

    def __str__(self) -> str:
        return f"{self.about} of {self.integration}"
