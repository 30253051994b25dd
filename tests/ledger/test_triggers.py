"""What PostgreSQL refuses by trigger, in raw SQL.

Collected on PostgreSQL only: on SQLite the models and services are the guard, and a deferred check does not exist.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.transaction import atomic

from integrations.documents import Kind
from ledger.models import Account, Books, Entry, EntryAllocation, EntryLine, MemoLine
from ledger.services import keep_memo, open_books, post_document, reverse
from tests.factories import a_document
from tests.ledger.booked import key, money, post, sold
from tests.ledger.test_constraints import insert

pytestmark = pytest.mark.engine


@pytest.fixture
def committed(transactional_db: None) -> Entry:
    """A committed invoice over 120.00 (entry 1) and a committed memo (entry 2)."""
    books = open_books("Northgate Training Ltd", "GBP")
    keep_memo(books, a_document(kind=Kind.RECEIPT), key("memo"), "P-000002")
    return post_document(books, a_document(), key(), "P-000001")


def run(statement: str, *values: Any) -> None:
    """One statement in a transaction of its own."""
    with atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


CHANGES = [
    f"UPDATE {table} SET {column} = {column}"
    for table, column in (
        ("ledger_entry", "reference"),
        ("ledger_entry", "date"),
        ("ledger_entry", "number"),
        ("ledger_entry", "gross"),
        ("ledger_entry", "posted_at"),
        ("ledger_entry", "external_key"),
        ("ledger_entryline", "debit"),
        ("ledger_entryline", "credit"),
        ("ledger_entryline", "account_id"),
        ("ledger_entryline", "description"),
        ("ledger_entryline", "document_amount"),
        ("ledger_memoline", "net"),
        ("ledger_memoline", "description"),
    )
] + [
    "DELETE FROM ledger_memoline",
    "DELETE FROM ledger_entryline",
    "DELETE FROM ledger_entryline WHERE position = 1",
    "DELETE FROM ledger_entry WHERE kind = 'memo'",
    "DELETE FROM ledger_entry",
]


@pytest.mark.parametrize("statement", CHANGES)
def test_no_statement_changes_or_deletes_what_is_posted(committed: Entry, statement: str) -> None:
    with pytest.raises(IntegrityError, match="never changed or deleted"):
        run(statement)
    assert (Entry.objects.count(), EntryLine.objects.count(), MemoLine.objects.count()) == (2, 3, 1)


def test_no_line_is_added_later(committed: Entry) -> None:
    debit = committed.lines.get(position=1)
    with pytest.raises(IntegrityError, match="JNL-000001 has all its lines"), atomic():
        insert(debit, position=4, debit=10_000)
    memo_line = MemoLine.objects.get()
    with pytest.raises(IntegrityError, match="MEM-000001 has all its lines"), atomic():
        insert(memo_line, position=2)
    with pytest.raises(IntegrityError, match="JNL-000001 has all its lines"), atomic():
        insert(memo_line, entry_id=committed.pk)
    with pytest.raises(IntegrityError, match="MEM-000001 has all its lines"), atomic():
        insert(debit, entry_id=memo_line.entry_id)


def second_entry(committed: Entry, *lines: dict[str, Any], **changes: Any) -> None:
    """A second entry in raw SQL with the given lines, each a copy of the first one's of that position."""
    with atomic():
        insert(committed, sequence=2, number="JNL-000002", external_key="key-2", **changes)
        second = Entry.objects.get(number="JNL-000002")
        for number, line in enumerate(lines, 1):
            original = committed.lines.get(position=line.pop("copy"))
            insert(original, entry_id=second.pk, position=number, **line)


WHOLE: list[dict[str, Any]] = [{"copy": 1}, {"copy": 2}, {"copy": 3}]


def test_a_whole_entry_is_taken(committed: Entry) -> None:
    second_entry(committed, *[dict(line) for line in WHOLE])
    assert EntryLine.objects.count() == 6


@pytest.mark.parametrize(
    ("lines", "changes", "words"),
    [
        ([], {}, "JNL-000002 should have 3 lines and 0 memo lines, but has 0 and 0"),
        ([{"copy": 1}, {"copy": 3}], {}, "should have 3 lines and 0 memo lines, but has 2 and 0"),
        (WHOLE, {"line_count": 2}, "JNL-000002 has all its lines"),
        (WHOLE, {"line_count": 4}, "should have 4 lines and 0 memo lines, but has 3 and 0"),
        (WHOLE, {"memo_count": 1}, "should have 3 lines and 1 memo lines, but has 3 and 0"),
        (
            [{"copy": 1, "debit": 1_000_001}, {"copy": 2}, {"copy": 3}],
            {},
            "does not balance: debits 1200001, credits 1200000, total 1200000",
        ),
        ([{"copy": 1}, {"copy": 2}, {"copy": 3, "credit": 1_199_999}], {}, "does not balance"),
        (WHOLE, {"total": 1_199_999}, "does not balance"),
    ],
)
def test_an_entry_that_is_not_whole_does_not_commit(
    committed: Entry, lines: list[dict[str, Any]], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(IntegrityError, match=words):
        second_entry(committed, *[dict(line) for line in lines], **changes)
    assert (Entry.objects.count(), EntryLine.objects.count()) == (2, 3)


def test_no_line_is_booked_to_another_companys_account(committed: Entry) -> None:
    other: Books = open_books("Harbour Street Catering Ltd", "GBP")
    theirs = Account.objects.get(books=other, code="5010")
    with pytest.raises(IntegrityError, match="has lines in accounts of other books"):
        second_entry(committed, {"copy": 1, "account_id": theirs.pk}, {"copy": 2}, {"copy": 3})


def test_the_triggers_can_be_taken_away_and_put_back(committed: Entry) -> None:
    call_command("migrate", "ledger", "0001", verbosity=0)
    try:
        run("UPDATE ledger_entry SET reference = 'P-000009' WHERE number = 'JNL-000001'")
    finally:
        call_command("migrate", "ledger", verbosity=0)
    with pytest.raises(IntegrityError):
        run("UPDATE ledger_entry SET reference = 'P-000001'")
    assert Entry.objects.get(number="JNL-000001").reference == "P-000009"


@pytest.fixture
def settled(transactional_db: None) -> EntryAllocation:
    """Committed: 60.00 of a payment over 100.00 (JNL-000002) for an invoice over 80.00 (JNL-000001)."""
    books = open_books("Northgate Training Ltd", "GBP")
    invoice = post(books, sold("80.00"), "invoice")
    with atomic():
        return post(books, money("100.00", ("60.00", invoice)), "payment").allocations.get()


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_entryallocation SET amount = 1", "DELETE FROM ledger_entryallocation"]
)
def test_no_statement_changes_what_was_allocated(settled: EntryAllocation, statement: str) -> None:
    with pytest.raises(IntegrityError, match="never changed or deleted"):
        run(statement)
    assert EntryAllocation.objects.get().amount == 60


def test_no_allocation_is_added_later(settled: EntryAllocation) -> None:
    with pytest.raises(IntegrityError, match="JNL-000002 has all its allocations"), atomic():
        insert(settled, position=2, amount=1)
    assert EntryAllocation.objects.count() == 1


def second_payment(settled: EntryAllocation, *amounts: int, count: int | None = None, **changes: Any) -> None:
    """A second payment like the first in raw SQL, with allocations of these amounts."""
    payment = settled.entry
    unique = {"sequence": 9, "number": "JNL-000009", "external_key": "second"}
    with atomic():
        insert(payment, **{**unique, "allocation_count": len(amounts) if count is None else count, **changes})
        second = Entry.objects.get(number="JNL-000009")
        for one in payment.lines.all():
            insert(one, entry_id=second.pk)
        for position, amount in enumerate(amounts, 1):
            insert(settled, entry_id=second.pk, position=position, amount=amount)


def test_a_payment_that_fits_is_taken(settled: EntryAllocation) -> None:
    second_payment(settled, 150_000, 50_000)
    assert EntryAllocation.objects.count() == 3


@pytest.mark.parametrize(
    ("amounts", "changes", "words"),
    [
        ((150_000, 50_001), {}, "JNL-000001 is over 800000, but 800001 of it would be settled"),
        ((100_000,), {"gross": 99_999}, "JNL-000009 is over 99999, but 100000 of it would be settled"),
        ((100_000,), {"count": 2}, "JNL-000009 should have 2 allocations, but has fewer"),
        ((100_000, 1), {"count": 1}, "JNL-000009 has all its allocations"),
        ((100_000,), {"currency": "EUR"}, "settles JNL-000001, which is of another customer, currency or books"),
        ((600_001,), {"kind": "refund"}, "JNL-000001 is over 800000, but -1 of it would be settled"),
    ],
)
def test_a_payment_that_does_not_fit_does_not_commit(
    settled: EntryAllocation, amounts: tuple[int, ...], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(IntegrityError, match=words):
        second_payment(settled, *amounts, **changes)
    assert (Entry.objects.count(), EntryAllocation.objects.count()) == (2, 1)


def test_what_a_reversed_payment_settled_is_open_again(settled: EntryAllocation) -> None:
    reverse(settled.entry, "Returned by the bank", settled.entry.date)
    second_payment(settled, 800_000)
    assert EntryAllocation.objects.count() == 2
