"""Reversals: the mirror image, once, with a reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from integrations.documents import Kind
from integrations.errors import Rejected
from ledger.models import Books, Entry, EntryKind
from ledger.services import keep_memo, post_document, reverse, supplier_balances, trial_balance
from tests.factories import a_document, a_line
from tests.ledger.booked import booked, credit, debit, key

pytestmark = pytest.mark.engine
DAY = date(2026, 4, 1)


@pytest.fixture
def entry(books: Books) -> Entry:
    """An invoice over 120.00 that was paid in dollars."""
    line = a_line(base_net=Decimal("80.00"), base_tax=Decimal("16.00"))
    return post_document(books, a_document(currency="USD", lines=(line,)), key(), "P-000001")


def test_a_reversal_is_the_mirror_image(books: Books, entry: Entry) -> None:
    mirror = Entry.objects.get(pk=reverse(entry, "  Booked to the wrong company ", DAY).pk)
    assert booked(mirror) == [
        credit("5010", "T1", "80.00", "100.00"),
        credit("2201", "T1", "16.00", "20.00"),
        debit("2100", None, "96.00", "120.00"),
    ]
    assert (mirror.number, mirror.kind, mirror.document_kind) == ("JNL-000002", EntryKind.REVERSAL, "invoice")
    assert (mirror.date, mirror.description, mirror.currency) == (DAY, "Booked to the wrong company", "USD")
    assert (mirror.gross, mirror.base_gross, mirror.total) == (Decimal(-120), Decimal(-96), Decimal(96))
    assert (mirror.supplier, mirror.reference, mirror.document_number) == (entry.supplier, "P-000001", "INV000123")
    assert (mirror.reverses, entry.reversal) == (entry, mirror)


def test_both_together_are_nothing(books: Books, entry: Entry) -> None:
    reverse(entry, "Duplicate", DAY)
    assert {(row.debit, row.credit) for row in trial_balance(books).rows} == {(0, 0)}
    assert [row.balance for row in supplier_balances(books)] == [0]
    assert trial_balance(books, date(2026, 3, 31)).debit == Decimal(96)


def test_a_credit_note_is_reversed_like_an_invoice(books: Books) -> None:
    note = post_document(books, a_document(kind=Kind.CREDIT_NOTE), key(), "P-000001")
    assert booked(reverse(note, "Withdrawn", DAY))[-1] == credit("2100", None, "120.00")


def test_an_entry_is_reversed_once(books: Books, entry: Entry) -> None:
    reverse(entry, "Duplicate", DAY)
    with pytest.raises(Rejected, match=r"^JNL-000001 was reversed already by JNL-000002\.$"):
        reverse(entry, "Duplicate", DAY)
    assert Entry.objects.count() == 2


def test_what_is_not_an_entry_of_money_is_not_reversed(books: Books, entry: Entry) -> None:
    memo = keep_memo(books, a_document(kind=Kind.RECEIPT), key("memo"), "P-000002")
    with pytest.raises(Rejected, match="MEM-000001 is a memo"):
        reverse(memo, "Returned", DAY)
    with pytest.raises(Rejected, match="JNL-000002 is a reversal itself"):
        reverse(reverse(entry, "Duplicate", DAY), "Not a duplicate", DAY)


@pytest.mark.parametrize(
    ("reason", "day", "field", "words"),
    [
        ("  ", DAY, "reason", "A reversal needs a reason."),
        ("Why", date(2026, 3, 13), "date", "JNL-000001 is dated 14 Mar 2026; a reversal cannot be earlier."),
        ("Why", date(2026, 3, 31), "date", "31 Mar 2026 is in a closed period"),
    ],
)
def test_a_reversal_needs_a_reason_and_an_open_day(
    books: Books, entry: Entry, reason: str, day: date, field: str, words: str
) -> None:
    books.closed_through = entry.books.closed_through = date(2026, 3, 31)
    with pytest.raises(Rejected, match=words) as caught:
        reverse(entry, reason, day)
    assert caught.value.field == field
    assert Entry.objects.count() == 1
