"""The books of a company, and their balances as pages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path

from ledger.admin.base import Announced, NeverAdded, NeverDeleted, Table, figure
from ledger.admin.payments import payment_page
from ledger.models import AccountType, Books
from ledger.services import customer_balances, supplier_balances, trial_balance


class AsAt(forms.Form):
    """The day of a balance."""

    as_at = forms.DateField(
        label="Up to and including", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


@admin.register(Books)
class BooksAdmin(NeverAdded, NeverDeleted, Announced):
    """One company's books, with their balances. New ones are opened with a company's connection."""

    list_display = ("name", "base_currency", "closed_through", "created_at")
    search_fields = ("name",)
    fields = ("id", "name", "base_currency", "closed_through", "created_at")
    readonly_fields = ("id", "base_currency", "created_at")
    show_facets = ShowFacets.NEVER

    def get_urls(self) -> list[URLPattern]:
        """Django's own, the balances, and the page for payments."""
        pages = [
            ("trial-balance", self.trial_balance_page),
            ("supplier-balances", self.supplier_balances_page),
            ("customer-balances", self.customer_balances_page),
            ("record-payment", self.record_payment_page),
        ]
        return [
            path(f"<uuid:pk>/{slug}/", self.admin_site.admin_view(page), name=f"ledger_{slug.replace('-', '_')}")
            for slug, page in pages
        ] + super().get_urls()

    def trial_balance_page(self, request: HttpRequest, pk: str) -> HttpResponse:
        """The trial balance as a table."""
        return self._page(request, pk, "Trial balance", trial_balance_table)

    def supplier_balances_page(self, request: HttpRequest, pk: str) -> HttpResponse:
        """What suppliers are owed, as a table."""
        return self._page(request, pk, "Supplier balances", supplier_balances_table)

    def customer_balances_page(self, request: HttpRequest, pk: str) -> HttpResponse:
        """What customers owe, as a table."""
        return self._page(request, pk, "Customer balances", customer_balances_table)

    def record_payment_page(self, request: HttpRequest, pk: str) -> HttpResponse:
        """A customer's payment or refund, for whoever may add entries."""
        books = get_object_or_404(Books, pk=pk)
        if not request.user.has_perm("ledger.add_entry"):
            raise PermissionDenied
        shown, done = payment_page(request, books)
        context = {
            **self.admin_site.each_context(request),
            "title": "Record a payment or refund",
            "opts": self.opts,
            "original": books,
        }
        return done or render(request, "admin/ledger/books/payment.html", {**context, **shown})

    def _page(self, request: HttpRequest, pk: str, title: str, table: Any) -> HttpResponse:
        books = get_object_or_404(Books, pk=pk)
        if not self.has_view_permission(request, books):
            raise PermissionDenied
        form = AsAt(request.GET)
        as_at = form.cleaned_data["as_at"] if form.is_valid() else None
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "original": books,
            "form": form,
            "table": table(books, as_at),
        }
        return render(request, "admin/ledger/books/balances.html", context)


def trial_balance_table(books: Books, as_at: date | None) -> Table:
    """The trial balance with its totals."""
    balance = trial_balance(books, as_at)
    kinds = dict(AccountType.choices)
    rows: list[tuple[object, ...]] = [
        (row.code, row.name, kinds[row.type], figure(row.debit), figure(row.credit)) for row in balance.rows
    ]
    foot = ("", "Total", "", figure(balance.debit), figure(balance.credit))
    head = ("Account", "Name", "Type", f"Debit {books.base_currency}", f"Credit {books.base_currency}")
    return Table(head, rows, (3, 4), foot)


def supplier_balances_table(books: Books, as_at: date | None) -> Table:
    """The suppliers' balances with their sum, which is the balance of creditors control."""
    balances = supplier_balances(books, as_at)
    rows: list[tuple[object, ...]] = [(row.code, row.name, figure(row.balance, zero="0.00")) for row in balances]
    total = sum((row.balance for row in balances), Decimal(0))
    return Table(
        ("Supplier", "Name", f"Owed {books.base_currency}"), rows, (2,), ("", "Total", figure(total, zero="0.00"))
    )


def customer_balances_table(books: Books, as_at: date | None) -> Table:
    """The customers' balances with their sum, which is the balance of debtors control."""
    balances = customer_balances(books, as_at)
    rows: list[tuple[object, ...]] = [(row.code, row.name, figure(row.balance, zero="0.00")) for row in balances]
    total = sum((row.balance for row in balances), Decimal(0))
    return Table(
        ("Customer", "Name", f"Owes {books.base_currency}"), rows, (2,), ("", "Total", figure(total, zero="0.00"))
    )
