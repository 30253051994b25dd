"""Any document that is accepted is booked whole: balanced, owed in full, with nothing lost on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db.transaction import atomic, set_rollback
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from integrations.documents import Document, Kind, Line
from integrations.errors import Rejected
from ledger.models import Account, Books, Entry, Role, TaxCode
from ledger.services import post_document, reverse, supplier_balances, trial_balance
from ledger.services.amounts import Amounts, amounts_of
from ledger.services.coding import Coding
from ledger.services.journal import Journal, journal_of
from tests.factories import a_document, a_line
from tests.ledger.booked import key

ACCOUNTS = ("5000", "5010", "7502")
TAX_CODES = ("T0", "T1", "T5")
ZERO = Decimal(0)
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
    return a_document(kind=draw(st.sampled_from([Kind.INVOICE, Kind.CREDIT_NOTE])), lines=lines, **header)


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
    found = sums(journal, 1 if document.kind is Kind.INVOICE else -1)
    nets: Counter[str] = Counter()
    for line, each in zip(document.lines, booked.lines, strict=True):
        nets[line.account_code or ""] += each.base.net  # type: ignore[assignment]
    assert {code: found[code] for code in ACCOUNTS} == {code: nets[code] for code in ACCOUNTS}
    assert found[Role.TAX_INPUT] == sum(each.base.tax for each in booked.lines)
    assert found[Role.CREDITORS] == -booked.base.gross
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
        owed, entries = ZERO, []
        for index, document in enumerate(posted):
            try:
                entries.append(post_document(books, replace(document, title=str(index)), key(str(index)), "P-000001"))
            except Rejected:
                continue
            direction = 1 if document.kind is Kind.INVOICE else -1
            owed += direction * amounts_of(document, "GBP").base.gross
        balance = trial_balance(books)
        assert balance.debit == balance.credit
        assert sum((row.balance for row in supplier_balances(books)), ZERO) == owed
        assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
        for entry in Entry.objects.all():
            reverse(entry, "Undone", entry.date)
        assert {(row.debit, row.credit) for row in trial_balance(books).rows} <= {(ZERO, ZERO)}
        set_rollback(True)
