"""What the books add up to. One query each, however many entries there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q, Sum

from ledger.models import Books, EntryLine, Role

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One account's balance in base currency, on the side where it stands; the other side is zero."""

    code: str
    name: str
    type: str
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Every account that was ever booked to, by code; `debit` and `credit` are the totals of the columns."""

    rows: tuple[TrialRow, ...]
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True)
class SupplierBalance:
    """What one supplier is owed, in base currency; negative where the supplier owes us."""

    code: str
    name: str
    balance: Decimal


@dataclass(frozen=True, slots=True)
class CustomerBalance:
    """What one customer owes, in base currency; negative where we owe the customer."""

    code: str
    name: str
    balance: Decimal


def trial_balance(books: Books, as_at: date | None = None) -> TrialBalance:
    """The trial balance of everything dated up to and including `as_at`; None is everything."""
    sums = (
        EntryLine.objects.filter(_until(as_at), entry__books=books)
        .values("account__code", "account__name", "account__type")
        .annotate(balance=Sum("debit") - Sum("credit"))
        .order_by("account__code")
    )
    rows = tuple(
        TrialRow(
            row["account__code"],
            row["account__name"],
            row["account__type"],
            max(row["balance"], ZERO),
            max(-row["balance"], ZERO),
        )
        for row in sums
    )
    return TrialBalance(rows, sum((row.debit for row in rows), ZERO), sum((row.credit for row in rows), ZERO))


def supplier_balances(books: Books, as_at: date | None = None) -> tuple[SupplierBalance, ...]:
    """What every supplier with a posted document is owed, by supplier code, up to and including `as_at`."""
    sums = (
        EntryLine.objects.filter(_until(as_at), entry__books=books, account__role=Role.CREDITORS)
        .values("entry__supplier__code", "entry__supplier__name")
        .annotate(balance=Sum("credit") - Sum("debit"))
        .order_by("entry__supplier__code")
    )
    return tuple(
        SupplierBalance(row["entry__supplier__code"], row["entry__supplier__name"], row["balance"]) for row in sums
    )


def customer_balances(books: Books, as_at: date | None = None) -> tuple[CustomerBalance, ...]:
    """What every customer with a posted document owes, by customer code, up to and including `as_at`."""
    sums = (
        EntryLine.objects.filter(_until(as_at), entry__books=books, account__role=Role.DEBTORS)
        .values("entry__customer__code", "entry__customer__name")
        .annotate(balance=Sum("debit") - Sum("credit"))
        .order_by("entry__customer__code")
    )
    return tuple(
        CustomerBalance(row["entry__customer__code"], row["entry__customer__name"], row["balance"]) for row in sums
    )


def _until(as_at: date | None) -> Q:
    return Q() if as_at is None else Q(entry__date__lte=as_at)
