"""Which payment on one side is which on the other, and what a person was asked about that."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.connections.models import KIND_CHOICES
from portal.tenants.models import Company

POSTING = "postings.Posting"


class Pair(models.Model):
    """One real payment, or as much of one as goes to one invoice, at its source and in the accounting system.

    `source` and `system` are slugs, the ids beside them those of the payment there; `invoice` is the invoice's id at
    the source. One of the ids is empty while `maker`, or whoever it was before, writes the payment there: its own
    external id says the rest. `is_adopted`: nothing was written, somebody had entered it by hand.
    """

    id = models.BigAutoField(primary_key=True)
    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=30, choices=KIND_CHOICES)
    invoice = models.CharField(max_length=100)
    source = models.SlugField(max_length=40, db_index=False)
    source_id = models.CharField(max_length=200, null=True, blank=True)
    system = models.SlugField(max_length=40, db_index=False)
    system_id = models.CharField(max_length=200, null=True, blank=True)
    maker = models.ForeignKey(POSTING, on_delete=models.PROTECT, related_name="pairs")
    is_adopted = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("company", "source_id", "source", "kind", "invoice"), name="one_pair_per_payment_at_a_source"
            ),
            models.UniqueConstraint(
                fields=("company", "system_id", "system", "kind", "invoice"), name="one_pair_per_payment_in_the_books"
            ),
            models.CheckConstraint(
                condition=Q(source_id__isnull=False) | Q(system_id__isnull=False), name="a_pair_has_an_end"
            ),
            models.CheckConstraint(
                condition=Q(is_adopted=False) | Q(source_id__isnull=False, system_id__isnull=False),
                name="an_adopted_pair_is_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.source_id or 'being written'}, {self.system_id or 'being written'}"


class PairQuestion(models.Model):
    """What a person was asked about a payment before it was sent: whether it is one of `candidates`, [id, number, day].

    `dismissed` are the ids of those that it is not. `even_too_much`: it is sent although the invoice has less open.
    """

    posting = models.OneToOneField(POSTING, on_delete=models.PROTECT, related_name="pair_question", primary_key=True)
    candidates = models.JSONField(default=list)
    dismissed = models.JSONField(default=list)
    even_too_much = models.BooleanField(default=False)
    asked_at = models.DateTimeField()

    def __str__(self) -> str:
        return ", ".join(str(number or external_id) for external_id, number, _ in self.candidates)
