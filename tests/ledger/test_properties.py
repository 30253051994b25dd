"""Any document that is accepted is booked whole: balanced, owed in full, with nothing lost on the way.

Whatever customers pay and get back, what they owe is the sum of what is open.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from django.db.transaction import atomic, set_rollback
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from integrations.documents import Document, Kind, Line
from integrations.errors import Rejected
from ledger.models import Account, Books, Entry, EntryKind, EntryLine, Role, TaxCode
from ledger.services import customer_balances, post_document, reverse, supplier_balances, trial_balance
from ledger.services.amounts import Amounts, amounts_of
from ledger.services.coding import Coding
from ledger.services.journal import Journal, journal_of
from ledger.services.open_items import SETTLES, items_of
from tests.factories import a_document, a_line
from tests.ledger.booked import key, money, part_of, post, sold

ACCOUNTS = ("5000", "5010", "7502")
TAX_CODES = ("T0", "T1", "T5")
ZERO = Decimal(0)
# What is bought and sold: 1 where the lines are debits.
SIGNS = {Kind.INVOICE: 1, Kind.CREDIT_NOTE: -1, Kind.SALES_INVOICE: -1, Kind.SALES_CREDIT_NOTE: 1}
pennies = st.integers(-2_000_000, 2_000_000).map(lambda units: Decimal(units).scaleb(-2))
units = st.integers(-20_000_000, 20_000_000).map(lambda units: Decimal(units).scaleb(-4))
amounts = st.one_of(pennies, units, st.just(ZERO))
deviations = st.sampled_from([Decimal("-0.01"), ZERO, ZERO, Decimal("0.005"), Decimal("0.01")])


@st.composite
def some_lines(draw: st.DrawFn, *, foreign: bool) -> tuple[Line, ...]:
    """One to six lines of any sign."""
    lines = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        net, tax = draw(amounts), draw(amounts)
        base = {"base_net": same_sign(net, draw(amounts)), "base_tax": same_sign(tax, draw(amounts))} if foreign else {}
        coding = {"account_code": draw(st.sampled_from(ACCOUNTS)), "tax_code": draw(st.sampled_from(TAX_CODES))}
        lines.append(a_line(number, net=net, tax=tax, gross=net + tax, **coding, **base))
    return tuple(lines)


def same_sign(amount: Decimal, other: Decimal) -> Decimal:
    """Two currencies of one amount have one sign."""
    return abs(other) if amount >= 0 else -abs(other)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """Invoices and credit notes in one or two currencies, whose header is off by rounding."""
    foreign = draw(st.booleans())
    lines = draw(some_lines(foreign=foreign))
    net, tax = (sum((getattr(line, name) for line in lines), ZERO) + draw(deviations) for name in ("net", "tax"))
    header: dict[str, Any] = {"net": net, "tax": tax, "gross": net + tax}
    if foreign:
        base = [sum((getattr(line, name) or ZERO for line in lines), ZERO) for name in ("base_net", "base_tax")]
        header |= {
            "currency": "USD",
            "base_net": base[0],
            "base_tax": base[1],
            "base_gross": sum(base) + draw(deviations),
        }
    return a_document(kind=draw(st.sampled_from(sorted(SIGNS))), lines=lines, **header)


def coding() -> Coding:
    """A chart without a database."""
    books = Books(name="Northgate Training Ltd", base_currency="GBP")
    return Coding(
        books=books,
        accounts={code: Account(books=books, code=code) for code in ACCOUNTS},
        tax_codes={code: TaxCode(books=books, code=code, name=code) for code in TAX_CODES},
        controls={role: Account(books=books, code=role) for role in Role},
    )


def sums(journal: Journal, direction: int) -> Counter[str]:
    """What each account got: debits less credits, turned round for a credit note."""
    found: Counter[str] = Counter()
    for line in journal.lines:
        found[line.account.code] += direction * (line.debit - line.credit)  # type: ignore[assignment]
    return found


def accepted(document: Document) -> tuple[Amounts, Journal]:
    """What the document becomes. A header that is off by more than rounding, or nothing at all, is another test's."""
    try:
        booked = amounts_of(document, "GBP")
        return booked, journal_of(document, booked, coding())
    except Rejected as error:
        if "more than rounding" in error.message or "nothing to book" in error.message:
            reject()
        raise


@settings(max_examples=400, deadline=None)
@given(documents())
def test_every_document_is_booked_whole(document: Document) -> None:
    booked, journal = accepted(document)
    lines = journal.lines
    assert len(lines) >= 2
    assert sum(line.debit for line in lines) == sum(line.credit for line in lines) == journal.total
    assert all((line.debit > 0) != (line.credit > 0) and line.debit >= 0 and line.credit >= 0 for line in lines)
    found = sums(journal, SIGNS[document.kind])
    tax, control = (Role.TAX_OUTPUT, Role.DEBTORS) if document.kind.is_sale else (Role.TAX_INPUT, Role.CREDITORS)
    nets: Counter[str] = Counter()
    for line, each in zip(document.lines, booked.lines, strict=True):
        nets[line.account_code or ""] += each.base.net  # type: ignore[assignment]
    assert {code: found[code] for code in ACCOUNTS} == {code: nets[code] for code in ACCOUNTS}
    assert found[tax] == sum(each.base.tax for each in booked.lines)
    assert found[control] == -booked.base.gross
    assert abs(found[Role.ROUNDING]) <= Decimal("0.01") * len(document.lines)
    kept = [line.document_line for line in lines if line.document_line] + [
        memo.document_line for memo in journal.memo_lines
    ]
    assert sorted(kept) == [line.number for line in document.lines]


@pytest.mark.engine
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(documents(), min_size=1, max_size=4))
def test_the_books_hold_what_was_posted(books: Books, posted: list[Document]) -> None:
    with atomic():
        owed, due, entries = ZERO, ZERO, []
        for index, document in enumerate(posted):
            try:
                entries.append(post_document(books, replace(document, title=str(index)), key(str(index)), "P-000001"))
            except Rejected:
                continue
            gross = SIGNS[document.kind] * amounts_of(document, "GBP").base.gross
            owed, due = (owed, due - gross) if document.kind.is_sale else (owed + gross, due)
        balance = trial_balance(books)
        assert balance.debit == balance.credit
        assert sum((row.balance for row in supplier_balances(books)), ZERO) == owed
        assert sum((row.balance for row in customer_balances(books)), ZERO) == due
        assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
        for entry in Entry.objects.all():
            reverse(entry, "Undone", entry.date)
        assert {(row.debit, row.credit) for row in trial_balance(books).rows} <= {(ZERO, ZERO)}
        set_rollback(True)


# What debtors get of an entry: an invoice and a refund are debits.
DEBITS = (EntryKind.SALES_INVOICE, EntryKind.REFUND)
MOST_OFTEN = (Kind.SALES_INVOICE, Kind.PAYMENT, Kind.REFUND, Kind.SALES_CREDIT_NOTE)


@dataclass(frozen=True)
class Step:
    """A sale over so many pence, which goes to what is there in these parts (which one, how much of what fits in per
    cent); after it an entry may be reversed."""

    kind: Kind
    pence: int
    parts: tuple[tuple[int, int], ...]
    reversed: int | None

    def document(self, books: Books) -> Document:
        """With what it settles. Now and then that is more than there is."""
        left, allocations = Decimal(self.pence).scaleb(-2), []
        chosen = items_of(Entry.objects.filter(books=books, kind__in=SETTLES.get(self.kind, ())).order_by("sequence"))
        items = [item for item in chosen if item.room_for(self.kind) > 0]
        for which, percent in self.parts if items else ():
            item = items[which % len(items)]
            part = (min(left, item.room_for(self.kind)) * percent / 100).quantize(Decimal("0.01"))
            allocations.append(part_of(str(part), item.entry))
            left -= part
        make = money if self.kind in (Kind.PAYMENT, Kind.REFUND) else sold
        return make(str(Decimal(self.pence).scaleb(-2)), kind=self.kind, allocations=tuple(allocations))


steps = st.builds(
    Step,
    kind=st.sampled_from(MOST_OFTEN),
    pence=st.integers(100, 500),
    parts=st.lists(st.tuples(st.integers(0, 20), st.integers(30, 104)), max_size=2).map(tuple),
    reversed=st.one_of(st.none(), st.none(), st.integers(0, 20)),
)


@pytest.mark.engine
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=4, max_size=14))
def test_debtors_are_the_sum_of_what_is_open(books: Books, taken: list[Step]) -> None:
    with atomic():
        for index, step in enumerate(taken):
            take(books, str(index), step.document(books))
            standing = list(Entry.objects.filter(reverses=None, reversal=None).order_by("sequence"))
            if step.reversed is not None:
                undone = standing[step.reversed % len(standing)]
                reverse(undone, "Undone", undone.date)
        items = items_of(Entry.objects.filter(books=books).exclude(kind=EntryKind.REVERSAL))
        sums = sum(((1 if item.entry.kind in DEBITS else -1) * item.open for item in items), ZERO)
        debtors = EntryLine.objects.filter(account__role=Role.DEBTORS)
        assert sum((line.debit - line.credit for line in debtors), ZERO) == sums
        assert sums == sum((row.balance for row in customer_balances(books)), ZERO)
        assert trial_balance(books).debit == trial_balance(books).credit
        set_rollback(True)


def take(books: Books, value: str, document: Document) -> None:
    """Book it, and if it is refused for what it settles, book it without."""
    try:
        post(books, document, value)
    except Rejected as error:
        if not error.field.startswith("allocations"):
            raise
        post(books, replace(document, allocations=()), value)
