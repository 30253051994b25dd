"""What is booked: entries with their lines, and memo lines, which book nothing."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.documents import Kind
from ledger.fields import MoneyField
from ledger.models.books import Account, Books, Series, TaxCode
from ledger.models.final import Final, FinalQuerySet
from ledger.models.master import Customer, Supplier

LONGEST = 100
DOCUMENT_KINDS = [(kind.value, kind.label) for kind in Kind]


class EntryKind(models.TextChoices):
    """What an entry is. A memo has a number and lines of text, but books no money."""

    INVOICE = "invoice", _("Invoice")
    CREDIT_NOTE = "credit_note", _("Credit note")
    SALES_INVOICE = "sales_invoice", _("Sales invoice")
    SALES_CREDIT_NOTE = "sales_credit_note", _("Sales credit note")
    PAYMENT = "payment", _("Payment")
    REFUND = "refund", _("Refund")
    REVERSAL = "reversal", _("Reversal")
    MEMO = "memo", _("Memo")


IS_MEMO = Q(kind=EntryKind.MEMO)
HAS_ONE_PARTY = Q(supplier__isnull=False, customer__isnull=True) | Q(supplier__isnull=True, customer__isnull=False)
# The beginning of the key of an entry that a person wrote; it is no key of a posting.
BY_HAND = "manual:"
HAS_BASE = Q(base_net__isnull=False, base_tax__isnull=False, base_gross__isnull=False)


class Entry(Final):
    """One posted document, one reversal, or one memo. Never changed (see `ledger.services`), but for the order number
    and the due date of a sales invoice, and each such change has its row (`EntryChange`).

    `net`, `tax` and `gross` are the document's header totals in `currency`; `base_*` the same in the books' base
    currency, None only on memos. A credit note's amounts are positive, a reversal's are the negated ones of what it
    reverses. `line_count`, `memo_count`, `allocation_count` and `total` (the sum of the debits) say what belongs to the
    entry, so that a line that is added or lost later can be noticed. It is with a supplier or with a customer.
    """

    books = models.ForeignKey(Books, on_delete=models.PROTECT, related_name="entries", db_index=False)
    series = models.CharField(max_length=3, choices=Series.choices)
    sequence = models.PositiveBigIntegerField()
    number = models.CharField(max_length=30, help_text=_("For example JNL-000001; without gaps in its series."))
    kind = models.CharField(max_length=20, choices=EntryKind.choices)
    document_kind = models.CharField(max_length=20, choices=DOCUMENT_KINDS)
    date = models.DateField()
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, null=True, related_name="entries")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="entries")
    external_key = models.CharField(max_length=200, help_text=_("The idempotency key: one entry per key and books."))
    reference = models.CharField(max_length=60, db_index=True, help_text=_("The portal's journal number."))
    document_number = models.CharField(max_length=LONGEST, db_index=True, help_text=_("The source's own number."))
    order_number = models.CharField(max_length=LONGEST, blank=True, db_index=True)
    supplier_reference = models.CharField(
        max_length=LONGEST, blank=True, db_index=True, help_text=_("The supplier's own document number.")
    )
    due_date = models.DateField(null=True, blank=True, help_text=_("Empty: the document named none."))
    description = models.CharField(blank=True)
    currency = models.CharField(max_length=3)
    net = MoneyField()
    tax = MoneyField()
    gross = MoneyField()
    base_net = MoneyField(null=True)
    base_tax = MoneyField(null=True)
    base_gross = MoneyField(null=True)
    line_count = models.PositiveIntegerField()
    memo_count = models.PositiveIntegerField()
    allocation_count = models.PositiveIntegerField(default=0, db_default=0)
    total = MoneyField(help_text=_("The sum of the debits in base currency."))
    reverses = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="reversal")
    posted_at = models.DateTimeField(default=timezone.now)

    objects = FinalQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = _("entries")
        indexes = (models.Index(fields=("books", "date"), name="ledger_entry_by_date"),)
        constraints = (
            models.UniqueConstraint(fields=("books", "series", "sequence"), name="entry_sequence_once_per_series"),
            models.UniqueConstraint(fields=("number", "books"), name="entry_number_once_per_books"),
            models.UniqueConstraint(fields=("external_key", "books"), name="entry_key_once_per_books"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="entry_sequence_from_one"),
            models.CheckConstraint(
                condition=(IS_MEMO & Q(series=Series.MEMO, line_count=0, total=0))
                | (~IS_MEMO & Q(series=Series.JOURNAL, line_count__gte=2, total__gt=0) & HAS_BASE),
                name="entry_books_two_lines_or_is_a_memo",
            ),
            models.CheckConstraint(
                condition=Q(kind=EntryKind.REVERSAL, reverses__isnull=False)
                | (~Q(kind=EntryKind.REVERSAL) & Q(reverses__isnull=True)),
                name="entry_reverses_iff_reversal",
            ),
            models.CheckConstraint(condition=HAS_ONE_PARTY, name="entry_has_one_party"),
        )

    def __str__(self) -> str:
        return self.number

    @property
    def party(self) -> Supplier | Customer:
        """Whom the entry is with."""
        party = self.supplier or self.customer
        if party is None:
            raise ValueError(f"Entry {self.number} is with nobody.")
        return party

    @party.setter
    def party(self, party: Supplier | Customer) -> None:
        self.supplier = party if isinstance(party, Supplier) else None
        self.customer = party if isinstance(party, Customer) else None

    @property
    def is_by_hand(self) -> bool:
        """Whether a person wrote it, and no posting."""
        return self.external_key.startswith(BY_HAND)


class EntryLine(Final):
    """One debit or one credit, in the books' base currency.

    `document_amount` is the same in the document's currency, positive for a debit and negative for a credit.
    `document_line` is the number of the document's line that it came from; None for tax, the control account and
    rounding.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="lines")
    tax_code = models.ForeignKey(TaxCode, on_delete=models.PROTECT, null=True, related_name="lines")
    description = models.CharField(blank=True)
    debit = MoneyField()
    credit = MoneyField()
    document_amount = MoneyField()
    document_line = models.IntegerField(null=True)
    analysis = models.JSONField(default=dict, help_text=_("Dimensions by name, such as Department: TRN."))

    objects = FinalQuerySet.as_manager()

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("entry", "position"), name="line_position_once_per_entry"),
            models.CheckConstraint(condition=Q(debit__gte=0, credit__gte=0), name="line_never_negative"),
            models.CheckConstraint(
                condition=Q(debit__gt=0, credit=0) | Q(debit=0, credit__gt=0), name="line_debit_or_credit"
            ),
        )

    def __str__(self) -> str:
        return f"{self.entry_id}/{self.position}"


class MemoLine(Final):
    """A document's line that books nothing: a line of a memo, or an invoice's line of text without a net amount.

    Codes and amounts are the document's own, in its currency, and prove nothing about the books. `quantity` and
    `unit_price` are kept as text, exactly as sent; empty where the source gave none.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="memo_lines", db_index=False)
    position = models.PositiveIntegerField()
    document_line = models.IntegerField()
    item_code = models.CharField(blank=True)
    description = models.CharField(blank=True)
    quantity = models.CharField(blank=True)
    unit_price = models.CharField(blank=True)
    account_code = models.CharField(blank=True)
    tax_code = models.CharField(blank=True)
    net = MoneyField()
    tax = MoneyField()
    gross = MoneyField()
    analysis = models.JSONField(default=dict, help_text=_("Dimensions by name, such as Department: TRN."))

    objects = FinalQuerySet.as_manager()

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("entry", "position"), name="memo_position_once_per_entry"),)

    def __str__(self) -> str:
        return f"{self.entry_id}/{self.position}"
