"""The chart of accounts, tax codes and suppliers."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.db.models import Model
from django.http import HttpRequest

from ledger.admin.base import Announced, NeverDeleted
from ledger.models import Account, Supplier, TaxCode


class MasterAdmin(NeverDeleted, Announced):
    """Master data: books and code are fixed once made, because entries refer to them."""

    show_facets = ShowFacets.NEVER
    list_select_related = ("books",)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Books and code of a row that exists."""
        return (*super().get_readonly_fields(request, obj), *(("books", "code") if obj else ()))


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
