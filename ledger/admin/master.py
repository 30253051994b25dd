"""The chart of accounts, tax codes, suppliers, customers, currencies, delivery sites and dimensions."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.db.models import Model
from django.http import HttpRequest

from ledger.admin.base import Announced, NeverDeleted
from ledger.models import Account, Currency, Customer, DeliverySite, Dimension, DimensionValue, Supplier, TaxCode

ADDRESS = ("address_1", "address_2", "city", "postcode", "country_code", "phone")


class MasterAdmin(NeverDeleted, Announced):
    """Master data. What `fixed` names stays as it was made: entries refer to it, and others know the row by it."""

    fixed: ClassVar[tuple[str, ...]] = ("books", "code")
    show_facets = ShowFacets.NEVER
    list_select_related: ClassVar[Any] = ("books",)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """The fixed fields of a row that exists."""
        return (*super().get_readonly_fields(request, obj), *(self.fixed if obj else ()))


@admin.register(Account)
class AccountAdmin(MasterAdmin):
    """The chart of accounts."""

    list_display = ("code", "name", "type", "role", "active", "books")
    list_filter = ("type", "active")
    search_fields = ("code", "name", "books__name")
    readonly_fields = ("role",)


@admin.register(TaxCode)
class TaxCodeAdmin(MasterAdmin):
    """The tax codes."""

    list_display = ("code", "name", "rate", "active", "books")
    list_filter = ("active",)
    search_fields = ("code", "name", "books__name")


@admin.register(Supplier)
class SupplierAdmin(MasterAdmin):
    """The suppliers."""

    list_display = ("code", "name", "made_on_sight", "active", "books")
    list_filter = ("made_on_sight", "active")
    search_fields = ("code", "name", "books__name")
    fieldsets = (
        (None, {"fields": ("books", "code", "name", "active")}),
        ("Contact", {"fields": ("tax_number", "email", "phone")}),
        ("Address", {"fields": ("address_1", "address_2", "city", "region", "postcode", "country_code")}),
        ("Payment", {"fields": ("currency", "payment_days", "bank_name", "bank_account", "bank_sort_code")}),
        ("Usual codes", {"fields": ("default_account", "default_tax")}),
    )


@admin.register(Customer)
class CustomerAdmin(MasterAdmin):
    """The customers."""

    list_display = ("code", "name", "town", "made_on_sight", "active", "books")
    list_filter = ("made_on_sight", "active")
    search_fields = ("code", "name", "email", "books__name")
    fieldsets = (
        (None, {"fields": ("books", "code", "name", "active")}),
        ("Contact", {"fields": ("email", "address", "town", "county", "postcode", "country")}),
    )


@admin.register(Currency)
class CurrencyAdmin(MasterAdmin):
    """The currencies that may be chosen, with their rates."""

    list_display = ("code", "name", "rate", "active", "books")
    list_filter = ("active",)
    search_fields = ("code", "name", "books__name")
    fields = ("books", "code", "name", "rate", "active")


@admin.register(DeliverySite)
class DeliverySiteAdmin(MasterAdmin):
    """Where goods can be delivered to."""

    list_display = ("code", "name", "city", "active", "books")
    list_filter = ("active",)
    search_fields = ("code", "name", "city", "books__name")
    fields = ("books", "code", "name", "active", *ADDRESS)


@admin.register(Dimension)
class DimensionAdmin(MasterAdmin):
    """What lines are analysed by."""

    fixed = ("books", "name")
    list_display = ("name", "active", "books")
    list_filter = ("active",)
    search_fields = ("name", "books__name")
    fields = ("books", "name", "active")


@admin.register(DimensionValue)
class DimensionValueAdmin(MasterAdmin):
    """The values of dimensions."""

    fixed = ("dimension", "code")
    list_display = ("code", "name", "dimension", "active", "its_books")
    list_filter = ("active",)
    list_select_related = ("dimension__books",)
    search_fields = ("code", "name", "dimension__name", "dimension__books__name")
    fields = ("dimension", "code", "name", "active")

    @admin.display(description="Books", ordering="dimension__books__name")
    def its_books(self, value: DimensionValue) -> str:
        """The books of its dimension."""
        return value.books.name
