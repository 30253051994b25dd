"""The page on which a person changes the order number or the due date of a posted sales invoice, and its log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.transaction import atomic
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from integrations.amendments import DUE_DATE, ORDER_NUMBER, Amendment
from integrations.errors import IntegrationError
from ledger.admin.base import Table
from ledger.models import Entry, EntryKind
from ledger.models.entries import LONGEST
from ledger.services.amending import amend
from ledger.services.dates import spoken
from ledger.signals import changed_by_staff

AMEND: Final = "ledger_amend_entry"
PERMISSION: Final = "ledger.change_entry"


@dataclass(frozen=True, slots=True)
class Button:
    """As the site's object tools show it."""

    name: str = "amend"
    label: str = "Change order number or due date"


class TermsForm(forms.Form):
    """What may still change, and why."""

    order_number = forms.CharField(label="Order number", max_length=LONGEST, required=False)
    due_date = forms.DateField(
        label="Due date", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(label="Reason", max_length=500, help_text="It is kept with your name, and others read it.")

    def __init__(self, *args: Any, entry: Entry, **kwargs: Any) -> None:
        kwargs["initial"] = {ORDER_NUMBER: entry.order_number, DUE_DATE: entry.due_date}
        super().__init__(*args, **kwargs)
        self.fields[DUE_DATE].required = entry.due_date is not None

    def wanted(self) -> Amendment:
        """What was filled in."""
        return Amendment(order_number=self.cleaned_data[ORDER_NUMBER], due_date=self.cleaned_data[DUE_DATE])


def buttons(request: HttpRequest, entry: Entry) -> list[tuple[str, Button]]:
    """The way to the page, for who may use it."""
    if entry.kind != EntryKind.SALES_INVOICE or not request.user.has_perm(PERMISSION):
        return []
    return [(reverse(f"admin:{AMEND}", args=[entry.pk]), Button())]


def amend_page(request: HttpRequest, pk: int, context: dict[str, Any]) -> HttpResponse:
    """Ask, and change it."""
    entry = get_object_or_404(Entry.objects.select_related("books"), pk=pk, kind=EntryKind.SALES_INVOICE)
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    form = TermsForm(request.POST or None, entry=entry)
    if form.is_valid() and _changed(request, entry, form):
        messages.success(request, f"{entry.number} is changed.")
        return HttpResponseRedirect(reverse("admin:ledger_entry_change", args=[entry.pk]))
    shown = {"title": Button().label, "original": entry, "form": form}
    return render(request, "admin/ledger/entry/amend.html", {**context, **shown})


def _changed(request: HttpRequest, entry: Entry, form: TermsForm) -> bool:
    """Whether it is as was asked; else the form says why not."""
    who, why = request.user.get_username(), form.cleaned_data["reason"]
    try:
        with atomic():
            now = amend(entry.books, str(entry.pk), form.wanted(), who=who, why=why)
            told = {name: (getattr(entry, name), getattr(now, name)) for name in (ORDER_NUMBER, DUE_DATE)}
            changes = {name: pair for name, pair in told.items() if pair[0] != pair[1]}
            if changes:
                changed_by_staff.send(Entry, row=now, user=request.user, added=False, changes=changes)
    except IntegrationError as refusal:
        form.add_error(None, refusal.message)
        return False
    return True


def changes_section(entry: Entry) -> list[dict[str, object]]:
    """What was changed afterwards; nothing where nothing was."""
    rows: list[tuple[object, ...]] = [
        (
            f"{spoken(one.changed_at.astimezone(UTC))} {one.changed_at.astimezone(UTC):%H:%M} UTC",
            _pair(one.order_number_before, one.order_number),
            _pair(_day(one.due_date_before), _day(one.due_date)),
            one.who,
            one.why,
        )
        for one in entry.changes.all()
    ]
    if not rows:
        return []
    head = ("Changed", "Order number", "Due date", "Who", "Why")
    return [{"title": "Changed after posting", "table": Table(head, rows, ())}]


def _day(day: Any) -> str:
    return spoken(day) if day else ""


def _pair(before: str, after: str) -> str:
    return "" if before == after else f"{before or 'none'} → {after or 'none'}"
