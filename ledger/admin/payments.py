"""The page on which a person records a customer's payment or refund."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.db.transaction import atomic
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from integrations.documents import Kind
from integrations.errors import Rejected
from ledger.fields import DIGITS, PLACES
from ledger.models import Account, AccountType, Books, Customer, Entry
from ledger.models.entries import BY_HAND
from ledger.services import ByHand, entry_by_key, record_payment
from ledger.services.by_hand import KINDS
from ledger.services.dates import spoken
from ledger.services.open_items import Item, items_for
from ledger.signals import changed_by_staff

SHOWN_AT_MOST = 100
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class WhoseForm(forms.Form):
    """What moved, and whose money it was."""

    kind = forms.ChoiceField(choices=[(kind.value, kind.label) for kind in KINDS])
    customer = forms.CharField(label="Customer's code", max_length=100)

    def __init__(self, *args: Any, books: Books, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.books = books

    def clean_kind(self) -> Kind:
        """As our own word."""
        return Kind(self.cleaned_data["kind"])

    def clean_customer(self) -> Customer:
        """The customer with this code."""
        code = self.cleaned_data["customer"]
        found = Customer.objects.filter(books=self.books, code=code).first()
        if found is None:
            raise forms.ValidationError(f"These books have no customer {code}.")
        return found


class MoneyForm(forms.Form):
    """How much, when, through which account, and what it settles: one field for each item that is open."""

    amount = forms.DecimalField(max_digits=DIGITS, decimal_places=PLACES, min_value=Decimal("0.0001"))
    day = forms.DateField(label="Date", widget=DAY, initial=timezone.localdate)
    bank_account = forms.ChoiceField(label="Bank account")
    note = forms.CharField(label="Bank's own text", max_length=200, required=False)
    mark = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, books: Books, customer: Customer, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer, self.kind = customer, kind
        accounts = Account.objects.filter(books=books, type=AccountType.ASSET, role="", active=True)
        self.fields["bank_account"].choices = [(one.code, str(one)) for one in accounts]  # type: ignore[attr-defined]
        self.settleable = {_field(item): item for item in items_for(books, customer, kind)[:SHOWN_AT_MOST]}
        for name, item in self.settleable.items():
            self.fields[name] = forms.DecimalField(
                label=item.entry.document_number or item.entry.number,
                help_text=_told(item, kind),
                max_digits=DIGITS,
                decimal_places=PLACES,
                required=False,
            )

    def recorded(self) -> ByHand:
        """What was filled in."""
        told = self.cleaned_data
        return ByHand(
            kind=self.kind,
            customer=self.customer,
            bank_account=told["bank_account"],
            amount=told["amount"],
            day=told["day"],
            settles=tuple(self._settled()),
            note=told["note"],
            mark=told["mark"],
        )

    def _settled(self) -> Iterator[tuple[Entry, Decimal]]:
        for name, item in self.settleable.items():
            if amount := self.cleaned_data[name]:
                yield item.entry, amount


def payment_page(request: HttpRequest, books: Books) -> tuple[dict[str, Any], HttpResponse | None]:
    """What the page shows; or where to go once it is recorded. Whose it is stands in the address."""
    whose = WhoseForm(request.GET or None, books=books)
    if not whose.is_valid():
        return {"whose": whose}, None
    kind, customer = whose.cleaned_data["kind"], whose.cleaned_data["customer"]
    form = MoneyForm(request.POST or None, books=books, customer=customer, kind=kind)
    entry = _recorded(request, books, form) if form.is_valid() else None
    if entry is None:
        return {"whose": whose, "form": form, "customer": customer, "kind": kind.label}, None
    messages.success(request, f"{kind.label} of {customer} is booked as {entry.number}.")
    return {}, HttpResponseRedirect(reverse("admin:ledger_entry_change", args=[entry.pk]))


def _recorded(request: HttpRequest, books: Books, form: MoneyForm) -> Entry | None:
    """The entry; None where it is refused, and the form says why. Sent twice, it is recorded and told once."""
    recorded = form.recorded()
    is_there = entry_by_key(books, f"{BY_HAND}{recorded.mark}") is not None
    try:
        with atomic():
            entry = record_payment(books, recorded, who=request.user.get_username())
            if not is_there:
                changed_by_staff.send(Entry, row=entry, user=request.user, added=True, changes={})
    except Rejected as refusal:
        form.add_error(None, refusal.message)
        return None
    return entry


def _field(item: Item) -> str:
    return f"settles_{item.entry.pk}"


def _told(item: Item, kind: Kind) -> str:
    """Such as `Sales invoice of 14 Mar 2024 (JNL-000001), 100.00 GBP open`."""
    entry, word = item.entry, "settled" if item.is_taken_back_by(kind) else "open"
    what = f"{entry.get_kind_display()} of {spoken(entry.date)} ({entry.number})"
    return f"{what}, {item.room_for(kind)} {entry.currency} {word}"
