"""What may be told and chosen beside accounts and tax codes: parties, currencies, delivery sites, dimensions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.models.books import Account, Books, TaxCode

ISO_COUNTRY = RegexValidator(r"\A[A-Z]{2}\Z", _("Two capital letters, such as GB."))
ISO_CURRENCY = RegexValidator(r"\A[A-Z]{3}\Z", _("Three capital letters, such as EUR."))
# Fifteen digits are what SQLite keeps of a decimal exactly.
RATE_DIGITS, RATE_PLACES = 15, 8


class Place(models.Model):
    """Where somebody is. Everything may be empty."""

    address_1 = models.CharField(_("address, line 1"), max_length=200, blank=True, default="", db_default="")
    address_2 = models.CharField(_("address, line 2"), max_length=200, blank=True, default="", db_default="")
    city = models.CharField(max_length=100, blank=True, default="", db_default="")
    postcode = models.CharField(max_length=20, blank=True, default="", db_default="")
    country_code = models.CharField(
        max_length=2,
        blank=True,
        default="",
        db_default="",
        validators=(ISO_COUNTRY,),
        help_text=_("ISO 3166 code, such as GB."),
    )
    phone = models.CharField(max_length=50, blank=True, default="", db_default="")

    class Meta:
        abstract = True


class Party(models.Model):
    """Somebody with whom documents are exchanged: found by the code, where a document has none by the name."""

    books = models.ForeignKey(Books, on_delete=models.PROTECT, related_name="%(class)ss", db_index=False)
    code = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200, editable=False)
    made_on_sight = models.BooleanField(
        default=False, editable=False, help_text=_("Made by a document, not by a person.")
    )
    active = models.BooleanField(default=True, help_text=_("Documents of an inactive one are refused."))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ("code",)
        constraints = (models.UniqueConstraint(fields=("books", "code"), name="%(class)s_code_once_per_books"),)
        indexes = (models.Index(fields=("books", "name_key"), name="%(app_label)s_%(class)s_by_name"),)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep `name_key` beside the name."""
        self.name_key = self.key_of(self.name)
        super().save(*args, **kwargs)

    @staticmethod
    def key_of(name: str) -> str:
        """The name without letter case and repeated spaces. SQLite's own comparison folds ASCII letters only."""
        return " ".join(name.casefold().split())


class Supplier(Place, Party):
    """Somebody who is owed. What is owed is not stored here: see `ledger.services.supplier_balances`.

    The ledger itself needs code and name. The rest is kept for those who read the suppliers from these books.
    """

    tax_number = models.CharField(_("VAT number"), max_length=50, blank=True, default="", db_default="")
    email = models.EmailField(blank=True, default="", db_default="")
    region = models.CharField(max_length=100, blank=True, default="", db_default="")
    currency = models.CharField(
        max_length=3,
        blank=True,
        default="",
        db_default="",
        validators=(ISO_CURRENCY,),
        help_text=_("ISO 4217 code of its invoices."),
    )
    payment_days = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=(MaxValueValidator(999),), help_text=_("Net days. Empty: not agreed.")
    )
    bank_name = models.CharField(max_length=100, blank=True, default="", db_default="")
    bank_account = models.CharField(max_length=50, blank=True, default="", db_default="")
    bank_sort_code = models.CharField(max_length=20, blank=True, default="", db_default="")
    default_account = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text=_("Code of the account that its lines are usually coded to."),
    )
    default_tax = models.CharField(_("default tax code"), max_length=40, blank=True, default="", db_default="")

    class Meta(Party.Meta):
        pass

    def clean(self) -> None:
        """The default codes are codes of these books."""
        codes: dict[str, models.QuerySet[Any]] = {
            "default_account": Account.objects.filter(books=self.books_id, code=self.default_account),
            "default_tax": TaxCode.objects.filter(books=self.books_id, code=self.default_tax),
        }
        wrong = {
            field: ValidationError(_("These books have no code %(code)s."), params={"code": getattr(self, field)})
            for field, there in codes.items()
            if getattr(self, field) and not there.exists()
        }
        if wrong:
            raise ValidationError(wrong)


class Customer(Party):
    """Somebody who owes. What is owed is not stored here: see `ledger.services.customer_balances`.

    Address and e-mail are those of the document that named the customer first, until a person changes them.
    """

    email = models.EmailField(blank=True, default="")
    address = models.CharField(max_length=500, blank=True, default="")
    town = models.CharField(max_length=100, blank=True, default="")
    county = models.CharField(max_length=100, blank=True, default="")
    postcode = models.CharField(max_length=20, blank=True, default="")
    country = models.CharField(max_length=100, blank=True, default="", help_text=_("A name or a code, as it came."))

    class Meta(Party.Meta):
        pass


class Currency(models.Model):
    """A currency that may be chosen, with its rate. For people: the ledger books the sender's own base amounts."""

    books = models.ForeignKey(Books, on_delete=models.PROTECT, related_name="currencies", db_index=False)
    code = models.CharField(max_length=3, validators=(ISO_CURRENCY,), help_text=_("ISO 4217 code, such as EUR."))
    name = models.CharField(max_length=200)
    rate = models.DecimalField(
        max_digits=RATE_DIGITS,
        decimal_places=RATE_PLACES,
        validators=(MinValueValidator(Decimal(1).scaleb(-RATE_PLACES)),),
        help_text=_("Units of it for one unit of the base currency; 1 for the base currency itself."),
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("code",)
        verbose_name_plural = _("currencies")
        constraints = (
            models.UniqueConstraint(fields=("books", "code"), name="currency_code_once_per_books"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="currency_rate_above_zero"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def clean(self) -> None:
        """The base currency is worth one of itself, and in use."""
        is_base = Books.objects.filter(pk=self.books_id, base_currency=self.code).exists()
        if is_base and (self.rate != 1 or not self.active):
            raise ValidationError(_("The base currency of the books has the rate 1 and stays active."))


class DeliverySite(Place):
    """Where goods can be delivered to. The ledger checks no document against it."""

    books = models.ForeignKey(Books, on_delete=models.PROTECT, related_name="delivery_sites", db_index=False)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("code",)
        constraints = (models.UniqueConstraint(fields=("books", "code"), name="site_code_once_per_books"),)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Dimension(models.Model):
    """Something that lines are analysed by, such as Department. The ledger keeps whatever a document says."""

    books = models.ForeignKey(Books, on_delete=models.PROTECT, related_name="dimensions", db_index=False)
    name = models.CharField(max_length=100)
    active = models.BooleanField(default=True, help_text=_("The values of an inactive dimension are inactive too."))

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("books", "name"), name="dimension_name_once_per_books"),)

    def __str__(self) -> str:
        return self.name


class DimensionValue(models.Model):
    """One value of a dimension, such as TRN Training."""

    dimension = models.ForeignKey(Dimension, on_delete=models.PROTECT, related_name="values", db_index=False)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("dimension", "code")
        constraints = (models.UniqueConstraint(fields=("dimension", "code"), name="value_code_once_per_dimension"),)

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def books(self) -> Books:
        """The books of its dimension."""
        return self.dimension.books
