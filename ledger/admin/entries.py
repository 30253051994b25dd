"""Posted entries and memos, to read."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html

from ledger.admin.allocations import allocation_sections, open_shown
from ledger.admin.amending import AMEND, amend_page, buttons, changes_section
from ledger.admin.attachments import DOWNLOAD, attachments_table, download
from ledger.admin.base import ModelAdmin, ReadOnly, Table, figure, linked
from ledger.models import Entry, EntryKind
from ledger.services.dates import spoken


@admin.register(Entry)
class EntryAdmin(ReadOnly, ModelAdmin[Entry]):
    """Posted entries with their lines."""

    list_display = ("number", "what", "date", "party_name", "gross_shown", "reference", "document_number", "books")
    list_filter = ("series", "kind", "document_kind", "date")
    list_select_related = ("supplier", "customer", "books")
    # Whole numbers only: each has an index, and a search for a part of one would read every entry.
    search_fields = (
        "number__exact",
        "reference__exact",
        "document_number__exact",
        "order_number__exact",
        "supplier_reference__exact",
        "external_key__exact",
    )
    search_help_text = "A whole number, of the entry, the portal, the document, the order or the supplier, or a key."
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50

    @admin.display(description="Kind", ordering="kind")
    def what(self, entry: Entry) -> str:
        """The kind, and on a memo or a reversal the document's kind with it."""
        return what_is(entry)

    @admin.display(description="Gross", ordering="gross")
    def gross_shown(self, entry: Entry) -> str:
        """With its currency."""
        return format_html("{} {}", figure(entry.gross, zero="0.00"), entry.currency)

    @admin.display(description="Supplier or customer", ordering=Coalesce("supplier__name", "customer__name"))
    def party_name(self, entry: Entry) -> str:
        """The code is on the entry's own page."""
        return entry.party.name

    def get_urls(self) -> list[URLPattern]:
        """Django's own, the files, and the page for changes."""
        page = self.admin_site.admin_view(self.attachment_page)
        return [
            path("<int:pk>/attachments/<int:attachment>/", page, name=DOWNLOAD),
            path("<int:pk>/amend/", self.admin_site.admin_view(self.amend_page), name=AMEND),
            *super().get_urls(),
        ]

    def amend_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Order number and due date of a sales invoice, for whoever may change entries."""
        return amend_page(request, pk, {**self.admin_site.each_context(request), "opts": self.opts})

    def attachment_page(self, request: HttpRequest, pk: int, attachment: int) -> HttpResponse:
        """One file, for whoever may see entries."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return download(pk, attachment)

    def get_fieldsets(self, request: HttpRequest, obj: Entry | None = None) -> Any:
        """No form: `sections_of` shows the entry."""
        return []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's page, with the lines beneath; the site's change form shows `sections`."""
        entry = self.get_object(request, unquote(object_id))
        if entry is not None and self.has_view_permission(request, entry):
            shown = {"sections": sections_of(entry), "buttons": buttons(request, entry)}
            extra_context = {**(extra_context or {}), **shown}
        return super().change_view(request, object_id, form_url, extra_context)


def what_is(entry: Entry) -> str:
    """The entry's kind as people read it, such as `Invoice` or `Memo: purchase order`."""
    if entry.kind in (EntryKind.MEMO, EntryKind.REVERSAL):
        return f"{entry.get_kind_display()}: {entry.get_document_kind_display().lower()}"
    return entry.get_kind_display()


def sections_of(entry: Entry) -> list[dict[str, object]]:
    """The entry as titled facts and tables; lines, memo lines and files only where there are any."""
    sections: list[dict[str, object]] = [
        {"title": "Entry", "facts": [{"label": label, "shown": shown} for label, shown in facts_of(entry) if shown]}
    ]
    if entry.line_count:
        sections.append({"title": "Lines", "table": lines_table(entry)})
    if entry.memo_count:
        sections.append({"title": "Memo lines, which book nothing", "table": memo_table(entry)})
    sections += allocation_sections(entry)
    sections += changes_section(entry)
    if (files := attachments_table(entry)).rows:
        sections.append({"title": "Attachments", "table": files})
    return sections


def facts_of(entry: Entry) -> list[tuple[str, object]]:
    """What is said once about the entry; facts that it lacks are empty."""
    reversal = Entry.objects.filter(reverses=entry).first()
    posted_at = entry.posted_at.astimezone(UTC)
    own = (entry.net, entry.tax, entry.gross)
    base = (entry.base_net, entry.base_tax, entry.base_gross) if entry.currency != entry.books.base_currency else ()
    return [
        ("Kind", what_is(entry)),
        ("Date", spoken(entry.date)),
        ("Due date", spoken(entry.due_date) if entry.due_date else ""),
        ("Books", linked(entry.books)),
        ("Supplier" if entry.customer is None else "Customer", linked(entry.party)),
        ("Description", entry.description),
        ("Journal number of the portal", entry.reference),
        ("Document number", entry.document_number),
        ("Order number", entry.order_number),
        ("Supplier's own number", entry.supplier_reference),
        ("Net, tax and gross", _amounts(own, entry.currency)),
        ("In base currency", _amounts(base, entry.books.base_currency)),
        ("Open", open_shown(entry)),
        ("Posted at", f"{spoken(posted_at)} {posted_at:%H:%M} UTC"),
        ("Reverses", linked(entry.reverses) if entry.reverses else ""),
        ("Reversed by", linked(reversal) if reversal else ""),
        ("Idempotency key", entry.external_key),
    ]


def _amounts(amounts: tuple[Decimal | None, ...], currency: str) -> str:
    shown = [figure(amount, zero="0.00") for amount in amounts if amount is not None]
    return format_html("{}, {} and {} {}", *shown, currency) if shown else ""


def lines_table(entry: Entry) -> Table:
    """Debits and credits in the base currency with their sums, beside them the amounts in a foreign currency."""
    base, foreign = entry.books.base_currency, entry.currency != entry.books.base_currency
    rows: list[tuple[object, ...]] = [
        (
            line.account,
            line.tax_code.code if line.tax_code else "",
            line.description,
            _analysis(line.analysis),
            figure(line.debit),
            figure(line.credit),
            *((figure(line.document_amount),) if foreign else ()),
        )
        for line in entry.lines.select_related("account", "tax_code").order_by("position")
    ]
    head = ("Account", "Tax code", "Description", "Analysis", f"Debit {base}", f"Credit {base}")
    foot = ("Total", "", "", "", figure(entry.total), figure(entry.total))
    return Table((*head, *((f"In {entry.currency}",) if foreign else ())), rows, (4, 5, 6), (*foot, *[""] * foreign))


def memo_table(entry: Entry) -> Table:
    """Lines of text, in the document's currency."""
    rows: list[tuple[object, ...]] = [
        (
            line.item_code,
            line.description,
            line.account_code,
            line.tax_code,
            _analysis(line.analysis),
            line.quantity,
            line.unit_price,
            figure(line.net, zero="0.00"),
            figure(line.tax, zero="0.00"),
            figure(line.gross, zero="0.00"),
        )
        for line in entry.memo_lines.order_by("position")
    ]
    head = ("Item", "Description", "Account", "Tax code", "Analysis", "Quantity", "Unit price")
    return Table((*head, *(f"{name} {entry.currency}" for name in ("Net", "Tax", "Gross"))), rows, (5, 6, 7, 8, 9))


def _analysis(dimensions: dict[str, str]) -> str:
    return ", ".join(f"{name}: {code}" for name, code in dimensions.items())
