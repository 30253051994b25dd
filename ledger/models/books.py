"""One company's books with what documents are booked by: chart of accounts, tax codes, number series.

Foreign keys without an index of their own are the first column of a unique constraint, which is the index.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Books(models.Model):
    """One company's double-entry books, in one base currency (ISO 4217).

    Open them with `ledger.services.open_books`, which also makes the chart, the tax codes and the number series.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    base_currency = models.CharField(max_length=3, help_text=_("ISO 4217 code; every debit and credit is in it."))
    closed_through = models.DateField(
        null=True, blank=True, help_text=_("Nothing is booked on this day or before it. Empty: no period is closed.")
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)
        verbose_name = _("books")
        verbose_name_plural = _("books")

    def __str__(self) -> str:
        return self.name


class Series(models.TextChoices):
    """The number series of an entry; the value is the number's prefix."""

    JOURNAL = "JNL", _("Journal")
    MEMO = "MEM", _("Memo")


class Counter(models.Model):
    """The last number taken in one series. Its row is locked by whoever takes the next number, until they commit."""

    books = models.ForeignKey(Books, on_delete=models.PROTECT, related_name="counters", db_index=False)
    series = models.CharField(max_length=3, choices=Series.choices)
    last = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("books", "series"), name="one_counter_per_books_and_series"),)

    def __str__(self) -> str:
        return f"{self.series} {self.last}"


class AccountType(models.TextChoices):
    """Where an account stands in the final accounts."""

    ASSET = "asset", _("Asset")
    LIABILITY = "liability", _("Liability")
    EQUITY = "equity", _("Capital and reserves")
    INCOME = "income", _("Income")
    EXPENSE = "expense", _("Expense")


class Role(models.TextChoices):
    """An account that the ledger itself books to; each role has one account per books."""

    CREDITORS = "creditors", _("Creditors control")
    TAX_INPUT = "tax_input", _("VAT on purchases")
    DEBTORS = "debtors", _("Debtors control")
    TAX_OUTPUT = "tax_output", _("VAT on sales")
    ROUNDING = "rounding", _("Rounding differences")


class Account(models.Model):
    """One account of the chart."""

    books = models.ForeignKey(Books, on_delete=models.PROTECT, related_name="accounts", db_index=False)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=10, choices=AccountType.choices)
    role = models.CharField(max_length=10, choices=Role.choices, blank=True, default="", editable=False)
    active = models.BooleanField(default=True, help_text=_("Documents coded to an inactive account are refused."))

    class Meta:
        ordering = ("code",)
        constraints = (
            models.UniqueConstraint(fields=("books", "code"), name="account_code_once_per_books"),
            models.UniqueConstraint(
                fields=("books", "role"), condition=~Q(role=""), name="account_role_once_per_books"
            ),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class TaxCode(models.Model):
    """One tax code. The rate is for people: the ledger books the sender's tax and never computes it."""

    books = models.ForeignKey(Books, on_delete=models.PROTECT, related_name="tax_codes", db_index=False)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    rate = models.DecimalField(max_digits=7, decimal_places=4, help_text=_("In per cent."))
    active = models.BooleanField(default=True, help_text=_("Documents with an inactive tax code are refused."))

    class Meta:
        ordering = ("code",)
        constraints = (models.UniqueConstraint(fields=("books", "code"), name="tax_code_once_per_books"),)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
